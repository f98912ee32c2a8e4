//! Measures reading and writing one datagram: `cargo bench -p chat-proto`.
//!
//! `yardstick` is the least that a reader of such a line could do: find its two blanks, and see
//! that it is UTF-8.
#![allow(clippy::unwrap_used)] // A benchmark that cannot go on stops.

use chat_proto::{Delivery, Dialect, MAX_DATAGRAM, Name, Reply, Request, Text};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// 40 bytes of ASCII; 1,000 bytes of Chinese; the shortest line; a login.
const LINES: [&str; 4] = ["ascii", "chinese", "short", "login"];

fn line(kind: &str) -> Vec<u8> {
    match kind {
        "ascii" => b"C alice hello, how are you doing today??".to_vec(),
        "chinese" => {
            let mut line = "C 小明 ".to_owned();
            line.extend(std::iter::repeat_n("吃了么", 110));
            line.push('x');
            line.into_bytes()
        }
        "short" => b"C bob hi".to_vec(),
        _ => b"L alice".to_vec(),
    }
}

#[divan::bench(args = LINES)]
fn decode_lenient(bencher: Bencher<'_, '_>, kind: &str) {
    let (line, dialect) = (line(kind), Dialect::lenient());
    bencher.bench(|| Request::decode(black_box(&line), black_box(&dialect)).is_ok());
}

#[divan::bench(args = LINES)]
fn decode_strict(bencher: Bencher<'_, '_>, kind: &str) {
    let (line, dialect) = (line(kind), Dialect::strict());
    bencher.bench(|| Request::decode(black_box(&line), black_box(&dialect)).is_ok());
}

#[divan::bench(args = LINES)]
fn yardstick(bencher: Bencher<'_, '_>, kind: &str) {
    let line = line(kind);
    bencher.bench(|| {
        let line = black_box(line.as_slice());
        let first = memchr::memchr(b' ', line).unwrap_or(0);
        let second = memchr::memchr(b' ', line.get(first + 1..).unwrap_or_default());
        (second, std::str::from_utf8(line).is_ok())
    });
}

#[divan::bench]
fn encode_request(bencher: Bencher<'_, '_>) {
    let (dialect, mut buffer) = (Dialect::strict(), [0; MAX_DATAGRAM]);
    let line = line("ascii");
    let request = Request::decode(&line, &dialect).unwrap();
    bencher.bench_local(|| {
        black_box(&request)
            .encode(&dialect, &mut buffer)
            .map(<[u8]>::len)
    });
}

#[divan::bench]
fn encode_delivery(bencher: Bencher<'_, '_>) {
    let (dialect, mut buffer) = (Dialect::strict(), [0; MAX_DATAGRAM]);
    let said = Delivery::Said {
        name: Name::new("alice").unwrap(),
        text: Text::new("hello, how are you doing today??").unwrap(),
    };
    bencher.bench_local(|| {
        black_box(&said)
            .encode(&dialect, &mut buffer)
            .map(<[u8]>::len)
    });
}

#[divan::bench(args = ["alice : hello, how are you doing today??", "* alice joined", "alice : 吃了么？"])]
fn decode_delivery(bencher: Bencher<'_, '_>, datagram: &str) {
    let dialect = Dialect::lenient();
    bencher.bench(|| Delivery::decode(black_box(datagram.as_bytes()), &dialect).is_ok());
}

#[divan::bench(args = ["OK", "FAIL name taken", "EXIT"])]
fn decode_reply(bencher: Bencher<'_, '_>, datagram: &str) {
    let dialect = Dialect::lenient();
    bencher.bench(|| Reply::decode(black_box(datagram.as_bytes()), &dialect).is_ok());
}
