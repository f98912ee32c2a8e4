//! `chat bench`: what a server costs and how fast it is, beside the least that the system allows.
//!
//! Everything is measured in rounds. In each round every server gets the same lines, a part of them
//! at a time and one server after the other while the others sleep, and ratios are taken within a
//! round: what disturbs the machine for longer than a part takes disturbs all of them alike.
//!
//! | file | role |
//! |---|---|
//! | `args` | the options |
//! | `measure` | the rounds |
//! | `target` | a server that is driven, and its rounds |
//! | `child`, `peer` | the processes that are started, and what they do |
//! | `cores`, `cpu` | who runs where, and how much CPU time it used |
//! | `crowd`, `login`, `drive`, `stamp` | the members, and what they say and hear |
//! | `statistics`, `report` | what that means, and how it is shown |

mod args;
mod child;
mod cores;
mod cpu;
mod crowd;
mod drive;
mod error;
mod login;
mod measure;
mod peer;
mod progress;
mod report;
mod stamp;
mod statistics;
mod target;

use std::io::{self, Write};

pub(crate) use args::{BenchArgs, PeerArgs};
pub(crate) use error::BenchError;
pub(crate) use peer::run as peer;

use crate::address;
use crate::failure::{Doing, Failure};
use crate::json;
use crate::platform::inbox::inbox;
use crate::platform::signals::on_stop_signal;

use crowd::Room;
use measure::Measurement;

pub(crate) fn bench(args: &BenchArgs) -> Result<(), Failure> {
    let room = match &args.server {
        None => None,
        // The first that the name stands for: a measurement is of one.
        Some(server) => Some(Room {
            address: address::resolve(server)?.first,
            dialect: args.spoken.dialect(),
        }),
    };
    // Nothing but the switch is used.
    let (inbox, _) = inbox::<()>(1).map_err(Failure::io(Doing::WatchSignals))?;
    on_stop_signal(inbox.stop_switch()).map_err(Failure::io(Doing::WatchSignals))?;
    if cfg!(debug_assertions) {
        eprintln!(
            "warning: this is a debug build, whose figures mean little; use `cargo run --release`"
        );
    }
    let measurement = Measurement::new(args, room, inbox.stop_switch());
    measurement.of(&args.members, &mut |report| {
        let shown = if args.json {
            json::line(report)
        } else {
            report.to_string()
        };
        writeln!(io::stdout(), "{shown}").map_err(BenchError::io("cannot print the result"))
    })?;
    Ok(())
}
