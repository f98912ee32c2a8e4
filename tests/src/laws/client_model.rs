//! The real client against the naive model, over a configuration and actions that are read from any
//! bytes.

use std::fmt::{Debug, Write};
use std::num::NonZeroU32;

use arbitrary::{Result, Unstructured};
use chat_core::{Client, ClientConfig, ClientEvent, ClientOutgoing, SayError, Timestamp};
use chat_proto::{EncodeError, MAX_DATAGRAM, Name, Reading, Request, Text};

use super::client_actions::{Action, configuration};
use crate::model::client::{Client as Model, Outcome, Told, Unsaid};

/// So many actions are read at most.
const MOST_ACTIONS: usize = 64;

/// So many of them happen to a client that is done before the next one begins.
const AFTER_THE_END: usize = 4;

/// So often something may be due at one moment: every call puts the next deadline into the future
/// or ends the client.
const MOST_DUE_AT_ONCE: usize = 3;

/// The real client does what the model does, call by call: the event, what is sent, the deadline,
/// whether it is in and whether it is done. Beyond that, whatever the model says:
///
/// * What is due is done in a few calls; then the next deadline lies in the future.
/// * Only valid requests of the client's own dialect, under its own name, are sent, and one quit at
///   most.
/// * What is done stays done, and sends nothing.
pub fn client_model(bytes: &[u8]) {
    let mut source = Unstructured::new(bytes);
    let mut left = MOST_ACTIONS;
    while !source.is_empty() && left > 0 {
        if live(&mut source, &mut left).is_err() {
            return;
        }
    }
}

/// One client, from its configuration to a few actions after its end.
fn live(source: &mut Unstructured<'_>, left: &mut usize) -> Result<()> {
    let mut run = Run::begin(source)?;
    let mut after_the_end = 0;
    while !source.is_empty() && *left > 0 && after_the_end < AFTER_THE_END {
        *left -= 1;
        after_the_end += usize::from(run.real.is_done());
        run.step(Action::read(source, &run.config.dialect)?);
    }
    run.settle();
    Ok(())
}

/// One client, its model, and what happened to them.
struct Run {
    config: ClientConfig,
    name: Name,
    real: Client,
    model: Model,
    now: u64,
    actions: Vec<Action>,
    quits: u32,
}

impl Run {
    fn begin(source: &mut Unstructured<'_>) -> Result<Self> {
        let (name, dialect, keep_alive) = configuration(source)?;
        let mut config = ClientConfig::default();
        config.dialect = dialect;
        config.keep_alive_seconds = keep_alive;
        Ok(Self {
            config,
            name,
            real: Client::new(name, config),
            model: Model::new(name.as_str(), dialect, keep_alive.map(NonZeroU32::get)),
            now: 1_000_000,
            actions: Vec::new(),
            quits: 0,
        })
    }

    fn step(&mut self, action: Action) {
        self.actions.push(action.clone());
        let now = Timestamp::from_millis(self.now);
        match action {
            Action::Login => {
                let real = plain(&self.real.login(now));
                let model = self.model.login(self.now);
                self.compare(&real, &model);
            }
            Action::Receive(datagram) => {
                let real = plain(&self.real.handle(now, &datagram.0));
                let model = self.model.receive(self.now, &datagram.0);
                self.compare(&real, &model);
            }
            Action::Say(text) => {
                let words = Text::new(&text).expect("the actions only hold valid texts");
                let real = match self.real.say(now, words) {
                    Ok(outgoing) => Ok(plain(&outgoing)),
                    Err(SayError::NotIn) => Err(Unsaid::NotIn),
                    Err(SayError::Encode(EncodeError::DatagramTooLong { needed })) => {
                        Err(Unsaid::TooLong(needed))
                    }
                    Err(error) => panic!("an error that no model has: {error}"),
                };
                let model = self.model.say(&text);
                if let (Ok(real), Ok(model)) = (&real, &model) {
                    self.compare(real, model);
                } else {
                    self.same("whether a line is said", &real, &model);
                    self.compare_state();
                }
            }
            Action::Quit => {
                let real = plain(&self.real.quit(now));
                let model = self.model.quit(self.now);
                self.compare(&real, &model);
            }
            Action::Unreachable => {
                let real = plain(&self.real.handle_unreachable(now));
                let model = self.model.unreachable(self.now);
                self.compare(&real, &model);
            }
            Action::TimeOut => self.time_out(),
            Action::Wait(millis) => {
                self.now += millis;
                self.settle();
            }
            Action::Oversleep(millis) => self.now += millis,
            Action::WaitUntilDue => {
                self.now = self
                    .now
                    .max(self.real.poll_timeout().map_or(0, Timestamp::as_millis));
                self.settle();
            }
            Action::GoBack(millis) => {
                self.now = self.now.saturating_sub(millis);
                self.settle();
            }
        }
    }

    fn time_out(&mut self) {
        let real = plain(&self.real.handle_timeout(Timestamp::from_millis(self.now)));
        let model = self.model.time_out(self.now);
        self.compare(&real, &model);
    }

    /// Does what is due.
    fn settle(&mut self) {
        for _ in 0..MOST_DUE_AT_ONCE {
            if !self.is_due() {
                return;
            }
            self.time_out();
        }
        assert!(
            !self.is_due(),
            "after {MOST_DUE_AT_ONCE} calls at {} something is still due at {:?}\n{}",
            self.now,
            self.real.poll_timeout(),
            self.story()
        );
    }

    fn is_due(&self) -> bool {
        self.real
            .poll_timeout()
            .is_some_and(|due| due.as_millis() <= self.now)
    }

    fn compare(&mut self, real: &Outcome, model: &Outcome) {
        self.same("the event and what is sent", real, model);
        if let Some(datagram) = &real.1 {
            self.is_sound(datagram);
        }
        self.compare_state();
    }

    fn compare_state(&self) {
        let due = self.real.poll_timeout().map(Timestamp::as_millis);
        self.same("the deadline", &due, &self.model.due());
        self.same("is_in", &self.real.is_in(), &self.model.is_in());
        self.same("is_done", &self.real.is_done(), &self.model.is_done());
        self.same("the name", &self.real.name(), &self.name);
    }

    /// What is sent is a request that this client may send.
    fn is_sound(&mut self, datagram: &[u8]) {
        let strict = self.config.dialect.with_reading(Reading::Strict);
        let shown = datagram.escape_ascii();
        assert!(
            datagram.len() <= MAX_DATAGRAM,
            "{shown} is too long\n{}",
            self.story()
        );
        let name = match Request::decode(datagram, &strict) {
            Ok(Request::Login { name, .. } | Request::Chat { name, .. }) => name,
            Ok(Request::Quit { name }) => {
                self.quits += 1;
                name
            }
            Err(error) => panic!(
                "{shown} is sent and is no request: {error}\n{}",
                self.story()
            ),
        };
        self.same("the name that is sent", &name, &self.name);
        assert!(self.quits <= 1, "a second quit is sent\n{}", self.story());
    }

    fn same<T: Debug + PartialEq>(&self, what: &str, real: &T, model: &T) {
        assert!(
            real == model,
            "{what}: the client has {real:?}, the model {model:?}\n{}",
            self.story()
        );
    }

    /// What led here.
    fn story(&self) -> String {
        let mut story = format!("{} at {}, {:?}\n", self.name, self.now, self.config);
        for action in &self.actions {
            writeln!(story, "  {action:?}").expect("a string takes everything");
        }
        story
    }
}

/// What a call returned, as the model says it.
fn plain(outgoing: &ClientOutgoing<'_>) -> Outcome {
    let told = match outgoing.event() {
        ClientEvent::Joined { again } => Told::Joined(again),
        ClientEvent::Early { datagram } => Told::Early(datagram.to_vec()),
        ClientEvent::Refused { answer, repeated } => Told::Refused {
            answer: answer.to_vec(),
            repeated,
        },
        ClientEvent::NoAnswer => Told::NoAnswer,
        ClientEvent::Delivered(delivery) => Told::Delivered(delivery.to_buf()),
        ClientEvent::Unparsed(datagram) => Told::Unparsed(datagram.to_vec()),
        ClientEvent::LineRefused { answer } => Told::LineRefused(answer.to_vec()),
        ClientEvent::Lost(reason) => Told::Lost(reason),
        ClientEvent::StillOut { answer } => Told::StillOut(answer.to_vec()),
        ClientEvent::Ended { word } => Told::Ended(word),
        ClientEvent::Left { answered } => Told::Left(answered),
        ClientEvent::Nothing => Told::Nothing,
        event => panic!("an event that no model has: {event:?}"),
    };
    let mut transmits = outgoing.transmits();
    let sent = transmits.next().map(<[u8]>::to_vec);
    assert_eq!(transmits.next(), None, "a call sends one datagram at most");
    (told, sent)
}
