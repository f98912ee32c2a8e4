//! A room on mio: one thread, one poll over the socket and a waker, with the room's deadline as its
//! time-out.
//!
//! `cargo run -p chat-core --example mio -- [ADDRESS]` serves until the standard input ends
//! (Ctrl-D); what is typed is said by the operator. With `--self-test` it talks to itself on a free
//! port of the loopback interface and ends.

use std::error::Error;
use std::io::{self, BufRead, ErrorKind};
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use chat_core::proto::{MAX_DATAGRAM, TextBuf};
use chat_core::{Config, Event, Outgoing, Server, Timestamp};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};

const SOCKET: Token = Token(0);
const ORDERS: Token = Token(1);

/// What other threads ask of the room. They send messages instead of sharing the server.
enum Order {
    Announce(TextBuf),
    Close,
}

/// The other end of the room's orders.
struct Desk {
    orders: Sender<Order>,
    waker: Waker,
}

impl Desk {
    fn ask(&self, order: Order) -> Result<(), Box<dyn Error>> {
        self.orders.send(order).map_err(|_| "the room has ended")?;
        Ok(self.waker.wake()?)
    }
}

struct Room {
    poll: Poll,
    socket: UdpSocket,
    server: Server<SocketAddr>,
    orders: Receiver<Order>,
    start: Instant,
}

impl Room {
    fn open(address: SocketAddr) -> io::Result<(Self, Desk)> {
        let poll = Poll::new()?;
        let mut socket = UdpSocket::bind(address)?;
        poll.registry()
            .register(&mut socket, SOCKET, Interest::READABLE)?;
        let waker = Waker::new(poll.registry(), ORDERS)?;
        let (sender, orders) = mpsc::channel();
        let room = Self {
            poll,
            socket,
            server: Server::new(Config::default()),
            orders,
            start: Instant::now(),
        };
        let desk = Desk {
            orders: sender,
            waker,
        };
        Ok((room, desk))
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(16);
        loop {
            while self
                .server
                .poll_timeout()
                .is_some_and(|due| due <= self.now())
            {
                let now = self.now();
                deliver(&self.socket, &self.server.handle_timeout(now));
            }
            // mio rounds up to its clock's ticks: a time-out may be late by one, and the room does
            // not mind.
            let wait = self.server.poll_timeout().map(|due| due.after(self.now()));
            match self.poll.poll(&mut events, wait) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            // mio tells of a change once: both are emptied whatever it was that changed.
            self.receive_all();
            loop {
                match self.orders.try_recv() {
                    Ok(Order::Announce(text)) => {
                        deliver(&self.socket, &self.server.announce(text.as_text()))
                    }
                    Ok(Order::Close) | Err(mpsc::TryRecvError::Disconnected) => {
                        deliver(&self.socket, &self.server.shutdown());
                        return Ok(());
                    }
                    Err(mpsc::TryRecvError::Empty) => break,
                }
            }
        }
    }

    /// Takes in what is there. A flood does not hold up the deadlines for ever: they are done
    /// within each datagram's turn.
    fn receive_all(&mut self) {
        // One byte more than a datagram may have: a longer one is seen to be too long.
        let mut buffer = [0; MAX_DATAGRAM + 1];
        loop {
            match self.socket.recv_from(&mut buffer) {
                Ok((len, from)) => {
                    let now = self.now();
                    let datagram = buffer.get(..len).unwrap_or_default();
                    deliver(&self.socket, &self.server.handle(now, from, datagram));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // The network's noise about an earlier send, not the end.
                Err(error) => eprintln!("while receiving: {error}"),
            }
        }
    }
}

/// Sends what a call returned, and prints what happened.
fn deliver(socket: &UdpSocket, outgoing: &Outgoing<'_, SocketAddr>) {
    for transmit in outgoing.transmits() {
        for to in transmit.to.iter() {
            if let Err(error) = socket.send_to(transmit.payload, to) {
                // A lost datagram, as any may be; `WouldBlock`, too: the system's send buffer is
                // full.
                eprintln!("a datagram to {to} was lost: {error}");
            }
        }
    }
    match outgoing.event() {
        Event::Joined { name, peer, .. } => println!("{name} joined from {peer}"),
        Event::Left { name, reason, .. } => println!("{name} left: {reason:?}"),
        // What strangers wrote is printed with its controls escaped.
        Event::Said { name, text } => println!("{name} said {:?}", text.as_str()),
        _ => {}
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let argument = std::env::args().nth(1);
    let self_test = argument.as_deref() == Some("--self-test");
    let address = argument
        .filter(|_| !self_test)
        .unwrap_or_else(|| "127.0.0.1:0".into());
    let (room, desk) = Room::open(address.parse()?)?;
    let local = room.socket.local_addr()?;
    println!("listening on {local}");

    let running = thread::spawn(|| room.run());
    if self_test {
        converse(local, &desk)?;
    } else {
        for line in io::stdin().lock().lines() {
            match TextBuf::new(line?) {
                Ok(text) => desk.ask(Order::Announce(text))?,
                Err(error) => eprintln!("not said: {error}"),
            }
        }
    }
    desk.ask(Order::Close)?;
    running.join().map_err(|_| "the room panicked")??;
    Ok(())
}

/// Two people and the operator, checked datagram by datagram.
fn converse(room: SocketAddr, desk: &Desk) -> Result<(), Box<dyn Error>> {
    let enter = |login: &str| -> Result<_, Box<dyn Error>> {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(room)?;
        socket.set_read_timeout(Some(Duration::from_secs(10)))?;
        socket.send(login.as_bytes())?;
        expect(&socket, "OK")?;
        Ok(socket)
    };
    let alice = enter("L alice")?;
    let bob = enter("L bob")?;
    expect(&alice, "* bob joined")?;
    alice.send("C alice 吃了么".as_bytes())?;
    expect(&bob, "alice : 吃了么")?;
    desk.ask(Order::Announce(TextBuf::new("the room closes at noon")?))?;
    expect(&alice, "admin : the room closes at noon")?;
    expect(&bob, "admin : the room closes at noon")?;
    bob.send(b"Q bob")?;
    expect(&bob, "EXIT")?;
    expect(&alice, "* bob left")?;
    println!("the conversation went as it should");
    Ok(())
}

fn expect(socket: &std::net::UdpSocket, expected: &str) -> Result<(), Box<dyn Error>> {
    let mut buffer = [0; MAX_DATAGRAM];
    let len = socket.recv(&mut buffer)?;
    let received = String::from_utf8_lossy(buffer.get(..len).unwrap_or_default());
    if received == expected {
        Ok(())
    } else {
        Err(format!("expected {expected:?}, got {received:?}").into())
    }
}
