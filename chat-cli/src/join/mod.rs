//! `chat join`: a person's client, or a filter.

mod front;
pub(crate) mod screen;
pub(crate) mod session;

use std::io::{self, IsTerminal};
use std::time::Duration;

use chat_core::ClientConfig;

use crate::address;
use crate::args::JoinArgs;
use crate::failure::Failure;
use crate::host::Host;
use crate::platform::console;
use crate::platform::inbox::inbox;
use crate::platform::signals::on_stop_signal;

use screen::{Screen, status};
use session::{Input, Session};

/// How many lines of input may wait to be said; the rest waits in the pipe.
pub(crate) const WAITING_LINES: usize = 64;

pub(crate) fn join(args: &JoinArgs) -> Result<(), Failure> {
    let mut addresses = address::resolve(&address::or_default(args.server.as_deref()))?;
    // Only a room at the default address is opened by whoever comes first: who names a server wants that one.
    let host = match (&args.server, addresses.first()) {
        (None, Some(&address)) => Host::open(address, &args.sending)?,
        _ => None,
    };
    let screen = Screen::new(args.json);
    if let Some(host) = &host {
        addresses = vec![host.address()];
        status(&format!(
            "nobody hosts a room at {0}: hosting it here, until you leave; others join with `chat join NAME`",
            host.address()
        ));
    }

    let mut config = ClientConfig::default();
    config.dialect = args.spoken.dialect();
    config.keep_alive_seconds = args.keep_alive.0;
    let (inbox, mailer) = inbox(WAITING_LINES).map_err(Failure::io("cannot make the input's queue"))?;
    on_stop_signal(inbox.stop_switch()).map_err(Failure::io("cannot watch for signals"))?;

    let by_hand = io::stdin().is_terminal();
    let input = if by_hand {
        Input::Keyboard
    } else {
        Input::Filter {
            linger: Duration::from_secs(args.linger.into()),
        }
    };
    let session = Session::begin(&addresses, args.name, &config, &inbox, screen);
    let ended = session.and_then(|mut session| {
        session.greet(by_hand);
        if !console::in_background() {
            console::spawn_line_reader(mailer, |line| line).map_err(Failure::io("cannot read standard input"))?;
        }
        session.talk(input)
    });
    // The room is closed in order however the conversation ended.
    let closed = host.map_or(Ok(()), Host::close);
    ended.and(closed)
}
