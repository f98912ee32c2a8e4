//! How many datagrams the kernel has thrown away because nobody read them in time.
//!
//! A receive queue that overflows is silent. Linux counts what it drops, socket by socket, and
//! shows it in a table of the process file system; elsewhere the number is not known.

#[cfg(target_os = "linux")]
pub use linux::dropped;
#[cfg(not(target_os = "linux"))]
pub use nothing::dropped;

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io::Read;
    use std::net::UdpSocket;

    use rustix::fs::fstat;

    /// Which column of the table holds the inode, counted from 0.
    const INODE: usize = 9;

    /// Longer than any line of the table, and as long as the kernel's own pieces of it.
    const PIECE: usize = 4096;

    /// How many datagrams for this socket were dropped since it was opened; `None` where that
    /// cannot be known.
    ///
    /// This reads a table of all UDP sockets of the machine: not for every datagram.
    pub fn dropped(socket: &UdpSocket) -> Option<u64> {
        let inode = fstat(socket).ok()?.st_ino;
        let table = if socket.local_addr().ok()?.is_ipv6() {
            "/proc/self/net/udp6"
        } else {
            "/proc/self/net/udp"
        };
        find(File::open(table).ok()?, inode)
    }

    /// The last column of the line with this inode. It is read piece by piece into one place, so
    /// that a server that looks while it works allocates nothing for it.
    pub(super) fn find(mut table: impl Read, inode: u64) -> Option<u64> {
        let mut piece = [0; PIECE];
        let mut filled = 0;
        loop {
            let read = table
                .read(piece.get_mut(filled..)?)
                .ok()
                .filter(|&read| read > 0)?;
            filled += read;
            let known = piece.get(..filled)?;
            let whole = known
                .iter()
                .rposition(|&byte| byte == b'\n')
                .map_or(0, |end| end + 1);
            let mut lines = known.get(..whole)?.split(|&byte| byte == b'\n');
            if let Some(dropped) = lines.find_map(|line| dropped_of(line, inode)) {
                return Some(dropped);
            }
            piece.copy_within(whole..filled, 0);
            filled -= whole;
        }
    }

    /// What was dropped according to this line, if it is that of the socket.
    fn dropped_of(line: &[u8], inode: u64) -> Option<u64> {
        let line = std::str::from_utf8(line).ok()?;
        let of_line = line
            .split_ascii_whitespace()
            .nth(INODE)?
            .parse::<u64>()
            .ok()?;
        (of_line == inode).then(|| line.split_ascii_whitespace().next_back()?.parse().ok())?
    }
}

#[cfg(not(target_os = "linux"))]
mod nothing {
    use std::net::UdpSocket;

    /// `None`: this system does not tell.
    pub fn dropped(_socket: &UdpSocket) -> Option<u64> {
        None
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::net::UdpSocket;

    use socket2::SockRef;

    use super::*;

    const TABLE: &str = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode \
                         ref pointer drops\n\
                         \x20 123: 0100007F:22B8 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 \
                         4711 2 0000000000000000 0\n\
                         \x20 124: 0100007F:22B9 00000000:0000 07 00000000:00000000 00:00000000 00000000  4711        0 \
                         815 2 0000000000000000 29\n";

    #[test]
    fn the_line_is_found_by_its_inode_alone() {
        assert_eq!(linux::find(TABLE.as_bytes(), 4711), Some(0));
        assert_eq!(linux::find(TABLE.as_bytes(), 815), Some(29));
        assert_eq!(linux::find(TABLE.as_bytes(), 29), None);
        assert_eq!(linux::find(&b""[..], 815), None);
    }

    /// The kernel hands out a long table in pieces that end anywhere.
    #[test]
    fn a_line_of_a_long_table_is_found_wherever_a_piece_ends() {
        let others = |count| TABLE.repeat(count).replace("4711", "9").replace("815", "7");
        for before in 0..60 {
            let table = others(before) + TABLE + &others(9);
            assert_eq!(
                linux::find(table.as_bytes(), 815),
                Some(29),
                "behind {before}"
            );
            assert_eq!(linux::find(table.as_bytes(), 29), None);
        }
        let endless = vec![b'x'; 100_000];
        assert_eq!(linux::find(&endless[..], 815), None, "no line is so long");
    }

    #[test]
    fn what_does_not_fit_into_a_tiny_buffer_is_counted() {
        for host in ["127.0.0.1", "::1"] {
            let Ok(socket) = UdpSocket::bind((host, 0)) else {
                continue;
            };
            socket.set_nonblocking(true).unwrap();
            SockRef::from(&socket).set_recv_buffer_size(4096).unwrap();
            assert_eq!(dropped(&socket), Some(0), "{host}");
            let sender = UdpSocket::bind((host, 0)).unwrap();
            for _ in 0..2_000 {
                sender
                    .send_to(&[0; 32], socket.local_addr().unwrap())
                    .unwrap();
            }
            let received = std::iter::from_fn(|| socket.recv(&mut [0; 64]).ok()).count() as u64;
            assert!(received < 2_000, "{host}: the buffer is tiny");
            assert_eq!(dropped(&socket), Some(2_000 - received), "{host}");
        }
    }
}
