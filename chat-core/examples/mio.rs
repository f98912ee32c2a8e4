//! A room with sessions on mio: one thread, one poll of the socket and a waker, with the room's
//! deadline as its time-out.
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

use chat_core::proto::{Id, MAX_SESSION_DATAGRAM, TextBuf};
use chat_core::{Config, Outgoing, Server, SessionConfig, Timestamp};
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

/// Returns the options of a room with sessions. Their secrets are random and live as long as the
/// room: stored ones would let old cookies in, and make a new log look like the old one.
fn options() -> Result<Config, getrandom::Error> {
    let mut key = [0; 16];
    getrandom::fill(&mut key)?;
    let mut config = Config::default();
    config.sessions = Some(SessionConfig::new(key, Id(getrandom::u64()?)));
    Ok(config)
}

/// Owns the server, until it is asked to close.
fn room(
    config: Config,
    poll: &mut Poll,
    socket: &UdpSocket,
    orders: &Receiver<Order>,
) -> io::Result<()> {
    let mut server = Server::new(config);
    let start = Instant::now();
    let now = || Timestamp::from(start.elapsed());
    let mut events = Events::with_capacity(16);
    let mut buffer = [0; MAX_SESSION_DATAGRAM + 1]; // one more: shows that a datagram is too long
    loop {
        while server.poll_timeout().is_some_and(|due| due <= now()) {
            deliver(socket, server.handle_timeout(now()));
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
                    deliver(socket, server.handle(now(), from, datagram));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // Reports an earlier datagram that did not arrive.
                Err(error) => eprintln!("while receiving: {error}"),
            }
        }
        loop {
            match orders.try_recv() {
                Ok(Order::Announce(text)) => {
                    deliver(socket, server.announce(now(), text.as_text()));
                }
                Ok(Order::Close) | Err(TryRecvError::Disconnected) => {
                    deliver(socket, server.shutdown(now()));
                    return Ok(());
                }
                Err(TryRecvError::Empty) => break,
            }
        }
    }
}

/// Sends the datagrams of a call, and prints its event and what it added to the room's log.
fn deliver(socket: &UdpSocket, mut outgoing: Outgoing<'_, SocketAddr>) {
    let send = |payload: &[u8], to| {
        if let Err(error) = socket.send_to(payload, to) {
            eprintln!("lost a datagram to {to}: {error}");
        }
    };
    for transmit in outgoing.transmits() {
        for to in transmit.to.iter() {
            send(transmit.payload, to);
        }
    }
    let mut buffer = [0; MAX_SESSION_DATAGRAM];
    while let Some((payload, to)) = outgoing.next_for_session(&mut buffer) {
        send(payload, to);
    }
    println!("{:?}", outgoing.event()); // `:?` escapes what could trick a terminal
    for entry in outgoing.entries() {
        println!("  {entry:?}");
    }
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
    let (config, desk) = (options()?, Desk { orders, waker });
    let running = thread::spawn(move || room(config, &mut poll, &socket, &inbox));
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

/// Plays two people with plain programs, the operator and a session, and checks every datagram.
fn converse(room: SocketAddr, desk: &Desk) -> Result<(), Box<dyn Error>> {
    let connect = || -> io::Result<_> {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(room)?;
        socket.set_read_timeout(Some(Duration::from_secs(10)))?;
        Ok(socket)
    };
    let (alice, bob) = (connect()?, connect()?);
    alice.send(b"L alice")?;
    expect(&alice, "OK")?;
    bob.send(b"L bob")?;
    expect(&bob, "OK")?;
    expect(&alice, "* bob joined")?;
    alice.send("C alice 吃了么".as_bytes())?;
    expect(&bob, "alice : 吃了么")?;
    desk.ask(Order::Announce(TextBuf::new("the room closes at noon")?))?;
    expect(&alice, "admin : the room closes at noon")?;
    expect(&bob, "admin : the room closes at noon")?;
    bob.send(b"Q bob")?;
    expect(&bob, "EXIT")?;
    expect(&alice, "* bob left")?;

    // A session by hand (PROTOCOL.md, "Sessions"). A client draws its token and try at random.
    let carol = connect()?;
    let (token, attempt, none) = ("00000000000000ca", "0000000000000001", "................");
    let hello = |cookie| {
        let hello = format!("L carol ~1 {token} {attempt} {cookie} {none}.0 ");
        carol.send(format!("{hello:.<109}").as_bytes())
    };
    hello(none)?;
    let challenge = receive(&carol)?;
    let cookie = challenge.strip_prefix(&format!("~K {attempt} "));
    let cookie = cookie.ok_or("the first hello is challenged")?;
    hello(cookie)?;
    expect(&alice, "* carol joined")?;
    let start = receive(&carol)?;
    assert!(start.starts_with(&format!("~D {cookie} 1 0 1 1\n~^ ")));
    carol.send(format!("~D {cookie} 1 1 1 1\n~?\nC carol me too").as_bytes())?;
    expect(&alice, "carol : me too")?;
    let entries = receive(&carol)?;
    assert!(entries.starts_with(&format!("~D {cookie} 2 1 1 2\n")));
    assert!(entries.contains("\nalice : 吃了么\n") && entries.ends_with("\ncarol : me too"));
    carol.send(format!("~D {cookie} 2 2 2 8\nQ carol").as_bytes())?;
    expect(&carol, &format!("~X {cookie} quit"))?;
    expect(&alice, "* carol left")
}

fn receive(socket: &std::net::UdpSocket) -> io::Result<String> {
    let mut buffer = [0; MAX_SESSION_DATAGRAM];
    let len = socket.recv(&mut buffer)?;
    let datagram = buffer.get(..len).unwrap_or_default();
    Ok(String::from_utf8_lossy(datagram).into_owned())
}

fn expect(socket: &std::net::UdpSocket, expected: &str) -> Result<(), Box<dyn Error>> {
    let received = receive(socket)?;
    if received != expected {
        return Err(format!("expected {expected:?}, got {received:?}").into());
    }
    Ok(())
}
