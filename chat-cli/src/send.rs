//! `chat send`: says one thing and leaves.

use std::time::Duration;

use chat_core::ClientConfig;
use chat_core::proto::Text;

use crate::address;
use crate::args::SendArgs;
use crate::clock::Clock;
use crate::failure::{Doing, Failure};
use crate::join::screen::Screen;
use crate::join::session::{Input, Session};
use crate::platform::inbox::inbox;
use crate::platform::lines::Line;
use crate::platform::signals::on_stop_signal;

pub(crate) fn send(args: &SendArgs) -> Result<(), Failure> {
    let text = args.text.join(" ");
    Text::new(&text).map_err(Failure::CannotSay)?;
    let addresses = address::resolve(&address::or_default(args.server.as_deref()))?;
    let mut config = ClientConfig::default();
    config.dialect = args.spoken.dialect();

    let (inbox, mailer) = inbox(2).map_err(Failure::io(Doing::MakeQueue))?;
    on_stop_signal(inbox.stop_switch()).map_err(Failure::io(Doing::WatchSignals))?;
    // The line and the end of the input: the same way as through `chat join`, with nothing on the
    // screen.
    let _queue_has_room = mailer.post(Some(Line::Text(text))) && mailer.post(None);
    let screen = Screen::silent(args.lang.language(), Clock::start());
    let mut session = Session::begin(&addresses, args.name, &config, &inbox, &screen)?;
    session.talk(Input::Filter {
        linger: Duration::ZERO,
    })
}
