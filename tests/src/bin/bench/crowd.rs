//! The members: a socket each, all watched by one thread.

use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::time::Duration;

use chat_core::proto::{Dialect, MAX_DATAGRAM, Name, Request};
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

/// The members of one size of room, in several of them: a room knows them by their addresses.
pub struct Crowd {
    pub members: Vec<(Name, UdpSocket)>,
    epoll: OwnedFd,
    events: Vec<Event>,
    /// The server that they speak and listen to at present.
    pub server: SocketAddr,
    /// Lines that were said so far, in all rooms.
    pub said: usize,
}

impl Crowd {
    /// Opens the sockets of this number of members, at this address.
    pub fn open(count: usize, local: SocketAddr) -> Result<Self> {
        let mut files = getrlimit(Resource::Nofile);
        files.current = files.maximum;
        setrlimit(Resource::Nofile, files).map_err(cannot("raise the limit of open files"))?;
        let epoll = epoll::create(CreateFlags::CLOEXEC).map_err(cannot("watch sockets"))?;
        let mut members = Vec::new();
        for number in 0..count {
            let remedy = "open a member's socket (fewer --members, or more files: ulimit -n)";
            let socket = UdpSocket::bind(local).map_err(cannot(remedy))?;
            // A smaller one is seen as loss, if it matters.
            let _ = set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER);
            let data = EventData::new_u64(u64::try_from(number)?);
            epoll::add(&epoll, &socket, data, EventFlags::IN).map_err(cannot("watch a socket"))?;
            // No server remembers this name of a measurement that was cut off.
            let run = std::process::id() & 0xffff;
            members.push((Name::new(&format!("m{run:04x}.{number}"))?, socket));
        }
        Ok(Self {
            members,
            epoll,
            events: Vec::with_capacity(EVENTS),
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

    /// Sends a request of this member.
    pub fn send<'t>(&self, member: usize, request: impl Fn(Name) -> Request<'t>) -> Result<()> {
        let (name, socket) = &self.members[member];
        let mut buffer = [0; MAX_DATAGRAM];
        let datagram = request(*name).encode(&Dialect::lenient(), &mut buffer)?;
        socket
            .send_to(datagram, self.server)
            .map_err(cannot("send to a server"))?;
        Ok(())
    }

    /// Receives one datagram of each member that has one, and hands on those of the server with the
    /// member. Waits at most this long for the first. Returns the number of all of them.
    pub fn receive(&mut self, wait: Duration, mut each: impl FnMut(usize, &[u8])) -> Result<usize> {
        let wait = Timespec::try_from(wait)?;
        self.events.clear();
        let (epoll, events) = (&self.epoll, &mut self.events);
        retry_on_intr(|| epoll::wait(epoll, spare_capacity(events), Some(&wait)))
            .map_err(cannot("wait for datagrams"))?;
        let mut buffer = [0; MAX_DATAGRAM];
        let mut received = 0;
        for event in &self.events {
            let member = usize::try_from(event.data.u64())?;
            // One per socket: epoll reports a socket with more datagrams again. An error is of
            // an earlier datagram; reading it clears it.
            let socket = &self.members[member].1;
            let got = recvfrom(socket, &mut buffer[..], RecvFlags::DONTWAIT);
            if let Ok((_, len, Some(from))) = got {
                if SocketAddr::try_from(from) == Ok(self.server) {
                    each(member, &buffer[..len]);
                }
                received += 1;
            }
        }
        Ok(received)
    }

    /// Throws away all that still comes.
    pub fn settle(&mut self) -> Result<()> {
        while self.receive(SETTLED, |_, _| ())? > 0 {}
        Ok(())
    }
}
