//! The server: a thread for each client, and a few pictures at a time.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::wire::{
    Answer, Ask, DeadlineStream, LIKELIEST, Likely, MAX_PICTURE, Reason, Refusal, Reply,
    reply_to_bytes,
};
use crate::tool::printable;

/// Returns all classes of the model, in any order, with their scores for a picture.
pub type Recognise = dyn Fn(&[u8]) -> Result<Vec<Likely>, Refusal> + Send + Sync;

/// A server with its limits.
pub struct Server {
    /// Connections at a time, each of which may hold a picture in memory.
    pub clients: usize,
    /// Pictures that are recognised at a time; others wait for their turn.
    pub pictures: usize,
    /// The time for a question, for its turn, and for sending the reply.
    pub patience: Duration,
    /// The model.
    pub recognise: Box<Recognise>,
    /// The log, which gets a line for each reply.
    pub report: fn(&str),
}

impl Server {
    /// Serves all clients of a listener.
    pub fn serve(self, listener: &TcpListener) -> ! {
        let connected = Slots::new(self.clients);
        let turned_away = Slots::new(self.clients);
        let turns = Slots::new(self.pictures);
        let server = Arc::new(self);
        loop {
            let Ok((stream, client)) = listener.accept() else {
                // Without a free handle, for example, another connection has to end first.
                thread::sleep(Duration::from_millis(50));
                continue;
            };
            let slot = connected.take(Duration::ZERO);
            let is_served = slot.is_some();
            let Some(slot) = slot.or_else(|| turned_away.take(Duration::ZERO)) else {
                continue;
            };
            let deadline = Instant::now() + server.patience;
            let connection = Connection {
                stream: DeadlineStream { stream, deadline },
                client,
                server: Arc::clone(&server),
                turns: Arc::clone(&turns),
            };
            // Without a thread the connection ends here, as the client sees.
            let _ = thread::Builder::new().spawn(move || {
                connection.serve(is_served);
                drop(slot);
            });
        }
    }
}

/// The server's side of a connection.
struct Connection {
    stream: DeadlineStream,
    client: SocketAddr,
    server: Arc<Server>,
    turns: Arc<Slots>,
}

impl Connection {
    fn serve(mut self, is_served: bool) {
        let refusal = if is_served {
            let Err(error) = self.answer_all() else {
                return;
            };
            match error.kind() {
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                    Ok(Reason::TooSlow.because("no whole question came in time"))
                }
                _ => error.downcast(),
            }
        } else {
            Ok(Reason::Busy.because("too many clients; try again later"))
        };
        let Ok(refusal) = refusal else { return };
        if self.send(None, &Err(refusal)).is_ok() {
            // A close while the client still sends would reset the connection and lose the refusal.
            self.extend_deadline();
            let _ = self.stream.stream.shutdown(Shutdown::Write);
            let mut rest = self.stream.take(2 * MAX_PICTURE as u64);
            let _ = io::copy(&mut rest, &mut io::sink());
        }
    }

    /// Answers until the client closes; fails where a question is no message.
    fn answer_all(&mut self) -> io::Result<()> {
        loop {
            self.extend_deadline();
            let mut first = [0];
            if self.stream.read_exact(&mut first).is_err() {
                // A client that has asked nothing is not too slow.
                return Ok(());
            }
            let ask = Ask::read(&mut first.chain(&mut self.stream))?;
            let reply = ask
                .as_ref()
                .map_err(Refusal::clone)
                .and_then(|ask| self.recognise(ask));
            if self.send(ask.as_ref().ok(), &reply).is_err() {
                return Ok(());
            }
        }
    }

    fn recognise(&self, ask: &Ask) -> Reply {
        let busy = || Reason::Busy.because("too many pictures; try again later");
        let _turn = self.turns.take(self.server.patience).ok_or_else(busy)?;
        Ok(answer((self.server.recognise)(&ask.picture)?, &ask.hint))
    }

    fn send(&mut self, ask: Option<&Ask>, reply: &Reply) -> io::Result<()> {
        let asked = |ask: &Ask| format!("{} bytes, hint {:?}: ", ask.picture.len(), ask.hint);
        let question = ask.map(asked).unwrap_or_default();
        let result = match reply.as_ref().map(|answer| answer.likeliest.first()) {
            Ok(Some(first)) => format!("{} {:.3}", printable(&first.name), first.score),
            Ok(None) => String::new(),
            Err(refusal) => refusal.to_string(),
        };
        (self.server.report)(&format!("{}: {question}{result}", self.client));
        self.extend_deadline();
        self.stream.write_all(&reply_to_bytes(reply))
    }

    fn extend_deadline(&mut self) {
        self.stream.deadline = Instant::now() + self.server.patience;
    }
}

/// Keeps the likeliest classes, and looks for the hint among them.
fn answer(mut all: Vec<Likely>, hint: &str) -> Answer {
    all.sort_by(|one, other| other.score.total_cmp(&one.score));
    all.truncate(LIKELIEST);
    let hinted = all.iter().position(|likely| is_meant(hint, &likely.name));
    let likeliest = all;
    Answer { likeliest, hinted }
}

/// Compares a hint with the names of a class and with their words, in any case of letters.
fn is_meant(hint: &str, names: &str) -> bool {
    let hint = hint.to_lowercase();
    let is_name = |name: &str| name == hint || name.split([' ', '-']).any(|word| word == hint);
    !hint.is_empty() && names.to_lowercase().split(',').map(str::trim).any(is_name)
}

/// A number of free slots. A slot is free again when it is dropped, by a panic too.
struct Slots(Mutex<usize>, Condvar);

struct Slot(Arc<Slots>);

impl Slots {
    fn new(count: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(count), Condvar::new()))
    }

    /// Takes a slot if one is free in time.
    fn take(self: &Arc<Self>, patience: Duration) -> Option<Slot> {
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.1.wait_timeout_while(free, patience, |free| *free == 0);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Slot(Arc::clone(self)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Slots(free, freed) = &*self.0;
        *free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        freed.notify_one();
    }
}
