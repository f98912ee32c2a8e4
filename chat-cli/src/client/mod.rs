//! `chat join` and `chat send`.
//!
//! A line of the room goes from `session` through `conversation` and `output` to `terminal`; a line
//! of the user comes from `editor` or standard input to `session`.

mod conversation;
mod input;
mod notices;
mod output;
mod session;
mod status;
mod terminal;
mod transcript;

use std::io::{self, IsTerminal};
use std::time::Duration;

use chat_core::ClientConfig;
use chat_core::proto::{Dialect, Text};

use crate::address::{self, Addresses};
use crate::args::{JoinArgs, SendArgs, VerbsArg};
use crate::failure::{Failure, Operation};
use crate::io::editor::Editor;
use crate::io::signals::on_stop_signal;
use crate::io::stdin::Line;
use crate::net::inbox::{Sender, inbox};
use crate::random::client_session;
use crate::server::Host;

use output::{Form, Output};
use session::{Input, Session};
use status::Status;
use terminal::Terminal;
use transcript::Transcript;

/// The number of input lines that may wait to be sent; the rest waits in the pipe.
const WAITING_LINES: usize = 64;

/// Enters a room, and hosts it when no other program does.
pub(crate) fn join(args: &JoinArgs) -> Result<(), Failure> {
    let language = args.lang.language();
    let form = match io::stdout().is_terminal() {
        _ if args.json => Form::Json,
        true => Form::Terminal(Terminal::new(language, args.name, args.bell)),
        false => Form::Pipe,
    };
    let mut output = Output::new(form, language);
    let mut addresses = address::resolve(args.server.as_deref()).map_err(Failure::Address)?;
    if let Some(path) = &args.transcript {
        let opened = Transcript::open(path);
        output.transcript = Some(opened.map_err(|error| Failure::File(Box::new(error)))?);
    }
    // A user who names a server does not want to host a room there.
    let host = match &args.server {
        None => Host::open(addresses.first, language)?,
        Some(_) => None,
    };
    if let Some(host) = &host {
        let address = host.address;
        addresses = Addresses::one(address);
        output.remark(&Status::Hosting { address });
    }

    let mut config = config_of(args.verbs, args.plain)?;
    config.keep_alive_seconds = args.keep_alive.0;
    let is_typed = io::stdin().is_terminal();
    let linger = if is_typed { 0 } else { args.linger };
    let input = Input {
        is_typed,
        linger: Duration::from_secs(linger.into()),
        host: host.as_ref(),
    };
    let (inbox, sender) = inbox(WAITING_LINES).map_err(Failure::io(Operation::MakeQueue))?;
    on_stop_signal(inbox.stop_handle()).map_err(Failure::io(Operation::WatchSignals))?;
    let session = Session::log_in(&addresses, args.name, &config, &inbox, input, output);
    let ended = session.and_then(|session| talk(session, sender));
    // The room is closed in order however the conversation ended.
    let closed = host.map_or(Ok(()), |host| host.close(language));
    ended.and(closed)
}

/// Says one thing and leaves.
pub(crate) fn send(args: &SendArgs) -> Result<(), Failure> {
    let text = args.text.join(" ");
    Text::new(&text).map_err(Failure::CannotSay)?;
    let addresses = address::resolve(args.server.as_deref()).map_err(Failure::Address)?;
    let config = config_of(args.verbs, args.plain)?;
    let output = Output::new(Form::Silent, args.lang.language());

    // The line and the end of the input, as through a pipe.
    let (inbox, sender) = inbox(2).map_err(Failure::io(Operation::MakeQueue))?;
    on_stop_signal(inbox.stop_handle()).map_err(Failure::io(Operation::WatchSignals))?;
    let _has_room = sender.post(Some(Ok(text))) && sender.post(None);
    let input = Input::default();
    Session::log_in(&addresses, args.name, &config, &inbox, input, output)?.talk()
}

/// Returns the options of a client, which asks for a session unless it is to be a plain one.
fn config_of(verbs: VerbsArg, plain: bool) -> Result<ClientConfig, Failure> {
    let mut config = ClientConfig::default();
    config.dialect = Dialect::lenient().with_verbs(verbs.0);
    if !plain {
        config.session = Some(client_session()?);
    }
    Ok(config)
}

/// Talks while standard input is read, and leaves the terminal as it was.
fn talk(mut session: Session<'_>, sender: Sender<Option<Line>>) -> Result<(), Failure> {
    let output = session.output();
    let (names, language) = (output.names.clone(), output.language);
    let screen = match &mut output.form {
        Form::Terminal(terminal) => Some(&mut terminal.queue),
        _ => None,
    };
    let (names, take) = (move || names.all(), move |line| sender.post(line));
    let editor = Editor::start(screen, "history", &input::COMMANDS, names, language, take);
    let editor = editor.map_err(Failure::io(Operation::ReadInput))?;
    let ended = session.talk();
    // Lines that still wait are drawn while the editor is there to draw them.
    drop(session);
    drop(editor);
    ended
}
