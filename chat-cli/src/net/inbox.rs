//! Messages from other threads to a loop that sleeps on a socket.
//!
//! A queue alone cannot end a sleep in `poll`. Beside the queue there is the waker, a UDP socket on
//! the loopback interface that is connected to itself: a sender also sends one byte to it. That
//! needs no unsafe code, and the kernel drops what strangers send.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::socket::ChatSocket;

/// Opens a queue of at most `bound` messages (at least 1). Fails if its waker cannot be opened.
pub fn inbox<T>(bound: usize) -> io::Result<(Inbox<T>, Sender<T>)> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(socket.local_addr()?)?;
    socket.set_nonblocking(true)?;
    let stopped = AtomicBool::new(false);
    let stop = Stop(Arc::new(Waker { socket, stopped }));
    // A queue of 0 would make a sender wait for a loop that only looks in passing.
    let (sender, receiver) = mpsc::sync_channel(bound.max(1));
    let inbox = Inbox {
        receiver,
        stop: stop.clone(),
    };
    Ok((inbox, Sender { sender, stop }))
}

/// The loop's end of the queue, and the place where it sleeps.
#[derive(Debug)]
pub struct Inbox<T> {
    receiver: Receiver<T>,
    stop: Stop,
}

impl<T> Inbox<T> {
    /// Sleeps until a datagram, an error, a message or a stop is there, or the timeout has passed.
    ///
    /// It may also return without a cause, and fails if `poll` does. `None` is no timeout. Read all
    /// messages afterwards, because the wake-up of those that stay is gone.
    pub fn wait(&self, socket: &ChatSocket, timeout: Option<Duration>) -> io::Result<()> {
        // The next receive has something to report of which the kernel no longer knows.
        let at_once = socket.server_refused.get().then_some(Duration::ZERO);
        // A time beyond the system's numbers is as good as none.
        let timeout = at_once
            .or(timeout)
            .and_then(|timeout| Timespec::try_from(timeout).ok());
        let waker = &self.stop.0;
        let mut watched = [
            PollFd::new(&socket.udp, PollFlags::IN),
            PollFd::new(&waker.socket, PollFlags::IN),
        ];
        match poll(&mut watched, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [chat, woken] = watched.map(|watched| watched.revents());
        if chat.contains(PollFlags::ERR) {
            // Unread reports would end every sleep, and not every loop asks for them.
            socket.collect_unreachable();
        }
        // A message that is posted from here on has its own wake-up.
        if !woken.is_empty() {
            // This ends: senders wait at the full queue, and an error is cleared by reading it.
            while waker.socket.recv(&mut [0]).is_ok() {}
        }
        Ok(())
    }

    /// Returns the next message, if there is one now.
    pub fn next(&self) -> Option<T> {
        self.receiver.try_recv().ok()
    }

    /// Returns a handle that stops this loop.
    pub fn stop_handle(&self) -> Stop {
        self.stop.clone()
    }

    /// Returns whether this loop has to stop.
    pub fn is_stopped(&self) -> bool {
        self.stop.0.stopped.load(Ordering::Acquire)
    }
}

/// Another thread's end of the queue.
#[derive(Clone, Debug)]
pub struct Sender<T> {
    sender: SyncSender<T>,
    stop: Stop,
}

impl<T> Sender<T> {
    /// Queues a message and wakes the loop. Waits while the queue is full.
    ///
    /// Returns `false` if the loop is gone, so that the message is never read.
    #[must_use = "a thread whose loop is gone should end"]
    pub fn post(&self, message: T) -> bool {
        let is_queued = self.sender.send(message).is_ok();
        // Only now, so that the loop finds the message.
        self.stop.0.wake();
        is_queued
    }
}

/// A handle that stops the loop past the queue, even while that is full or not read.
#[derive(Debug, Clone)]
pub struct Stop(Arc<Waker>);

impl Stop {
    /// Stops the loop for good and wakes it. Never waits.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Release);
        self.0.wake();
    }
}

#[derive(Debug)]
struct Waker {
    /// A nonblocking socket that is connected to itself.
    socket: UdpSocket,
    stopped: AtomicBool,
}

impl Waker {
    fn wake(&self) {
        // Without room in the buffer there are unread wake-ups, and one is enough.
        let _full = self.socket.send(&[0]);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use super::super::socket::Received;
    use super::super::socket::tests::{bind, peer};
    use super::*;

    /// Sleeps for as long as it takes: a lost wake-up stops the test.
    fn wakes<T>(inbox: &Inbox<T>, socket: &ChatSocket) {
        inbox.wait(socket, None).unwrap();
    }

    fn sleeps<T>(inbox: &Inbox<T>, socket: &ChatSocket, timeout: Duration) {
        let start = Instant::now();
        inbox.wait(socket, Some(timeout)).unwrap();
        assert!(start.elapsed() >= timeout);
    }

    const PAUSE: Duration = Duration::from_millis(50);

    #[test]
    fn a_timeout_of_any_length_is_kept() {
        let (inbox, sender) = inbox(1).unwrap();
        let socket = bind("127.0.0.1");
        for timeout in [0, 1, 20_300].map(Duration::from_micros) {
            sleeps(&inbox, &socket, timeout);
        }
        assert!(sender.post(()));
        inbox.wait(&socket, Some(Duration::MAX)).unwrap();
        assert_eq!(inbox.next(), Some(()));
    }

    #[test]
    fn a_datagram_a_message_and_an_error_wake_once() {
        let ((inbox, sender), socket) = (inbox(0).unwrap(), bind("127.0.0.1"));
        let to = socket.local_addr().unwrap();
        peer("127.0.0.1").send_to(b"hi", to).unwrap();
        wakes(&inbox, &socket);
        let received = socket.receive(&mut [0; 9]).unwrap();
        assert!(matches!(received, Received::Datagram { len: 2, .. }));
        sleeps(&inbox, &socket, PAUSE);

        assert!(sender.post('x'));
        wakes(&inbox, &socket);
        assert_eq!((inbox.next(), inbox.next()), (Some('x'), None));
        sleeps(&inbox, &socket, PAUSE);

        // As a send leaves it for the next receive.
        socket.server_refused.set(true);
        wakes(&inbox, &socket);
        let received = socket.receive(&mut [0; 9]).unwrap();
        assert_eq!(received, Received::PeerUnreachable);
        sleeps(&inbox, &socket, PAUSE);
    }

    #[test]
    fn no_wake_up_is_lost_among_many_posts() {
        const EACH: usize = 20_000;
        let ((inbox, sender), socket) = (inbox(3).unwrap(), bind("127.0.0.1"));
        let post_all = |sender: Sender<usize>| move || (0..EACH).all(|_| sender.post(1));
        let threads = [(); 3].map(|()| thread::spawn(post_all(sender.clone())));
        let mut sum = 0;
        while sum < 3 * EACH {
            wakes(&inbox, &socket);
            sum += std::iter::from_fn(|| inbox.next()).sum::<usize>();
        }
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    }

    #[test]
    fn a_stop_is_seen_past_a_full_queue_and_wake_buffer() {
        let (inbox, sender) = inbox(1).unwrap();
        assert!(sender.post(0));
        let waiting = sender.clone();
        let waiting = thread::spawn(move || waiting.post(1));
        let stop = inbox.stop_handle();
        (0..100_000).for_each(|_| stop.0.wake());
        assert!(!inbox.is_stopped());
        stop.stop();
        wakes(&inbox, &bind("127.0.0.1"));
        assert!(inbox.is_stopped());
        drop(inbox);
        let is_queued = waiting.join().unwrap();
        assert!(!is_queued, "the end of the loop frees a waiting sender");
        assert!(!sender.post(2));
    }

    #[test]
    fn a_stranger_cannot_wake() {
        let (inbox, _sender) = inbox::<()>(1).unwrap();
        let to = inbox.stop.0.socket.local_addr().unwrap();
        let _refused = peer("127.0.0.1").send_to(b"forged", to);
        sleeps(&inbox, &bind("127.0.0.1"), PAUSE);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn reports_without_a_taker_let_the_loop_sleep() {
        use super::super::socket::tests::{dead_peer, take_unreachable};

        let ((inbox, _sender), socket) = (inbox::<()>(1).unwrap(), bind("127.0.0.1"));
        let (_reserved, dead) = dead_peer("127.0.0.1");
        socket.send_to(b"dead", dead, &mut None).unwrap();
        // The report ends a sleep. Without a pending error no receive looks for it.
        wakes(&inbox, &socket);
        socket.udp.take_error().unwrap();
        sleeps(&inbox, &socket, PAUSE);
        assert_eq!(take_unreachable(&socket), [dead]);
    }
}
