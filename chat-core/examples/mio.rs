//! A room on mio: one thread, one poll of the socket and a waker, with the room's deadline as its
//! time-out.
//!
//! `cargo run -p chat-core --example mio -- [ADDRESS]` serves until the standard input ends
//! (Ctrl-D); typed lines go to all members. With `--self-test` it talks to itself on a free
//! port of the loopback interface and ends.

use std::error::Error;
use std::io::{self, BufRead, ErrorKind};
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use chat_core::proto::{MAX_DATAGRAM, TextBuf};
use chat_core::{Config, Outgoing, Server, Timestamp};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};

/// A request of another thread: threads send messages instead of sharing the server.
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

/// Owns the server, until it is asked to close.
fn room(poll: &mut Poll, socket: &UdpSocket, orders: &Receiver<Order>) -> io::Result<()> {
    let mut server = Server::new(Config::default());
    let start = Instant::now();
    let now = || Timestamp::from(start.elapsed());
    let mut events = Events::with_capacity(16);
    let mut buffer = [0; MAX_DATAGRAM + 1]; // one more: shows that a datagram is too long
    loop {
        while server.poll_timeout().is_some_and(|due| due <= now()) {
            deliver(socket, &server.handle_timeout(now()));
        }
        let wait = server.poll_timeout().map(|due| due.since(now()));
        match poll.poll(&mut events, wait) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        // mio reports a change once, so each turn empties both sources.
        loop {
            match socket.recv_from(&mut buffer) {
                Ok((len, from)) => {
                    let datagram = buffer.get(..len).unwrap_or_default();
                    deliver(socket, &server.handle(now(), from, datagram));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // Reports an earlier datagram that did not arrive.
                Err(error) => eprintln!("while receiving: {error}"),
            }
        }
        loop {
            match orders.try_recv() {
                Ok(Order::Announce(text)) => {
                    deliver(socket, &server.announce(now(), text.as_text()));
                }
                Ok(Order::Close) | Err(TryRecvError::Disconnected) => {
                    deliver(socket, &server.shutdown(now()));
                    return Ok(());
                }
                Err(TryRecvError::Empty) => break,
            }
        }
    }
}

/// Sends the datagrams of a call, and prints its event.
fn deliver(socket: &UdpSocket, outgoing: &Outgoing<'_, SocketAddr>) {
    for transmit in outgoing.transmits() {
        for to in transmit.to.iter() {
            if let Err(error) = socket.send_to(transmit.payload, to) {
                eprintln!("lost a datagram to {to}: {error}");
            }
        }
    }
    println!("{:?}", outgoing.event()); // `:?` escapes what could trick a terminal
}

fn main() -> Result<(), Box<dyn Error>> {
    let argument = std::env::args().nth(1).unwrap_or("127.0.0.1:0".into());
    let self_test = argument == "--self-test";
    let address = if self_test { "127.0.0.1:0" } else { &argument };
    let (mut poll, mut socket) = (Poll::new()?, UdpSocket::bind(address.parse()?)?);
    let registry = poll.registry();
    registry.register(&mut socket, Token(0), Interest::READABLE)?;
    let waker = Waker::new(registry, Token(1))?;
    let local = socket.local_addr()?;
    println!("listening on {local}");

    let (orders, inbox) = mpsc::channel();
    let desk = Desk { orders, waker };
    let running = thread::spawn(move || room(&mut poll, &socket, &inbox));
    if self_test {
        converse(local, &desk)?;
    } else {
        for line in io::stdin().lock().lines() {
            match TextBuf::new(line?) {
                Ok(text) => desk.ask(Order::Announce(text))?,
                Err(error) => eprintln!("not sent: {error}"),
            }
        }
    }
    desk.ask(Order::Close)?;
    Ok(running.join().map_err(|_| "the room panicked")??)
}

/// Plays two people and the operator, and checks every datagram.
fn converse(room: SocketAddr, desk: &Desk) -> Result<(), Box<dyn Error>> {
    let log_in = |login: &[u8]| -> Result<_, Box<dyn Error>> {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(room)?;
        socket.set_read_timeout(Some(Duration::from_secs(10)))?;
        socket.send(login)?;
        expect(&socket, "OK")?;
        Ok(socket)
    };
    let alice = log_in(b"L alice")?;
    let bob = log_in(b"L bob")?;
    expect(&alice, "* bob joined")?;
    alice.send("C alice 吃了么".as_bytes())?;
    expect(&bob, "alice : 吃了么")?;
    desk.ask(Order::Announce(TextBuf::new("the room closes at noon")?))?;
    expect(&alice, "admin : the room closes at noon")?;
    expect(&bob, "admin : the room closes at noon")?;
    bob.send(b"Q bob")?;
    expect(&bob, "EXIT")?;
    expect(&alice, "* bob left")
}

fn expect(socket: &std::net::UdpSocket, expected: &str) -> Result<(), Box<dyn Error>> {
    let mut buffer = [0; MAX_DATAGRAM];
    let len = socket.recv(&mut buffer)?;
    let received = String::from_utf8_lossy(buffer.get(..len).unwrap_or_default());
    if received != expected {
        return Err(format!("expected {expected:?}, got {received:?}").into());
    }
    Ok(())
}
