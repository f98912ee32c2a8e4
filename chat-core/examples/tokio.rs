//! A room on tokio: one task owns the server, so there is no lock, and none that could be held
//! across an await.
//!
//! `cargo run -p chat-core --example tokio -- [ADDRESS]` serves until Ctrl-C.
//! With `--self-test` it talks to itself on a free port of the loopback interface and ends.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use chat_core::proto::{MAX_DATAGRAM, TextBuf};
use chat_core::{Config, Event, Outgoing, Server, Timestamp};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

/// What other tasks ask of the room. They send messages instead of sharing the server.
enum Order {
    Announce(TextBuf),
    /// Close the room, and say when that is done.
    Close(oneshot::Sender<()>),
}

/// Sends what a call returned. `outgoing` borrows the server across the awaits, which is fine: the
/// task that awaits is the one that owns it, and the membership cannot change before everything is
/// sent.
async fn deliver(socket: &UdpSocket, outgoing: &Outgoing<'_, SocketAddr>) {
    for transmit in outgoing.transmits() {
        for to in transmit.to.iter() {
            if let Err(error) = socket.send_to(transmit.payload, to).await {
                // A lost datagram, as any may be: nothing else is affected.
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

async fn room(
    socket: UdpSocket,
    mut server: Server<SocketAddr>,
    mut orders: mpsc::Receiver<Order>,
) -> io::Result<()> {
    let start = Instant::now();
    let now =
        || Timestamp::from_millis(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX));
    let moment = |due: Timestamp| start + Duration::from_millis(due.as_millis());
    // One byte more than a datagram may have: a longer one is seen to be too long.
    let mut buffer = [0; MAX_DATAGRAM + 1];
    loop {
        let due = server.poll_timeout().map(moment);
        // Without a deadline this branch is switched off, and its moment does not matter.
        let deadline = sleep_until(due.unwrap_or(start));
        tokio::select! {
            received = socket.recv_from(&mut buffer) => {
                // An error here is the network's noise about an earlier send, not the end.
                let Ok((len, from)) = received else { continue };
                let datagram = buffer.get(..len).unwrap_or_default();
                deliver(&socket, &server.handle(now(), from, datagram)).await;
            }
            () = deadline, if due.is_some() => {
                deliver(&socket, &server.handle_timeout(now())).await;
            }
            order = orders.recv() => match order {
                Some(Order::Announce(text)) => deliver(&socket, &server.announce(text.as_text())).await,
                Some(Order::Close(done)) => {
                    deliver(&socket, &server.shutdown()).await;
                    // Whoever asked may be gone already.
                    let _nobody_waits = done.send(());
                    return Ok(());
                }
                None => return Ok(()),
            },
        }
    }
}

async fn close(orders: &mpsc::Sender<Order>) -> Result<(), Box<dyn Error>> {
    let (done, closed) = oneshot::channel();
    orders.send(Order::Close(done)).await?;
    Ok(closed.await?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let argument = std::env::args().nth(1);
    let self_test = argument.as_deref() == Some("--self-test");
    let address = argument
        .filter(|_| !self_test)
        .unwrap_or_else(|| "127.0.0.1:0".into());
    let socket = UdpSocket::bind(&address).await?;
    let local = socket.local_addr()?;
    println!("listening on {local}");

    let (orders, inbox) = mpsc::channel(16);
    let running = tokio::spawn(room(socket, Server::new(Config::default()), inbox));
    if self_test {
        converse(local, &orders).await?;
    } else {
        tokio::signal::ctrl_c().await?;
    }
    close(&orders).await?;
    Ok(running.await??)
}

/// Two people and the operator, checked datagram by datagram.
async fn converse(room: SocketAddr, orders: &mpsc::Sender<Order>) -> Result<(), Box<dyn Error>> {
    let alice = UdpSocket::bind("127.0.0.1:0").await?;
    let bob = UdpSocket::bind("127.0.0.1:0").await?;
    for socket in [&alice, &bob] {
        socket.connect(room).await?;
    }
    alice.send(b"L alice").await?;
    expect(&alice, "OK").await?;
    bob.send(b"L bob").await?;
    expect(&bob, "OK").await?;
    expect(&alice, "* bob joined").await?;
    alice.send("C alice 吃了么".as_bytes()).await?;
    expect(&bob, "alice : 吃了么").await?;
    orders
        .send(Order::Announce(TextBuf::new("the room closes at noon")?))
        .await?;
    expect(&alice, "admin : the room closes at noon").await?;
    bob.send(b"Q bob").await?;
    expect(&bob, "admin : the room closes at noon").await?;
    expect(&bob, "EXIT").await?;
    expect(&alice, "* bob left").await?;
    println!("the conversation went as it should");
    Ok(())
}

async fn expect(socket: &UdpSocket, expected: &str) -> Result<(), Box<dyn Error>> {
    let mut buffer = [0; MAX_DATAGRAM];
    let len = timeout(Duration::from_secs(10), socket.recv(&mut buffer)).await??;
    let received = String::from_utf8_lossy(buffer.get(..len).unwrap_or_default());
    if received == expected {
        Ok(())
    } else {
        Err(format!("expected {expected:?}, got {received:?}").into())
    }
}
