//! The test vectors of tests/vectors/protocol.tsv: what the parser makes of each, and that
//! PROTOCOL.md shows them.
//!
//! `UPDATE=1 cargo test -p chat-tests --test vectors` writes them to the page instead of comparing.

use std::fmt::Write as _;
use std::path::PathBuf;

use chat_proto::{
    DecodeError, Delivery, Dialect, EndWords, Language, Prefix, Reading, Reply, Request, Verbs,
    Word,
};
use chat_tests::laws;

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

fn path(below_tests: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(below_tests)
}

fn data_file() -> String {
    let path = path("vectors/protocol.tsv");
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
fn dialect(options: &str) -> Dialect {
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
                &dialect(vector.dialect).with_reading(reading),
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
            "PROTOCOL.md does not show tests/vectors/protocol.tsv; write it there with\n  \
             UPDATE=1 cargo test -p chat-tests --test vectors"
        );
    }
}
