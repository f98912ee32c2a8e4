//! `chat serve`: a room for others.

mod console;
pub(crate) mod log;
#[cfg(feature = "metrics")]
mod metrics;
mod ready;

use crate::address::{self, Addresses};
use crate::args::ServeArgs;
use crate::failure::{Doing, Failure};
use crate::messages;
use crate::platform::console as stdin;
use crate::platform::inbox::inbox;
use crate::platform::signals::on_stop_signal;
use crate::platform::socket::ChatSocket;
#[cfg(feature = "metrics")]
use crate::room::Board;
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
        .map_err(Failure::io(Doing::TellAddress))?;

    let (inbox, mailer) = inbox(CONSOLE_LINES).map_err(Failure::io(Doing::MakeQueue))?;
    on_stop_signal(inbox.stop_switch()).map_err(Failure::io(Doing::WatchSignals))?;
    if let Some(small) = socket.small_receive_buffer() {
        eprintln!("{}", messages::small_buffer(small, args.lang.language()));
    }
    let form = match (args.quiet, args.json) {
        (true, _) => Form::Quiet,
        (_, true) => Form::Json,
        _ => Form::Lines,
    };
    let language = args.lang.language();
    let log = EventLog::new(form, language);
    let mut room = Room::new(socket, config, log);
    if let Some(file) = &args.state {
        room.keep_bans_in(file.clone()).map_err(Failure::Bans)?;
    }
    #[cfg(feature = "metrics")]
    if let Some(address) = args.metrics {
        let board = Board::default();
        room.count_on(board.clone());
        let address = metrics::start(address, board, mailer.clone())
            .map_err(Failure::io(Doing::ShowMetrics(address)))?;
        eprintln!("metrics at http://{address}/metrics");
    }
    eprintln!("listening on {local}");
    ready::tell_the_service_manager();
    // In the background a read from the terminal would stop the whole program.
    if !stdin::in_background() {
        stdin::spawn_line_reader(mailer, |line| line.and_then(console::read))
            .map_err(Failure::io(Doing::ReadInput))?;
    }

    let ended = room.run(&inbox).map_err(Failure::io(Doing::UseSocket));
    ready::tell_the_end();
    ended
}

/// A name may stand for several addresses (`localhost`); the first that can be had is taken.
fn bind_first(addresses: &Addresses) -> Result<ChatSocket, Failure> {
    let bind = |address| ChatSocket::bind(address).map_err(Failure::io(Doing::ListenOn(address)));
    let mut bound = bind(addresses.first);
    for &address in &addresses.others {
        if bound.is_ok() {
            break;
        }
        bound = bind(address);
    }
    bound
}
