//! Somebody sits at a terminal and types, while others talk: at the narrow and the wide one, in an
//! emulator and in tmux.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use chat_tests::harness::terminal::emulator::{Cell, Colour, Style};
use chat_tests::harness::terminal::keys::{BACKSPACE, CTRL_C, CTRL_D, ENTER, LEFT, TAB, UP};
use chat_tests::harness::terminal::{Home, Seat, Terminal, Tmux, View};
use chat_tests::harness::{RawPeer, Server};

const WIDTHS: [u16; 2] = [60, 100];

/// Alice's half-typed line, which is wider than the narrow terminal.
const HALF: &str = "我正在慢慢地写一句很长很长的话，别人的消息来了也不能把它弄乱 👍 really";
/// What she types then.
const REST: &str = "，好了 🎉";

/// What bob says meanwhile: Chinese, emoji, combining marks, and a line that no terminal holds in
/// one row.
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
struct Room<'s> {
    alice: &'s mut dyn Seat,
    bob: RawPeer,
}

impl Room<'_> {
    fn bob_says(&self, lines: &[String]) {
        for line in lines {
            self.bob.send(format!("C bob {line}"));
        }
    }

    /// Waits until the line that is being typed is this one, with the cursor so many columns before
    /// its end, and below everything that bob has said: each once, whole, in order.
    fn sees_undisturbed(&self, typed: &str, before_the_end: usize, said: &[String]) {
        let what = format!("{typed:?} being typed, below {said:#?}");
        self.alice.wait_until(&what, &|view| {
            is_typed(view, typed)
                && view.cursor == view.end_less(before_the_end)
                && are_shown(view, said)
        });
    }

    fn hears(&self, text: &str) {
        self.bob
            .wait_for(&format!("alice : {text}"), "a line that alice has typed");
    }
}

/// Whether this is what is being typed, once and at the end. Who draws it breaks it into rows,
/// maybe at a blank.
fn is_typed(view: &View, typed: &str) -> bool {
    let solid = |text: &str| text.replace(' ', "");
    let (screen, typed) = (solid(&view.rows.concat()), solid(typed));
    screen.ends_with(&typed) && screen.matches(&typed).count() == 1
}

/// Whether bob's lines are there, each once, whole, in order.
fn are_shown(view: &View, said: &[String]) -> bool {
    let shown: Vec<&str> = view
        .lines
        .iter()
        .map(String::as_str)
        .filter(|line| line.contains("bob"))
        .collect();
    let shown: Vec<&str> = shown
        .into_iter()
        .filter(|line| said.iter().any(|said| line.ends_with(said)))
        .collect();
    shown.len() == said.len()
        && shown
            .iter()
            .zip(said)
            .all(|(shown, said)| shown.ends_with(said))
}

/// Lets alice sit down everywhere and do something.
fn everywhere(what: impl Fn(&mut Room<'_>)) {
    for columns in WIDTHS {
        at(columns, &what);
    }
}

/// Lets alice sit down at a terminal of this width, once in an emulator and once in tmux.
fn at(columns: u16, what: &impl Fn(&mut Room<'_>)) {
    for in_tmux in [false, true] {
        let home = Home::new();
        let server = Server::start(&["--quiet"]);
        let join = ["join", "alice", "--server", &server.at()];
        if !in_tmux {
            let mut terminal = Terminal::start_in(&home, columns, &join, server.address);
            sit_down(&server, &mut terminal, what);
            continue;
        }
        match Tmux::start_in(&home, columns, &join, server.address) {
            Ok(mut tmux) => sit_down(&server, &mut tmux, what),
            Err(why) => println!("SKIPPED: {why}"),
        }
    }
}

fn sit_down(server: &Server, alice: &mut dyn Seat, what: &impl Fn(&mut Room<'_>)) {
    alice.wait_until_lines_are_edited();
    let bob = server.member("bob");
    alice.sees("bob joined");
    what(&mut Room { alice, bob });
}

#[test]
fn messages_that_arrive_while_a_line_is_typed_leave_it_as_it_is() {
    everywhere(|room| {
        room.alice.types(HALF);
        room.sees_undisturbed(HALF, 0, &[]);
        let said = messages("one");
        room.bob_says(&said);
        room.sees_undisturbed(HALF, 0, &said);
        room.alice.types(REST);
        room.sees_undisturbed(&format!("{HALF}{REST}"), 0, &said);
        room.alice.types(ENTER);
        room.hears(&format!("{HALF}{REST}"));
    });
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
fn nothing_is_lost_when_the_window_changes_its_width() {
    for first in WIDTHS {
        at(first, &|room| {
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
            room.alice.types(ENTER);
            room.hears(&format!("{HALF}{REST}"));
        });
    }
}

#[test]
fn backspace_deletes_a_wide_character_whole() {
    everywhere(|room| {
        room.alice.types("吃了么🎉");
        room.sees_undisturbed("吃了么🎉", 0, &[]);
        room.alice.types(BACKSPACE);
        room.sees_undisturbed("吃了么", 0, &[]);
        room.alice.types(BACKSPACE);
        room.sees_undisturbed("吃了", 0, &[]);
        room.alice.types(ENTER);
        room.hears("吃了");
    });
}

#[test]
fn arrow_up_brings_back_what_was_said_last() {
    everywhere(|room| {
        room.alice.types("第一句 first");
        room.alice.types(ENTER);
        room.hears("第一句 first");
        room.alice.types(UP);
        room.alice
            .wait_until("the last line, to be typed again", &|view| {
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
        room.alice.wait_until("/quit, completed", &|view| {
            view.last_line().trim_end().ends_with("/quit")
        });
        room.alice.types(&BACKSPACE.repeat(6));
        room.bob_says(&["here I am".to_owned()]);
        room.alice.sees("here I am");
        room.alice.types("ask bo");
        room.alice.types(TAB);
        room.alice.wait_until("bob's name, completed", &|view| {
            view.last_line().contains("ask bob")
        });
    });
}

#[test]
fn every_way_to_leave_leaves_the_terminal_in_order() {
    for way in ["/quit\r", CTRL_C, CTRL_D] {
        everywhere(|room| {
            room.alice.types(way);
            room.alice.expect_exit(0);
            room.bob.wait_for("* alice left", "alice has left");
            let view = room.alice.wait_until("", &|_| true);
            assert_eq!(
                view.cursor.1, 0,
                "after {way:?} the shell's prompt begins in the middle of a row:\n{view}"
            );
        });
    }
}

#[test]
fn the_terminal_hands_over_whole_lines_again_when_the_client_has_left() {
    for way in ["/quit\r", CTRL_C, CTRL_D] {
        let server = Server::start(&["--quiet"]);
        let at = server.at();
        let mut alice = Terminal::start_in(
            &Home::new(),
            60,
            &["join", "alice", "--server", &at],
            server.address,
        );
        sit_down(&server, &mut alice, &|room| {
            room.alice.types(way);
            room.alice.expect_exit(0);
            assert!(
                room.alice.is_cooked(),
                "{way:?} leaves the terminal in another mode than it was"
            );
        });
    }
}

#[test]
fn no_key_is_lost_between_two_lines() {
    let server = Server::start(&["--quiet"]);
    let at = server.at();
    let mut alice = Terminal::start_in(
        &Home::new(),
        60,
        &["join", "alice", "--server", &at],
        server.address,
    );
    sit_down(&server, &mut alice, &|room| {
        // What comes at once is read at once, the beginning of the next line with the end of the
        // one before.
        room.alice
            .types(&format!("the first\r{}the last\r", "\r".repeat(200)));
        // A Ctrl-D that comes while the terminal hands over whole lines never arrives as a key.
        for _ in 0..20_000 {
            assert!(
                !room.alice.is_cooked(),
                "in between the terminal is as the shell left it"
            );
        }
        room.hears("the first");
        room.hears("the last");
        room.alice.types(&format!("bye\r{CTRL_D}"));
        room.hears("bye");
        room.alice.expect_exit(0);
    });
}

/// The style in which this name stands at the beginning of lines, for each line that ends with one
/// of the texts.
fn styles_of(name: &str, texts: &[&str], alice: &Terminal) -> Vec<Style> {
    let rows = alice.cells();
    let row_of = |text: &&str| {
        rows.iter().find(|row| {
            let shown: String = row.iter().map(|cell| cell.text.as_str()).collect();
            shown.trim_end().ends_with(text)
        })
    };
    let style = |row: &Vec<Cell>| {
        let start = row.windows(name.len()).find(|cells| {
            let shown: String = cells.iter().map(|cell| cell.text.as_str()).collect();
            shown == name
        });
        start.expect("the name stands in the line")[0].style
    };
    texts.iter().filter_map(row_of).map(style).collect()
}

#[test]
fn a_name_has_one_colour_in_every_line_and_none_where_no_colours_are_wanted() {
    for (home, colours) in [
        (Home::new(), true),
        (Home::new().with("NO_COLOR", "1"), false),
    ] {
        let server = Server::start(&["--quiet"]);
        let at = server.at();
        let mut alice = Terminal::start_in(
            &home,
            60,
            &["join", "alice", "--server", &at],
            server.address,
        );
        let carol = server.member("carol");
        sit_down(&server, &mut alice, &|room| {
            room.bob_says(&["first".to_owned()]);
            room.alice.sees("first");
            carol.send("C carol second");
            room.alice.sees("second");
            room.bob_says(&["third".to_owned()]);
            room.alice.sees("third");
        });
        let [first, third] = styles_of("bob", &["first", "third"], &alice)[..] else {
            panic!("bob's lines are not seen:\n{}", alice.view());
        };
        let carols = styles_of("carol", &["second"], &alice);
        assert_eq!(first, third, "a name keeps its colour");
        assert_eq!(
            first.colour != Colour::Default,
            colours,
            "{home:?}: {first:?}"
        );
        assert_eq!(
            carols[0] != first,
            colours,
            "two names: {carols:?}, {first:?}"
        );
    }
}

/// Minutes since midnight, UTC.
fn minute_of_the_day() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock after 1970");
    now.as_secs() / 60 % (24 * 60)
}

#[test]
fn lines_have_the_time_of_the_zone_that_the_user_is_in() {
    for (zone, hours) in [("UTC", 0), ("CST-8", 8), ("Asia/Shanghai", 8)] {
        if zone.contains('/') && !Path::new("/usr/share/zoneinfo").join(zone).exists() {
            println!("SKIPPED: this system does not know {zone}");
            continue;
        }
        let server = Server::start(&["--quiet"]);
        let home = Home::new().with("TZ", zone);
        let mut alice = Terminal::start_in(
            &home,
            60,
            &["join", "alice", "--server", &server.at()],
            server.address,
        );
        sit_down(&server, &mut alice, &|room| {
            let before = minute_of_the_day();
            room.bob_says(&["what time is it".to_owned()]);
            room.alice.sees("what time is it");
            let after = minute_of_the_day();
            let stamp = |minute: u64| {
                let local = (minute + hours * 60) % (24 * 60);
                format!("{:02}:{:02} bob : what time is it", local / 60, local % 60)
            };
            // Nobody waits here for more than a minute.
            let expected = [before, after].map(stamp);
            let what = format!("one of {expected:?} in {zone}");
            room.alice
                .wait_until(&what, &|view| expected.iter().any(|line| view.shows(line)));
        });
    }
}

#[test]
fn who_has_no_place_for_the_history_can_chat_all_the_same() {
    let server = Server::start(&["--quiet"]);
    let home = Home::new()
        .with("HOME", "/proc")
        .with("XDG_STATE_HOME", "/proc/nowhere");
    let mut alice = Terminal::start_in(
        &home,
        60,
        &["join", "alice", "--server", &server.at()],
        server.address,
    );
    sit_down(&server, &mut alice, &|room| {
        room.alice.types("hello");
        room.alice.types(ENTER);
        room.hears("hello");
        room.alice.types(CTRL_D);
        room.alice.expect_exit(0);
    });
}
