//! The clients that classrooms have today, against `chat serve`.

use chat_tests::harness::net::free_address;
use chat_tests::harness::python::{CourseClient, expect_nothing_left};
use chat_tests::harness::{Server, Signal};

const SUCCESS_WORDS: [&str; 3] = ["OK", "ok", "IN"];
const END_WORDS: [&str; 5] = ["EXIT", "OUT", "exit", "quit", "#"];
const DEFAULT_WORDS: (&str, &str) = ("OK", "EXIT");

/// Two pupils come, talk with each other and with the operator, and go.
fn two_pupils_talk(server: &mut Server, words: (&str, &str), options: &[&str]) {
    let mut alice = CourseClient::enter(server.address, words, options, "alice");
    let mut bob = CourseClient::enter(server.address, words, options, "bob");
    alice.hear("* bob joined");

    alice.say("hello  bob ");
    bob.hear("alice : hello  bob ");
    bob.say("你好，alice 👋");
    alice.hear("bob : 你好，alice 👋");
    alice.say("");
    bob.hear("alice : ");
    server.operator_says("five minutes left");
    alice.hear("admin : five minutes left");
    bob.hear("admin : five minutes left");

    let heard = alice.process.stdout();
    assert!(!heard.contains("alice : "), "alice hears alice:\n{heard}");
    alice.quit();
    bob.hear("* alice left");
    bob.quit();
    server.expect_alive_with(words.1, "a talk of two pupils");
}

#[test]
fn every_success_word_and_every_end_word_lets_pupils_in_and_out() {
    for success in SUCCESS_WORDS {
        for end in END_WORDS {
            let mut server = Server::start(&["--success", success, "--end", end]);
            two_pupils_talk(&mut server, (success, end), &[]);
        }
    }
}

#[test]
fn a_server_with_all_end_words_lets_every_kind_of_client_go() {
    let mut server = Server::start(&["--end", &END_WORDS.join(",")]);
    let names = ["ann", "bob", "cat", "dan", "eve"].into_iter();
    let clients: Vec<CourseClient> = names
        .zip(END_WORDS)
        .map(|(name, end)| CourseClient::enter(server.address, ("OK", end), &[], name))
        .collect();
    clients.into_iter().for_each(CourseClient::quit);
    server.expect_alive_with("#", "clients that wait for five different end words");
}

#[test]
fn every_spelling_of_the_quit_request_is_understood() {
    let spellings = [
        "Q {name}",
        "E {name}",
        "E {name} goes home",
        "q {name}",
        "Q{name}",
        "Q {name} quit",
        "EXIT {name}",
        "EXIT {name} goes home",
        "EXIT {name} has quit group chat!",
        "QUIT {name}",
    ];
    for spelling in spellings {
        let mut server = Server::start(&[]);
        two_pupils_talk(&mut server, DEFAULT_WORDS, &["--quit-format", spelling]);
    }
}

#[test]
fn a_number_sign_said_is_a_quit_where_it_is_an_end_word() {
    let by_chat = ["--quit-format", "C {name} #"];
    let mut server = Server::start(&["--end", "EXIT,#"]);
    two_pupils_talk(&mut server, ("OK", "#"), &by_chat);
    two_pupils_talk(&mut server, DEFAULT_WORDS, &by_chat);
}

#[test]
fn a_number_sign_said_is_only_a_text_where_it_is_no_end_word() {
    let server = Server::start(&[]);
    let listener = server.member("listener");
    let mut alice = CourseClient::enter(server.address, DEFAULT_WORDS, &[], "alice");
    listener.expect("* alice joined", "alice's login");
    alice.say("#");
    listener.expect("alice : #", "alice's number sign");
    alice.quit();
}

#[test]
fn the_long_verbs_are_understood() {
    for (chat, quit) in [
        ("CHAT {name} {text}", "EXIT {name}"),
        ("CHAT {name} {text}", "QUIT {name}"),
        ("CHAT {name}:{text}", "EXIT {name} has quit group chat!"),
    ] {
        let login = ["--login-format", "LOGIN {name}"];
        let others = ["--chat-format", chat, "--quit-format", quit];
        let mut server = Server::start(&[]);
        two_pupils_talk(&mut server, DEFAULT_WORDS, &[&login[..], &others].concat());
    }
}

#[test]
fn an_empty_line_without_the_blank_arrives_too() {
    let server = Server::start(&[]);
    let listener = server.member("listener");
    let mut alice = CourseClient::enter(server.address, DEFAULT_WORDS, &["--strip"], "alice");
    listener.expect("* alice joined", "alice's login");
    alice.say("");
    listener.expect("alice : ", "an empty line sent as `C alice`");
    alice.quit();
}

#[test]
fn a_refused_client_asks_again_until_its_name_is_free_and_well_formed() {
    let server = Server::start(&[]);
    let _bob = server.member("bob");
    let mut client = CourseClient::start(server.address, DEFAULT_WORDS, &[]);
    client.say("bob");
    client.hear("FAIL name taken");
    client.say("管理员");
    client.hear("FAIL reserved");
    for (refusals, bad) in (1..).zip(["", "bob smith", "  bob", "a:b", "*bob"]) {
        client.say(bad);
        let what = format!("a refusal of {bad:?}");
        client.process.wait_for_stdout(&what, |shown| {
            shown.matches("FAIL bad name\n").count() == refusals
        });
    }
    client.say("carol");
    client.hear("you are in");
    client.quit();
}

#[test]
fn chinese_names_and_a_chinese_server_are_understood() {
    let mut server = Server::start(&["--lang", "zh"]);
    let mut ming = CourseClient::enter(server.address, DEFAULT_WORDS, &[], "小明");
    let mut hong = CourseClient::enter(server.address, DEFAULT_WORDS, &[], "小红");
    ming.hear("* 小红 进入聊天室");
    hong.say("你好，小明。  今天 天气 很好");
    ming.hear("小红 : 你好，小明。  今天 天气 很好");
    ming.say("再见");
    hong.hear("小明 : 再见");
    server.operator_says("大家好");
    ming.hear("管理员 : 大家好");
    hong.hear("管理员 : 大家好");
    hong.quit();
    ming.hear("* 小红 退出聊天室");
    ming.quit();
}

#[test]
fn the_newline_prefix_stands_before_deliveries_and_never_before_replies() {
    let mut server = Server::start(&["--prefix", "newline"]);
    let listener = server.member("listener");
    let mut alice = CourseClient::enter(server.address, DEFAULT_WORDS, &[], "alice");
    listener.expect("\n* alice joined", "alice's login");
    alice.say("hi");
    listener.expect("\nalice : hi", "alice's line");
    server.operator_says("welcome");
    listener.expect("\nadmin : welcome", "the operator's line");
    alice.hear("admin : welcome");
    listener.send("C listener hi alice");
    alice.hear("listener : hi alice");
    alice.quit();
    listener.expect("\n* alice left", "alice's quit");
    listener.expect_nothing_before_the_mark("alice's quit");
}

#[test]
fn a_client_that_sends_junk_before_its_login_gets_in() {
    let server = Server::start(&[]);
    for junk in ["hello", "login", "1"] {
        CourseClient::enter(server.address, DEFAULT_WORDS, &["--junk", junk], "alice").quit();
    }
}

#[test]
fn a_client_on_a_fixed_port_comes_back_after_a_crash_under_the_same_and_under_another_name() {
    let server = Server::start(&[]);
    let listener = server.member("listener");
    let port = free_address().port().to_string();
    let options = ["--bind-port", port.as_str()];

    let mut first = CourseClient::enter(server.address, DEFAULT_WORDS, &options, "alice");
    listener.expect("* alice joined", "alice's login");
    first.process.stop();
    let mut second = CourseClient::enter(server.address, DEFAULT_WORDS, &options, "alice");
    listener.expect_nothing_before_the_mark("a login of the same name from the same address");
    second.process.stop();
    let mut third = CourseClient::enter(server.address, DEFAULT_WORDS, &options, "anna");
    listener.expect(
        "* alice left",
        "a login of another name from the same address",
    );
    listener.expect(
        "* anna joined",
        "a login of another name from the same address",
    );
    third.say("here I am again");
    listener.expect("anna : here I am again", "anna's line");
    third.quit();
}

#[test]
fn a_client_that_ends_without_a_quit_request_loses_its_name() {
    let server = Server::start(&[]);
    let listener = server.member("listener");
    for way in [Signal::SIGINT, Signal::SIGTERM] {
        let mut alice = CourseClient::enter(server.address, DEFAULT_WORDS, &[], "alice");
        listener.expect("* alice joined", "alice's login");
        alice.process.signal(way);
        alice.process.close_stdin();
        let _ = alice.process.wait_for_exit();
        expect_nothing_left(&alice.process);
        listener.send("C listener is alice there?");
        listener.expect(
            "* alice left",
            &format!("alice's end by {way} and a line said after it"),
        );
    }
}
