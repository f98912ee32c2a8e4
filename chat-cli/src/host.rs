//! A room that lives beside the client that opened it, in the same process.

use std::io;
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};

use chat_core::proto::{Dialect, Language};
use chat_core::{Config, Event, Stats};

use crate::args::SendingArgs;
use crate::failure::{Doing, Failure};
use crate::platform::inbox::{StopSwitch, inbox};
use crate::platform::socket::ChatSocket;
use crate::room::{Answer, Losses, Room, RoomLog};

/// The room, in a thread of its own. [`close`](Self::close) ends it in order.
pub(crate) struct Host {
    address: SocketAddr,
    stop: StopSwitch,
    thread: JoinHandle<io::Result<()>>,
}

impl Host {
    /// Opens the room at `address`; `None` when somebody has that address already. Binding is the
    /// test: it cannot be fooled by two programs that look at the same time.
    pub(crate) fn open(
        address: SocketAddr,
        sending: &SendingArgs,
        language: Language,
    ) -> Result<Option<Self>, Failure> {
        let socket = match ChatSocket::bind(address) {
            Ok(socket) => socket,
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Ok(None),
            // The default address can be set to one of another machine: then the room is there.
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => return Ok(None),
            Err(error) => return Err(Failure::io(Doing::HostAt(address))(error)),
        };
        socket.set_batching(!sending.no_batch);
        let address = socket.local_addr().map_err(Failure::io(Doing::HostRoom))?;
        // Nothing but the switch is used: the hosted room has no console.
        let (inbox, _) = inbox(1).map_err(Failure::io(Doing::HostRoom))?;
        let stop = inbox.stop_switch();
        let config = Config::new(Dialect::lenient().with_language(language));
        let thread = thread::spawn(move || Room::new(socket, config, Unlogged).run(&inbox));
        Ok(Some(Self {
            address,
            stop,
            thread,
        }))
    }

    /// Where the room is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells everybody the end word and waits until that is done.
    pub(crate) fn close(self) -> Result<(), Failure> {
        self.stop.stop();
        let ended = self
            .thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("its thread ended unexpectedly")));
        ended.map_err(Failure::io(Doing::HostRoom))
    }
}

/// The client's screen shows who comes and goes already.
struct Unlogged;

impl RoomLog for Unlogged {
    fn event(&mut self, _: &Event<'_, SocketAddr>) {}
    fn lost(&mut self, _: SocketAddr, _: &io::Error) {}
    fn answer(&mut self, _: &Answer<'_>) {}
    fn kernel_dropped(&mut self, _: u64, _: u64) {}
    fn stopped(&mut self, _: &Stats, _: Losses) {}
}
