//! `chat join`: a person's client, or a filter.
//!
//! | file | role |
//! |---|---|
//! | `session` | the loop: input, socket, clock |
//! | `front` | what the state machine returns is sent and shown |
//! | `event` | what can happen, in the shape for scripts |
//! | `command` | what a person types |
//! | `keyboard` | where lines come from |
//! | `screen` | where events go |
//! | `names`, `mention` | who was seen, and who is spoken of |
//! | `transcript` | what was said, in a file |

mod command;
mod event;
mod front;
mod keyboard;
mod mention;
mod names;
pub(crate) mod screen;
pub(crate) mod session;
mod transcript;

use std::time::Duration;

use chat_core::ClientConfig;

use crate::address;
use crate::args::JoinArgs;
use crate::clock::Clock;
use crate::failure::{Doing, Failure};
use crate::host::Host;
use crate::messages::Status;
use crate::platform::inbox::inbox;
use crate::platform::signals::on_stop_signal;

use keyboard::Keyboard;
use screen::{Look, Screen};
use session::{Input, Session};
use transcript::Transcript;

pub(crate) use transcript::TranscriptError;

/// How many lines of input may wait to be said; the rest waits in the pipe.
pub(crate) const WAITING_LINES: usize = 64;

pub(crate) fn join(args: &JoinArgs) -> Result<(), Failure> {
    let look = Look {
        language: args.lang.language(),
        json: args.json,
        bell: args.bell,
    };
    let screen = Screen::new(look, args.name, Clock::start());
    let mut addresses = address::resolve(&address::or_default(args.server.as_deref()))?;
    if let Some(path) = &args.transcript {
        screen.keep(Transcript::open(path).map_err(Failure::Transcript)?);
    }
    // Only a room at the default address is opened by whoever comes first: who names a server wants
    // that one.
    let host = match &args.server {
        None => Host::open(addresses.first, &args.sending, look.language)?,
        Some(_) => None,
    };
    if let Some(host) = &host {
        let address = host.address();
        addresses = address.into();
        screen.status(&Status::Hosting { address });
    }

    let mut config = ClientConfig::default();
    config.dialect = args.spoken.dialect();
    config.keep_alive_seconds = args.keep_alive.0;
    let (inbox, mailer) = inbox(WAITING_LINES).map_err(Failure::io(Doing::MakeQueue))?;
    on_stop_signal(inbox.stop_switch()).map_err(Failure::io(Doing::WatchSignals))?;

    let by_hand = keyboard::is_a_person();
    let input = if by_hand {
        Input::Keyboard
    } else {
        Input::Filter {
            linger: Duration::from_secs(args.linger.into()),
        }
    };
    let session = Session::begin(&addresses, args.name, &config, &inbox, &screen);
    let ended = session.and_then(|mut session| {
        let _until_the_end = Keyboard::start(&screen, mailer)?;
        session.talk(input)
    });
    // The room is closed in order however the conversation ended.
    let closed = host.map_or(Ok(()), Host::close);
    ended.and(closed)
}
