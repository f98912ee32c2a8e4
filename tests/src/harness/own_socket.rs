//! Sockets that are closed when the test closes them.
//!
//! A process that starts a program makes a copy of itself, which holds all open sockets until the
//! program takes its place. When one test starts a program while another, in the same process,
//! closes a socket, the copy may keep that socket open for some milliseconds. The socket then takes
//! a datagram, and the sender gets no report. So starting and closing wait for each other here.

use std::io::{self, Read};
use std::net::{SocketAddr, UdpSocket};
use std::ops::Deref;
use std::process::{Child, Command};
use std::sync::{PoisonError, RwLock};

/// Locked for reading while a program starts, for writing while a socket closes.
static STARTING: RwLock<()> = RwLock::new(());

/// Starts a program. When this returns the program has taken the place of the copy, and nothing but
/// its standard streams is open in it.
///
/// # Errors
/// The system's, when it cannot be started.
pub fn start(command: &mut Command) -> io::Result<Child> {
    let _no_close = STARTING.read().unwrap_or_else(PoisonError::into_inner);
    let (mut reader, writer) = io::pipe()?;
    let child = command.spawn()?;
    drop(writer);
    // `spawn` returns a moment before the system has closed all that the copy had open. A writing
    // end of the pipe is among that, so the pipe ends only then.
    reader.read_to_end(&mut Vec::new())?;
    Ok(child)
}

/// A socket that no copy of this process holds open once it is dropped.
#[derive(Debug)]
pub struct OwnSocket(Option<UdpSocket>);

impl OwnSocket {
    /// Opens a socket at this address.
    ///
    /// # Errors
    /// The system's, when it gives none.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        UdpSocket::bind(address).map(|socket| Self(Some(socket)))
    }
}

impl Deref for OwnSocket {
    type Target = UdpSocket;

    fn deref(&self) -> &UdpSocket {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for OwnSocket {
    fn drop(&mut self) {
        let _no_start = STARTING.write().unwrap_or_else(PoisonError::into_inner);
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn a_dropped_socket_is_closed_though_programs_are_started() {
        const ROUNDS: usize = 2_000;
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let mut command = Command::new("true");
                    let mut child =
                        start(command.stdout(Stdio::null())).expect("a program that does nothing");
                    child.wait().expect("a child can be waited for");
                }
            });
            let home = SocketAddr::from(([127, 0, 0, 1], 0));
            let failed = (0..ROUNDS).find_map(|_| {
                let socket = OwnSocket::bind(home).expect("a free port");
                let address = socket.local_addr().expect("a bound socket has an address");
                drop(socket);
                OwnSocket::bind(address).err()
            });
            done.store(true, Ordering::Relaxed);
            assert!(failed.is_none(), "{failed:?}");
        });
    }
}
