//! The server: `chat serve`, and the room that a client hosts.
//!
//! | file | role |
//! |---|---|
//! | [`room`] | the loop: orders and datagrams in, datagrams and events out |
//! | `origin` | where a member comes from |
//! | [`console`] | the operator's commands: grammar, help, mistakes |
//! | `operator` | the operator's commands: doing them, answers |
//! | `ban_file` | bans on disk |
//! | [`event_log`] | events as lines or JSON |
//! | `metrics` | counts for Prometheus |

mod ban_file;
pub mod console;
pub mod event_log;
mod metrics;
mod operator;
mod origin;
pub mod room;

use std::fmt;
use std::io::{self, ErrorKind, IsTerminal};
use std::net::SocketAddr;
use std::thread::{self, JoinHandle};

use chat_core::proto::{Dialect, Language};
use chat_core::{Config, SessionConfig};
use sd_notify::{NotifyState, notify};

use crate::address::{self, Addresses};
use crate::args::ServeArgs;
use crate::failure::{Failure, Operation};
use crate::io::editor::Editor;
use crate::io::line_queue::write_remark;
use crate::io::signals::on_stop_signal;
use crate::io::stdin::Line;
use crate::language::{Worded, Words, say};
use crate::net::inbox::{Sender, inbox};
use crate::net::socket::{ChatSocket, SmallBuffer};
use crate::random::room_sessions;

use event_log::{EventLog, Form};
use room::{Order, Room};

/// Lines of the console and questions for counts that may wait.
const WAITING_ORDERS: usize = 64;

/// Runs a room for others until a signal or the operator stops it.
pub(crate) fn serve(args: &ServeArgs) -> Result<(), Failure> {
    let config = args.config()?;
    let language = args.lang.language();
    let addresses = address::resolve_to_listen(args.bind.as_deref()).map_err(Failure::Address)?;
    let socket = bind_first(&addresses)?;
    let local = socket
        .local_addr()
        .map_err(Failure::io(Operation::UseSocket))?;
    let (inbox, sender) = inbox(WAITING_ORDERS).map_err(Failure::io(Operation::MakeQueue))?;
    on_stop_signal(inbox.stop_handle()).map_err(Failure::io(Operation::WatchSignals))?;
    if let Some(small) = socket.small_receive_buffer() {
        write_remark(&small.in_words(language));
    }
    let form = match (args.quiet, args.json) {
        (true, _) => Form::Quiet,
        (_, true) => Form::Json,
        _ => Form::Lines,
    };
    let log = EventLog::open(form, language).map_err(Failure::io(Operation::MakeQueue))?;
    let kept = config.sessions;
    let mut room = Room::new(socket, config, log);
    room.out.lose = args.lose;
    if let Some(file) = &args.state {
        let kept = room.keep_bans_in(file);
        kept.map_err(|error| Failure::File(Box::new(error)))?;
    }
    if let Some(text) = &args.metrics {
        let Addresses { first, others } =
            address::resolve_to_listen(Some(text)).map_err(Failure::Address)?;
        let shown = metrics::start(&[&[first][..], &others].concat(), &sender);
        let address = shown.map_err(Failure::io(Operation::ShowMetrics(first)))?;
        write_remark(&format!("metrics at http://{address}/metrics"));
    }
    write_remark(&format!("listening on {local}"));
    if let Some(sessions) = kept {
        write_remark(&sessions.in_words(language));
    }
    // For systemd (`Type=notify`): what waits for the room can start.
    let _no_manager = notify(&[NotifyState::Ready]);
    let asker = sender.clone();
    let names = move || room::ask(&asker, Order::Names).unwrap_or_default();
    let give = move |command| sender.post(Order::Console(command));
    let take = move |line: Option<Line>| line.and_then(console::read).is_none_or(&give);
    // The editor draws the log too.
    let screen = Some(&mut room.out.log.queue);
    let screen = screen.filter(|_| form != Form::Json && io::stderr().is_terminal());
    let commands = &console::COMMANDS;
    let editor = Editor::start(screen, "console-history", commands, names, language, take);
    let editor = editor.map_err(Failure::io(Operation::ReadInput))?;
    let ended = room.run(&inbox).map_err(Failure::io(Operation::UseSocket));
    drop(editor);
    let _no_manager = notify(&[NotifyState::Stopping]);
    ended?.map_err(|error| Failure::File(Box::new(error)))
}

/// Binds the first address that is free: a name such as `localhost` stands for several.
fn bind_first(addresses: &Addresses) -> Result<ChatSocket, Failure> {
    let bind =
        |address| ChatSocket::bind(address).map_err(Failure::io(Operation::ListenOn(address)));
    let others = addresses.others.iter();
    others.fold(bind(addresses.first), |bound, &address| {
        bound.or_else(|_| bind(address))
    })
}

/// A room in a thread of this process, beside the client that opened it.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    orders: Sender<Order>,
    thread: JoinHandle<io::Result<()>>,
}

impl Host {
    /// Opens a room at `address`; `None` when the room is there already, or on another machine.
    ///
    /// Binding is the test: it cannot be fooled by two programs that look at the same time.
    pub(crate) fn open(address: SocketAddr, language: Language) -> Result<Option<Self>, Failure> {
        let socket = match ChatSocket::bind(address) {
            Ok(socket) => socket,
            Err(error) => match error.kind() {
                // The address can be set to one of another machine: the room is there then.
                ErrorKind::AddrInUse | ErrorKind::AddrNotAvailable => return Ok(None),
                _ => return Err(Failure::io(Operation::HostAt(address))(error)),
            },
        };
        let address = socket
            .local_addr()
            .map_err(Failure::io(Operation::HostRoom))?;
        let (inbox, orders) = inbox(1).map_err(Failure::io(Operation::HostRoom))?;
        let mut config = Config::new(Dialect::lenient().with_language(language));
        config.sessions = Some(room_sessions()?);
        // The client's screen shows who comes and goes.
        let room = Room::new(socket, config, EventLog::off());
        let thread = thread::spawn(move || room.run(&inbox).map(|_no_ban_file| ()));
        Ok(Some(Self {
            address,
            orders,
            thread,
        }))
    }

    /// Counts the members beside the host, who is one.
    pub(crate) fn others(&self) -> usize {
        let names = room::ask(&self.orders, Order::Names).unwrap_or_default();
        names.len().saturating_sub(1)
    }

    /// Tells all members, sends them the end word, and waits until that is done.
    pub(crate) fn close(self, language: Language) -> Result<(), Failure> {
        // In the operator's name, which every client can show.
        let last_words = match language {
            Language::Chinese => "主持人关闭了聊天室",
            _ => "the host closed the room",
        };
        let lines = [last_words, "/quit"].map(|line| console::read(Ok(line.to_owned())));
        for command in lines.into_iter().flatten() {
            let _gone = self.orders.post(Order::Console(command));
        }
        let ended = self.thread.join();
        let ended =
            ended.unwrap_or_else(|_| Err(io::Error::other("its thread ended unexpectedly")));
        ended.map_err(Failure::io(Operation::HostRoom))
    }
}

/// The promise of a room to its members with a session.
impl Worded for SessionConfig {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        let (entries, bytes, shown) = (self.history.entries, self.history.bytes, self.catch_up);
        say! { to,
        "keeps the latest {entries} lines and notices ({bytes} bytes) until it stops; a newcomer \
         sees {shown} of them",
        "保留最近 {entries} 条发言和通知（{bytes} 字节），直到停止；新来的人会看到其中 {shown} 条" }
    }
}

impl Worded for SmallBuffer {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        let Self { granted, wanted } = self;
        say! { to,
        "warning: the system grants a receive buffer of {granted} bytes instead of {wanted}: \
         in a burst datagrams may be lost",
        "警告：系统只给了 {granted} 字节的接收缓冲区，而不是 {wanted}：突发时可能丢失数据报" }?;
        if cfg!(target_os = "linux") {
            say! { to, "; `sysctl -w net.core.rmem_max={wanted}` allows more",
            "；`sysctl -w net.core.rmem_max={wanted}` 可以放宽" }?;
        }
        Ok(())
    }
}
