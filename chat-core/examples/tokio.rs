//! A room on tokio: one task owns the server, so there is no lock that could be held across an
//! await.
//!
//! `cargo run -p chat-core --example tokio -- [ADDRESS]` serves until Ctrl-C. With `--self-test` it
//! talks to itself on a free port of the loopback interface and ends.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use chat_core::proto::{MAX_DATAGRAM, MAX_SESSION_DATAGRAM, TextBuf};
use chat_core::{Config, Outgoing, Server, Timestamp};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

/// A request of another task: tasks send messages instead of sharing the server.
enum Order {
    Announce(TextBuf),
    /// Close the room, and answer when that is done.
    Close(oneshot::Sender<()>),
}

/// Sends the datagrams of a call. The outgoing borrows the server across the awaits: its members
/// cannot change before everything is sent.
async fn deliver(socket: &UdpSocket, outgoing: &Outgoing<'_, SocketAddr>) {
    for transmit in outgoing.transmits() {
        for to in transmit.to.iter() {
            if let Err(error) = socket.send_to(transmit.payload, to).await {
                eprintln!("lost a datagram to {to}: {error}");
            }
        }
    }
    println!("{:?}", outgoing.event()); // `:?` escapes what could trick a terminal
}

async fn room(socket: UdpSocket, mut orders: mpsc::Receiver<Order>) -> io::Result<()> {
    let mut server = Server::new(Config::default());
    let start = Instant::now();
    let now = || Timestamp::from(start.elapsed());
    let mut buffer = [0; MAX_SESSION_DATAGRAM + 1]; // one more: shows that a datagram is too long
    loop {
        let due = server.poll_timeout();
        let wait = due.map_or(Duration::ZERO, |due| due.since(now()));
        tokio::select! {
            () = sleep_until(Instant::now() + wait), if due.is_some() => {
                deliver(&socket, &server.handle_timeout(now())).await;
            }
            received = socket.recv_from(&mut buffer) => {
                // An error reports an earlier datagram that did not arrive.
                let Ok((len, from)) = received else { continue };
                let datagram = buffer.get(..len).unwrap_or_default();
                deliver(&socket, &server.handle(now(), from, datagram)).await;
            }
            order = orders.recv() => match order {
                Some(Order::Announce(text)) => {
                    deliver(&socket, &server.announce(now(), text.as_text())).await;
                }
                Some(Order::Close(done)) => {
                    deliver(&socket, &server.shutdown(now())).await;
                    let _asker_is_gone = done.send(());
                    return Ok(());
                }
                None => return Ok(()),
            },
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let argument = std::env::args().nth(1).unwrap_or("127.0.0.1:0".into());
    let self_test = argument == "--self-test";
    let address = if self_test { "127.0.0.1:0" } else { &argument };
    let socket = UdpSocket::bind(address).await?;
    let local = socket.local_addr()?;
    println!("listening on {local}");

    let (orders, inbox) = mpsc::channel(16);
    let running = tokio::spawn(room(socket, inbox));
    if self_test {
        converse(local, &orders).await?;
    } else {
        tokio::signal::ctrl_c().await?;
    }
    let (done, closed) = oneshot::channel();
    orders.send(Order::Close(done)).await?;
    closed.await?;
    Ok(running.await??)
}

/// Plays two people and the operator, and checks every datagram.
async fn converse(room: SocketAddr, orders: &mpsc::Sender<Order>) -> Result<(), Box<dyn Error>> {
    let alice = UdpSocket::bind("127.0.0.1:0").await?;
    let bob = UdpSocket::bind("127.0.0.1:0").await?;
    alice.connect(room).await?;
    bob.connect(room).await?;
    alice.send(b"L alice").await?;
    expect(&alice, "OK").await?;
    bob.send(b"L bob").await?;
    expect(&bob, "OK").await?;
    expect(&alice, "* bob joined").await?;
    alice.send("C alice 吃了么".as_bytes()).await?;
    expect(&bob, "alice : 吃了么").await?;
    let text = TextBuf::new("the room closes at noon")?;
    orders.send(Order::Announce(text)).await?;
    expect(&alice, "admin : the room closes at noon").await?;
    bob.send(b"Q bob").await?;
    expect(&bob, "admin : the room closes at noon").await?;
    expect(&bob, "EXIT").await?;
    expect(&alice, "* bob left").await
}

async fn expect(socket: &UdpSocket, expected: &str) -> Result<(), Box<dyn Error>> {
    let mut buffer = [0; MAX_DATAGRAM];
    let len = timeout(Duration::from_secs(10), socket.recv(&mut buffer)).await??;
    let received = String::from_utf8_lossy(buffer.get(..len).unwrap_or_default());
    if received != expected {
        return Err(format!("expected {expected:?}, got {received:?}").into());
    }
    Ok(())
}
