//! Commands and options for a person at the keyboard.

use std::fs;

use chat_tests::harness::terminal::emulator::{Flags, text_of};
use chat_tests::harness::terminal::keys::{CTRL_C, CTRL_D, ENTER, TAB, UP, paste};
use chat_tests::harness::terminal::{Home, Terminal};
use chat_tests::harness::{RawPeer, Server};

struct Room {
    alice: Terminal,
    bob: RawPeer,
    server: Server,
}

/// Lets alice join at a terminal with these options, and bob, whom she has seen.
fn alice_with(options: &[&str]) -> Room {
    let server = Server::start(&["--quiet"]);
    let at = server.at();
    let arguments = [&["join", "alice", "--server", &at], options].concat();
    let alice = Terminal::start(&arguments, server.address);
    alice.wait_until_lines_are_edited();
    let bob = server.member("bob");
    bob.send("C bob hello");
    alice.sees("bob : hello");
    Room { alice, bob, server }
}

impl Room {
    fn alice_types(&mut self, line: &str) {
        self.alice.types(line);
        self.alice.types(ENTER);
    }
}

#[test]
fn a_line_with_a_slash_is_a_command_or_an_error() {
    let mut room = alice_with(&[]);
    for (typed, shown) in [
        ("/help", "/names"),
        ("/names", "in the room, 2: alice, bob"),
        ("/dance now", "there is no command /dance; /help lists them"),
        ("/", "there is no command /;"),
    ] {
        room.alice_types(typed);
        room.alice.sees(shown);
    }
    room.alice_types("//names is a command");
    // Bob hears this line first: the commands before it did not leave the program.
    room.bob
        .expect("alice : /names is a command", "a line with two slashes");
}

#[test]
fn a_long_paste_is_said_only_after_a_yes() {
    let kept = "nothing was said; the up arrow brings it back";
    for (language, question, yes, kept) in [
        ("en", "say these 11 lines? [y/N]", "Y", kept),
        ("zh", "要发送这 11 行吗？[y/N]", "是", "没有发送；按 ↑ 找回"),
    ] {
        let mut room = alice_with(&["--lang", language]);
        let lines: Vec<String> = (1..=11).map(|line| format!("/line {line}")).collect();
        room.alice_types(&paste(&lines.join("\n")));
        for (before, answer) in [ENTER, "n\r", CTRL_C, CTRL_D, yes].into_iter().enumerate() {
            room.alice.wait_until(question, |view| {
                let questions = view.lines.iter().filter(|line| line.contains(question));
                questions.count() > before
            });
            room.alice.types(answer);
            if answer != yes {
                room.alice.wait_until("a remark and the prompt", |view| {
                    let kept = view.lines.iter().filter(|line| line.contains(kept));
                    kept.count() == before + 1 && view.last_line().ends_with("      >")
                });
                // What is not said comes back.
                room.alice.types(UP);
            }
            room.alice.types(ENTER);
        }
        room.bob.expect("alice : /line 1", "the first yes");
        // Ten lines need no question.
        room.alice_types(&paste(&lines[..10].join("\n")));
        for line in lines[1..].iter().chain(&lines[..10]) {
            room.bob.expect(format!("alice : {line}"), "a paste");
        }
    }
}

#[test]
fn leaving_drops_the_rest_of_a_long_paste() {
    for way in [CTRL_C, CTRL_D, "/quit\r"] {
        let mut room = alice_with(&[]);
        // At the pace of a client these lines take 25 s.
        let lines: Vec<String> = (1..=2_500).map(|line| format!("line {line}")).collect();
        room.alice_types(&paste(&lines.join("\n")));
        room.alice.sees("say these 2500 lines?");
        room.alice_types("y");
        room.bob.wait_for("alice : line 100", "the paste");
        room.alice.types(way);

        let mut heard = std::iter::repeat_with(|| room.bob.receive_text("a wish to leave"));
        let last = heard.find(|line| line == "* alice left" || line == "alice : line 2500");
        assert_eq!(last.as_deref(), Some("* alice left"), "{way:?}");
        room.alice.expect_exit(0);
    }
}

#[test]
fn a_mention_stands_out_and_rings_with_the_option_bell() {
    for (options, rings) in [(&["--bell"][..], 1), (&[], 0)] {
        let room = alice_with(options);
        room.bob.send("C bob malice is no mention");
        room.bob.send("C bob over to you, ALICE!");
        room.bob.send("C bob that was all");
        room.alice.sees("that was all");
        assert_eq!(room.alice.bells(), rings, "{options:?}");
        let mut cells = room.alice.cells().concat();
        cells.retain(|cell| cell.flags.contains(Flags::INVERSE));
        let inverse = text_of(&cells);
        assert_eq!(inverse, "ALICE", "what stands out, in any case");
    }
}

#[test]
fn an_ignored_member_is_written_down_but_not_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("room.txt");
    let path = file.to_str().expect("a path of the test's own").to_owned();
    let mut room = alice_with(&["--bell", "--transcript", &path]);
    room.alice_types(&format!("/ign{TAB} BOB"));
    room.alice.sees("ignored by this client, 1: BOB");
    room.bob.send("C bob do you hear me, alice");
    let carol = room.server.member("carol");
    carol.send("C carol that was all");
    let view = room.alice.sees("carol : that was all");
    assert!(view.shows("* carol joined"), "{view}");
    assert!(!view.shows("do you hear me"), "{view}");
    assert_eq!(room.alice.bells(), 0);
    let written = fs::read_to_string(&file).expect("the transcript");
    assert!(written.contains("bob：do you hear me"), "{written}");

    room.alice_types("/ignore joins");
    room.alice.sees("ignored by this client, 2: BOB, joins");
    carol.quit("carol");
    let dan = room.server.member("dan");
    dan.send("C dan here I am");
    let view = room.alice.sees("dan : here I am");
    let hidden = !view.shows("* carol left") && !view.shows("* dan joined");
    assert!(hidden, "{view}");

    room.alice_types("/unignore bob");
    room.alice_types("/unignore joins");
    room.alice.sees("no member is ignored");
    room.bob.send("C bob back again");
    room.alice.sees("bob : back again");
    dan.quit("dan");
    room.alice.sees("* dan left");
}

#[test]
fn json_still_has_those_whom_a_person_ignores() {
    let mut room = alice_with(&[]);
    let at = room.server.at();
    let arguments = ["join", "eve", "--json", "--server", &at];
    let mut eve = Terminal::start(&arguments, room.server.address);
    room.alice.sees("* eve joined");
    eve.types("/ignore bob\n");
    eve.sees("ignored by this client, 1: bob");
    room.bob.send("C bob for the record");
    eve.sees("\"text\":\"for the record\"");
    room.alice_types("/quit");
}

#[test]
fn people_who_come_at_once_share_a_line() {
    let mut room = alice_with(&[]);
    let pupils = (0..30).map(|number| room.server.member(&format!("pupil{number}")));
    let _pupils: Vec<RawPeer> = pupils.collect();
    room.alice.sees(" joined: pupil");
    // The client has seen all of them, whatever it shows.
    room.alice_types("/names");
    room.alice.sees("in the room, 32:");
}

#[test]
fn the_option_the_variable_or_the_locale_chooses_chinese() {
    let server = Server::start(&["--quiet", "--lang", "zh"]);
    let at = server.at();
    for (home, options) in [
        (Home::new(), &["--lang", "zh"][..]),
        (Home::new().with("LC_ALL", "zh_CN.UTF-8"), &[]),
        (Home::new().with("CHAT_LANG", "zh"), &[]),
    ] {
        let arguments = [&["join", "老王", "--server", &at], options].concat();
        let mut wang = Terminal::start_in(&home, 100, &arguments, server.address);
        wang.wait_until_lines_are_edited();
        wang.sees("已进入");
        let li = server.member("小李");
        wang.sees("* 小李 进入聊天室");
        wang.types("/跳舞");
        wang.types(ENTER);
        wang.sees("没有 /跳舞 这个命令");
        li.quit("小李");
        wang.sees("* 小李 退出聊天室");
        wang.types("/quit");
        wang.types(ENTER);
        wang.expect_exit(0);
    }
}

#[test]
fn a_transcript_gets_every_line_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("记录.txt");
    let path = file.to_str().expect("a path of the test's own").to_owned();
    let mut room = alice_with(&["--transcript", &path]);
    room.alice_types("吃了么？");
    room.bob.expect("alice : 吃了么？", "it");
    room.bob.send("C bob   吃了，你呢？ ");
    room.alice.sees("吃了，你呢？");
    let written = "bob：hello\nalice：吃了么？\nbob：  吃了，你呢？ \n";
    assert_eq!(fs::read_to_string(&file).expect("the transcript"), written);

    // A filter adds to it.
    let mut carol = room.server.join("carol", &["--transcript", &path]);
    carol.write_line("me too");
    carol.close_stdin();
    carol.expect_exit(0);
    room.alice.sees("carol : me too");
    let whole = fs::read_to_string(&file).expect("the transcript");
    assert_eq!(
        whole.matches("carol：me too\n").count(),
        2,
        "alice's and carol's own: {whole}"
    );
}

#[test]
fn a_transcript_that_cannot_be_written_is_an_error() {
    let server = Server::start(&[]);
    let listener = server.member("listener");
    // One that cannot be opened is an error before the login.
    let mut carol = server.join("carol", &["--transcript", "/nowhere/room.txt"]);
    carol.expect_exit(1);
    let complaint = carol.stderr();
    let told = complaint.contains("/nowhere/room.txt") && complaint.contains("--transcript");
    assert!(told, "{complaint}");
    listener.expect_nothing_before_the_mark("a client that could not write");

    let mut carol = server.join("carol", &["--transcript", "/dev/full"]);
    listener.expect("* carol joined", "a login");
    carol.write_line("said all the same");
    listener.expect("carol : said all the same", "a line");
    carol.close_stdin();
    carol.expect_exit(1);
    let complaint = carol.stderr();
    let told = complaint.contains("the transcript is not complete");
    assert!(told, "{complaint}");
}
