//! The client: one question, one answer.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::frame::{FrameError, FrameReader, Kind};
use super::message::{Answer, Ask, MessageError, Refusal, Reply};

/// Bytes that are written or read at a time.
const PIECE: usize = 64 << 10;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The server's name is not known.
    #[error("there is no address for {0}; write it as HOST:PORT")]
    NoAddress(String, #[source] io::Error),
    /// Nobody listens there.
    #[error("no server at {0}; start one with `recognise serve`")]
    NoServer(String, #[source] io::Error),
    /// The network failed, or the server ended.
    #[error("the server went away before it answered")]
    Lost(#[source] io::Error),
    /// The server takes too long.
    #[error("no answer within {} seconds; --timeout waits longer", .0.as_secs())]
    TimedOut(Duration),
    /// It does not speak this protocol.
    #[error("what listens there is no server of this kind")]
    NotOurs(#[source] FrameError),
    /// It nearly speaks this protocol.
    #[error("the server said what makes no sense")]
    Senseless(#[source] MessageError),
    /// The question is too long.
    #[error("this cannot be asked")]
    Unaskable(#[source] FrameError),
    /// The server says no.
    #[error("the server says: {0}")]
    Refused(Refusal),
}

/// Asks a server (`HOST:PORT`). Waits so long for everything together. `sent` gets the bytes of
/// each piece that was sent.
pub fn ask(
    server: &str,
    ask: &Ask,
    patience: Duration,
    sent: impl FnMut(u64),
) -> Result<Answer, AskError> {
    let until = Instant::now() + patience;
    let bytes = ask.to_frame().to_bytes().map_err(AskError::Unaskable)?;
    let mut stream = connect(server, until)?;
    let written = write(&mut stream, &bytes, until, sent);
    // A server that refuses does not wait for the rest: what it said comes first.
    match (read(&mut stream, until), written) {
        (Ok(Reply::Answer(answer)), _) => Ok(answer),
        (Ok(Reply::Refusal(refusal)), _) => Err(AskError::Refused(refusal)),
        (Err(AskError::Lost(error)), Ok(())) | (Err(AskError::Lost(_)), Err(error)) => {
            Err(match error.kind() {
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => AskError::TimedOut(patience),
                _ => AskError::Lost(error),
            })
        }
        (Err(error), _) => Err(error),
    }
}

fn connect(server: &str, until: Instant) -> Result<TcpStream, AskError> {
    let no_address = |error| AskError::NoAddress(server.to_owned(), error);
    let addresses: Vec<SocketAddr> = server.to_socket_addrs().map_err(no_address)?.collect();
    let mut why = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match left(until).and_then(|left| TcpStream::connect_timeout(&address, left)) {
            Ok(stream) => return Ok(stream),
            Err(error) => why = error,
        }
    }
    Err(AskError::NoServer(server.to_owned(), why))
}

fn write(
    stream: &mut TcpStream,
    bytes: &[u8],
    until: Instant,
    mut sent: impl FnMut(u64),
) -> io::Result<()> {
    for piece in bytes.chunks(PIECE) {
        stream.set_write_timeout(Some(left(until)?))?;
        stream.write_all(piece)?;
        sent(piece.len() as u64);
    }
    Ok(())
}

fn read(stream: &mut TcpStream, until: Instant) -> Result<Reply, AskError> {
    let mut reader = FrameReader::new(&[Kind::Answer, Kind::Refusal]);
    let mut piece = vec![0; PIECE];
    loop {
        let read = left(until).and_then(|left| {
            stream.set_read_timeout(Some(left))?;
            stream.read(&mut piece)
        });
        let read = match read {
            Ok(0) => return Err(AskError::Lost(io::ErrorKind::UnexpectedEof.into())),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(AskError::Lost(error)),
        };
        let mut bytes = piece.get(..read).unwrap_or_default();
        if let Some(frame) = reader.read(&mut bytes).map_err(AskError::NotOurs)? {
            return Reply::read(&frame).map_err(AskError::Senseless);
        }
    }
}

/// The time that is left, which is not none.
fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(io::ErrorKind::TimedOut.into())
    } else {
        Ok(left)
    }
}
