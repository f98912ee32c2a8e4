//! Alice hosts a room; others come, talk and go, while she is typing.

use std::net::{Ipv4Addr, SocketAddr};

use crate::harness::own_socket::OwnSocket;
use crate::harness::terminal::emulator::Cell;
use crate::harness::terminal::keys::ENTER;
use crate::harness::terminal::{Home, Seat, Terminal};
use crate::harness::{Process, chat};

/// What the time of day is in the picture.
const TIME: [&str; 5] = ["2", "0", ":", "1", "5"];
/// The port in the picture.
const PORT: &str = "8888";

/// What is on alice's screen at the end, cell by cell, and where the cursor is.
pub(super) fn screen(columns: u16) -> (Vec<Vec<Cell>>, (usize, usize)) {
    let address = four_digits();
    let mut alice = Terminal::start_shell(&Home::new(), columns, address);
    alice.sees("$");
    alice.types("chat join alice");
    alice.types(ENTER);
    alice.sees("in the room at");
    alice.wait_until_lines_are_edited();

    let mut bob = comes("bob", address, &alice);
    let mut fang = comes("小芳", address, &alice);
    says(&mut bob, "hi everybody 👋", &alice);
    says(&mut fang, "吃了么？", &alice);
    alice.types("吃了，你们呢？");
    alice.types(ENTER);
    fang.wait_for_text("吃了，你们呢？");
    says(&mut bob, "alice, does the café open at eight? ☕", &alice);
    alice.types("八点开门，一起去吧 🎉 see you th");
    alice.sees("see you th");
    says(
        &mut fang,
        "我也去！这句话来的时候 alice 正在打字，她打的字一个也没有乱。",
        &alice,
    );
    // Three notices in all: more at once would be gathered in one line, which depends on how fast
    // this machine is.
    goes(bob, "bob", &alice);
    let view = alice.wait_until("the half-typed line at the end", &|view| {
        view.last_line().ends_with("see you th")
    });

    let mut cells = alice.cells();
    cells.truncate(view.cursor.0 + 1);
    cells.iter_mut().for_each(|row| mask(row, address.port()));
    (cells, view.cursor)
}

fn comes(name: &str, address: SocketAddr, alice: &Terminal) -> Process {
    let process = chat(&["join", name, "--server", &address.to_string()]);
    alice.sees(&format!("{name} joined"));
    process
}

fn says(somebody: &mut Process, text: &str, alice: &Terminal) {
    somebody.write_line(text);
    alice.sees(text);
}

fn goes(mut somebody: Process, name: &str, alice: &Terminal) {
    somebody.close_stdin();
    somebody.expect_exit(0);
    alice.sees(&format!("{name} left"));
}

/// A free address whose port has as many digits as the one in the picture.
fn four_digits() -> SocketAddr {
    let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let free = (8888..9999)
        .map(address)
        .find(|&address| OwnSocket::bind(address).is_ok());
    free.expect("a free port of four digits")
}

/// Replaces what is different each time.
fn mask(row: &mut [Cell], port: u16) {
    let is_digit = |cell: &Cell| {
        cell.text
            .chars()
            .all(|character| character.is_ascii_digit())
    };
    if let [h, hh, colon, m, mm, ..] = &*row
        && [h, hh, m, mm].into_iter().all(is_digit)
        && colon.text == ":"
    {
        row.iter_mut()
            .zip(TIME)
            .for_each(|(cell, text)| text.clone_into(&mut cell.text));
    }
    let port = format!(":{port}");
    for start in 0..row.len().saturating_sub(port.len()) {
        let there: String = row[start..start + port.len()]
            .iter()
            .map(|cell| cell.text.as_str())
            .collect();
        if there == port {
            for (cell, digit) in row[start + 1..].iter_mut().zip(PORT.chars()) {
                cell.text = digit.to_string();
            }
        }
    }
}
