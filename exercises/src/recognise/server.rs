//! The server: a thread for each client, and a few pictures at a time.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::classes::answer;
use super::frame::{Frame, FrameError, FrameReader, Kind, MAX_PICTURE};
use super::message::{Ask, MessageError, Reason, Refusal, Reply};
use super::places::Places;
use super::recogniser::Recogniser;
use crate::program::printable;

/// Bytes that are read at a time.
const PIECE: usize = 64 << 10;

/// How much a server does at once, and how long it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections. One more is told that the server is busy. Each can hold a picture in memory.
    pub clients: usize,
    /// Pictures that are looked at at the same time; others wait for their turn.
    pub pictures: usize,
    /// From the last answer (or the connection) to the end of the next question, for an answer to
    /// be taken, and for a turn.
    pub patience: Duration,
}

/// What happened, for whoever runs the server: in one line, whatever the client sent.
#[derive(Debug)]
pub struct Event<'a> {
    /// From where.
    pub client: SocketAddr,
    /// What was asked, if it was understood.
    pub ask: Option<&'a Ask>,
    /// What the client was told.
    pub reply: &'a Reply,
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.client)?;
        if let Some(ask) = self.ask {
            write!(
                f,
                "{} bytes, hint {:?}: ",
                ask.picture.bytes().len(),
                ask.hint.as_str()
            )?;
        }
        match self.reply {
            Reply::Refusal(refusal) => write!(f, "{refusal}"),
            Reply::Answer(answer) => match answer.likeliest.first() {
                Some(first) => write!(f, "{} {:.3}", printable(&first.name), first.score),
                None => Ok(()),
            },
        }
    }
}

/// What all connections share.
struct Shared {
    recogniser: Box<dyn Recogniser>,
    limits: Limits,
    looking: Arc<Places>,
    watch: Box<dyn Fn(&Event<'_>) + Send + Sync>,
}

/// Serves until the listener fails. `watch` is told of every reply.
pub fn serve(
    listener: &TcpListener,
    recogniser: Box<dyn Recogniser>,
    limits: Limits,
    watch: impl Fn(&Event<'_>) + Send + Sync + 'static,
) -> io::Result<()> {
    let connected = Places::new(limits.clients);
    let turned_away = Places::new(limits.clients);
    let shared = Arc::new(Shared {
        recogniser,
        limits,
        looking: Places::new(limits.pictures),
        watch: Box::new(watch),
    });
    loop {
        let (stream, client) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(error) if is_passing(&error) => {
                // Out of handles, say: what is connected has to end first.
                thread::sleep(Duration::from_millis(50));
                continue;
            }
            Err(error) => return Err(error),
        };
        let place = connected.take();
        let is_busy = place.is_none();
        // Even to be told that takes a place; whoever gets none is just gone.
        let Some(place) = place.or_else(|| turned_away.take()) else {
            continue;
        };
        let shared = Arc::clone(&shared);
        // Without a thread the connection ends here, which the client sees.
        let _ = thread::Builder::new().spawn(move || {
            let connection = Connection {
                stream,
                client,
                shared,
            };
            connection.serve(is_busy);
            drop(place);
        });
    }
}

/// Whether accepting can go on after this.
fn is_passing(error: &io::Error) -> bool {
    // A client that has gone again, or a resource that others will give back.
    !matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::NotConnected
    )
}

/// One client.
struct Connection {
    stream: TcpStream,
    client: SocketAddr,
    shared: Arc<Shared>,
}

/// Why a connection ends.
enum End {
    /// The client has gone, or the network.
    Gone,
    /// The client is told this, and nothing more is read.
    Refused(Refusal),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                Self::Refused(Reason::TooSlow.because("no whole question came in time"))
            }
            _ => Self::Gone,
        }
    }
}

impl From<FrameError> for End {
    fn from(error: FrameError) -> Self {
        let reason = match error {
            FrameError::TooLong { .. } => Reason::TooLarge,
            FrameError::Empty | FrameError::UnexpectedKind(_) => Reason::Garbage,
        };
        Self::Refused(reason.because(error.to_string()))
    }
}

impl Connection {
    fn serve(mut self, is_busy: bool) {
        let end = if is_busy {
            End::Refused(Reason::Busy.because("too many clients; try again later"))
        } else {
            self.answer_all().err().unwrap_or(End::Gone)
        };
        if let End::Refused(refusal) = end {
            let reply = Reply::Refusal(refusal);
            self.tell(None, &reply);
            if self.send(&reply).is_ok() {
                self.hear_out();
            }
        }
    }

    /// Answers question after question until the client closes.
    fn answer_all(&mut self) -> Result<(), End> {
        let mut reader = FrameReader::new(&[Kind::Ask]);
        let mut piece = vec![0; PIECE];
        let mut until = Instant::now() + self.shared.limits.patience;
        loop {
            self.wait_until(until)?;
            let read = match self.stream.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // Who has asked nothing is not told that it was too slow.
                Err(_) if !reader.is_inside() => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            let mut bytes = piece.get(..read).unwrap_or_default();
            while let Some(frame) = reader.read(&mut bytes)? {
                let (ask, reply) = self.reply(frame);
                self.tell(ask.as_ref(), &reply);
                self.send(&reply).map_err(|_| End::Gone)?;
                until = Instant::now() + self.shared.limits.patience;
            }
        }
    }

    fn reply(&self, frame: Frame) -> (Option<Ask>, Reply) {
        match Ask::read(frame.payload) {
            Ok(ask) => {
                let reply = self.recognise(&ask).unwrap_or_else(Reply::Refusal);
                (Some(ask), reply)
            }
            // The frame was whole: the next one can be read.
            Err(error) => {
                let reason = match error {
                    MessageError::LargePicture(_) => Reason::TooLarge,
                    MessageError::NoPicture => Reason::NotAPicture,
                    _ => Reason::Garbage,
                };
                (None, Reply::Refusal(reason.because(error.to_string())))
            }
        }
    }

    fn recognise(&self, ask: &Ask) -> Result<Reply, Refusal> {
        let turn = self.shared.looking.wait(self.shared.limits.patience);
        let _turn =
            turn.ok_or_else(|| Reason::Busy.because("too many pictures; try again later"))?;
        let all = self.shared.recogniser.recognise(ask.picture.bytes())?;
        Ok(Reply::Answer(answer(all, &ask.hint)))
    }

    fn send(&mut self, reply: &Reply) -> io::Result<()> {
        let bytes = reply.to_frame().to_bytes().map_err(io::Error::other)?;
        self.stream
            .set_write_timeout(Some(self.shared.limits.patience))?;
        self.stream.write_all(&bytes)
    }

    fn tell(&self, ask: Option<&Ask>, reply: &Reply) {
        let client = self.client;
        (self.shared.watch)(&Event { client, ask, reply });
    }

    /// Reads what the client still sends, for a while, and forgets it: closing before would take
    /// back what it was told.
    fn hear_out(&mut self) {
        let until = Instant::now() + self.shared.limits.patience;
        let mut left = 2 * MAX_PICTURE;
        let mut piece = vec![0; PIECE];
        let _ = self.stream.shutdown(Shutdown::Write);
        while left > 0 && self.wait_until(until).is_ok() {
            match self.stream.read(&mut piece) {
                Ok(0) => return,
                Ok(read) => left = left.saturating_sub(read),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// The next read ends at that time, whatever comes.
    fn wait_until(&self, until: Instant) -> io::Result<()> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))
    }
}
