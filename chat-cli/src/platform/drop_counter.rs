//! How many datagrams the kernel has thrown away because nobody read them in time.
//!
//! A receive queue that overflows is silent. Linux counts what it drops, socket by socket, and shows it in a table of
//! the process file system; elsewhere the number is not known.

use std::net::UdpSocket;

/// How many datagrams for this socket were dropped since it was opened; `None` where that cannot be known.
///
/// This reads a table of all UDP sockets of the machine: not for every datagram.
pub fn dropped(socket: &UdpSocket) -> Option<u64> {
    #[cfg(target_os = "linux")]
    return linux::dropped(socket);
    #[cfg(not(target_os = "linux"))]
    {
        let _unused = socket;
        None
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io::{BufRead, BufReader};
    use std::net::UdpSocket;

    use rustix::fs::fstat;

    /// Which column of the table holds the inode, counted from 0.
    const INODE: usize = 9;

    pub(super) fn dropped(socket: &UdpSocket) -> Option<u64> {
        let inode = fstat(socket).ok()?.st_ino;
        let table = if socket.local_addr().ok()?.is_ipv6() {
            "/proc/self/net/udp6"
        } else {
            "/proc/self/net/udp"
        };
        find(BufReader::new(File::open(table).ok()?), inode)
    }

    /// The last column of the line with this inode.
    pub(super) fn find(table: impl BufRead, inode: u64) -> Option<u64> {
        let inode = inode.to_string();
        let mut lines = table.lines().map_while(Result::ok);
        let line = lines.find(|line| line.split_whitespace().nth(INODE) == Some(&inode))?;
        line.split_whitespace().next_back()?.parse().ok()
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
                sender.send_to(&[0; 32], socket.local_addr().unwrap()).unwrap();
            }
            let received = std::iter::from_fn(|| socket.recv(&mut [0; 64]).ok()).count() as u64;
            assert!(received < 2_000, "{host}: the buffer is tiny");
            assert_eq!(dropped(&socket), Some(2_000 - received), "{host}");
        }
    }
}
