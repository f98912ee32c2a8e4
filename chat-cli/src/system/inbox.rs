//! How other threads reach the thread that owns the socket.

use std::io;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::socket::ChatSocket;

/// The loop's end: messages, and the switch that ends the loop.
#[derive(Debug)]
pub struct Inbox<T> {
    messages: Receiver<T>,
    woken: UdpSocket,
    stop: StopSwitch,
}

/// The other threads' end.
#[derive(Debug)]
pub struct Mailer<T> {
    messages: SyncSender<T>,
    waker: Waker,
}

/// Ends the loop from anywhere, also while the queue is full.
#[derive(Clone, Debug)]
pub struct StopSwitch {
    stopped: Arc<AtomicBool>,
    waker: Waker,
}

/// Wakes a loop that waits in `poll`, by a datagram. Two sockets that are connected to each other are the one kind of
/// descriptor that `poll` takes on every system, and the kernel drops what others send to them.
#[derive(Clone, Debug)]
struct Waker(Arc<UdpSocket>);

impl Waker {
    fn wake(&self) {
        // When there is no room for another datagram the loop is as good as awake.
        let _full = self.0.send(&[0]);
    }
}

/// A queue of at most `bound` messages. Whoever posts to a full queue waits: what is read from a pipe then waits there.
pub fn inbox<T>(bound: usize) -> io::Result<(Inbox<T>, Mailer<T>)> {
    let (sender, receiver) = sync_channel(bound);
    let woken = UdpSocket::bind("127.0.0.1:0")?;
    let waker = UdpSocket::bind("127.0.0.1:0")?;
    woken.connect(waker.local_addr()?)?;
    waker.connect(woken.local_addr()?)?;
    woken.set_nonblocking(true)?;
    waker.set_nonblocking(true)?;
    let waker = Waker(Arc::new(waker));
    let stop = StopSwitch {
        stopped: Arc::default(),
        waker: waker.clone(),
    };
    Ok((
        Inbox {
            messages: receiver,
            woken,
            stop,
        },
        Mailer {
            messages: sender,
            waker,
        },
    ))
}

impl<T> Clone for Mailer<T> {
    fn clone(&self) -> Self {
        Self {
            messages: self.messages.clone(),
            waker: self.waker.clone(),
        }
    }
}

impl<T> Mailer<T> {
    /// Puts `message` into the queue and wakes the loop. False when the loop is gone.
    pub fn post(&self, message: T) -> bool {
        let posted = self.messages.send(message).is_ok();
        self.waker.wake();
        posted
    }
}

impl StopSwitch {
    /// Asks the loop to end.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Whether the loop was asked to end.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}

impl<T> Inbox<T> {
    /// The switch that ends this loop.
    pub fn stop_switch(&self) -> StopSwitch {
        self.stop.clone()
    }

    /// The next message, if there is one.
    pub fn next(&self) -> Option<T> {
        self.messages.try_recv().ok()
    }

    /// Sleeps until the socket has something (a datagram or an error), a message or a stop has come since the last
    /// wait, or `timeout` is over. Without a timeout, and with nothing happening, it sleeps for ever.
    pub fn wait(&self, socket: &ChatSocket, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: timeout.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: timeout.subsec_nanos().into(),
        });
        let mut ready = [
            PollFd::new(socket.as_udp(), PollFlags::IN),
            PollFd::new(&self.woken, PollFlags::IN),
        ];
        match poll(&mut ready, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        // Emptied before the messages are looked at: what is posted after this wakes the next wait.
        while self.woken.recv(&mut [0]).is_ok() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn socket() -> ChatSocket {
        ChatSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap()
    }

    #[test]
    fn a_post_wakes_a_loop_that_sleeps_for_ever() {
        let (inbox, mailer) = inbox(1).unwrap();
        let socket = socket();
        let posting = thread::spawn(move || (0..100).all(|n| mailer.post(n)));
        let mut received = Vec::new();
        while received.len() < 100 {
            inbox.wait(&socket, None).unwrap();
            received.extend(std::iter::from_fn(|| inbox.next()));
        }
        assert_eq!(received, (0..100).collect::<Vec<_>>());
        assert!(posting.join().unwrap());
    }

    #[test]
    fn a_stop_is_seen_while_the_queue_is_full() {
        let (inbox, mailer) = inbox(1).unwrap();
        assert!(mailer.post(1));
        let stop = inbox.stop_switch();
        let stopping = thread::spawn(move || stop.stop());
        while !inbox.stop_switch().is_stopped() {
            inbox.wait(&socket(), None).unwrap();
        }
        stopping.join().unwrap();
    }

    #[test]
    fn a_wait_ends_with_its_timeout() {
        let (inbox, _mailer) = inbox::<()>(1).unwrap();
        inbox.wait(&socket(), Some(Duration::from_millis(1))).unwrap();
        assert_eq!(inbox.next(), None);
    }

    #[test]
    fn posting_to_a_loop_that_is_gone_says_so() {
        let (inbox, mailer) = inbox(1).unwrap();
        drop(inbox);
        assert!(!mailer.post(1));
    }
}
