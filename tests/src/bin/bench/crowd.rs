//! The members: a socket each, and perhaps a session, all watched by one thread.

use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use chat_core::proto::{Dialect, Id, MAX_DATAGRAM, MAX_SESSION_DATAGRAM, Name, Request};
use chat_core::{Client, ClientConfig, ClientOutgoing, ClientSession, Timestamp};
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::retry_on_intr;
use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::net::{RecvFlags, recvfrom};
use rustix::process::{Resource, getrlimit, setrlimit};

use super::{Result, cannot, go_on};

/// Room for thousands of waiting lines at each member, so that nothing is lost on this side.
const RECEIVE_BUFFER: usize = 1024 * 1024;
/// The most sockets that one call reports.
const EVENTS: usize = 512;
/// Logins on their way at once. Each is announced to all who are in.
const LOGINS: usize = 16;
/// After this long without any datagram a server has nothing more to say.
pub const SILENCE: Duration = Duration::from_secs(2);
/// When nothing has come for this long, nothing more will, and a server on this machine sleeps.
const SETTLED: Duration = Duration::from_millis(2);
/// The same for sessions, which wait a while before they acknowledge a line.
const ACKNOWLEDGED: Duration = Duration::from_millis(10);

/// The members of one size of room, in several of them: a room knows them by their addresses.
pub struct Crowd {
    pub members: Vec<(Name, UdpSocket)>,
    /// The members' sessions at one server; none where they are plain members.
    sessions: Vec<Client>,
    /// The beginning of the sessions' time.
    began: Instant,
    epoll: OwnedFd,
    /// The server that they speak and listen to at present.
    pub server: SocketAddr,
    /// Lines that were said so far, in all rooms.
    pub said: usize,
}

impl Crowd {
    /// Opens the sockets of this number of members, at this address.
    pub fn open(count: usize, local: SocketAddr, has_sessions: bool) -> Result<Self> {
        let mut files = getrlimit(Resource::Nofile);
        files.current = files.maximum;
        setrlimit(Resource::Nofile, files).map_err(cannot("raise the limit of open files"))?;
        let epoll = epoll::create(CreateFlags::CLOEXEC).map_err(cannot("watch sockets"))?;
        let (mut members, mut sessions) = (Vec::new(), Vec::new());
        for number in 0..count {
            let remedy = "open a member's socket (fewer --members, or more files: ulimit -n)";
            let socket = UdpSocket::bind(local).map_err(cannot(remedy))?;
            // A smaller one is seen as loss, if it matters.
            let _ = set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER);
            let data = EventData::new_u64(u64::try_from(number)?);
            epoll::add(&epoll, &socket, data, EventFlags::IN).map_err(cannot("watch a socket"))?;
            // No server remembers this name of a measurement that was cut off.
            let run = std::process::id() & 0xffff;
            let name = Name::new(&format!("m{run:04x}.{number}"))?;
            members.push((name, socket));
            if has_sessions {
                let (token, seed) = (Id(fastrand::u64(..)), fastrand::u128(..).to_ne_bytes());
                let mut config = ClientConfig::default();
                config.session = Some(ClientSession::new(token, seed));
                sessions.push(Client::new(name, config));
            }
        }
        Ok(Self {
            members,
            sessions,
            began: Instant::now(),
            epoll,
            server: local,
            said: 0,
        })
    }

    /// Logs everybody in.
    pub fn enter(&mut self, server: SocketAddr) -> Result<()> {
        self.server = server;
        let (members, mut next) = (self.members.len(), 0);
        let mut asked: Vec<usize> = Vec::new();
        while next < members || !asked.is_empty() {
            go_on()?;
            while asked.len() < LOGINS && next < members {
                let extension = None;
                self.send(next, |name| Request::Login { name, extension })?;
                asked.push(next);
                next += 1;
            }
            let mut refusal = String::new();
            let received = self.receive(SILENCE, |member, datagram| {
                // The answer comes before anything else that the room says to a member. The word
                // that lets in differs from server to server; `FAIL` refuses everywhere.
                if let Some(place) = asked.iter().position(|&asked| asked == member) {
                    asked.swap_remove(place);
                    if datagram.starts_with(b"FAIL") {
                        refusal = String::from_utf8_lossy(datagram).into_owned();
                    }
                }
            })?;
            if !refusal.is_empty() {
                return Err(format!("{server} answers {refusal:?}: switch its limits off").into());
            }
            if received == 0 {
                return Err(format!("no answer: does a server run at {server}?").into());
            }
        }
        self.settle()
    }

    /// Says everybody's goodbye, once: a second quit ends many a server.
    pub fn leave(&mut self, server: SocketAddr) -> Result<()> {
        self.server = server;
        for member in 0..self.members.len() {
            self.send(member, |name| Request::Quit { name })?;
            self.receive(SETTLED, |_, _| ())?;
        }
        self.settle()
    }

    /// Sends a request of this member, or gives it to the session.
    pub fn send<'t>(&mut self, member: usize, request: impl Fn(Name) -> Request<'t>) -> Result<()> {
        let (name, socket) = &self.members[member];
        let request = request(*name);
        if !self.sessions.is_empty() {
            return self.call(member, |client, now| match request {
                Request::Chat { text, .. } => Ok(client.say(now, text)?),
                _ => Ok(client.login(now)),
            });
        }
        let mut buffer = [0; MAX_DATAGRAM];
        let datagram = request.encode(&Dialect::lenient(), &mut buffer)?;
        socket
            .send_to(datagram, self.server)
            .map_err(cannot("send to a server"))?;
        Ok(())
    }

    /// Calls a member's session, and sends what that causes.
    fn call<'a, F>(&'a mut self, member: usize, call: F) -> Result<()>
    where
        F: FnOnce(&'a mut Client, Timestamp) -> Result<ClientOutgoing<'a>>,
    {
        let now = self.began.elapsed().into();
        if let Some(payload) = call(&mut self.sessions[member], now)?.payload() {
            let sent = self.members[member].1.send_to(payload, self.server);
            sent.map_err(cannot("send to a server"))?;
        }
        Ok(())
    }

    /// Receives one datagram of each member that has one, and hands on those of the server with the
    /// member; of a session, the entries. Waits at most this long for the first, or until a session
    /// is due. Returns the number of datagrams and of sessions that were due.
    pub fn receive(&mut self, wait: Duration, mut each: impl FnMut(usize, &[u8])) -> Result<usize> {
        let due = self.sessions.iter().filter_map(Client::poll_timeout).min();
        let until_due = due.map_or(wait, |due| due.since(self.began.elapsed().into()));
        let wait = Timespec::try_from(wait.min(until_due))?;
        let mut events: Vec<Event> = Vec::with_capacity(EVENTS);
        retry_on_intr(|| epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&wait)))
            .map_err(cannot("wait for datagrams"))?;
        let mut buffer = [0; MAX_SESSION_DATAGRAM];
        let mut received = 0;
        for event in events {
            let member = usize::try_from(event.data.u64())?;
            // One per socket: epoll reports a socket with more datagrams again. An error is of
            // an earlier datagram; reading it clears it.
            let socket = &self.members[member].1;
            let got = recvfrom(socket, &mut buffer[..], RecvFlags::DONTWAIT);
            if let Ok((_, len, Some(from))) = got {
                received += 1;
                let datagram = &buffer[..len];
                let is_wanted = SocketAddr::try_from(from) == Ok(self.server);
                if is_wanted && self.sessions.is_empty() {
                    each(member, datagram);
                } else if is_wanted {
                    self.call(member, |client, now| {
                        let outgoing = client.handle(now, datagram);
                        let entries = outgoing.entries();
                        entries.for_each(|entry| each(member, entry.text.as_bytes()));
                        Ok(outgoing)
                    })?;
                }
            }
        }
        let now = Timestamp::from(self.began.elapsed());
        for member in 0..self.sessions.len() {
            let due = self.sessions[member].poll_timeout();
            if due.is_some_and(|due| due <= now) {
                self.call(member, |client, now| Ok(client.handle_timeout(now)))?;
                received += 1;
            }
        }
        Ok(received)
    }

    /// Throws away all that still comes.
    pub fn settle(&mut self) -> Result<()> {
        let is_plain = self.sessions.is_empty();
        let wait = if is_plain { SETTLED } else { ACKNOWLEDGED };
        while self.receive(wait, |_, _| ())? > 0 {}
        Ok(())
    }
}
