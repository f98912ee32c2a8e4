//! Measures reading and writing one datagram: `cargo bench -p chat-proto`.
//!
//! `yardstick` is the least work that any reader of a request has to do: it finds the two spaces
//! and checks that the bytes are UTF-8.
#![allow(clippy::unwrap_used)] // A benchmark that cannot go on stops.

use chat_proto::{Delivery, Dialect, FromServer, MAX_DATAGRAM, Name, Request, Text};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// 40 bytes of ASCII; 1,000 bytes of Chinese; the shortest line; a login.
const REQUESTS: [&str; 4] = ["ascii", "chinese", "short", "login"];

fn datagram(kind: &str) -> String {
    match kind {
        "ascii" => "C alice hello, how are you doing today??".into(),
        "chinese" => format!("C 小明 {}x", "吃了么".repeat(110)),
        "short" => "C bob hi".into(),
        _ => "L alice".into(),
    }
}

#[divan::bench(args = REQUESTS, consts = [false, true])]
fn decode_request<const LENIENT: bool>(bencher: Bencher<'_, '_>, kind: &str) {
    let datagram = datagram(kind);
    let dialect = Dialect::strict().with_lenient_reading(LENIENT);
    bencher.bench(|| Request::decode(black_box(datagram.as_bytes()), black_box(&dialect)).is_ok());
}

#[divan::bench(args = REQUESTS)]
fn yardstick(bencher: Bencher<'_, '_>, kind: &str) {
    let datagram = datagram(kind);
    bencher.bench(|| {
        let bytes = black_box(datagram.as_bytes());
        let first = memchr::memchr(b' ', bytes).unwrap_or(0);
        let second = memchr::memchr(b' ', bytes.get(first + 1..).unwrap_or_default());
        (second, std::str::from_utf8(bytes).is_ok())
    });
}

#[divan::bench(args = ["OK", "FAIL name taken", "* alice joined", "alice : 吃了么？"])]
fn decode_from_server(bencher: Bencher<'_, '_>, datagram: &str) {
    let dialect = Dialect::lenient();
    bencher.bench(|| FromServer::decode(black_box(datagram.as_bytes()), &dialect).is_ok());
}

#[divan::bench]
fn encode_request(bencher: Bencher<'_, '_>) {
    let (dialect, mut buffer) = (Dialect::strict(), [0; MAX_DATAGRAM]);
    let datagram = datagram("ascii");
    let request = Request::decode(datagram.as_bytes(), &dialect).unwrap();
    bencher.bench_local(|| black_box(request).encode(&dialect, &mut buffer).is_ok());
}

#[divan::bench]
fn encode_delivery(bencher: Bencher<'_, '_>) {
    let (dialect, mut buffer) = (Dialect::strict(), [0; MAX_DATAGRAM]);
    let name = Name::new("alice").unwrap();
    let text = Text::new("hello, how are you doing today??").unwrap();
    let said = Delivery::Said { name, text };
    bencher.bench_local(|| black_box(said).encode(&dialect, &mut buffer).is_ok());
}
