//! The real room against the naive model, over random sequences of actions: every datagram and every member compared.

use std::num::NonZeroU32;

use chat_core::{Config, Event, Outgoing, Peer, Server, Timestamp};
use chat_proto::{Name, Text, strategy};
use chat_tests::model::room::{Room, Sent};
use proptest::collection::vec;
use proptest::prelude::*;

const IDLE_SECONDS: u32 = 20;
const MOST_MEMBERS: u32 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct At(u8);

impl Peer for At {
    type Network = ();

    fn network(&self) {}

    fn is_private(&self) -> bool {
        true
    }
}

#[derive(Clone, Debug)]
enum Action {
    Datagram(u8, Vec<u8>),
    Wait(u64),
    GoBack(u64),
    Unreachable(u8),
    Announce(String),
    Kick(&'static str),
    Close,
}

const NAMES: [&str; 5] = ["alice", "bob", "小明", "d", "Admin2"];

/// What members say, mostly about each other.
fn datagram() -> impl Strategy<Value = Vec<u8>> {
    let name = prop::sample::select(&NAMES[..]);
    let verb = prop::sample::select(&["L ", "L ", "L ", "C ", "C ", "Q ", "E ", "q ", "CHAT ", "LOGIN "][..]);
    let tail = prop::sample::select(&["", "", " hi", " ", " 吃了么", " a\u{1b}b", ":hi", " #", " ~1", "\n"][..]);
    prop_oneof![
        12 => (verb, name, tail).prop_map(|(verb, name, tail)| format!("{verb}{name}{tail}").into_bytes()),
        1 => (980..1_030_usize).prop_map(|len| format!("C alice {}", "x".repeat(len)).into_bytes()),
        3 => strategy::nearly_valid_datagram(),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let address = 0..5_u8;
    prop_oneof![
        30 => (address.clone(), datagram()).prop_map(|(from, datagram)| Action::Datagram(from, datagram)),
        6 => (0..12_000_u64).prop_map(Action::Wait),
        1 => (0..12_000_u64).prop_map(Action::GoBack),
        6 => address.prop_map(Action::Unreachable),
        2 => "[ -~]{0,20}".prop_map(Action::Announce),
        2 => prop::sample::select(&NAMES[..]).prop_map(Action::Kick),
        1 => prop::bool::weighted(0.1).prop_map(|close| if close { Action::Close } else { Action::Wait(1) }),
    ]
}

/// What was sent, in order; the recipients of each payload sorted. Checks what holds for every output.
fn sent(outgoing: &Outgoing<'_, At>) -> Vec<Sent> {
    let sent: Vec<Sent> = outgoing
        .transmits()
        .map(|transmit| {
            let mut to: Vec<u8> = transmit.to.iter().map(|at| at.0).collect();
            to.sort_unstable();
            let each_once = to.windows(2).all(|pair| pair[0] != pair[1]);
            assert!(each_once, "nobody gets the same datagram twice: {to:?}");
            assert!(
                transmit.payload.len() <= 1_024,
                "a datagram of {} bytes",
                transmit.payload.len()
            );
            (
                to,
                String::from_utf8(transmit.payload.to_vec()).expect("only UTF-8 is sent"),
            )
        })
        .collect();
    assert!(sent.len() <= 3, "at most 2 and one per end word: {sent:?}");
    sent
}

/// What the model sends, without what goes to nobody.
fn heard(expected: Vec<Sent>) -> Vec<Sent> {
    expected.into_iter().filter(|(to, _)| !to.is_empty()).collect()
}

/// Everything that is due is done, one removal a call, and each is one that the model agrees with.
fn let_time_pass(server: &mut Server<At>, model: &mut Room, now: u64) {
    let moment = Timestamp::from_millis(now);
    while server.poll_timeout().is_some_and(|due| due <= moment) {
        let outgoing = server.handle_timeout(moment);
        match outgoing.event() {
            Event::Left { name, .. } => {
                assert!(
                    model.idle(now).contains(&name.to_string()),
                    "{name} was removed and was not idle"
                );
                assert_eq!(
                    sent(&outgoing),
                    heard(model.remove(name.as_str())),
                    "the removal of {name}"
                );
            }
            event => assert_eq!(event, Event::Nothing, "nothing else is due"),
        }
    }
    assert_eq!(
        model.idle(now),
        [] as [&str; 0],
        "nobody stays longer than the idle limit"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_room_does_what_the_naive_model_does(actions in vec(action(), 1..60), with_limit: bool) {
        let mut config = Config::default();
        config.max_members = NonZeroU32::new(MOST_MEMBERS);
        config.idle_limit_seconds = NonZeroU32::new(IDLE_SECONDS).filter(|_| with_limit);
        let mut server = Server::new(config);
        let mut model = Room::new(MOST_MEMBERS as usize, with_limit.then_some(u64::from(IDLE_SECONDS) * 1_000));
        let mut now = 1_000_000;

        for action in actions {
            let moment = Timestamp::from_millis(now);
            let (real, expected) = match &action {
                Action::Datagram(from, datagram) => {
                    (sent(&server.handle(moment, At(*from), datagram)), model.receive(now, *from, datagram))
                }
                Action::Wait(millis) => {
                    now += millis;
                    let_time_pass(&mut server, &mut model, now);
                    (vec![], vec![])
                }
                Action::GoBack(millis) => {
                    now = now.saturating_sub(*millis);
                    let_time_pass(&mut server, &mut model, now);
                    (vec![], vec![])
                }
                Action::Unreachable(at) => {
                    (sent(&server.handle_unreachable(moment, At(*at))), model.unreachable(now, *at))
                }
                Action::Announce(text) => {
                    let words = Text::new(text).expect("printable ASCII");
                    (sent(&server.announce(words)), model.announce(text))
                }
                Action::Kick(name) => {
                    let kicked = server.kick(Name::new(name).expect("a name"));
                    (kicked.map(|outgoing| sent(&outgoing)).unwrap_or_default(), model.remove(name))
                }
                Action::Close => (sent(&server.shutdown()), model.close()),
            };
            prop_assert_eq!(real, heard(expected), "what {:?} caused", action);

            let mut members: Vec<(String, u8)> = server.members().map(|(name, at)| (name.to_string(), at.0)).collect();
            members.sort();
            prop_assert_eq!(&members, &model.members(), "who is in after {:?}", action);
            let unique = members.windows(2).all(|pair| pair[0].0 != pair[1].0);
            prop_assert!(unique, "names are unique: {:?}", members);
            prop_assert_eq!(server.stats().members, members.len() as u64);
        }
    }
}
