//! The limits against abuse as options of the real server.

use chat_tests::harness::Server;

#[test]
fn a_member_that_floods_a_room_is_told_and_stays_and_others_are_heard() {
    let server = Server::start(&["--line-rate", "1:5"]);
    let flooder = server.member("flooder");
    let alice = server.member("alice");
    flooder.expect("* alice joined", "alice's login");
    for number in 0..500 {
        flooder.send(format!("C flooder {number}"));
    }
    flooder.expect("FAIL too fast", "the sixth line at once");
    for number in 0..5 {
        alice.expect(format!("flooder : {number}"), "the burst");
    }
    alice.send("C alice still here");
    flooder.wait_for("alice : still here", "a line of another member");
    flooder.quit("flooder");
    alice.wait_for("* flooder left", "the flooder was in all the time");
}

#[test]
fn logins_over_the_rate_of_their_network_are_met_with_silence() {
    let server = Server::start(&["--login-rate", "1:2"]);
    let alice = server.member("alice");
    let bob = server.member("bob");
    alice.expect("* bob joined", "bob's login");
    let late = server.stranger();
    late.send("L late");
    late.expect_nothing_before_the_mark("a third login at once");
    alice.send("L alice");
    alice.expect("OK", "a repeated login, which does not count");
    bob.quit("bob");
}

#[test]
fn answers_to_strangers_have_an_end_and_members_are_answered_all_the_same() {
    let server = Server::start(&["--reply-rate", "1:3"]);
    let stranger = server.stranger();
    for _ in 0..100 {
        stranger.send("C ghost hi");
    }
    for _ in 0..3 {
        stranger.expect("FAIL not logged in", "a line of a stranger");
    }
    let alice = server.member("alice");
    alice.send("C bob hi");
    alice.expect("FAIL not your name", "a member's line under another name");
    alice.quit("alice");
}

#[test]
fn names_that_look_like_a_members_are_taken() {
    let server = Server::start(&[]);
    let alice = server.member("alice");
    for disguise in ["ALICE", "аlice", "ａｌｉｃｅ", "a1ice"] {
        let stranger = server.stranger();
        stranger.send(format!("L {disguise}"));
        stranger.expect("FAIL name taken", disguise);
    }
    alice.quit("alice");
}
