//! The client: one question, one answer.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::wire::{Answer, Ask, DeadlineStream, MAX_PICTURE, Refusal, read_reply, time_left};

/// Bytes that are sent at a time.
const PIECE: usize = 64 << 10;

/// A reason for having no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// A file that cannot be asked about.
    #[error("cannot ask about {0:?}")]
    File(PathBuf, #[source] io::Error),
    /// An unknown host, or not an address.
    #[error("there is no address for {0}; write it as HOST:PORT")]
    NoAddress(String, #[source] io::Error),
    /// An address where no server listens.
    #[error("no server at {0}; start one with `recognise serve`")]
    NoServer(String, #[source] io::Error),
    /// A server that ended, or a failed network.
    #[error("the server went away before it answered; ask again")]
    Lost(#[source] io::Error),
    /// A slow server, or a slow network.
    #[error("no answer within {} seconds; --timeout waits longer", .0.as_secs())]
    TimedOut(Duration),
    /// A reply that is not of this protocol.
    #[error("what listens at {0} is no server of this kind; --server names another")]
    NotOurs(String, #[source] io::Error),
    /// A refusal by the server.
    #[error("the server says: {0}")]
    Refused(Refusal),
}

/// Makes a question of a file and a hint.
pub fn question(path: &Path, hint: &str) -> Result<Ask, AskError> {
    let read = || {
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        // One byte too many shows that a picture is too large.
        let mut file = File::open(path)?.take(MAX_PICTURE as u64 + 1);
        let mut picture = Vec::new();
        file.read_to_end(&mut picture)?;
        Ask::new(hint, picture).map_err(|refusal| io::Error::other(refusal.text))
    };
    read().map_err(|error| AskError::File(path.to_owned(), error))
}

/// Asks the server at `HOST:PORT`, and waits at most `patience` for everything together. `sent`
/// gets the number of bytes of each piece that was sent.
pub fn ask(
    server: &str,
    ask: &Ask,
    patience: Duration,
    mut sent: impl FnMut(u64),
) -> Result<Answer, AskError> {
    let deadline = Instant::now() + patience;
    let stream = connect(server, deadline)?;
    let mut stream = DeadlineStream { stream, deadline };
    let written = ask.to_bytes().chunks(PIECE).try_for_each(|piece| {
        stream.write_all(piece)?;
        sent(piece.len() as u64);
        Ok(())
    });
    // A server that refuses does not wait for the rest, so that its reply explains a failed write.
    let error = match (read_reply(&mut stream), written) {
        (Ok(reply), _) => return reply.map_err(AskError::Refused),
        (Err(error), _) if error.kind() == io::ErrorKind::InvalidData => error,
        (Err(_), Err(error)) | (Err(error), Ok(())) => error,
    };
    Err(match error.kind() {
        io::ErrorKind::InvalidData => AskError::NotOurs(server.to_owned(), error),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => AskError::TimedOut(patience),
        kind => AskError::Lost(kind.into()),
    })
}

fn connect(server: &str, deadline: Instant) -> Result<TcpStream, AskError> {
    let no_address = |error| AskError::NoAddress(server.to_owned(), error);
    let mut last_error = io::ErrorKind::AddrNotAvailable.into();
    for address in server.to_socket_addrs().map_err(no_address)? {
        match time_left(deadline).and_then(|left| TcpStream::connect_timeout(&address, left)) {
            Ok(stream) => return Ok(stream),
            Err(error) => last_error = error,
        }
    }
    Err(AskError::NoServer(server.to_owned(), last_error))
}
