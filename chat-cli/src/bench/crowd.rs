//! The members: a socket each, all watched by one thread.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::time::Duration;

use chat_core::proto::{Dialect, MAX_DATAGRAM, Name, Request, Text};
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recvfrom};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::SockRef;

use super::error::BenchError;

/// Of files that are open for other reasons.
const OTHER_FILES: u64 = 64;
/// What every member may have waiting: thousands of lines, so that nothing is lost on this side.
const RECEIVE_BUFFER: usize = 1024 * 1024;
/// How many sockets one call tells of.
const EVENTS: usize = 512;

/// All members of a measurement. They may be in several rooms, because a room knows them by their
/// addresses.
pub(super) struct Crowd {
    members: Vec<Member>,
    epoll: OwnedFd,
    events: Vec<Event>,
}

#[derive(Debug)]
struct Member {
    name: Name,
    socket: UdpSocket,
}

impl Crowd {
    /// So many members with sockets that reach `server`; there are `others` in other crowds.
    pub(super) fn open(count: u32, others: u32, server: SocketAddr) -> Result<Self, BenchError> {
        allow_files(count.saturating_add(others))?;
        let local = SocketAddr::new(local(server.ip()), 0);
        let epoll = epoll::create(CreateFlags::CLOEXEC)
            .map_err(BenchError::io("cannot watch sockets (epoll)"))?;
        let mut members = Vec::new();
        for number in 0..count {
            let failed = |error| BenchError::Member { number, error };
            let socket = UdpSocket::bind(local).map_err(failed)?;
            // What is not granted is seen as loss, if it matters.
            let _ = SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER);
            epoll::add(
                &epoll,
                &socket,
                EventData::new_u64(number.into()),
                EventFlags::IN,
            )
            .map_err(|error| failed(error.into()))?;
            let name = name(number).map_err(failed)?;
            members.push(Member { name, socket });
        }
        Ok(Self {
            members,
            epoll,
            events: Vec::with_capacity(EVENTS),
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// The name of a member, for a message.
    pub(super) fn name(&self, member: usize) -> String {
        self.members
            .get(member)
            .map(|it| it.name.to_string())
            .unwrap_or_default()
    }

    /// A member asks to be let in.
    pub(super) fn login(&self, member: usize, room: &Room) -> Result<(), BenchError> {
        let login = |name| Request::Login {
            name,
            extension: None,
        };
        self.send(member, room, login)
    }

    /// A member speaks.
    pub(super) fn say(&self, member: usize, room: &Room, text: Text<'_>) -> Result<(), BenchError> {
        self.send(member, room, |name| Request::Chat { name, text })
    }

    /// A member leaves.
    pub(super) fn quit(&self, member: usize, room: &Room) -> Result<(), BenchError> {
        self.send(member, room, |name| Request::Quit { name })
    }

    fn send<'t>(
        &self,
        member: usize,
        room: &Room,
        request: impl Fn(Name) -> Request<'t>,
    ) -> Result<(), BenchError> {
        let Some(Member { name, socket }) = self.members.get(member) else {
            return Ok(());
        };
        let mut buffer = [0; MAX_DATAGRAM];
        let encoded = request(*name).encode(&room.dialect, &mut buffer);
        let datagram =
            encoded.map_err(|error| BenchError::io("cannot say this")(io::Error::other(error)))?;
        let sent = socket.send_to(datagram, room.address);
        sent.map(drop)
            .map_err(BenchError::io("cannot send to the server"))
    }

    /// Receives one datagram of each member that has one, and hands it on with the member and the
    /// sender. Waits at most so long for the first. Returns how many it were.
    pub(super) fn receive(
        &mut self,
        patience: Duration,
        mut each: impl FnMut(usize, SocketAddr, &[u8]),
    ) -> Result<usize, BenchError> {
        let timeout = Timespec::try_from(patience).ok();
        self.events.clear();
        match epoll::wait(
            &self.epoll,
            spare_capacity(&mut self.events),
            timeout.as_ref(),
        ) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(BenchError::io("cannot wait for datagrams (epoll)")(error)),
        }
        let mut buffer = [0; MAX_DATAGRAM];
        let mut received = 0;
        for event in &self.events {
            let member = usize::try_from(event.data.u64()).unwrap_or(usize::MAX);
            let Some(Member { socket, .. }) = self.members.get(member) else {
                continue;
            };
            // One each: a socket that has more is told of again. An error is of an earlier
            // datagram, and then gone.
            let Ok((_, len, Some(from))) = recvfrom(socket, &mut buffer[..], RecvFlags::DONTWAIT)
            else {
                continue;
            };
            if let Ok(from) = SocketAddr::try_from(from) {
                each(member, from, buffer.get(..len).unwrap_or_default());
                received += 1;
            }
        }
        Ok(received)
    }

    /// Throws away what still comes, until nothing has come for so long.
    pub(super) fn settle(&mut self, silence: Duration) -> Result<(), BenchError> {
        while self.receive(silence, |_, _, _| ())? > 0 {}
        Ok(())
    }
}

/// Where the members are to be, and how a server there is spoken to.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) address: SocketAddr,
    pub(super) dialect: Dialect,
}

/// Names that differ from those of a measurement that was cut off, which some server may still
/// remember.
fn name(number: u32) -> io::Result<Name> {
    let run = std::process::id() & 0xffff;
    Name::new(&format!("m{run:04x}.{number}")).map_err(io::Error::other)
}

/// From where such an address can be reached.
fn local(server: IpAddr) -> IpAddr {
    match server {
        IpAddr::V4(ip) if ip.is_loopback() => server,
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(ip) if ip.is_loopback() => server,
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

fn allow_files(members: u32) -> Result<(), BenchError> {
    let needed = u64::from(members) + OTHER_FILES;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if let Some(limit) = maximum.filter(|&maximum| maximum < needed) {
        return Err(BenchError::TooFewFiles {
            members,
            needed,
            limit,
        });
    }
    let raised = Rlimit {
        current: Some(needed),
        maximum,
    };
    setrlimit(Resource::Nofile, raised)
        .map_err(BenchError::io("cannot raise the limit of open files"))
}
