//! The command line.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::str::FromStr;

use chat_core::{Config, Rate};
use chat_proto::{Dialect, DialectError, EndWords, Language, Name, Prefix, Verbs, Word};
use clap::builder::FalseyValueParser;
use clap::{Parser, Subcommand, ValueEnum};

#[cfg(target_os = "linux")]
use crate::bench::{BenchArgs, PeerArgs};
use crate::failure::Failure;

/// A chat room over UDP: log in, chat, quit.
#[derive(Debug, Parser)]
#[command(name = "chat", version, max_term_width = 100)]
#[command(
    after_help = "Example:\n  chat join alice        in one terminal: hosts the room, for nobody else does\n  chat join bob          in a second one: joins it\n\nThe address is 127.0.0.1:8888 unless --bind, --server or the environment variable CHAT_ADDRESS says otherwise."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a room for others; lines typed here are spoken by the operator
    Serve(ServeArgs),
    /// Enter a room and chat (a filter when standard input is not a terminal)
    Join(JoinArgs),
    /// Say one thing and leave
    Send(SendArgs),
    /// Measure what a server costs and how fast it is
    #[cfg(target_os = "linux")]
    Bench(BenchArgs),
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    BenchPeer(PeerArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// Where to listen; port 0 takes any that is free [default: 127.0.0.1:8888]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) bind: Option<String>,
    /// The word that answers an accepted login
    #[arg(long, value_name = "WORD", default_value = "OK")]
    success: Word,
    /// The words that answer a quit, all of them in this order
    #[arg(long, value_name = "WORD[,WORD…]", value_delimiter = ',', default_value = "EXIT")]
    end: Vec<Word>,
    /// What stands in front of every line for the members
    #[arg(long, value_enum, default_value_t = PrefixArg::None)]
    prefix: PrefixArg,
    /// The language of notices and refusals
    #[arg(long, value_enum, default_value_t = LanguageArg::En)]
    lang: LanguageArg,
    /// Under which name the console speaks [default: admin, or 管理员 with --lang zh]
    #[arg(long, value_name = "NAME")]
    operator: Option<Name>,
    /// Reserve another name, and every name that contains it (admin and 管理员 always are); may be repeated
    #[arg(long, value_name = "NAME")]
    reserve: Vec<Name>,
    /// The most members at one time, or `off`
    #[arg(long, value_name = "N", default_value = "16384")]
    max_members: Limit,
    /// The most members from one IPv4 address or IPv6 /64, or `off`
    #[arg(long, value_name = "N", default_value = "4096")]
    max_per_network: Limit,
    /// Remove members of whom nothing was heard for so long, or `off`
    #[arg(long, value_name = "SECONDS", default_value = "off")]
    idle_limit: Limit,
    /// How many lines a second one member may say, and how many at once, or `off`
    #[arg(long, value_name = "RATE:BURST", default_value = "200:2000")]
    line_rate: RateLimit,
    /// How many bytes a second one member may say, and how many at once, or `off`
    #[arg(long, value_name = "RATE:BURST", default_value = "262144:2097152")]
    byte_rate: RateLimit,
    /// How many logins a second one IPv4 address or IPv6 /64 may send, and how many at once, or `off`
    #[arg(long, value_name = "RATE:BURST", default_value = "64:4096")]
    login_rate: RateLimit,
    /// Of how many networks the logins are counted at one time
    #[arg(long, value_name = "N", default_value = "16384")]
    tracked_networks: NonZeroU32,
    /// How many answers a second strangers get, all together, and how many at once, or `off`
    #[arg(long, value_name = "RATE:BURST", default_value = "1000:1000")]
    reply_rate: RateLimit,
    /// Remove members at public addresses that say nothing after so many bytes of the room's traffic, or `off`
    #[arg(long, value_name = "BYTES", default_value = "1048576")]
    silent_limit: Limit,
    /// Keep the bans in this file, so that they survive a restart
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sending: SendingArgs,
    /// Print no line per event
    #[arg(long, conflicts_with = "json")]
    pub(crate) quiet: bool,
    /// Print a JSON object per event on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

/// What whoever runs a room can say about the way its datagrams take.
#[derive(Debug, clap::Args)]
pub(crate) struct SendingArgs {
    /// Send each datagram of a room that runs here with a system call of its own, not up to 64 with one
    #[arg(long, env = "CHAT_NO_BATCH", value_parser = FalseyValueParser::new())]
    pub(crate) no_batch: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ServerArgs {
    /// The words that begin the server's requests, such as L,C,E or LOGIN,CHAT,EXIT
    #[arg(long, value_name = "L,C,Q", default_value = "L,C,Q")]
    verbs: VerbsArg,
}

#[derive(Debug, clap::Args)]
pub(crate) struct JoinArgs {
    /// Under which name: 1 to 32 bytes without blanks and colons
    pub(crate) name: Name,
    /// Which room; without it, the default address, where the room is hosted when nobody does
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) server: Option<String>,
    #[command(flatten)]
    pub(crate) spoken: ServerArgs,
    /// Repeat the login so often, which keeps a member in rooms with an idle limit (some servers die of it), or `off`
    #[arg(long, value_name = "SECONDS", default_value = "off")]
    pub(crate) keep_alive: Limit,
    /// Stay so long after the end of the input when it is not a terminal
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) linger: u32,
    #[command(flatten)]
    pub(crate) sending: SendingArgs,
    /// Print a JSON object per event
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SendArgs {
    /// Under which name: 1 to 32 bytes without blanks and colons
    pub(crate) name: Name,
    /// What to say; several words are joined by blanks
    #[arg(required = true)]
    pub(crate) text: Vec<String>,
    /// Which room [default: 127.0.0.1:8888]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) server: Option<String>,
    #[command(flatten)]
    pub(crate) spoken: ServerArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PrefixArg {
    /// A line feed
    Newline,
    /// Nothing
    None,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LanguageArg {
    /// English
    En,
    /// Chinese
    Zh,
}

/// A number from 1, or `off`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit(pub(crate) Option<NonZeroU32>);

impl FromStr for Limit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self(None));
        }
        text.parse()
            .map(|number| Self(Some(number)))
            .map_err(|_| "write a whole number from 1 to 4294967295, or `off`")
    }
}

/// So many a second and so many at once, or `off`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateLimit(Option<Rate>);

impl FromStr for RateLimit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self(None));
        }
        let rate = text.split_once(':').and_then(|(per_second, burst)| {
            Some(Rate {
                per_second: per_second.parse().ok()?,
                burst: burst.parse().ok()?,
            })
        });
        rate.map(|rate| Self(Some(rate)))
            .ok_or("write two whole numbers from 1 with a colon between them, such as 200:2000, or `off`")
    }
}

/// Three words, separated by commas.
#[derive(Clone, Copy, Debug)]
struct VerbsArg(Verbs);

impl FromStr for VerbsArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = text.split(',').collect();
        let [login, chat, quit] = words.as_slice() else {
            return Err("write three words with commas between them, such as LOGIN,CHAT,EXIT".into());
        };
        let word = |text: &str| Word::new(text).map_err(|error| error.to_string());
        Verbs::new(word(login)?, word(chat)?, word(quit)?)
            .map(Self)
            .map_err(|error| error.to_string())
    }
}

impl ServeArgs {
    /// What the room is to be like.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let usage = |error: DialectError| Failure::Usage(format!("--success and --end: {error}"));
        let ends = EndWords::new(&self.end).map_err(usage)?;
        let dialect = Dialect::lenient()
            .with_words(self.success, ends)
            .map_err(usage)?
            .with_prefix(match self.prefix {
                PrefixArg::Newline => Prefix::Newline,
                PrefixArg::None => Prefix::None,
            })
            .with_language(match self.lang {
                LanguageArg::En => Language::English,
                LanguageArg::Zh => Language::Chinese,
            });
        let mut config = Config::new(dialect);
        config.operator = self.operator.unwrap_or(config.operator);
        config.reserved.extend(&self.reserve);
        config.max_members = self.max_members.0;
        config.max_members_per_network = self.max_per_network.0;
        config.idle_limit_seconds = self.idle_limit.0;
        config.member_lines = self.line_rate.0;
        config.member_bytes = self.byte_rate.0;
        config.network_logins = self.login_rate.0;
        config.tracked_networks = self.tracked_networks;
        config.stranger_replies = self.reply_rate.0;
        config.silent_traffic_bytes = self.silent_limit.0.map(NonZeroU64::from);
        Ok(config)
    }
}

impl ServerArgs {
    /// How the server is spoken to.
    pub(crate) fn dialect(&self) -> Dialect {
        Dialect::lenient().with_verbs(self.verbs.0)
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, FromArgMatches};

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn batches_are_sent_unless_the_command_line_says_otherwise() {
        for (arguments, expected) in [
            (&["chat", "serve"][..], false),
            (&["chat", "serve", "--no-batch"], true),
        ] {
            let matches = Args::command()
                .mut_subcommand("serve", |serve| {
                    serve.mut_arg("no_batch", |option| option.env(None::<&str>))
                })
                .get_matches_from(arguments);
            let Command::Serve(args) = Args::from_arg_matches(&matches).unwrap().command else {
                panic!("serve was asked for");
            };
            assert_eq!(args.sending.no_batch, expected, "{arguments:?}");
        }
    }

    #[test]
    fn a_limit_is_a_number_or_off() {
        assert_eq!("off".parse::<Limit>().unwrap().0, None);
        assert_eq!("7".parse::<Limit>().unwrap().0, NonZeroU32::new(7));
        for text in ["0", "-1", "", "many"] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_rate_is_two_numbers_or_off() {
        assert_eq!("off".parse::<RateLimit>().unwrap().0, None);
        let rate = "2:30".parse::<RateLimit>().unwrap().0.unwrap();
        assert_eq!((rate.per_second.get(), rate.burst.get()), (2, 30));
        for text in ["0:1", "1:0", "1", "", ":", "1:2:3", "-1:2", "1:many"] {
            assert!(text.parse::<RateLimit>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_options_defaults_are_the_librarys() {
        let Command::Serve(args) = Args::parse_from(["chat", "serve"]).command else {
            panic!("serve was asked for");
        };
        let (ours, theirs) = (args.config().unwrap(), Config::default());
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    }

    #[test]
    fn help_fits_a_screen() {
        let help = Args::command().render_help().to_string();
        assert!(help.lines().count() <= 24, "{help}");
    }
}
