//! The counter of datagrams that the kernel dropped because the receive buffer was full.
//!
//! Such a loss is silent. Linux counts it per socket, in a table of the process file system; on
//! other systems the number is not known.

use std::time::Duration;

use chat_core::Timestamp;
use serde::Serialize;

#[cfg(target_os = "linux")]
pub(super) use linux::dropped;

/// The least time between two looks at the counter: one look costs as much as many datagrams.
const PAUSE: Duration = Duration::from_secs(10);

/// The times at which the counter is looked at, and the number that was seen last.
#[derive(Debug)]
pub(crate) struct DropWatch {
    next_look: Timestamp,
    seen: u64,
}

/// The growth of the counter between two looks.
#[derive(Debug, Serialize)]
pub(crate) struct Growth {
    /// Datagrams dropped since the look before.
    pub(crate) datagrams: u64,
    /// Datagrams dropped since the socket was opened.
    pub(crate) total: u64,
}

impl DropWatch {
    /// Starts a watch whose first look is 10 seconds from `now`.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            next_look: now.plus(PAUSE),
            seen: 0,
        }
    }

    /// Calls `read` when 10 seconds have passed, and returns the growth if there is any.
    ///
    /// Call it after a receive: without datagrams none are dropped, and an idle room stays asleep.
    pub(crate) fn look(
        &mut self,
        now: Timestamp,
        read: impl FnOnce() -> Option<u64>,
    ) -> Option<Growth> {
        if now < self.next_look {
            return None;
        }
        self.next_look = now.plus(PAUSE);
        let total = read()?;
        let datagrams = total.saturating_sub(self.seen);
        self.seen = total;
        (datagrams > 0).then_some(Growth { datagrams, total })
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io::Read;
    use std::net::UdpSocket;
    use std::str;

    use rustix::fs::fstat;

    /// The column of the table that holds the inode, counted from 0.
    const INODE: usize = 9;

    /// The bytes of the table that are held at once: as many as the kernel hands out.
    const PIECE: usize = 4096;

    /// Returns how many datagrams for this socket were dropped since it was opened.
    ///
    /// Reads a table of all UDP sockets of the machine, and allocates nothing.
    pub(in super::super) fn dropped(socket: &UdpSocket) -> Option<u64> {
        let inode = fstat(socket).ok()?.st_ino;
        let is_ipv6 = socket.local_addr().ok()?.is_ipv6();
        let table = if is_ipv6 {
            "/proc/self/net/udp6"
        } else {
            "/proc/self/net/udp"
        };
        find(File::open(table).ok()?, inode)
    }

    /// Returns the last column of the line with this inode.
    pub(super) fn find(mut table: impl Read, inode: u64) -> Option<u64> {
        let mut piece = [0; PIECE];
        let mut filled = 0;
        loop {
            filled += match table.read(piece.get_mut(filled..)?) {
                Ok(read @ 1..) => read,
                _ => return None,
            };
            let known = piece.get(..filled)?;
            let end = known
                .iter()
                .rposition(|&byte| byte == b'\n')
                .map_or(0, |feed| feed + 1);
            let mut lines = known.get(..end)?.split(|&byte| byte == b'\n');
            if let Some(dropped) = lines.find_map(|line| dropped_in(line, inode)) {
                return Some(dropped);
            }
            piece.copy_within(end..filled, 0);
            filled -= end;
        }
    }

    /// Returns the last column of this line, if the line is that of the inode.
    fn dropped_in(line: &[u8], inode: u64) -> Option<u64> {
        let mut columns = str::from_utf8(line).ok()?.split_ascii_whitespace();
        let is_wanted = columns.nth(INODE)?.parse() == Ok(inode);
        columns.next_back().filter(|_| is_wanted)?.parse().ok()
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn dropped(_: &std::net::UdpSocket) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_watch_looks_every_ten_seconds_and_tells_only_growth() {
        let looks = Cell::new(0);
        let mut watch = DropWatch::new(Timestamp::from_millis(500));
        for (millis, counter, growth, looks_so_far) in [
            (10_499, Some(9), None, 0),
            (10_500, Some(0), None, 1),
            (20_499, Some(9), None, 1),
            (20_500, Some(9), Some((9, 9)), 2),
            (40_000, Some(9), None, 3),
            (60_000, None, None, 4),
            (80_000, Some(12), Some((3, 12)), 5),
        ] {
            let look = watch.look(Timestamp::from_millis(millis), || {
                looks.set(looks.get() + 1);
                counter
            });
            let look = look.map(|growth| (growth.datagrams, growth.total));
            assert_eq!((look, looks.get()), (growth, looks_so_far), "at {millis}");
        }
    }

    #[cfg(target_os = "linux")]
    const TABLE: &str = "\
\x20 sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout \
inode ref pointer drops
\x20123: 0100007F:22B8 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 \
4711 2 0000000000000000 0
\x20124: 0100007F:22B9 00000000:0000 07 00000000:00000000 00:00000000 00000000  4711        0 \
815 2 0000000000000000 29
";

    #[cfg(target_os = "linux")]
    #[test]
    fn a_line_is_found_by_its_inode_alone() {
        for (inode, dropped) in [(4711, Some(0)), (815, Some(29)), (29, None)] {
            assert_eq!(linux::find(TABLE.as_bytes(), inode), dropped);
        }
        assert_eq!(linux::find(&b""[..], 815), None);
        assert_eq!(linux::find("x".repeat(100_000).as_bytes(), 815), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_line_is_found_wherever_a_piece_of_the_table_ends() {
        let others = |count| TABLE.repeat(count).replace("4711", "9").replace("815", "7");
        for before in 0..60 {
            let table = others(before) + TABLE + &others(9);
            assert_eq!(linux::find(table.as_bytes(), 815), Some(29), "{before}");
            assert_eq!(linux::find(table.as_bytes(), 29), None);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_datagram_that_does_not_fit_is_counted() {
        use std::iter;
        use std::time::Instant;

        use super::super::socket::tests::{loopback_hosts, peer};

        for host in loopback_hosts() {
            let socket = peer(host);
            socket.set_nonblocking(true).unwrap();
            (socket2::SockRef::from(&socket).set_recv_buffer_size(4096)).unwrap();
            let (sender, to) = (peer(host), socket.local_addr().unwrap());
            let mut received = 0;
            for sent in [0, 2_000] {
                (0..sent).for_each(|_| assert!(sender.send_to(&[0; 32], to).is_ok()));
                // On a busy machine datagrams arrive late, and the table changes while it is read.
                let start = Instant::now();
                while dropped(&socket) != Some(sent - received) {
                    assert!(start.elapsed() < Duration::from_secs(2), "{host}: {sent}");
                    received += iter::from_fn(|| socket.recv(&mut [0; 64]).ok()).count() as u64;
                }
            }
            assert!((1..2_000).contains(&received), "{host}");
        }
    }
}
