//! The processes that are measured, from both sides: the server of this build, and the yardsticks.
//!
//! Each is a process of its own, because only a process has a CPU time that nothing else is part
//! of. It has a core that the driver leaves to it, and it ends with the driver, however that ends.

use std::env;
use std::io::{self, BufRead, BufReader, ErrorKind, IoSlice};
use std::iter::repeat_n;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use chat_core::proto::MAX_DATAGRAM;
use chat_tests::harness::{binary, chat_binary};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, sendmmsg, sendto};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::{Args, Result, cannot};

/// The first argument of such a process; then come its parent, its core, its role and the options.
pub const COMMAND: &str = "peer";
/// The role that becomes `chat serve`.
pub const SERVER: &str = "server";
/// The role that passes every datagram on with as few system calls as possible: the limit.
pub const FORWARDER: &str = "forwarder";
/// The role of the obvious server, with a send for each listener.
pub const NAIVE: &str = "naive";
/// The role that becomes `chat serve` for members with sessions.
pub const SESSIONS: &str = "sessions";
/// The role of a server that runs already.
pub const FOREIGN: &str = "foreign";

/// The server, which with these options refuses nothing to the load of the measurement.
const SERVE: &str = "serve --bind 127.0.0.1:0 --quiet --max-members off --max-per-network off \
                     --line-rate off --byte-rate off --login-rate off --reply-rate off \
                     --silent-limit off";
/// The receive buffer that the server asks for.
const RECEIVE_BUFFER: usize = 4 * 1024 * 1024;
/// The most datagrams that one call sends.
const BATCH: usize = 64;

/// Starts a process in this role and waits until it says where it listens.
pub fn start(role: &str, args: &Args) -> Result<(Child, SocketAddr)> {
    let parent = std::process::id().to_string();
    let core = args.cores.map_or("any".into(), |[_, it]| it.to_string());
    let started = Command::new(env::current_exe().map_err(cannot("find this program"))?)
        .args([COMMAND, &parent, &core, role])
        .args(&args.serve_options)
        // Built once, and not by each of them.
        .env("CHAT_BINARY", chat_binary())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // Ctrl-C is for this process, which then ends the others.
        .process_group(0)
        .spawn();
    let mut child = started.map_err(cannot(&format!("start the {role}")))?;
    // Kept open, so that it can print without an error.
    let stderr = child.stderr.as_mut().ok_or("no pipe to a process")?;
    let (mut stderr, mut said) = (BufReader::new(stderr), String::new());
    while stderr.read_line(&mut said)? > 0 {
        if let Some((_, address)) = said.trim_end().rsplit_once("listening on ") {
            return Ok((child, address.parse()?));
        }
    }
    Err(format!("the {role} did not start: {}", said.trim()).into())
}

/// Takes a core for the driver and leaves another to the servers, where that is allowed.
pub fn take_cores() -> Option<[usize; 2]> {
    let allowed = sched_getaffinity(None).ok()?;
    let mut cores = (0..CpuSet::MAX_CPU).filter(|&core| allowed.is_set(core));
    let cores = [cores.next()?, cores.next()?];
    pin(cores[0]).then_some(cores)
}

/// Holds this thread, and all that it starts, to a core. Returns whether that is allowed.
fn pin(core: usize) -> bool {
    let mut set = CpuSet::new();
    set.set(core);
    sched_setaffinity(None, &set).is_ok()
}

/// Plays a role, as such a process, until the parent ends.
pub fn run(words: &[String]) -> Result<()> {
    let [parent, core, role, options @ ..] = words else {
        return Err("only the measurement itself starts a peer".into());
    };
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(cannot("watch the parent"))?;
    // The parent may have ended before that was said.
    if getppid().map(Pid::as_raw_pid) != parent.parse().ok() {
        return Ok(());
    }
    // Where there is no core of its own, any will do.
    let _ = core.parse().is_ok_and(pin);
    if role == SERVER || role == SESSIONS {
        // It becomes `chat serve`; signal and core outlast that.
        let options = options.iter().map(String::as_str);
        let words: Vec<&str> = SERVE.split_whitespace().chain(options).collect();
        return Err(cannot("start chat serve")(binary::command(&words).exec()));
    }
    pass_on(role == FORWARDER).map_err(cannot("go on as a yardstick"))
}

/// Lets everybody in and passes on all that a member sends, for ever.
fn pass_on(batched: bool) -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER)?;
    // As the room does it, the forwarder polls only when nothing is left.
    socket.set_nonblocking(batched)?;
    eprintln!("listening on {}", socket.local_addr()?);
    let mut members = Vec::new();
    let mut headers = MultiHeaders::<SockaddrIn>::preallocate(BATCH, None);
    let mut buffer = [0; MAX_DATAGRAM + 1];
    loop {
        let (len, from) = match socket.recv_from(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                retry_on_intr(|| poll(&mut [PollFd::new(&socket, PollFlags::IN)], None))?;
                continue;
            }
            received => received?,
        };
        let datagram = &buffer[..len];
        let SocketAddr::V4(address) = from else {
            continue;
        };
        let member = Some(SockaddrIn::from(address));
        let place = members.iter().position(|&it| it == member);
        match (datagram.starts_with(b"L "), place) {
            (true, None) => {
                members.push(member);
                socket.send_to(b"OK", from)?;
            }
            (false, Some(place)) => {
                // All the others then stand behind the first.
                members.swap(0, place);
                // A datagram that cannot be sent is lost; the driver sees that.
                let fd = socket.as_raw_fd();
                if !batched {
                    let others = members[1..].iter().flatten();
                    others.for_each(|to| _ = sendto(fd, datagram, to, MsgFlags::empty()));
                    continue;
                }
                for batch in members[1..].chunks(BATCH) {
                    let payload = [IoSlice::new(datagram)];
                    let payloads = repeat_n(&payload, batch.len());
                    let _ = sendmmsg(fd, &mut headers, payloads, batch, [], MsgFlags::empty());
                }
            }
            _ => {}
        }
    }
}
