//! How other threads reach the loop, which sleeps on sockets.
//!
//! A queue alone cannot wake a thread that waits for a datagram, so beside the queue there is a
//! pair of UDP sockets on the loopback interface, connected to each other: whoever posts also sends
//! one byte. That needs no unsafe code and works on every system; because the sockets are
//! connected, the kernel drops what anyone else sends to them.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::socket::ChatSocket;

/// How many wake-up bytes are read at once. What is left wakes the loop once more, which is
/// harmless.
const MAX_WAKES: usize = 1024;

/// The longest sleep in milliseconds, about 24 days: the most that every system's `poll` accepts. A
/// longer one ends early, which looks like any other wake-up without a cause.
const MAX_SLEEP_MS: u64 = i32::MAX as u64;

/// A queue of at most `bound` messages (at least one) from other threads to the loop.
///
/// The error is that of opening the two sockets.
pub fn inbox<T>(bound: usize) -> io::Result<(Inbox<T>, Mailer<T>)> {
    let bell = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let button = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    bell.connect(button.local_addr()?)?;
    button.connect(bell.local_addr()?)?;
    bell.set_nonblocking(true)?;
    button.set_nonblocking(true)?;

    // A bound of zero would make every post a rendezvous with a loop that only ever looks in
    // passing.
    let (sender, receiver) = mpsc::sync_channel(bound.max(1));
    let switch = StopSwitch(Arc::new(Shared {
        button,
        stopped: AtomicBool::new(false),
    }));
    Ok((
        Inbox {
            receiver,
            bell,
            switch: switch.clone(),
        },
        Mailer { sender, switch },
    ))
}

/// The loop's end: where it sleeps and what it reads when awake.
#[derive(Debug)]
pub struct Inbox<T> {
    receiver: Receiver<T>,
    bell: UdpSocket,
    switch: StopSwitch,
}

impl<T> Inbox<T> {
    /// Sleeps until there may be something to do: a datagram or an error on `socket`, a message, a
    /// stop, or the end of `timeout`. It may also return without a cause.
    ///
    /// `None` sleeps for as long as it takes and uses no processor time. A timeout is rounded up to
    /// a whole millisecond, so a deadline has passed when the sleep towards it ends. After it
    /// read everything: the wake-up may be gone, so what stays in the queue waits for the next
    /// one.
    pub fn wait(&self, socket: &ChatSocket, timeout: Option<Duration>) -> io::Result<()> {
        let timeout = if socket.has_notice() {
            Some(Duration::ZERO)
        } else {
            timeout
        };
        let timeout = timeout.map(whole_milliseconds);
        let udp = socket.as_udp();
        let mut watched = [
            PollFd::new(udp, PollFlags::IN),
            PollFd::new(&self.bell, PollFlags::IN),
        ];
        match poll(&mut watched, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [chat, bell] = &watched;
        // Anything that poll says of it, not only a byte: an error that is left there would end
        // every sleep.
        let rung = !bell.revents().is_empty();
        if chat.revents().contains(PollFlags::ERR) {
            // The reports in the error queue keep the socket "ready" until they are read, and not
            // every loop asks for them in each round.
            socket.collect_unreachable();
        }
        // Before the caller looks at the queue: a message that is posted after this look has its
        // own wake-up, and none is taken away for a message that was not there yet.
        if rung {
            self.silence();
        }
        Ok(())
    }

    /// The next message, if there is one now.
    pub fn next(&self) -> Option<T> {
        self.receiver.try_recv().ok()
    }

    /// The switch that ends this loop.
    pub fn stop_switch(&self) -> StopSwitch {
        self.switch.clone()
    }

    /// Whether the loop was told to stop.
    pub fn is_stopped(&self) -> bool {
        self.switch.is_stopped()
    }

    fn silence(&self) {
        for _ in 0..MAX_WAKES {
            match self.bell.recv(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // An error that is pending is gone once it is read.
                Ok(_) | Err(_) => {}
            }
        }
    }
}

fn whole_milliseconds(timeout: Duration) -> Timespec {
    let millis = u64::try_from(timeout.as_nanos().div_ceil(1_000_000))
        .unwrap_or(u64::MAX)
        .min(MAX_SLEEP_MS);
    // Neither can fail below `MAX_SLEEP_MS`, whatever the width of the fields on this system.
    Timespec {
        tv_sec: (millis / 1000).try_into().unwrap_or_default(),
        tv_nsec: (millis % 1000 * 1_000_000).try_into().unwrap_or_default(),
    }
}

/// Another thread's end.
#[derive(Debug)]
pub struct Mailer<T> {
    sender: SyncSender<T>,
    switch: StopSwitch,
}

impl<T> Mailer<T> {
    /// Hands a message to the loop and wakes it. While the queue is full this waits, which holds up
    /// whatever the thread reads from; `false` when the loop is gone and nothing will be read
    /// any more.
    #[must_use = "when the loop is gone, so is the reason for the thread"]
    pub fn post(&self, message: T) -> bool {
        let posted = self.sender.send(message).is_ok();
        // Afterwards, so that the loop finds the message when it wakes.
        self.switch.ring();
        posted
    }

    /// The switch that ends the loop.
    pub fn stop_switch(&self) -> StopSwitch {
        self.switch.clone()
    }
}

// Not derived, since that would ask for `T: Clone`.
impl<T> Clone for Mailer<T> {
    fn clone(&self) -> Mailer<T> {
        Mailer {
            sender: self.sender.clone(),
            switch: self.switch.clone(),
        }
    }
}

/// Tells the loop to stop, past the queue: it is seen even when the queue is full or nobody reads
/// it.
#[derive(Debug, Clone)]
pub struct StopSwitch(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    button: UdpSocket,
    stopped: AtomicBool,
}

impl StopSwitch {
    /// Tells the loop to stop and wakes it. Never waits; there is no way back.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::Release);
        self.ring();
    }

    /// Whether [`stop`](StopSwitch::stop) was called.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Acquire)
    }

    fn ring(&self) {
        // It fails when the buffer is full, and then the loop is being woken already; or when the
        // loop is gone.
        let _ = self.0.button.send(&[0]);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use super::super::socket::{Received, Sent};
    use super::*;

    const LONG: Option<Duration> = Some(Duration::from_secs(10));

    fn socket() -> ChatSocket {
        ChatSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap()
    }

    #[test]
    fn a_timeout_is_kept_and_rounded_up() {
        let (inbox, _mailer) = inbox::<()>(1).unwrap();
        let socket = socket();
        for timeout in [Duration::from_nanos(1), Duration::from_micros(20_300)] {
            let start = Instant::now();
            inbox.wait(&socket, Some(timeout)).unwrap();
            assert!(start.elapsed().as_millis() >= timeout.as_nanos().div_ceil(1_000_000));
        }
        let start = Instant::now();
        inbox.wait(&socket, Some(Duration::ZERO)).unwrap();
        assert!(start.elapsed() < Duration::from_secs(1));
    }

    #[test]
    fn any_timeout_can_be_expressed() {
        let spec = whole_milliseconds(Duration::MAX);
        assert_eq!((spec.tv_sec, spec.tv_nsec), (2_147_483, 647_000_000));
        let spec = whole_milliseconds(Duration::new(3, 1));
        assert_eq!((spec.tv_sec, spec.tv_nsec), (3, 1_000_000));
    }

    #[test]
    fn a_datagram_wakes() {
        let (inbox, _mailer) = inbox::<()>(1).unwrap();
        let socket = socket();
        let to = socket.local_addr().unwrap();
        let start = Instant::now();
        let sender = thread::spawn(move || {
            thread::sleep(Duration::from_millis(30));
            UdpSocket::bind("127.0.0.1:0")
                .unwrap()
                .send_to(b"hi", to)
                .unwrap();
        });
        while matches!(socket.receive(&mut [0; 9]).unwrap(), Received::Nothing) {
            inbox.wait(&socket, LONG).unwrap();
        }
        assert!(start.elapsed() < Duration::from_secs(5));
        sender.join().unwrap();
    }

    #[test]
    fn no_wake_up_is_lost_among_many_posts() {
        const EACH: usize = 20_000;
        let (inbox, mailer) = inbox(3).unwrap();
        let socket = socket();
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let mailer = mailer.clone();
                thread::spawn(move || (0..EACH).all(|_| mailer.post(1)))
            })
            .collect();
        let mut sum = 0;
        while sum < 3 * EACH {
            let start = Instant::now();
            inbox.wait(&socket, LONG).unwrap();
            assert!(
                start.elapsed() < Duration::from_secs(5),
                "slept beside a full queue at {sum}"
            );
            sum += std::iter::from_fn(|| inbox.next()).sum::<usize>();
        }
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    }

    #[test]
    fn a_stop_is_seen_past_a_full_queue_and_a_full_wake_buffer() {
        let (inbox, mailer) = inbox(1).unwrap();
        let socket = socket();
        assert!(mailer.post(0));
        let blocked = {
            let mailer = mailer.clone();
            thread::spawn(move || mailer.post(1))
        };
        let switch = mailer.stop_switch();
        for _ in 0..100_000 {
            switch.ring();
        }
        assert!(!inbox.is_stopped());
        switch.stop();
        let start = Instant::now();
        inbox.wait(&socket, LONG).unwrap();
        assert!(inbox.is_stopped());
        assert!(start.elapsed() < Duration::from_secs(5));
        drop(inbox);
        assert!(
            !blocked.join().unwrap(),
            "the end of the loop frees whoever waits for it"
        );
        assert!(!mailer.post(2));
    }

    #[test]
    fn a_stranger_cannot_ring() {
        let (inbox, _mailer) = inbox::<()>(1).unwrap();
        let to = inbox.bell.local_addr().unwrap();
        let _ = UdpSocket::bind("127.0.0.1:0")
            .unwrap()
            .send_to(b"forged", to);
        let start = Instant::now();
        inbox
            .wait(&socket(), Some(Duration::from_millis(50)))
            .unwrap();
        assert!(start.elapsed() >= Duration::from_millis(50));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn reports_that_nobody_asks_for_do_not_keep_the_loop_awake() {
        let (inbox, _mailer) = inbox::<()>(1).unwrap();
        let socket = socket();
        // Connected elsewhere, so that the kernel refuses what we send.
        let reserved = UdpSocket::bind("127.0.0.1:0").unwrap();
        reserved.connect("127.0.0.1:1").unwrap();
        let dead = reserved.local_addr().unwrap();
        assert!(matches!(socket.send_to(b"dead", dead), Sent::Done));
        thread::sleep(Duration::from_millis(20));
        let (mut rounds, start) = (0, Instant::now());
        while start.elapsed() < Duration::from_millis(100) {
            inbox
                .wait(&socket, Some(Duration::from_millis(100)))
                .unwrap();
            while !matches!(socket.receive(&mut [0; 9]).unwrap(), Received::Nothing) {}
            rounds += 1;
        }
        assert!(rounds <= 4, "{rounds} rounds");
        assert_eq!(socket.take_unreachable(), [dead]);
    }
}
