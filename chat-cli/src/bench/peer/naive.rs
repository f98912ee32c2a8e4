//! What one writes first: one call receives, one call per listener sends.

use std::io;
use std::net::{IpAddr, SocketAddr};

use super::RECEIVE_BUFFER;
use super::roster::{Roster, Wish};

pub(super) fn run(ip: IpAddr) -> io::Result<()> {
    let socket = super::open(ip)?;
    let mut roster = Roster::<SocketAddr>::new();
    let mut buffer = [0; RECEIVE_BUFFER];
    loop {
        let (len, from) = socket.recv_from(&mut buffer)?;
        let datagram = buffer.get(..len).unwrap_or_default();
        match roster.wish(datagram, from) {
            Wish::In(answer) => drop(socket.send_to(answer, from)),
            Wish::PassOn { but } => {
                for to in roster.all_but(but) {
                    // What cannot be sent is lost; the driver sees that.
                    let _ = socket.send_to(datagram, to);
                }
            }
            Wish::Nothing => {}
        }
    }
}
