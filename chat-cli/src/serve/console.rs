//! The operator's console: from a line to what it asks for.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use chat_core::proto::{Name, TextBuf, TextError};

use crate::platform::lines::Line;
use crate::room::{Banned, Command, Input, Mistake};

/// Ten years: beyond that a ban is meant for good.
const MOST_MINUTES: u32 = 10 * 366 * 24 * 60;

const KICK: &str = "/kick NAME [REASON]";
const BAN: &str = "/ban ADDRESS|NAME [MINUTES]";
const UNBAN: &str = "/unban ADDRESS|NAME";

/// What a line asks for; `None`: an empty one, which asks for nothing.
pub(super) fn read(line: Line) -> Option<Input> {
    Some(match line {
        Line::Text(text) if text.is_empty() => return None,
        Line::Text(text) => match text.strip_prefix('/') {
            Some(said) if said.starts_with('/') => say(said),
            Some(command) => command_of(command),
            None => say(&text),
        },
        Line::TooLong { bytes } => Err(Mistake::Text(TextError::TooLong {
            len: usize::try_from(bytes).unwrap_or(usize::MAX),
        })),
        Line::NotUtf8 { offset } => Err(Mistake::NotUtf8 { offset }),
    })
}

fn say(text: &str) -> Input {
    TextBuf::new(text).map(Command::Say).map_err(Mistake::Text)
}

fn command_of(line: &str) -> Input {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let alone = |command, usage| {
        if rest.is_empty() {
            Ok(command)
        } else {
            Err(Mistake::Usage(usage))
        }
    };
    match word {
        "names" => alone(Command::Names, "/names"),
        "bans" => alone(Command::Bans, "/bans"),
        "stats" => alone(Command::Stats, "/stats"),
        "help" => alone(Command::Help, "/help"),
        "quit" => alone(Command::Quit, "/quit"),
        "kick" => {
            let (name, reason) = first_word(some(rest, KICK)?);
            Ok(Command::Kick {
                name: Name::new(name).map_err(Mistake::Name)?,
                reason: (!reason.is_empty())
                    .then(|| TextBuf::new(reason))
                    .transpose()
                    .map_err(Mistake::Text)?,
            })
        }
        "ban" => {
            let (who, minutes) = first_word(some(rest, BAN)?);
            let minutes = match minutes {
                "" => None,
                minutes => {
                    let number: Option<NonZeroU32> = minutes.parse().ok();
                    let number = number.filter(|number| number.get() <= MOST_MINUTES);
                    Some(number.ok_or(Mistake::Minutes { most: MOST_MINUTES })?)
                }
            };
            Ok(Command::Ban {
                who: banned(who)?,
                minutes,
            })
        }
        "unban" => match first_word(some(rest, UNBAN)?) {
            (who, "") => Ok(Command::Unban(banned(who)?)),
            _ => Err(Mistake::Usage(UNBAN)),
        },
        _ => Err(Mistake::UnknownCommand),
    }
}

/// What can be an address is one, all else is a name.
fn banned(word: &str) -> Result<Banned, Mistake> {
    if let Ok(address) = word.parse::<IpAddr>() {
        return Ok(Banned::address(address));
    }
    if let Ok(address) = word.parse::<SocketAddr>() {
        return Err(Mistake::Port(address.ip()));
    }
    Name::new(word).map(Banned::Name).map_err(Mistake::Name)
}

fn some<'t>(rest: &'t str, usage: &'static str) -> Result<&'t str, Mistake> {
    if rest.is_empty() {
        return Err(Mistake::Usage(usage));
    }
    Ok(rest)
}

/// The first word and what follows it, without the blanks between and around them.
fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Input {
        super::read(Line::Text(line.to_owned())).unwrap()
    }

    fn said(text: &str) -> Command {
        Command::Say(TextBuf::new(text).unwrap())
    }

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn ban(who: Banned, minutes: Option<u32>) -> Command {
        let minutes = minutes.and_then(NonZeroU32::new);
        Command::Ban { who, minutes }
    }

    #[test]
    fn what_is_no_command_is_said_as_it_is() {
        assert_eq!(read("hello  all "), Ok(said("hello  all ")));
        assert_eq!(read(" /names"), Ok(said(" /names")));
        assert_eq!(read("//names"), Ok(said("/names")));
        assert_eq!(read("//"), Ok(said("/")));
        assert_eq!(super::read(Line::Text(String::new())), None);
        let long = "x".repeat(989);
        assert_eq!(
            read(&long),
            Err(Mistake::Text(TextError::TooLong { len: 989 }))
        );
        assert_eq!(
            super::read(Line::NotUtf8 { offset: 3 }),
            Some(Err(Mistake::NotUtf8 { offset: 3 }))
        );
    }

    #[test]
    fn an_unknown_command_is_an_error() {
        for line in ["/", "/ names", "/nmaes", "/NAMES", "/bann x"] {
            let wrong = read(line);
            assert_eq!(wrong, Err(Mistake::UnknownCommand), "{line}");
        }
    }

    #[test]
    fn each_command_is_read_with_what_it_needs_and_no_more() {
        for (line, command) in [
            ("/names", Command::Names),
            ("/bans ", Command::Bans),
            ("/stats", Command::Stats),
            ("/help", Command::Help),
            ("/quit", Command::Quit),
        ] {
            assert_eq!(read(line), Ok(command));
            let more = format!("{line} x");
            assert!(matches!(read(&more), Err(Mistake::Usage(_))), "{more}");
        }
        for line in ["/kick", "/ban", "/unban ", "/unban a b"] {
            assert!(matches!(read(line), Err(Mistake::Usage(_))), "{line}");
        }
        let kick = |reason: Option<&str>| {
            Ok(Command::Kick {
                name: name("小明"),
                reason: reason.map(|reason| TextBuf::new(reason).unwrap()),
            })
        };
        assert_eq!(read("/kick 小明"), kick(None));
        assert_eq!(read("/kick  小明  too  loud"), kick(Some("too  loud")));
        assert!(matches!(read("/kick a:b"), Err(Mistake::Name(_))));
        assert!(matches!(read("/kick a \u{7}"), Err(Mistake::Text(_))));
    }

    #[test]
    fn a_ban_is_of_an_address_or_else_of_a_name() {
        let address = |text: &str| Banned::Address(text.parse().unwrap());
        assert_eq!(
            read("/ban 203.0.113.7"),
            Ok(ban(address("203.0.113.7"), None))
        );
        assert_eq!(
            read("/ban ::ffff:203.0.113.7 5"),
            Ok(ban(address("203.0.113.7"), Some(5)))
        );
        assert_eq!(
            read("/ban 2001:db8::1:2:3:4"),
            Ok(ban(address("2001:db8::"), None))
        );
        assert_eq!(
            read("/ban troll 60"),
            Ok(ban(Banned::Name(name("troll")), Some(60)))
        );
        assert_eq!(
            read("/ban 203.0.113"),
            Ok(ban(Banned::Name(name("203.0.113")), None))
        );
        assert_eq!(
            read("/unban 203.0.113.7"),
            Ok(Command::Unban(address("203.0.113.7")))
        );
        let port = Err(Mistake::Port("203.0.113.7".parse().unwrap()));
        assert_eq!(read("/ban 203.0.113.7:5000"), port);
        assert!(matches!(read("/ban [::1]"), Err(Mistake::Name(_))));
        for minutes in ["0", "-1", "x", "5 6", "5270401"] {
            let line = format!("/ban troll {minutes}");
            assert!(
                matches!(read(&line), Err(Mistake::Minutes { .. })),
                "{line}"
            );
        }
    }
}
