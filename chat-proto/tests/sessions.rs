//! Sizes and limits of a session's datagrams: PROTOCOL.md, "Sessions: datagrams". The laws of their
//! grammar are in grammar.rs.

// Shared functions panic to report a failure, as the tests themselves do.
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use chat_proto::{
    DataWriter, EncodeError, FILLED_SESSION_DATAGRAM, Header, Id, Line, MAX_NAME, MAX_NUMBER,
    MAX_SESSION_DATAGRAM, MAX_TEXT, Name, SessionMessage,
};

/// The header whose numbers have the most digits.
const LONGEST: Header = Header {
    sid: Id(u64::MAX),
    number: MAX_NUMBER,
    echo: MAX_NUMBER,
    first: MAX_NUMBER,
    ack: MAX_NUMBER,
};

/// Returns the datagram that a writer writes behind the longest header.
fn written(write: impl FnOnce(&mut DataWriter<'_>)) -> String {
    let mut buffer = [0; MAX_SESSION_DATAGRAM];
    let mut writer = DataWriter::new(&mut buffer, &LONGEST).expect("a valid header");
    write(&mut writer);
    String::from_utf8(writer.finish().to_vec()).expect("UTF-8")
}

#[test]
fn the_largest_line_fits_beside_all_control_lines() {
    let (log, same_place) = (Id(u64::MAX), true);
    let start = Line::Start { log, same_place };
    let datagram = written(|writer| assert!(writer.line(&start)));
    assert_eq!(datagram.len(), 109, "no hello is shorter");

    let text = format!("{} : {}", "n".repeat(MAX_NAME), "x".repeat(MAX_TEXT));
    let lines = [
        start,
        Line::Ask,
        Line::Age(MAX_NUMBER),
        Line::Numbered(&text),
    ];
    let datagram = written(|writer| assert!(lines.iter().all(|line| writer.line(line))));
    assert_eq!(datagram.len(), 1156);
}

#[test]
fn a_writer_fills_1160_bytes_or_its_buffer() {
    let room = FILLED_SESSION_DATAGRAM - written(|_| ()).len() - "\n".len();
    let [fitting, longer] = [room, room + 1].map(|length| "x".repeat(length));
    let filled = written(|writer| {
        assert!(!writer.line(&Line::Numbered(&longer)), "a byte too long");
        assert!(writer.line(&Line::Numbered(&fitting)), "just long enough");
        assert!(!writer.line(&Line::Numbered("")), "a line feed too long");
    });
    assert_eq!(filled.len(), 1160);

    let mut buffer = [0; 90];
    let mut writer = DataWriter::new(&mut buffer, &LONGEST).expect("87 bytes");
    assert!(!writer.line(&Line::Numbered("abc")), "the buffer is full");
    assert!(writer.line(&Line::Numbered("ab")), "90 bytes");
    let (needed, available) = (87, 86);
    let too_small = EncodeError::BufferTooSmall { needed, available };
    let error = DataWriter::new(&mut [0; 86], &LONGEST).err();
    assert_eq!(error, Some(too_small));
}

#[test]
fn a_page_has_the_first_names_and_claims_no_false_end() {
    let name = |text: &str| Name::new(text).expect("a valid name");
    let all: Vec<_> = (0..99).map(|i| name(&"n".repeat(i % 30 + 1))).collect();
    let datagram = written(|writer| assert!(writer.members(None, all.clone())));
    let (_, page) = datagram.split_once("\n~m ~ ").expect("a page");
    let count = page.split(' ').count();
    assert!(page.split(' ').eq(all[..count].iter().map(Name::as_str)));
    let next = datagram.len() + " ".len() + all[count].as_str().len();
    assert!(next > FILLED_SESSION_DATAGRAM, "{next} bytes would fit");

    let (alice, bob) = (name("alice"), name("bob"));
    let room = FILLED_SESSION_DATAGRAM - written(|_| ()).len();
    let filler = "x".repeat(room + 1 - "\n\n~m bob alice".len());
    let datagram = written(|writer| {
        assert!(writer.line(&Line::Numbered(&filler)), "a byte too few left");
        assert!(!writer.members(Some(bob), [alice]), "no room for alice");
        assert!(writer.members(Some(bob), []), "room for a page that ends");
        assert!(!writer.members(Some(bob), []), "no room");
    });
    assert!(datagram.ends_with("x\n~m bob"), "{datagram}");
}

#[test]
fn values_that_would_not_be_read_are_not_written() {
    let mut buffer = [0; MAX_SESSION_DATAGRAM];
    let invalid = Some(EncodeError::InvalidField);
    for (place, number) in (0..4).flat_map(|place| [(place, 0), (place, MAX_NUMBER + 1)]) {
        let mut header = LONGEST;
        let mut numbers = [1; 4];
        numbers[place] = number;
        [header.number, header.echo, header.first, header.ack] = numbers;
        let error = DataWriter::new(&mut buffer, &header).err();
        let expected = invalid.filter(|_| (place, number) != (1, 0));
        assert_eq!(error, expected, "{header:?}");
    }
    let longest = format!("{:x<1200}", "~D 0123456789abcdef 1 0 1 1\n");
    let read = SessionMessage::decode(longest.as_bytes());
    let Ok(SessionMessage::Data(_, lines)) = read else {
        panic!("{read:?}");
    };
    let error = SessionMessage::Data(LONGEST, lines).encode(&mut buffer);
    let needed = 1260;
    assert_eq!(error, Err(EncodeError::DatagramTooLong { needed }));

    let written = written(|writer| {
        let texts = ["a\nb", "~", "~?"].map(Line::Numbered);
        let ignored = ["a", "~?", "~\n"].map(Line::Ignored);
        assert!(!texts.iter().chain(&ignored).any(|line| writer.line(line)));
        assert!(!writer.line(&Line::Age(MAX_NUMBER + 1)));
    });
    assert!(!written.contains('\n'), "{written}");
}
