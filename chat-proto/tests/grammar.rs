//! The grammar: the test vectors of tests/vectors/protocol.tsv, the laws under proptest, and the
//! fuzzer's committed corpora.
//!
//! PROTOCOL.md shows the vectors; `UPDATE=1 cargo test -p chat-proto --test grammar` writes them
//! there instead of comparing.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

// The fuzz targets use it too, from outside.
#[allow(unreachable_pub)]
#[path = "support/laws.rs"]
mod laws;
#[path = "support/strategies.rs"]
mod strategy;

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::fs;
use std::hash::{Hash, Hasher};
use std::panic::catch_unwind;
use std::path::PathBuf;

use allocation_counter::measure;
use arbitrary::{Arbitrary, Unstructured};
use chat_proto::{
    DecodeError, Delivery, DeliveryBuf, Dialect, EndWords, Language, Name, Prefix, Reading, Reply,
    ReplyBuf, Request, RequestBuf, Verbs, Word,
};
use laws::Message;
use proptest::prelude::*;

/// What PROTOCOL.md has around the vectors.
const BEGIN: &str = "<!-- vectors: begin -->";
const END: &str = "<!-- vectors: end -->";

/// One row of the data file, as it is written there.
struct Vector<'a> {
    reads_as: &'a str,
    dialect: &'a str,
    datagram: &'a str,
    strict: &'a str,
    lenient: &'a str,
}

/// A line of the data file.
enum Line<'a> {
    Heading(&'a str),
    Vector(Vector<'a>),
}

fn path(below_crate: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(below_crate)
}

fn data_file() -> String {
    let path = path("tests/vectors/protocol.tsv");
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn lines(data: &str) -> Vec<Line<'_>> {
    data.lines().filter_map(line).collect()
}

/// `None` for a comment.
fn line(line: &str) -> Option<Line<'_>> {
    if let Some(heading) = line.strip_prefix("## ") {
        return Some(Line::Heading(heading));
    }
    if line.starts_with("# ") || line == "#" {
        return None;
    }
    let columns: Vec<&str> = line.split('\t').collect();
    let [reads_as, dialect, datagram, strict, lenient] = columns[..] else {
        panic!("{} columns, not 5: {line}", columns.len());
    };
    Some(Line::Vector(Vector {
        reads_as,
        dialect,
        datagram,
        strict,
        lenient,
    }))
}

/// The bytes that an escaped column stands for.
fn unescape(column: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = column;
    while let Some(first) = rest.chars().next() {
        let (_, behind) = rest.split_at(first.len_utf8());
        rest = behind;
        match first {
            '\\' => {
                let (byte, length) = match rest.as_bytes() {
                    [b'n', ..] => (b'\n', 1),
                    [b'r', ..] => (b'\r', 1),
                    [b't', ..] => (b'\t', 1),
                    [b'\\', ..] => (b'\\', 1),
                    [b'x', ..] => {
                        let digits = rest.get(1..3).expect("two digits behind \\x");
                        (
                            u8::from_str_radix(digits, 16).expect("hexadecimal digits"),
                            3,
                        )
                    }
                    _ => panic!("an unknown escape in {column}"),
                };
                bytes.push(byte);
                rest = rest.split_at(length).1;
            }
            '{' => {
                let (repeated, behind) = rest.split_once('}').expect("a } for every {");
                let (piece, times) = repeated.rsplit_once('*').expect("{piece*times}");
                bytes.extend(
                    piece
                        .repeat(times.parse().expect("how many times"))
                        .into_bytes(),
                );
                rest = behind;
            }
            plain => bytes.extend(plain.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    bytes
}

/// The dialect that the options of the command line name.
fn dialect_of(options: &str) -> Dialect {
    let plain = Dialect::strict();
    let word = |text: &str| Word::new(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let words = |list: &str| list.split(',').map(word).collect::<Vec<Word>>();
    match options.split_once(' ') {
        None if options == "-" => plain,
        Some(("--success", success)) => plain.with_words(word(success), *plain.ends()).unwrap(),
        Some(("--end", ends)) => plain
            .with_words(plain.success(), EndWords::new(&words(ends)).unwrap())
            .unwrap(),
        Some(("--verbs", verbs)) => {
            let [login, chat, quit] = words(verbs)[..] else {
                panic!("three verbs in {options}");
            };
            plain.with_verbs(Verbs::new(login, chat, quit).unwrap())
        }
        Some(("--prefix", "newline")) => plain.with_prefix(Prefix::Newline),
        Some(("--lang", "zh")) => plain.with_language(Language::Chinese),
        _ => panic!("an unknown dialect: {options}"),
    }
}

/// What the parser makes of a datagram, in the words of the data file.
fn result(reads_as: &str, datagram: &[u8], dialect: &Dialect) -> String {
    let read = match reads_as {
        "request" => Request::decode(datagram, dialect).map(|request| match request {
            Request::Login {
                name,
                extension: None,
            } => format!("login {name}"),
            Request::Login {
                name,
                extension: Some(tail),
            } => format!("login {name} ~{tail}"),
            Request::Chat { name, text } => format!("chat {name} \"{text}\""),
            Request::Quit { name } => format!("quit {name}"),
        }),
        "reply" => Reply::decode(datagram, dialect).map(|reply| match reply {
            Reply::Success => "success".into(),
            Reply::Refused { reason: None } => "refused".into(),
            Reply::Refused {
                reason: Some(reason),
            } => format!("refused \"{reason}\""),
            Reply::End { word } => format!("end {word}"),
        }),
        "delivery" => Delivery::decode(datagram, dialect).map(|delivery| match delivery {
            Delivery::Said { name, text } => format!("said {name} \"{text}\""),
            Delivery::Joined { name } => format!("joined {name}"),
            Delivery::Left { name } => format!("left {name}"),
        }),
        other => panic!("nothing reads as {other}"),
    };
    read.unwrap_or_else(|error: DecodeError| {
        format!("error at {}: {}", error.offset(), error.kind())
    })
}

#[test]
fn the_parser_says_what_each_vector_says() {
    let data = data_file();
    let mut wrong = String::new();
    let mut count = 0;
    for line in lines(&data) {
        let Line::Vector(vector) = line else { continue };
        count += 1;
        let bytes = unescape(vector.datagram);
        let lenient = if vector.lenient == "=" {
            vector.strict
        } else {
            vector.lenient
        };
        for (reading, expected) in [
            (Reading::Strict, vector.strict),
            (Reading::Lenient, lenient),
        ] {
            let expected = String::from_utf8(unescape(expected)).expect("a result is UTF-8");
            let found = result(
                vector.reads_as,
                &bytes,
                &dialect_of(vector.dialect).with_reading(reading),
            );
            if found != expected {
                let _ = writeln!(
                    wrong,
                    "{reading:?} {} [{}] {}\n  expected {expected}\n  found    {found}",
                    vector.reads_as, vector.dialect, vector.datagram
                );
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "the parser reads these otherwise:\n{wrong}"
    );
    assert!(count >= 80, "only {count} vectors");
}

#[test]
fn each_vector_obeys_the_laws_of_every_kind_of_message() {
    for line in lines(&data_file()) {
        let Line::Vector(vector) = line else { continue };
        let bytes = unescape(vector.datagram);
        laws::parse_request(&bytes);
        laws::parse_reply(&bytes);
        laws::parse_delivery(&bytes);
    }
}

#[test]
fn no_vector_is_written_twice_or_with_a_blank_that_nobody_sees() {
    let data = data_file();
    let mut seen = std::collections::BTreeSet::new();
    for line in lines(&data) {
        let Line::Vector(vector) = line else { continue };
        for column in [vector.datagram, vector.strict, vector.lenient] {
            assert_eq!(
                column.trim(),
                column,
                "write \\x20 for the blank at the end"
            );
        }
        assert_ne!(
            vector.strict, vector.lenient,
            "write = for {}",
            vector.datagram
        );
        assert!(
            seen.insert((vector.reads_as, vector.dialect, vector.datagram)),
            "twice in the data file: {} {} {}",
            vector.reads_as,
            vector.dialect,
            vector.datagram
        );
    }
}

/// A column as code in a cell of a Markdown table.
fn code(column: &str) -> String {
    let cell = column.replace('|', "\\|");
    if column.contains('`') {
        format!("`` {cell} ``")
    } else {
        format!("`{cell}`")
    }
}

/// The data file as PROTOCOL.md shows it: a table under each heading.
fn page(data: &str) -> String {
    let mut page = String::new();
    for line in lines(data) {
        let _ = match line {
            Line::Heading(heading) => write!(
                page,
                "\n**{heading}**\n\n| reads as | dialect | datagram | strict | lenient |\n|---|---|---|---|---|\n"
            ),
            Line::Vector(vector) => {
                let dialect = match vector.dialect {
                    "-" => String::new(),
                    options => code(options),
                };
                let datagram = match vector.datagram {
                    "" => "(empty)".into(),
                    datagram => code(datagram),
                };
                let lenient = match vector.lenient {
                    "=" => "the same".into(),
                    lenient => code(lenient),
                };
                let (reads_as, strict) = (vector.reads_as, code(vector.strict));
                writeln!(
                    page,
                    "| {reads_as} | {dialect} | {datagram} | {strict} | {lenient} |"
                )
            }
        };
    }
    page
}

#[test]
fn the_page_shows_the_data_file() {
    let path = path("../PROTOCOL.md");
    let written = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let around = written
        .split_once(BEGIN)
        .and_then(|(before, behind)| Some((before, behind.split_once(END)?)));
    let Some((before, (shown, behind))) = around else {
        panic!("{} has no {BEGIN} and {END}", path.display());
    };
    let expected = format!("\n{}\n", page(&data_file()));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{expected}{END}{behind}"))
            .expect("the page can be written");
    } else {
        assert!(
            shown == expected,
            "PROTOCOL.md does not show chat-proto/tests/vectors/protocol.tsv; write it there with\n  \
             UPDATE=1 cargo test -p chat-proto --test grammar"
        );
    }
}

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

/// Runs `law` over every file in the corpus of `target`, in the order of their names.
fn every_file_obeys(target: &str, law: fn(&[u8])) {
    let corpus = path("../fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&corpus)
        .unwrap_or_else(|error| panic!("{}: {error}", corpus.display()))
        .map(|entry| entry.expect("the corpus is a readable folder").path())
        .collect();
    files.sort();
    assert!(
        files.len() >= 10,
        "only {} files in {}",
        files.len(),
        corpus.display()
    );
    for file in files {
        let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let held = catch_unwind(|| law(&bytes)).is_ok();
        assert!(held, "{} breaks a law: see above", file.display());
    }
}

#[test]
fn the_committed_corpus_of_the_fuzzer_obeys_the_laws() {
    every_file_obeys("parse_request", |bytes| {
        laws::parse_request(bytes);
        laws::parse_reply(bytes);
        laws::parse_delivery(bytes);
    });
}

#[test]
fn the_committed_corpus_of_deliveries_obeys_the_laws() {
    every_file_obeys("parse_delivery", |bytes| {
        laws::parse_delivery(bytes);
        laws::parse_reply(bytes);
    });
}

#[test]
fn the_committed_corpus_of_request_values_survives() {
    every_file_obeys("request_value", laws::request_value);
}

#[test]
fn the_committed_corpus_of_delivery_values_survives() {
    every_file_obeys("delivery_value", |bytes| {
        laws::delivery_value(bytes);
        laws::reply_value(bytes);
    });
}
