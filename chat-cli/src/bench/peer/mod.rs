//! The processes that are measured: the server of this program, and what it is compared with.
//!
//! Each is a process of its own, because only a process has a CPU time that nothing else is part
//! of.

mod forwarder;
mod naive;
mod roster;

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use socket2::{Domain, Protocol, Socket, Type};

use crate::bench::BenchError;
use crate::failure::Failure;
use crate::platform::socket::WANTED_RECEIVE_BUFFER;
use crate::serve;

use super::args::{PeerArgs, Role};

/// One byte more than any request, as the room has it.
const RECEIVE_BUFFER: usize = chat_core::proto::MAX_DATAGRAM + 1;

/// Plays the role until the parent ends, and not longer, however the parent ends.
pub(crate) fn run(args: &PeerArgs) -> Result<(), Failure> {
    set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(BenchError::io("cannot tie this process to its parent"))?;
    // It may have ended before that was said.
    if getppid().map(Pid::as_raw_pid) != i32::try_from(args.parent).ok() {
        return Ok(());
    }
    match &args.role {
        Role::Serve(serve) => serve::serve(serve),
        Role::Forward(at) => {
            Ok(forwarder::run(at.ip).map_err(BenchError::io("the forwarder's socket broke"))?)
        }
        Role::Naive(at) => {
            Ok(naive::run(at.ip).map_err(BenchError::io("the naive server's socket broke"))?)
        }
    }
}

/// A socket with the room's receive buffer, and the news of where it is, in the room's words.
fn open(ip: IpAddr) -> io::Result<UdpSocket> {
    let at = SocketAddr::new(ip, 0);
    let socket = Socket::new(Domain::for_address(at), Type::DGRAM, Some(Protocol::UDP))?;
    socket.bind(&at.into())?;
    socket.set_recv_buffer_size(WANTED_RECEIVE_BUFFER)?;
    let socket = UdpSocket::from(socket);
    eprintln!("listening on {}", socket.local_addr()?);
    Ok(socket)
}
