//! A person reads what others say: emoji, long lines, lists.

use chat_tests::harness::net::free_address;
use chat_tests::harness::terminal::emulator::View;
use chat_tests::harness::terminal::keys::{BACKSPACE, ENTER, LEFT};
use chat_tests::harness::terminal::{Home, Terminal};
use chat_tests::harness::{RawPeer, Server};
use unicode_width::UnicodeWidthStr;

/// Emoji of several characters each, and a Persian word with a non-joiner.
const JOINED: &str = "❤️ 👩‍💻 👨‍👩‍👧‍👦 🏳️‍🌈 1️⃣ 👍🏽 🏴󠁧󠁢󠁥󠁮󠁧󠁿 می‌خواهم";

const WORDS: &str = "the quick brown fox jumps over the lazy dog, \
                     and everybody who watches it wonders at https://example.org/foxes";
const CHINESE: &str =
    "今天天气真好，我们一起去公园看花吧。听说那里的樱花开了，“很漂亮”，人也不多！";

/// Lets alice, at a terminal of this width, hear bob.
fn alice_and_bob(home: &Home, columns: u16) -> (Server, Terminal, RawPeer) {
    let server = Server::start(&[]);
    let join = ["join", "alice", "--server", &server.at()];
    let alice = Terminal::start_in(home, columns, &join, server.address);
    alice.wait_until_lines_are_edited();
    let bob = server.member("bob");
    alice.sees("* bob ");
    (server, alice, bob)
}

#[test]
fn joined_emoji_arrive_whole_everywhere() {
    let (server, alice, bob) = alice_and_bob(&Home::new(), 80);
    let carol = server.join("carol", &[]);
    bob.wait_for("* carol joined", "carol's login");
    bob.send(format!("C bob {JOINED}"));
    let line = format!("bob : {JOINED}");
    alice.sees(&line);
    carol.wait_for_line(&line);
    server.process.wait_for_text(&line);
    bob.send("C bob \u{fe0f}half\u{200d}");
    alice.sees(r"bob : \u{fe0f}half\u{200d}");
    bob.send("C bob a\tb");
    alice.sees("bob : a    b");
}

#[test]
fn a_typed_line_with_joined_emoji_stays_whole() {
    // Of these two the first makes the editor believe in other widths than the terminal's.
    for program in ["WezTerm", "xterm"] {
        let home = Home::new().with("TERM_PROGRAM", program);
        let (_server, mut alice, bob) = alice_and_bob(&home, 60);
        let sees_typed = |alice: &Terminal, typed: &str| {
            let typed = format!("      > {typed}");
            alice.wait_until(&typed, |view| view.last_line() == typed);
        };
        alice.types("👩‍💻👨‍👩‍👧‍👦❤️ end");
        sees_typed(&alice, "👩‍💻👨‍👩‍👧‍👦❤️ end");
        alice.types(&format!("{}x", LEFT.repeat(5)));
        sees_typed(&alice, "👩‍💻👨‍👩‍👧‍👦x❤️ end");
        bob.send(format!("C bob {JOINED}"));
        alice.sees(JOINED);
        sees_typed(&alice, "👩‍💻👨‍👩‍👧‍👦x❤️ end");
        alice.types(&BACKSPACE.repeat(2));
        sees_typed(&alice, "👩‍💻❤️ end");
        alice.types(ENTER);
        bob.wait_for("alice : 👩‍💻❤️ end", "a line with joined emoji");
    }
}

/// Returns the rows of the line that begins with this.
fn rows_of<'v>(view: &'v View, begin: &str) -> Vec<&'v str> {
    let is_next = |row: &str| !row.starts_with(' ') || row.starts_with("      > ");
    let mut rows = view.lines.iter().map(String::as_str);
    let first = rows.find(|row| row.contains(begin));
    let others = rows.take_while(|row| !is_next(row));
    first.into_iter().chain(others).collect()
}

#[test]
fn long_lines_break_between_words_under_the_text() {
    for columns in [20, 60, 80, 100] {
        let (_server, alice, bob) = alice_and_bob(&Home::new(), columns);
        for text in [WORDS, CHINESE, "that was all"] {
            bob.send(format!("C bob {text}"));
        }
        let view = alice.sees("bob : that was all");
        // "12:00 bob : "
        let indent = " ".repeat(12.min(usize::from(columns) / 2));
        for (text, begin) in [(WORDS, "bob : the"), (CHINESE, "bob : 今")] {
            let rows = rows_of(&view, begin);
            let fits = |row: &&str| row.width() <= usize::from(columns);
            assert!(rows.iter().all(fits), "the terminal broke a row:\n{view}");
            let (first, others) = rows.split_first().expect("the line is seen");
            let parts = others
                .iter()
                .map(|row| row.strip_prefix(&indent).expect("an indent"));
            let parts: Vec<&str> = [&first[12..]].into_iter().chain(parts).collect();
            assert!(parts.iter().all(|part| !part.starts_with(' ')), "{view}");
            assert_eq!(
                parts.concat().replace(' ', ""),
                text.replace(' ', ""),
                "{view}"
            );
            // An address may break behind its slashes; a narrow row cannot hold each of its parts.
            let words =
                |text: &str| -> Vec<String> { text.split([' ', '/']).map(str::to_owned).collect() };
            let whole = words(text);
            let broken =
                |part: &&str| text == WORDS && !words(part).iter().all(|word| whole.contains(word));
            assert!(columns == 20 || !parts.iter().any(broken), "{view}");
            let forbidden =
                |part: &str| part.starts_with(['，', '。', '”', '！']) || part.ends_with('“');
            assert!(!parts.iter().any(|part| forbidden(part)), "{view}");
        }
    }
}

#[test]
fn the_last_sentence_of_a_command_is_wrapped_too() {
    let nowhere = free_address();
    let send = ["send", "alice", "--server", &nowhere.to_string(), "hi"];
    let mut send = Terminal::start_in(&Home::new(), 40, &send, nowhere);
    send.expect_exit(4);
    let view = send.sees("look at");
    let rows = rows_of(&view, "chat: no answer");
    assert!(rows.len() > 2, "{view}");
    let hangs = |row: &&str| row.starts_with("  ") && row.width() <= 40;
    assert!(rows[1..].iter().all(hangs), "{view}");
}

/// Returns whether each of these begins a row, and nothing else does but what hangs under them.
fn is_a_list(view: &View, items: &[&str]) -> bool {
    let rows = view.rows.iter();
    let mut list = rows.skip_while(|row| !row.starts_with(items[0]));
    let begins: Vec<&String> = list.by_ref().filter(|row| !row.starts_with("  ")).collect();
    items
        .iter()
        .zip(&begins)
        .all(|(item, row)| row.starts_with(item))
        && begins.len() >= items.len()
}

#[test]
fn help_is_a_list_at_every_width() {
    let english = [
        "/names",
        "/ignore",
        "/unignore",
        "/quit",
        "//text",
        "Tab",
        "arrow keys",
    ];
    let chinese = [
        "/names",
        "/ignore",
        "/unignore",
        "/quit",
        "//文字",
        "Tab",
        "方向键",
    ];
    for (language, commands, last) in [("en", english, "all else"), ("zh", chinese, "其他内容")]
    {
        for columns in [60, 80, 100] {
            let home = Home::new().with("CHAT_LANG", language);
            let (server, mut alice, _bob) = alice_and_bob(&home, columns);
            alice.types(&format!("/help{ENTER}"));
            alice.wait_until("a list", |view| is_a_list(view, &commands));

            let serve = ["serve", "--bind", "127.0.0.1:0", "--quiet"];
            let mut operator = Terminal::start_in(&home, columns, &serve, server.address);
            operator.sees("listening on");
            operator.types(&format!("/help{ENTER}"));
            let commands = ["/kick", "/ban", "/unban", "/bans", "/stats", "/quit", last];
            operator.wait_until("a list", |view| is_a_list(view, &commands));
        }
    }
}
