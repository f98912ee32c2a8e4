//! Users who vanish without a quit lose their names; users who only listen do not.
//!
//! A server cannot tell a closed raw socket from a killed client.

use std::collections::BTreeSet;

use chat_tests::harness::{RawPeer, Server, Signal};

const ROUNDS: usize = 20;

/// Lets one victim more enter, seen by all in the room.
fn victim_enters(server: &Server, name: &str, watchers: &[&RawPeer]) -> RawPeer {
    let victim = server.member(name);
    for watcher in watchers {
        watcher.expect(format!("* {name} joined"), &format!("the login of {name}"));
    }
    victim
}

#[test]
fn a_vanished_clients_name_is_free_at_the_second_attempt() {
    for watched in [true, false] {
        let server = Server::start(&[]);
        let watcher = watched.then(|| server.member("watcher"));
        let sees = |notice: &str| {
            if let Some(watcher) = &watcher {
                watcher.expect(format!("* victim {notice}"), "an attempt to take the name");
            }
        };
        for round in 1..=ROUNDS {
            drop(server.member("victim"));
            sees("joined");
            let heir = server.stranger();
            heir.send("L victim");
            heir.expect("FAIL name taken", &format!("round {round}"));
            sees("left");
            heir.expect_nothing_before_the_mark("a refusal");
            // Behind the mark come more end words.
            let heir = server.stranger();
            heir.send("L victim");
            heir.expect("OK", &format!("the second attempt (round {round})"));
            sees("joined");
            heir.quit("victim");
            sees("left");
        }
    }
}

#[test]
fn clients_that_vanish_at_once_lose_their_names_at_a_line() {
    let server = Server::start(&[]);
    let watcher = server.member("watcher");
    let speaker = server.member("speaker");
    watcher.expect("* speaker joined", "the speaker's login");
    for round in 1..=ROUNDS {
        let first = victim_enters(&server, "first", &[&watcher, &speaker]);
        let second = victim_enters(&server, "second", &[&first, &watcher, &speaker]);
        drop((first, second));
        speaker.send(format!("C speaker line {round}"));
        watcher.expect(format!("speaker : line {round}"), "a line said");
        let after = format!("two clients vanished and one line was said (round {round})");
        let both = BTreeSet::from(["* first left".to_owned(), "* second left".to_owned()]);
        for peer in [&watcher, &speaker] {
            let heard = BTreeSet::from([peer.receive_text(&after), peer.receive_text(&after)]);
            assert_eq!(heard, both, "after {after} the others heard this");
        }
    }
    watcher.expect_nothing_before_the_mark("all rounds");
}

#[test]
fn a_line_of_the_operator_reveals_a_vanished_client_too() {
    let mut server = Server::start(&[]);
    let watcher = server.member("watcher");
    for round in 1..=ROUNDS {
        drop(victim_enters(&server, "victim", &[&watcher]));
        server.operator_says(&format!("line {round}"));
        watcher.expect(format!("admin : line {round}"), "the operator's line");
        watcher.expect("* victim left", &format!("round {round}"));
    }
}

#[test]
fn the_real_client_killed_loses_its_name() {
    let server = Server::start(&[]);
    let watcher = server.member("watcher");
    for round in 1..=ROUNDS {
        let mut victim = server.join("victim", &["--plain"]);
        watcher.expect("* victim joined", "the login of our own client");
        victim.signal(Signal::SIGKILL);
        let _ = victim.wait_for_exit();
        watcher.send(format!("C watcher line {round}"));
        watcher.expect("* victim left", &format!("round {round}"));
    }
    drop(server.member("victim"));
}

#[test]
fn a_killed_session_gives_its_name_to_the_next() {
    let server = Server::start(&[]);
    let watcher = server.member("watcher");
    let mut victim = server.join("victim", &[]);
    watcher.expect("* victim joined", "the first session");
    victim.wait_for_text("in the room");
    victim.signal(Signal::SIGKILL);
    let _ = victim.wait_for_exit();
    let mut next = server.join("victim", &[]);
    watcher.expect("* victim left", "the claim of its name");
    watcher.expect("* victim joined", "the second session");
    next.close_stdin();
    next.expect_exit(0);
}

#[test]
fn a_silent_listener_receives_a_thousand_lines() {
    const LINES: usize = 1_000;
    let server = Server::start(&[]);
    let listener = server.member("listener");
    // The reports about a vanished member must not hit one that listens.
    drop(victim_enters(&server, "victim", &[&listener]));
    let talker = server.member("talker");
    listener.expect("* talker joined", "the talker's login");
    listener.expect("* victim left", "a notice to a client that had vanished");
    for number in 1..=LINES {
        talker.send(format!("C talker line {number} 第{number}行"));
        let line = format!("talker : line {number} 第{number}行");
        listener.expect(line, "a line of the talker");
    }
    talker.quit("talker");
    listener.expect("* talker left", "the last of a thousand lines");

    let newcomer = server.member("newcomer");
    listener.expect("* newcomer joined", "a login after a thousand lines");
    listener.send("C listener I was here all the time");
    let line = "listener : I was here all the time";
    newcomer.expect(line, "the listener's first line");
}

#[test]
fn a_stopped_client_keeps_its_name_and_its_lines() {
    const LINES: usize = 50;
    let server = Server::start(&[]);
    let watcher = server.member("watcher");
    let mut sleepy = server.join("sleepy", &[]);
    watcher.expect("* sleepy joined", "the login of our own client");
    sleepy.signal(Signal::SIGSTOP);

    let thief = server.stranger();
    for number in 1..=LINES {
        watcher.send(format!("C watcher line {number}"));
        if number % 10 == 0 {
            thief.send("L sleepy");
            thief.expect("FAIL name taken", "a client that is only stopped");
        }
    }
    watcher.expect_nothing_before_the_mark("fifty lines that a stopped client does not read");

    sleepy.signal(Signal::SIGCONT);
    sleepy.wait_for_line(&format!("watcher : line {LINES}"));
    let shown = sleepy.stdout();
    for number in 1..=LINES {
        let line = format!("watcher : line {number}\n");
        assert!(shown.contains(&line), "line {number} was lost:\n{shown}");
    }
    sleepy.write_line("I slept");
    watcher.expect("sleepy : I slept", "a client went on and spoke");
    sleepy.close_stdin();
    sleepy.expect_exit(0);
    watcher.expect("* sleepy left", "the end of its input");
}
