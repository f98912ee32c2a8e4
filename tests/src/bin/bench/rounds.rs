//! The servers with their rooms of all sizes, driven in turn.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::Child;
use std::time::Duration;

use chat_tests::relay::{Faults, Relay};
use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;

use super::crowd::Crowd;
use super::drive::drive;
use super::report::report;
use super::{Args, Result, cannot, peer};

/// Datagrams that the listeners of one round get by default: some half a second of one core.
const COPIES_A_ROUND: usize = 200_000;
/// The parts in which a round is driven, with the servers in turn for each: a disturbance of more
/// than some ten milliseconds disturbs all of them alike.
const PARTS: usize = 10;

/// One size of room, and the servers that its members are in.
pub struct Scene {
    pub members: usize,
    pub servers: Vec<Server>,
    /// The lines of a round.
    pub lines: usize,
    crowd: Crowd,
}

/// Measures every size and prints the tables. The sizes are all there at once and driven in turn,
/// so that their costs can be compared; but a foreign server is one room, which gets one after the
/// other.
pub fn run(args: &Args) -> Result<()> {
    let own = args.server.is_empty();
    let at_once = if own { args.members.len() } else { 1 };
    for sizes in args.members.chunks(at_once) {
        let scenes = sizes.iter().map(|&members| Scene::open(args, members));
        let mut scenes = scenes.collect::<Result<Vec<_>>>()?;
        let driven = measure(args, &mut scenes);
        // Also when something failed: a foreign server goes on without its members.
        let left = scenes.iter_mut().try_for_each(Scene::leave);
        driven.and(left)?;
        let report = report(args, &scenes);
        writeln!(io::stdout(), "{report}\n").map_err(cannot("print the result"))?;
    }
    Ok(())
}

fn measure(args: &Args, scenes: &mut [Scene]) -> Result<()> {
    for scene in &mut *scenes {
        eprintln!("{} members enter", scene.members);
        for server in &mut scene.servers {
            let crowd = server.sessions.as_mut().unwrap_or(&mut scene.crowd);
            crowd.enter(server.address)?;
            // Not measured: it warms everything for the rounds that are.
            drive(args, crowd, scene.lines.div_ceil(10))?;
            if let Some(relay) = &server.relay {
                relay.set_faulty(true);
                for _ in 0..args.rounds {
                    server.measure(args, &mut scene.crowd, scene.lines)?;
                }
            }
        }
    }
    if !args.loss.is_empty() {
        return Ok(());
    }
    let mut turn = 0;
    for round in 1..=args.rounds {
        eprintln!("round {round} of {}", args.rounds);
        for part in 0..PARTS {
            for scene in from(turn, scenes) {
                let lines = scene.lines * (part + 1) / PARTS - scene.lines * part / PARTS;
                for server in from(turn, &mut scene.servers) {
                    server.measure(args, &mut scene.crowd, lines)?;
                }
            }
            turn += 1;
        }
    }
    Ok(())
}

/// Returns all items, each turn with another first: the effects of the order even out.
fn from<T>(turn: usize, items: &mut [T]) -> impl Iterator<Item = &mut T> {
    let (last, first) = items.split_at_mut(turn % items.len().max(1));
    first.iter_mut().chain(last)
}

impl Scene {
    /// Starts the servers of this size and opens the members' sockets.
    fn open(args: &Args, members: usize) -> Result<Self> {
        let losses = args.loss.iter();
        let behind = losses.map(|&loss| Server::with_sessions(args, members, Some(loss)));
        let mut servers = behind.collect::<Result<Vec<_>>>()?;
        if servers.is_empty() {
            servers.push(Server::start(peer::SERVER, args)?);
        }
        for (place, &address) in args.server.iter().enumerate() {
            servers.push(Server::new(
                peer::FOREIGN,
                address,
                args.pid.get(place).copied(),
            ));
        }
        for role in [peer::FORWARDER, peer::NAIVE] {
            if args.vs.iter().any(|asked| asked == role) {
                servers.push(Server::start(role, args)?);
                // The first of them twice: against itself it shows how noisy the machine is.
                if servers.len() == args.server.len() + 2 {
                    let mut again = Server::start(role, args)?;
                    again.name += " again";
                    servers.push(again);
                }
            }
        }
        if args.vs.iter().any(|asked| asked == peer::SESSIONS) {
            servers.push(Server::with_sessions(args, members, None)?);
        }
        let near = args.server.iter().all(|it| it.ip().is_loopback());
        let local = if near { [127, 0, 0, 1] } else { [0; 4] };
        let by_default = COPIES_A_ROUND.div_ceil(members - 1);
        Ok(Self {
            members,
            servers,
            crowd: Crowd::open(members, (local, 0).into(), false)?,
            lines: args.lines.unwrap_or(by_default),
        })
    }

    /// Leaves the servers that go on.
    fn leave(&mut self) -> Result<()> {
        let Self { servers, crowd, .. } = self;
        let mut foreign = servers.iter().filter(|it| it.role == peer::FOREIGN);
        foreign.try_for_each(|server| crowd.leave(server.address))
    }

    /// Returns the servers in this role.
    pub fn of(&self, role: &str) -> Vec<&Server> {
        let servers = self.servers.iter();
        servers.filter(|server| server.role == role).collect()
    }
}

/// A server with everybody in it.
pub struct Server {
    pub name: String,
    pub role: &'static str,
    pub address: SocketAddr,
    /// Its own members, where they have sessions.
    sessions: Option<Crowd>,
    /// The network in front of it.
    relay: Option<Relay>,
    pid: Option<Pid>,
    /// Held, because it prints without an error only while it is.
    _child: Option<Child>,
    /// Of each part of a round: nanoseconds of CPU, ticks of it in the program and in the kernel
    /// (coarse, good for a share over many rounds), and received copies.
    parts: Vec<[f64; 4]>,
    /// Microseconds that each copy took.
    pub micros: Vec<u32>,
}

impl Server {
    /// Starts a process in this role.
    fn start(role: &'static str, args: &Args) -> Result<Self> {
        let (child, address) = peer::start(role, args)?;
        let mut server = Self::new(role, address, Some(i32::try_from(child.id())?));
        server.name = role.into();
        server._child = Some(child);
        Ok(server)
    }

    /// Takes a server that runs already.
    fn new(role: &'static str, address: SocketAddr, pid: Option<i32>) -> Self {
        Self {
            name: address.to_string(),
            role,
            address,
            sessions: None,
            relay: None,
            pid: pid.map(Pid::from_raw),
            _child: None,
            parts: Vec::new(),
            micros: Vec::new(),
        }
    }

    /// Starts one for members with sessions, perhaps behind a slow network that loses datagrams.
    fn with_sessions(args: &Args, members: usize, loss: Option<u8>) -> Result<Self> {
        let mut server = Self::start(peer::SESSIONS, args)?;
        server.sessions = Some(Crowd::open(members, ([127, 0, 0, 1], 0).into(), true)?);
        if let Some(loss_percent) = loss {
            let faults = Faults {
                loss_percent,
                delay: Duration::from_millis(25),
                ..Faults::default()
            };
            let relay = Relay::start(server.address, faults, loss_percent.into());
            server.address = relay.address();
            server.name = format!("sessions, {loss_percent} % lost");
            server.relay = Some(relay);
        }
        Ok(server)
    }

    /// Drives a part of a round.
    #[allow(clippy::cast_precision_loss)] // Counts here are far below 2^52.
    fn measure(&mut self, args: &Args, plain: &mut Crowd, lines: usize) -> Result<()> {
        let mut sessions = self.sessions.take();
        let crowd = sessions.as_mut().unwrap_or(plain);
        crowd.server = self.address;
        // The clock is exact once the server sleeps.
        crowd.settle()?;
        let before = self.cpu_time()?;
        let micros = drive(args, crowd, lines)?;
        crowd.settle()?;
        let after = self.cpu_time()?;
        let [used, user, system] = [0, 1, 2].map(|place| after[place] - before[place]);
        if let Some(pid) = self.pid.filter(|_| used == 0.0 && lines > 0) {
            // A shell around the server, for instance: better no figure than that one.
            let message = "used no CPU time: --pid has to name the server";
            return Err(format!("process {pid} {message}").into());
        }
        self.parts.push([used, user, system, micros.len() as f64]);
        self.micros.extend(micros);
        self.sessions = sessions;
        Ok(())
    }

    /// Returns nanoseconds of CPU per line delivered, of each round where the process is known.
    pub fn costs(&self) -> Vec<f64> {
        let rounds = self.parts.chunks(PARTS).filter(|_| self.pid.is_some());
        rounds.map(|round| sum(round, 0) / sum(round, 3)).collect()
    }

    /// Returns the share of the CPU time that was spent in the program.
    pub fn user_share(&self) -> f64 {
        let (user, system) = (sum(&self.parts, 1), sum(&self.parts, 2));
        user / (user + system).max(1.0)
    }

    /// Reads nanoseconds of CPU, and ticks in the program and in the kernel.
    fn cpu_time(&self) -> Result<[f64; 3]> {
        let Some(pid) = self.pid else {
            return Ok([0.0; 3]);
        };
        let time = clock_getcpuclockid(pid).and_then(|clock| clock.now());
        let time = time.map_err(cannot(&format!("read the CPU time of --pid {pid}")))?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // The second field, in brackets, may hold blanks and brackets itself.
        let fields = stat.rsplit_once(')').unwrap_or_default().1;
        let mut ticks = fields.split_whitespace().skip(11);
        let mut next = || ticks.next().and_then(|ticks| ticks.parse().ok());
        let (user, system) = (next().unwrap_or_default(), next().unwrap_or_default());
        Ok([Duration::from(time).as_secs_f64() * 1e9, user, system])
    }
}

fn sum(parts: &[[f64; 4]], figure: usize) -> f64 {
    parts.iter().map(|part| part[figure]).sum()
}
