//! The grammar: the test vectors, the laws under proptest, and the fuzzer's committed corpora.
//!
//! tests/vectors/README.md shows the vectors of protocol.tsv, whose first lines explain the format;
//! `UPDATE=1 cargo test -p chat-proto --test grammar` writes them there instead of comparing.

// Shared functions panic to report a failure, as the tests themselves do.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]
#![allow(clippy::indexing_slicing)]

// The fuzz targets include it too, as a public module.
#[allow(unreachable_pub)]
#[path = "support/laws.rs"]
mod laws;
#[path = "support/strategies.rs"]
mod strategies;

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;

use allocation_counter::measure;
use arbitrary::{Arbitrary, Unstructured};
use chat_proto::{
    Delivery, Dialect, FromServer, Id, Line, MAX_SESSION_DATAGRAM, Name, NameError, Reason, Reply,
    Request, SessionMessage, Text, TextBuf, Verb, Word, is_invisible,
};
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use laws::Message;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;
use strategies::{dialect, name, nearly_one_of, nearly_valid_datagram, reason, text};

/// The data file, the page beside it, and the marks around the table on that page.
const VECTORS: &str = include_str!("vectors/protocol.tsv");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/README.md");
const BEGIN: &str = "<!-- vectors: begin -->\n";
const END: &str = "\n<!-- vectors: end -->";

/// Returns the rows of the data file, each behind the heading above it.
fn vectors() -> Vec<(&'static str, [&'static str; 5])> {
    let mut heading = "";
    let mut rows = Vec::new();
    for line in VECTORS.lines() {
        if let Some(next) = line.strip_prefix("## ") {
            heading = next;
        } else if !line.starts_with('#') {
            let columns = line.split('\t').collect::<Vec<_>>();
            rows.push((heading, columns.try_into().expect("five columns")));
        }
    }
    rows
}

/// Returns the bytes that an escaped column stands for.
fn unescape(column: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = column.chars();
    while let Some(character) = rest.next() {
        match character {
            '{' => {
                let (repeated, behind) = rest.as_str().split_once('}').expect("a } for every {");
                let (piece, times) = repeated.rsplit_once('*').expect("{piece*times}");
                bytes.extend(piece.repeat(times.parse().expect("a number")).bytes());
                rest = behind.chars();
            }
            '\\' => bytes.push(match rest.next() {
                Some('n') => b'\n',
                Some('r') => b'\r',
                Some('t') => b'\t',
                Some('\\') => b'\\',
                Some('x') => {
                    let digits: String = rest.by_ref().take(2).collect();
                    u8::from_str_radix(&digits, 16).expect("two digits")
                }
                _ => panic!("an unknown escape in {column}"),
            }),
            plain => bytes.extend(plain.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    bytes
}

/// Returns the dialect that options of the command line select.
fn dialect_of(options: &str) -> Dialect {
    let (option, value) = options.split_once(' ').unwrap_or((options, ""));
    let words: Vec<_> = value.split(',').collect();
    let table = match (option, value) {
        ("-", "") => json!({}),
        ("--success", _) => json!({"success": value}),
        ("--end", _) => json!({"ends": words}),
        ("--verbs", _) => json!({"verbs": words}),
        ("--prefix", "newline") => json!({"leading_newline": true}),
        ("--lang", "zh") => json!({"language": "chinese"}),
        _ => panic!("an unknown dialect: {options}"),
    };
    serde_json::from_value(table).expect(options)
}

/// Draws datagrams of sessions that are valid or nearly so.
fn nearly_valid_session() -> impl Strategy<Value = Vec<u8>> {
    let rows = vectors().into_iter().map(|(_, row)| row);
    let sessions = rows.filter(|row| row[0] == "session");
    nearly_one_of(sessions.map(|row| unescape(row[2])).collect())
}

/// Returns the value or the error that the parser reads, in the words of the data file.
fn result(reads_as: &str, datagram: &[u8], by: &Dialect) -> String {
    let quoted = |text: &str| format!(" \"{text}\"");
    let read = match reads_as {
        "request" => Request::decode(datagram, by).map(|request| match request {
            Request::Login { name, extension } => {
                let tail = extension.map(|tail| format!(" ~{tail}"));
                format!("login {name}{}", tail.unwrap_or_default())
            }
            Request::Chat { name, text } => format!("chat {name}{}", quoted(text.as_str())),
            Request::Quit { name } => format!("quit {name}"),
        }),
        "reply" => Reply::decode(datagram, by).map(|reply| match reply {
            Reply::Success => "success".into(),
            Reply::Refused { reason } => {
                let reason = reason.map(|reason| quoted(reason.as_str()));
                format!("refused{}", reason.unwrap_or_default())
            }
            Reply::End { word } => format!("end {word}"),
        }),
        "delivery" => Delivery::decode(datagram, by).map(|delivery| match delivery {
            Delivery::Said { name, text } => format!("said {name}{}", quoted(text.as_str())),
            Delivery::Joined { name } => format!("joined {name}"),
            Delivery::Left { name } => format!("left {name}"),
        }),
        "session" => SessionMessage::decode(datagram).map(session_result),
        other => panic!("nothing reads as {other}"),
    };
    read.unwrap_or_else(|error| format!("error at {}: {}", error.offset(), error.kind()))
}

/// Returns a session's message in the words of the data file.
fn session_result(message: SessionMessage<'_>) -> String {
    let or_none = |id: Option<Id>| id.map_or("none".into(), |id| id.to_string());
    match message {
        SessionMessage::Hello(hello) => {
            let (cookie, log) = (or_none(hello.cookie), or_none(hello.log));
            let (word, token, attempt) = (hello.word, hello.token, hello.attempt);
            let begin = format!("hello \"{word}\" token {token} try {attempt}");
            format!("{begin} cookie {cookie} log {log} entry {}", hello.entry)
        }
        SessionMessage::Challenge { attempt, cookie } => {
            format!("challenge try {attempt} cookie {cookie}")
        }
        SessionMessage::Refused { attempt, refusal } => {
            // serde writes the words of the wire.
            let code = json!(refusal);
            format!(
                "refused try {attempt} {}",
                code.as_str().unwrap_or("closed")
            )
        }
        SessionMessage::Unknown(sid) => format!("unknown sid {sid}"),
        SessionMessage::End { sid, code, text } => {
            let text = text.map(|text| format!(" \"{text}\"")).unwrap_or_default();
            format!("end sid {sid} {}{text}", json!(code).as_str().unwrap())
        }
        SessionMessage::Data(header, lines) => {
            let (sid, n, echo) = (header.sid, header.number, header.echo);
            let (first, ack) = (header.first, header.ack);
            let lines: String = lines.iter().map(line_result).collect();
            format!("data sid {sid} n {n} echo {echo} first {first} ack {ack}{lines}")
        }
    }
}

fn line_result(line: Line<'_>) -> String {
    let or_none = |after: Option<Name>| after.map_or("none".into(), |name| name.to_string());
    match line {
        Line::Numbered(line) => format!("; line \"{line}\""),
        Line::Ignored(_) => "; ignored".into(),
        Line::Start { log, same_place } => {
            let mark = if same_place { " same place" } else { "" };
            format!("; start log {log}{mark}")
        }
        Line::Age(seconds) => format!("; age {seconds}"),
        Line::Ask => "; ask".into(),
        Line::Names(after) => format!("; names after {}", or_none(after)),
        Line::Members { after, names } => {
            let names: Vec<_> = names.iter().map(|name| name.to_string()).collect();
            format!("; members after {} [{}]", or_none(after), names.join(" "))
        }
    }
}

#[test]
fn the_parser_reads_each_vector_as_the_data_file_says() {
    let vectors = vectors();
    for (_, [reads_as, options, datagram, strict, lenient]) in &vectors {
        let bytes = unescape(datagram);
        let lenient = if *lenient == "=" { strict } else { lenient };
        for (is_lenient, expected) in [(false, strict), (true, lenient)] {
            let by = dialect_of(options).with_lenient_reading(is_lenient);
            let expected = String::from_utf8(unescape(expected)).expect("a result is UTF-8");
            let result = result(reads_as, &bytes, &by);
            assert_eq!(result, expected, "{datagram} by {by:?}");
        }
        laws::parse(&bytes, &dialect_of(options));
        laws::parse_session(&bytes);
    }
    assert!(vectors.len() >= 80, "only {} vectors", vectors.len());
}

#[test]
fn no_vector_is_written_twice_or_with_an_invisible_space() {
    let mut seen = BTreeSet::new();
    for (_, [reads_as, options, datagram, strict, lenient]) in vectors() {
        for column in [datagram, strict, lenient] {
            assert_eq!(column.trim(), column, "write \\x20 for a space at the end");
        }
        assert_ne!(strict, lenient, "write = for {datagram}");
        let is_new = seen.insert((reads_as, options, datagram));
        assert!(is_new, "twice: {datagram}");
    }
}

#[test]
fn the_page_shows_the_data_file() {
    let cell = |column: &str, special: &str, instead: &str| match column.replace('|', "\\|") {
        _ if column == special => instead.into(),
        code if code.contains('`') => format!("`` {code} ``"),
        code => format!("`{code}`"),
    };
    let mut table = String::new();
    let mut last = "";
    for (heading, [reads_as, options, datagram, strict, lenient]) in vectors() {
        if heading != last {
            let names = "| reads as | dialect | datagram | strict | lenient |";
            let head = format!("\n**{heading}**\n\n{names}\n|---|---|---|---|---|\n");
            table.push_str(&head);
            last = heading;
        }
        let options = cell(options, "-", "");
        let datagram = cell(datagram, "", "(empty)");
        let results = [cell(strict, "=", ""), cell(lenient, "=", "the same")].join(" | ");
        let row = format!("| {reads_as} | {options} | {datagram} | {results} |\n");
        table.push_str(&row);
    }
    let page = fs::read_to_string(PAGE).expect("the page");
    let (before, shown) = page.split_once(BEGIN).expect(BEGIN);
    let (shown, behind) = shown.split_once(END).expect(END);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(PAGE, [before, BEGIN, &table, END, behind].concat()).expect("it can be written");
    } else {
        assert!(shown == table, "run this test with UPDATE=1");
    }
}

proptest! {
    #[test]
    fn values_survive_in_every_dialect(
        name in name(), text in text(), reason in reason(), dialect in dialect(),
    ) {
        prop_assert_eq!(text.as_text().as_str(), text.as_str());
        let (text, reason) = (text.as_text(), Reason::new(&reason).unwrap());
        let requests = [
            Request::Login { name, extension: None },
            Request::Login { name, extension: Some(text) },
            Request::Chat { name, text },
            Request::Quit { name },
        ];
        let replies = [None, Some(reason)].map(|reason| Reply::Refused { reason });
        let ends = dialect.ends().iter().map(|word| Reply::End { word });
        let replies = replies.into_iter().chain([Reply::Success]).chain(ends);
        let deliveries =
            [Delivery::Said { name, text }, Delivery::Joined { name }, Delivery::Left { name }];
        let from_server = replies.map(FromServer::Reply)
            .chain(deliveries.map(FromServer::Delivery));
        requests.map(Message::Request).into_iter()
            .chain(from_server.map(Message::FromServer))
            .for_each(|message| laws::survives(message, &dialect));
    }

    #[test]
    fn nearly_valid_datagrams_obey_the_laws(bytes in nearly_valid_datagram(), any in dialect()) {
        laws::parse(&bytes, &any);
    }

    #[test]
    fn any_bytes_obey_the_laws(bytes in prop::collection::vec(any::<u8>(), 0..1100)) {
        laws::parse(&bytes, &Dialect::default());
        laws::request_value(&bytes);
        laws::from_server_value(&bytes);
        laws::parse_session(&bytes);
        laws::session_value(&bytes);
    }

    #[test]
    fn nearly_valid_sessions_obey_the_laws(bytes in nearly_valid_session()) {
        laws::parse_session(&bytes);
    }

    #[test]
    fn conversions_check_like_the_constructors(input in "\\PC{0,40}") {
        let (name, text) = (Name::new(&input), Text::new(&input));
        prop_assert_eq!(input.parse::<Name>(), name);
        prop_assert_eq!(Name::try_from(&*input), name);
        prop_assert_eq!(Text::try_from(&*input), text);
        prop_assert_eq!(TextBuf::new(&*input), text.map(TextBuf::from));
        if let Ok(name) = name {
            prop_assert_eq!((name.as_ref(), name.as_str()), (&*input, &*input));
            prop_assert_eq!(format!("{name:>50}"), format!("{input:>50}"));
        }
    }

    #[test]
    fn a_drawn_string_is_the_longest_valid_beginning(
        input in r"\PC{0,40}|[ -~\n]{100,999}",
        length in any::<u16>(),
    ) {
        fn drawn<'a, T: Arbitrary<'a> + AsRef<str>>(bytes: &'a [u8], valid: fn(&str) -> bool) {
            let given: &str = Unstructured::new(bytes).arbitrary().unwrap();
            let mut beginnings = (0..=given.len()).rev().filter_map(|end| given.get(..end));
            let longest = beginnings.find(|beginning| valid(beginning));
            let drawn = T::arbitrary(&mut Unstructured::new(bytes)).ok();
            assert_eq!(drawn.as_ref().map(T::as_ref), longest);
        }
        let mut bytes = input.into_bytes();
        bytes.extend(length.to_le_bytes());
        drawn::<Name>(&bytes, |text| Name::new(text).is_ok());
        drawn::<Word>(&bytes, |text| Word::new(text).is_ok());
        drawn::<Text<'_>>(&bytes, |text| Text::new(text).is_ok());
        drawn::<Reason<'_>>(&bytes, |text| Reason::new(text).is_ok());
    }

    #[test]
    fn reading_and_writing_allocate_nothing(
        bytes in prop_oneof![nearly_valid_datagram(), nearly_valid_session()], by in dialect(),
    ) {
        let mut buffer = [0; MAX_SESSION_DATAGRAM];
        let used = measure(|| {
            let _counted = Box::new(std::hint::black_box(1)); // shows that the counter works
            let _ = Verb::of(&bytes, &by);
            let _ = FromServer::decode(&bytes, &by);
            let _ = Request::decode(&bytes, &by).map(|read| read.encode(&by, &mut buffer).is_ok());
            let _ = Reply::decode(&bytes, &by).map(|read| read.encode(&by, &mut buffer).is_ok());
            let _ = Delivery::decode(&bytes, &by).map(|read| read.encode(&by, &mut buffer).is_ok());
            let _ = SessionMessage::decode(&bytes).map(|read| {
                if let SessionMessage::Data(_, lines) = read {
                    std::hint::black_box(lines.iter().count());
                }
                read.encode(&mut buffer).is_ok()
            });
        });
        prop_assert_eq!(used.count_total, 1, "{}", bytes.escape_ascii());
    }
}

#[test]
fn drawn_dialects_differ_in_every_setting() {
    let mut runner = TestRunner::deterministic();
    let draw = |_| {
        let bytes = "[!-ÿ]{200}".new_tree(&mut runner).unwrap().current();
        let drawn = Dialect::arbitrary(&mut Unstructured::new(bytes.as_bytes()));
        json!(drawn.unwrap_or_default())
    };
    let drawn: Vec<_> = (0..100).map(draw).collect();
    for (part, _) in drawn[0].as_object().expect("a table") {
        let values: BTreeSet<_> = drawn.iter().map(|drawn| drawn[part].to_string()).collect();
        assert!(values.len() > 1, "{part} is always {values:?}");
    }
}

/// ICU may know another version of Unicode: look at each difference.
#[test]
fn names_refuse_all_that_icu_calls_invisible_or_white_space() {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let category = CodePointMapData::<GeneralCategory>::new();
    let differs = |&c: &char| {
        let ignorable = ignorable.contains(c);
        let forbidden = matches!(c, ':' | '：' | '\u{2800}')
            || c.is_whitespace()
            || c.is_control()
            || category.get(c) == GeneralCategory::Format
            || ignorable;
        let name = Name::new(c.encode_utf8(&mut [0; 4]));
        matches!(name, Err(NameError::Forbidden { .. })) != forbidden
            || is_invisible(c) != ignorable
    };
    let differences: String = ('\0'..=char::MAX).filter(differs).collect();
    assert_eq!(differences.escape_unicode().to_string(), "");
}

#[test]
fn the_committed_corpora_of_the_fuzzer_obey_the_laws() {
    let both_directions: fn(&[u8]) = |bytes| laws::parse(bytes, &Dialect::default());
    let sessions: fn(&[u8]) = |bytes| {
        laws::parse_session(bytes);
        laws::session_value(bytes);
    };
    for (target, law) in [
        ("parse_request", both_directions),
        ("parse_delivery", both_directions),
        ("request_value", laws::request_value),
        ("delivery_value", laws::from_server_value),
        ("parse_session", sessions),
    ] {
        let corpus = format!("{}/../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
        let files: Vec<_> = fs::read_dir(corpus).expect("the corpus").collect();
        assert!(files.len() >= 10, "{target}: {} files", files.len());
        for file in files {
            let file = file.unwrap().path();
            let bytes = fs::read(&file).expect("a readable file");
            let held = catch_unwind(|| law(&bytes)).is_ok();
            assert!(held, "{} breaks a law: see above", file.display());
        }
    }
}
