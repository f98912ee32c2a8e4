//! The laws of the grammar under proptest, over values and over bytes.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use allocation_counter::measure;
use arbitrary::{Arbitrary, Unstructured};
use chat_proto::strategy;
use chat_proto::{
    Delivery, DeliveryBuf, Dialect, Name, Reading, Reply, ReplyBuf, Request, RequestBuf, Word,
};
use chat_tests::laws::{self, Message};
use proptest::prelude::*;

/// Any dialect, in either reading.
fn dialect() -> impl Strategy<Value = Dialect> {
    prop_oneof![
        strategy::dialect(Reading::Strict),
        strategy::dialect(Reading::Lenient)
    ]
}

/// A dialect and a reply of a server that speaks it.
fn reply_in_dialect() -> impl Strategy<Value = (Dialect, ReplyBuf)> {
    dialect().prop_flat_map(|dialect| (Just(dialect), strategy::reply(&dialect)))
}

proptest! {
    #[test]
    fn every_request_survives_in_every_dialect(request in strategy::request(), dialect in dialect()) {
        laws::survives(&request, &dialect);
    }

    #[test]
    fn every_reply_survives_in_its_dialect((dialect, reply) in reply_in_dialect()) {
        laws::survives(&reply, &dialect);
    }

    #[test]
    fn every_delivery_survives_in_every_dialect(delivery in strategy::delivery(), dialect in dialect()) {
        laws::survives(&delivery, &dialect);
    }

    #[test]
    fn nearly_valid_datagrams_obey_the_laws_in_the_known_dialects(bytes in strategy::nearly_valid_datagram()) {
        laws::parse_request(&bytes);
        laws::parse_reply(&bytes);
        laws::parse_delivery(&bytes);
    }

    #[test]
    fn nearly_valid_datagrams_obey_the_laws_in_any_dialect(
        bytes in strategy::nearly_valid_datagram(),
        dialect in dialect(),
    ) {
        laws::datagram::<RequestBuf>(&bytes, &dialect);
        laws::datagram::<ReplyBuf>(&bytes, &dialect);
        laws::datagram::<DeliveryBuf>(&bytes, &dialect);
    }

    #[test]
    fn any_bytes_obey_the_laws(bytes in prop::collection::vec(any::<u8>(), 0..1100)) {
        laws::parse_request(&bytes);
        laws::parse_reply(&bytes);
        laws::parse_delivery(&bytes);
    }

    #[test]
    fn values_drawn_from_a_fuzzers_bytes_are_valid(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut source = Unstructured::new(&bytes);
        if let Ok(name) = Name::arbitrary(&mut source) {
            prop_assert_eq!(Name::new(name.as_str()), Ok(name), "a name that its constructor refuses");
        }
        if let Ok(word) = Word::arbitrary(&mut source) {
            prop_assert_eq!(Word::new(word.as_str()), Ok(word), "a word that its constructor refuses");
        }
        let Ok(dialect) = Dialect::arbitrary(&mut source) else { return Ok(()) };
        if let Ok(request) = RequestBuf::arbitrary(&mut source) {
            laws::survives(&request, &dialect);
        }
        if let Ok(delivery) = DeliveryBuf::arbitrary(&mut source) {
            laws::survives(&delivery, &dialect);
        }
        if let Ok(reply) = ReplyBuf::arbitrary(&mut source)
            && reply.belongs_to(&dialect)
        {
            laws::survives(&reply, &dialect);
        }
    }

    #[test]
    fn values_drawn_from_any_bytes_survive_in_the_known_dialects(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        laws::request_value(&bytes);
        laws::reply_value(&bytes);
        laws::delivery_value(&bytes);
    }

    #[test]
    fn reading_and_writing_allocate_nothing(bytes in strategy::nearly_valid_datagram(), dialect in dialect()) {
        let mut buffer = [0; chat_proto::MAX_DATAGRAM];
        let used = measure(|| {
            if let Ok(request) = Request::decode(&bytes, &dialect) {
                let _ = request.encode(&dialect, &mut buffer);
            }
            if let Ok(reply) = Reply::decode(&bytes, &dialect) {
                let _ = reply.encode(&dialect, &mut buffer);
            }
            if let Ok(delivery) = Delivery::decode(&bytes, &dialect) {
                let _ = delivery.encode(&dialect, &mut buffer);
            }
        });
        prop_assert_eq!(used.count_total, 0, "{} allocated {} bytes", bytes.escape_ascii(), used.bytes_total);
    }

    #[test]
    fn names_that_are_equal_are_equal_in_every_way(one in strategy::name(), other in strategy::name()) {
        let hash = |name: &Name| {
            let mut hasher = DefaultHasher::new();
            name.hash(&mut hasher);
            hasher.finish()
        };
        prop_assert_eq!(one.cmp(&other), one.as_str().cmp(other.as_str()), "names are ordered like their strings");
        prop_assert_eq!(one == other, one.as_str() == other.as_str());
        prop_assert_eq!(hash(&one), hash(&Name::new(one.as_str()).unwrap()));
    }
}

/// The counter counts: without this, the law above could hold because nothing is measured.
#[test]
fn the_allocation_counter_sees_an_allocation() {
    let used = measure(|| drop(std::hint::black_box(Box::new(1))));
    assert_eq!(used.count_total, 1);
}

/// The documented exceptions, so that a change of one of them shows.
mod exceptions {
    use super::*;

    #[test]
    fn a_hash_sign_is_a_quit_only_to_a_lenient_dialect_with_that_end_word() {
        let name = Name::new("bob").unwrap();
        for dialect in laws::dialects() {
            for reading in [Reading::Strict, Reading::Lenient] {
                let dialect = dialect.with_reading(reading);
                let line = RequestBuf::Chat {
                    name,
                    text: "#".parse().unwrap(),
                };
                let mut buffer = [0; chat_proto::MAX_DATAGRAM];
                let written = line.encode(&dialect, &mut buffer).unwrap();
                let read = Request::decode(written, &dialect).unwrap().to_buf();
                let expected = if laws::quit_by_text(&dialect) {
                    Request::Quit { name }
                } else {
                    line
                };
                assert_eq!(read, expected, "{dialect:?}");
            }
        }
    }

    #[test]
    fn the_longest_line_under_the_longest_name_fits_only_behind_a_verb_of_one_byte() {
        let line = RequestBuf::Chat {
            name: Name::new(&"n".repeat(32)).unwrap(),
            text: "x".repeat(988).parse().unwrap(),
        };
        let mut buffer = [0; 2048];
        let [plain, _, long, ..] = laws::dialects();
        assert_eq!(line.encode(&plain, &mut buffer).map(<[u8]>::len), Ok(1023));
        assert_eq!(
            line.encode(&long, &mut buffer),
            Err(chat_proto::EncodeError::DatagramTooLong { needed: 1026 })
        );
    }
}
