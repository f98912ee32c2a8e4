//! The operator's console: commands, their answers, and mistakes.

use chat_tests::harness::{RawPeer, Server};
use serde_json::{Value, json};

#[test]
fn the_operator_sees_members_and_counts() {
    // A quiet server answers its operator all the same.
    let mut server = Server::start(&["--quiet"]);
    let bob = server.member("bob");
    let alice = server.member("alice");
    server.operator_says("/names");
    server.process.wait_for_line("2 in the room");
    for (name, peer) in [("alice", &alice), ("bob", &bob)] {
        let line = format!("  {name} {}", peer.address());
        server.process.wait_for_line(&line);
    }
    server.operator_says("/stats");
    server.process.wait_for_match("the counts", |line| {
        line.starts_with("2 in the room, 2 logins, 0 lines,")
    });
    server.operator_says("/help");
    server.process.wait_for_text("/unban ADDRESS|NAME");
}

#[test]
fn a_kicked_member_reads_the_reason_and_may_come_back() {
    let mut server = Server::start(&[]);
    let alice = server.member("alice");
    let bob = server.member("bob");
    alice.expect("* bob joined", "bob's login");
    server.operator_says("/kick bob too  loud");
    bob.expect("admin : too  loud", "the kick");
    bob.expect("EXIT", "the kick");
    alice.expect("* bob left", "the kick");
    bob.send("L bob");
    bob.expect("OK", "the new login");
    alice.expect("* bob joined", "the new login");
    server.operator_says("/kick bob");
    bob.expect("EXIT", "the kick without a reason");
    server.operator_says("/kick bob");
    server
        .process
        .wait_for_line("nobody called bob is in the room; /names shows who is");
}

#[test]
fn a_banned_name_is_refused_until_the_ban_is_taken_back() {
    let mut server = Server::start(&[]);
    let troll = server.member("troll");
    server.operator_says("/ban TROLL 60");
    troll.expect("EXIT", "the ban");
    server.process.wait_for_match("the answer", |line| {
        line.starts_with("banned the name TROLL until ") && line.ends_with(" UTC; 1 member removed")
    });
    for name in ["troll", "Tro11"] {
        troll.send(format!("L {name}"));
        troll.expect("FAIL banned", "a banned name");
    }
    server.operator_says("/bans");
    server.process.wait_for_line("1 banned");
    server.operator_says("/unban troll");
    server
        .process
        .wait_for_line("no longer banned: the name troll");
    server.operator_says("/unban troll");
    server
        .process
        .wait_for_line("the name troll is not banned; /bans shows who is");
    troll.send("L troll");
    troll.expect("OK", "the end of the ban");
    server.operator_says("/ban nobody-yet");
    server
        .process
        .wait_for_line("banned the name nobody-yet for good; nobody in the room was meant");
}

#[test]
fn a_banned_address_or_range_loses_all_its_members() {
    let mut server = Server::start(&[]);
    for range in ["127.0.0.1", "127.0.0.0/8"] {
        let members: Vec<RawPeer> = ["alice", "bob"].map(|name| server.member(name)).into();
        server.operator_says(&format!("/ban {range}"));
        for member in &members {
            member.wait_for("EXIT", "the ban");
            member.send("L carol");
            member.wait_for("FAIL banned", "the ban");
        }
        let banned = format!("banned {range} for good; 2 members removed");
        server.process.wait_for_line(&banned);
        server.operator_says(&format!("/unban {range}"));
        let unbanned = format!("no longer banned: {range}");
        server.process.wait_for_line(&unbanned);
        server.member("alice").quit("alice");
    }
}

#[test]
fn an_unknown_command_is_an_error_and_is_never_said() {
    let mut server = Server::start(&[]);
    let alice = server.member("alice");
    for (line, hint) in [
        (
            "/nmaes",
            "no such command, and nothing was said; /help shows",
        ),
        ("/", "there is no such command"),
        ("/kick", "write /kick NAME [REASON]"),
        ("/ban troll soon", "write a whole number of minutes from 1"),
        ("/ban 127.0.0.1:5000", "without a port: 127.0.0.1"),
        ("/ban [::1]", "this is no address, no name, and no range"),
        (
            "/ban 10.0.0.0/33",
            "this is no address, no name, and no range",
        ),
        ("/ban 10.1.2.3/8", "10.0.0.0/8, from its first address"),
        ("/names please", "write /names"),
    ] {
        server.operator_says(line);
        server.process.wait_for_text(hint);
    }
    server.operator_says("");
    server.operator_says("//names shows who is in");
    alice.expect(
        "admin : /names shows who is in",
        "a line that begins with a slash",
    );
}

#[test]
fn the_console_answers_in_chinese_too() {
    let mut server = Server::start(&["--lang", "zh"]);
    let _alice = server.member("alice");
    server.operator_says("/names");
    server.process.wait_for_line("聊天室里有 1 人");
    server.operator_says("/ban 捣乱");
    server
        .process
        .wait_for_line("已封禁 名字 捣乱，一直有效；聊天室里没有相符的人");
    server.operator_says("/unban 10.0.0.0/8");
    server.process.wait_for_text("10.0.0.0/8 没有被封禁");
    server.operator_says("/ban");
    server.process.wait_for_line("请写成 /ban 地址|名字 [分钟]");
    let troll = server.stranger();
    troll.send("L 捣乱");
    troll.expect("FAIL 已被封禁", "a banned name");
}

#[test]
fn in_json_a_ban_has_its_networks_and_no_end() {
    let mut server = Server::start(&["--json"]);
    for line in ["/ban troll", "/ban 10.0.0.0/8", "/bans", "/quit"] {
        server.operator_says(line);
    }
    server.process.expect_exit(0);
    let stdout = server.process.stdout();
    let objects = stdout.lines().map(|line| {
        let mut object: Value = serde_json::from_str(line).expect("JSON");
        object["at"].take();
        object
    });
    let objects: Vec<Value> = objects.collect();
    let range = json!({"first": "10.0.0.0", "last": "10.255.255.255"});
    let network = json!({"networks": range, "until": null});
    let name = json!({"name": "troll", "until": null});
    for expected in [
        json!({"v": 1, "at": null, "event": "banned", "name": "troll", "until": null, "removed": 0}),
        json!({"v": 1, "at": null, "event": "bans", "bans": [network, name]}),
    ] {
        assert!(objects.contains(&expected), "no {expected} in\n{stdout}");
    }
}

#[test]
fn a_banned_client_reports_it_and_gives_up() {
    let mut server = Server::start(&[]);
    let mut troll = server.join("troll", &[]);
    troll.wait_for_text("in the room at");
    server.operator_says("/ban troll");
    troll.expect_exit(1);
    let mut again = server.join("troll", &[]);
    again.expect_exit(3);
    assert!(again.stderr().contains("banned"), "{}", again.stderr());
}
