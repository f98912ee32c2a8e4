//! `chat serve`: a room for others.

mod console;
mod log;

use crate::address;
use crate::args::ServeArgs;
use crate::failure::Failure;
use crate::platform::console as stdin;
use crate::platform::inbox::inbox;
use crate::platform::signals::on_stop_signal;
use crate::platform::socket::ChatSocket;
use crate::room::Room;

use log::{EventLog, Form};

/// How many lines of the console may wait.
const CONSOLE_LINES: usize = 64;

pub(crate) fn serve(args: &ServeArgs) -> Result<(), Failure> {
    let config = args.config()?;
    let asked = address::or_default(args.bind.as_deref());
    let addresses = address::resolve(&asked)?;
    let socket = bind_first(&addresses)?;
    socket.set_batching(!args.sending.no_batch);
    let local = socket
        .local_addr()
        .map_err(Failure::io("cannot tell the socket's address"))?;

    let (inbox, mailer) = inbox(CONSOLE_LINES).map_err(Failure::io("cannot make the console's queue"))?;
    on_stop_signal(inbox.stop_switch()).map_err(Failure::io("cannot watch for signals"))?;
    if let Some(warning) = socket.receive_buffer_warning() {
        eprintln!("warning: {warning}");
    }
    let form = match (args.quiet, args.json) {
        (true, _) => Form::Quiet,
        (_, true) => Form::Json,
        _ => Form::Lines,
    };
    let language = config.dialect.language();
    let log = EventLog::new(form, config.operator, language);
    let mut room = Room::new(socket, config, log);
    if let Some(file) = &args.state {
        room.keep_bans_in(file.clone())
            .map_err(|error| Failure::Bans { error, language })?;
    }
    eprintln!("listening on {local}");
    // In the background a read from the terminal would stop the whole program.
    if !stdin::in_background() {
        stdin::spawn_line_reader(mailer, |line| line.and_then(console::read))
            .map_err(Failure::io("cannot read standard input"))?;
    }

    room.run(&inbox).map_err(Failure::io("the socket broke"))
}

/// A name may stand for several addresses (`localhost`); the first that can be had is taken.
fn bind_first(addresses: &[std::net::SocketAddr]) -> Result<ChatSocket, Failure> {
    let mut failure = Failure::Usage("no address to listen on".into());
    for &address in addresses {
        match ChatSocket::bind(address) {
            Ok(socket) => return Ok(socket),
            Err(error) => failure = Failure::bind(address)(error),
        }
    }
    Err(failure)
}
