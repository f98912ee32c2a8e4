//! The limit: receives as the room does, polling only when nothing is left, sends with as few calls
//! as possible, and does nothing else.

use std::array;
use std::io::{self, ErrorKind, IoSlice};
use std::net::{IpAddr, UdpSocket};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, sendmmsg};

use super::RECEIVE_BUFFER;
use super::roster::{Roster, Wish};

/// The most datagrams that one call sends.
const BATCH: usize = 64;
/// What is enough for a small room: headers that are not used have to be made all the same.
const SMALL_BATCH: usize = 16;

pub(super) fn run(ip: IpAddr) -> io::Result<()> {
    let socket = super::open(ip)?;
    socket.set_nonblocking(true)?;
    let mut roster = Roster::new();
    let mut buffer = [0; RECEIVE_BUFFER];
    loop {
        let (len, from) = match socket.recv_from(&mut buffer) {
            Ok(received) => received,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                wait(&socket)?;
                continue;
            }
            Err(error) => return Err(error),
        };
        let datagram = buffer.get(..len).unwrap_or_default();
        match roster.wish(datagram, from) {
            Wish::In(answer) => drop(socket.send_to(answer, from)),
            Wish::PassOn { but } if roster.len() <= SMALL_BATCH => {
                pass_on::<SMALL_BATCH>(&socket, datagram, roster.all_but(but));
            }
            Wish::PassOn { but } => pass_on::<BATCH>(&socket, datagram, roster.all_but(but)),
            Wish::Nothing => {}
        }
    }
}

/// Sleeps until there is something to receive.
fn wait(socket: &UdpSocket) -> io::Result<()> {
    match poll(&mut [PollFd::new(socket, PollFlags::IN)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn pass_on<'a, const N: usize>(
    socket: &UdpSocket,
    payload: &[u8],
    mut to: impl Iterator<Item = &'a SocketAddrAny>,
) {
    let payload = [IoSlice::new(payload)];
    while let Some(first) = to.next() {
        let mut controls: [SendAncillaryBuffer<'_, '_, '_>; N] =
            array::from_fn(|_| SendAncillaryBuffer::default());
        let mut count = 1;
        let mut next = Some(first);
        // The headers behind the last recipient have to hold something, and are not sent.
        let mut headers = controls.each_mut().map(|control| {
            let header = MMsgHdr::new_with_addr(next.unwrap_or(first), &payload, control);
            if count < N {
                next = to.next();
                count += usize::from(next.is_some());
            }
            header
        });
        let mut left = headers.get_mut(..count).unwrap_or_default();
        while !left.is_empty() {
            // What cannot be sent is lost; the driver sees that.
            let sent = sendmmsg(socket, left, SendFlags::NOSIGNAL)
                .unwrap_or(1)
                .max(1);
            left = left.get_mut(sent..).unwrap_or_default();
        }
    }
}
