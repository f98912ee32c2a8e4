//! A person types at a terminal, narrow or wide, while others talk.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use chat_tests::harness::terminal::emulator::{Color, Flags, NamedColor, text_of};
use chat_tests::harness::terminal::keys::{BACKSPACE, CTRL_C, CTRL_D, ENTER, LEFT, TAB, UP, paste};
use chat_tests::harness::terminal::{Home, Terminal, View};
use chat_tests::harness::{RawPeer, Server};

const WIDTHS: [u16; 2] = [60, 100];

/// Alice's half-typed line, which is wider than the narrow terminal.
const HALF: &str = "我正在慢慢地写一句很长很长的话，别人的消息来了也不能把它弄乱 👍 really";
/// The rest of it.
const REST: &str = "，好了 🎉";

/// Returns bob's lines: Chinese, emoji, combining marks, and one that no terminal holds in a row.
fn messages(round: &str) -> Vec<String> {
    vec![
        format!("{round}: hello alice"),
        format!("{round}: 吃了么？今天天气真好"),
        format!("{round}: rockets 🚀🚀 fly"),
        format!("{round}: cafe\u{301} nai\u{308}ve"),
        format!("{round}: {}完", "很长的一句话".repeat(12)),
        format!("{round}: that was all"),
    ]
}

/// Alice at her terminal, and bob, whom she hears.
struct Room {
    alice: Terminal,
    bob: RawPeer,
    server: Server,
}

impl Room {
    fn enter(home: &Home, columns: u16) -> Self {
        let server = Server::start(&["--quiet"]);
        let join = ["join", "alice", "--server", &server.at()];
        let alice = Terminal::start_in(home, columns, &join, server.address);
        alice.wait_until_lines_are_edited();
        let bob = server.member("bob");
        alice.sees("bob joined");
        Self { alice, bob, server }
    }

    fn bob_says(&self, lines: &[impl AsRef<str>]) {
        for line in lines {
            self.bob.send(format!("C bob {}", line.as_ref()));
        }
    }

    /// Waits until the line that is being typed is this one, with the cursor these columns before
    /// its end, and below everything that bob has said: each once, whole, in order.
    fn sees_undisturbed(&self, typed: &str, before_the_end: usize, said: &[String]) {
        let what = format!("{typed:?} being typed, below {said:#?}");
        self.alice.wait_until(&what, |view| {
            is_typed(view, typed)
                && view.cursor == view.end_less(before_the_end)
                && are_shown(view, said)
        });
    }

    fn hears(&self, text: &str) {
        let line = format!("alice : {text}");
        self.bob.wait_for(&line, "a line that alice has typed");
    }
}

fn solid(text: &str) -> String {
    text.replace(' ', "")
}

/// Returns whether this is being typed, once and at the end. A space may break it into rows.
fn is_typed(view: &View, typed: &str) -> bool {
    let (screen, typed) = (solid(&view.rows.concat()), solid(typed));
    screen.ends_with(&typed) && screen.matches(&typed).count() == 1
}

/// Returns whether bob's lines are there, each once, whole, in order. Spaces may break them.
fn are_shown(view: &View, said: &[String]) -> bool {
    let text_of = |line: &String| {
        let mut said = said.iter();
        said.find(|said| line.contains("bob") && solid(line).ends_with(&solid(said)))
            .cloned()
    };
    view.whole_lines("")
        .iter()
        .filter_map(text_of)
        .eq(said.iter().cloned())
}

/// Lets alice do something at each width.
fn everywhere(what: impl Fn(&mut Room)) {
    for columns in WIDTHS {
        what(&mut Room::enter(&Home::new(), columns));
    }
}

#[test]
fn a_line_can_be_changed_in_its_middle_while_messages_arrive() {
    everywhere(|room| {
        room.alice.types(HALF);
        room.alice.types(&LEFT.repeat("👍 really".chars().count()));
        // The emoji takes two columns.
        let behind = 2 + " really".len();
        room.sees_undisturbed(HALF, behind, &[]);
        let said = messages("two");
        room.bob_says(&said);
        room.sees_undisturbed(HALF, behind, &said);
        room.alice.types("真的");
        let changed = HALF.replace("👍", "真的👍");
        room.sees_undisturbed(&changed, behind, &said);
        room.alice.types(ENTER);
        room.hears(&changed);
    });
}

#[test]
fn messages_and_new_widths_leave_a_typed_line_whole() {
    for first in WIDTHS {
        let mut room = Room::enter(&Home::new(), first);
        room.alice.types(HALF);
        let mut said = messages("before");
        room.bob_says(&said);
        room.sees_undisturbed(HALF, 0, &said);
        for (columns, round) in [(160 - first, "other"), (first, "again")] {
            room.alice.resize(columns);
            room.sees_undisturbed(HALF, 0, &said);
            let more = messages(round);
            room.bob_says(&more);
            said.extend(more);
            room.sees_undisturbed(HALF, 0, &said);
        }
        room.alice.types(REST);
        room.sees_undisturbed(&format!("{HALF}{REST}"), 0, &said);
        room.alice.types(ENTER);
        room.hears(&format!("{HALF}{REST}"));
    }
}

#[test]
fn a_wider_window_shows_a_pasted_line_once() {
    let mut room = Room::enter(&Home::new(), 60);
    room.alice
        .types(&paste(&format!("{}beta", "alpha\n".repeat(12))));
    room.alice.sees("beta");
    room.alice.resize(100);
    room.bob_says(&["that was all"]);
    let view = room.alice.wait_until("the paste below it", |view| {
        view.shows("that was all") && view.last_line() == "beta"
    });
    let pasted = view.lines.iter().filter(|line| line.contains("> alpha"));
    assert_eq!(pasted.count(), 1, "{view}");
}

#[test]
fn backspace_deletes_a_wide_character_whole() {
    everywhere(|room| {
        room.alice.types("吃了么🎉");
        for left in ["吃了么🎉", "吃了么", "吃了"] {
            room.sees_undisturbed(left, 0, &[]);
            room.alice.types(BACKSPACE);
        }
        room.sees_undisturbed("吃", 0, &[]);
        room.alice.types(ENTER);
        room.hears("吃");
    });
}

#[test]
fn arrow_up_brings_back_what_was_said_last() {
    everywhere(|room| {
        room.alice.types("第一句 first");
        room.alice.types(ENTER);
        room.hears("第一句 first");
        room.alice.types(UP);
        let what = "the last line, to be typed again";
        room.alice.wait_until(what, |view| {
            view.last_line().ends_with("第一句 first") && view.cursor == view.end_less(0)
        });
        room.alice.types(ENTER);
        room.hears("第一句 first");
    });
}

#[test]
fn tab_completes_names_and_commands() {
    everywhere(|room| {
        room.alice.types("/qu");
        room.alice.types(TAB);
        room.alice.wait_until("/quit, completed", |view| {
            view.last_line().trim_end().ends_with("/quit")
        });
        room.alice.types(&BACKSPACE.repeat(6));
        room.bob_says(&["here I am"]);
        room.alice.sees("here I am");
        for (typed, said) in [
            ("bo\thi", "bob: hi"),
            ("ask bo\tnow", "ask bob now"),
            ("问（bo\t）", "问（bob ）"),
        ] {
            room.alice.types(&format!("{typed}{ENTER}"));
            room.hears(said);
        }
    });
}

#[test]
fn a_paste_is_text_whatever_is_in_it() {
    everywhere(|room| {
        let code = "// a comment\n/quit\n\n    let x = 1;\ty\n//";
        room.alice.types(&paste(code));
        room.alice.types(ENTER);
        for line in code.lines() {
            room.bob.expect(format!("alice : {line}"), "a paste");
        }
        // A single line is text, too, when more is typed, and when it is brought back.
        let typed = format!("{} now{ENTER}{UP}{ENTER}", paste("/quit"));
        room.alice.types(&typed);
        for _ in 0..2 {
            room.bob.expect("alice : /quit now", "a pasted line");
        }
        // What is typed in front of a paste, or into an emptied line, is not.
        room.alice.types(&format!("/dance {}{ENTER}", paste("bob")));
        room.alice.sees("no command /dance");
        let typed = format!("{}{CTRL_C}/quit{ENTER}", paste("never said"));
        room.alice.types(&typed);
        room.bob.expect("* alice left", "a typed command");
        room.alice.expect_exit(0);
    });
}

#[test]
fn ctrl_c_clears_a_line_before_it_leaves() {
    everywhere(|room| {
        room.alice.types(HALF);
        room.sees_undisturbed(HALF, 0, &[]);
        room.alice.types(CTRL_C);
        let what = "an empty line";
        room.alice
            .wait_until(what, |view| view.last_line().ends_with("      >"));
        room.alice.types(&format!("another{ENTER}"));
        room.bob.expect("alice : another", "a cleared line");
        room.alice.types(CTRL_C);
        room.bob.expect("* alice left", "Ctrl-C in an empty line");
        room.alice.expect_exit(0);
    });
}

#[test]
fn commands_and_empty_lines_leave_no_row() {
    everywhere(|room| {
        let said = messages("before");
        room.bob_says(&said);
        room.alice.sees("that was all");
        let command = format!("/dance {}", "很".repeat(60));
        for (typed, shown) in [(&*command, "no command /dance"), ("/names", ": alice, bob")] {
            room.alice.types(&format!("{typed}{ENTER}"));
            room.alice.sees(shown);
            room.alice.types(&ENTER.repeat(3));
        }
        // They can be brought back all the same.
        room.alice.types(&UP.repeat(2));
        room.sees_undisturbed(&command, 0, &said);
        let view = room.alice.view();
        let prompts = view.lines.iter().filter(|line| line.contains("  >"));
        assert_eq!(prompts.count(), 1, "{view}");
    });
}

#[test]
fn every_way_to_leave_leaves_the_terminal_in_order() {
    for way in ["/quit\r", CTRL_C, CTRL_D] {
        everywhere(|room| {
            room.alice.types(way);
            room.alice.expect_exit(0);
            room.bob.wait_for("* alice left", "alice has left");
            let view = room.alice.view();
            assert_eq!(
                view.cursor.1, 0,
                "{way:?}: the prompt stands in a row:\n{view}"
            );
            assert!(!view.last_line().ends_with('>'), "{way:?}:\n{view}");
            assert!(room.alice.is_cooked(), "{way:?}: lines are not handed over");
        });
    }
}

#[test]
fn no_key_is_lost_between_two_lines() {
    let mut room = Room::enter(&Home::new(), 60);
    // What comes at once is read at once, the beginning of the next line with the end of the one
    // before.
    let typed = format!("the first\r{}the last\r", "\r".repeat(200));
    room.alice.types(&typed);
    // A Ctrl-D that comes while the terminal hands over whole lines never arrives as a key.
    for _ in 0..20_000 {
        let cooked = room.alice.is_cooked();
        assert!(!cooked, "in between the terminal is as the shell left it");
    }
    room.hears("the first");
    room.hears("the last");
    room.alice.types(&format!("bye\r{CTRL_D}"));
    room.hears("bye");
    room.alice.expect_exit(0);
}

/// Returns the colour and flags of this name in the line that ends with the text.
fn style_of(name: &str, text: &str, alice: &Terminal) -> (Color, Flags) {
    let rows = alice.cells();
    let mut rows = rows.iter();
    let row = rows.find(|row| text_of(row).trim_end().ends_with(text));
    let row = row.unwrap_or_else(|| panic!("{text} is not seen:\n{}", alice.view()));
    let mut starts = row.windows(name.len());
    let start = starts.find(|cells| text_of(cells) == name);
    let first = &start.expect("the name stands in the line")[0];
    (first.fg, first.flags)
}

#[test]
fn a_name_keeps_one_colour_and_has_none_with_no_color() {
    for (home, colours) in [
        (Home::new(), true),
        (Home::new().with("NO_COLOR", "1"), false),
    ] {
        let room = Room::enter(&home, 60);
        let carol = room.server.member("carol");
        for (peer, name, text) in [
            (&room.bob, "bob", "first"),
            (&carol, "carol", "second"),
            (&room.bob, "bob", "third"),
        ] {
            peer.send(format!("C {name} {text}"));
            room.alice.sees(text);
        }
        let first = style_of("bob", "first", &room.alice);
        let third = style_of("bob", "third", &room.alice);
        let carols = style_of("carol", "second", &room.alice);
        assert_eq!(first, third, "a name keeps its colour");
        let plain = Color::Named(NamedColor::Foreground);
        assert_eq!(first.0 != plain, colours, "{home:?}: {first:?}");
        assert_eq!(carols != first, colours, "two names: {carols:?}, {first:?}");
    }
}

/// Returns the minutes since midnight, UTC.
fn minute_of_the_day() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("a clock after 1970").as_secs() / 60 % (24 * 60)
}

#[test]
fn lines_have_the_users_time_and_own_lines_a_mark() {
    for (zone, hours) in [("UTC", 0), ("CST-8", 8), ("Asia/Shanghai", 8)] {
        if zone.contains('/') && !Path::new("/usr/share/zoneinfo").join(zone).exists() {
            println!("SKIPPED: this system does not know {zone}");
            continue;
        }
        let mut room = Room::enter(&Home::new().with("TZ", zone), 60);
        let before = minute_of_the_day();
        room.bob_says(&["what time is it"]);
        room.alice.sees("bob : what time is it");
        room.alice.types(&format!("see the clock{ENTER}"));
        room.hears("see the clock");
        let view = room.alice.sees(" > see the clock");
        // All this takes less than a minute.
        let minutes = [before, minute_of_the_day()];
        for line in ["bob : what time is it", "> see the clock"] {
            let seen = minutes.iter().any(|minute| {
                let local = (minute + hours * 60) % (24 * 60);
                view.shows(&format!("{:02}:{:02} {line}", local / 60, local % 60))
            });
            assert!(seen, "{line} at {minutes:?} (UTC) in {zone}:\n{view}");
        }
    }
}

#[test]
fn a_user_without_a_place_for_the_history_can_chat() {
    let home = Home::new()
        .with("HOME", "/proc")
        .with("XDG_STATE_HOME", "/proc/nowhere");
    let mut room = Room::enter(&home, 60);
    room.alice.types(&format!("hello{ENTER}"));
    room.hears("hello");
    room.alice.types(CTRL_D);
    room.alice.expect_exit(0);
}
