//! The clients that classrooms have today, against `chat serve`.

use std::thread;

use chat_tests::harness::net::free_address;
use chat_tests::harness::python::{CourseClient, expect_nothing_left};
use chat_tests::harness::{Server, Signal};

const SUCCESS_WORDS: [&str; 3] = ["OK", "ok", "IN"];
const END_WORDS: [&str; 5] = ["EXIT", "OUT", "exit", "quit", "#"];
const DEFAULT_WORDS: (&str, &str) = ("OK", "EXIT");

/// Lets two pupils come, talk with each other and with the operator, and go.
fn two_pupils_talk(server: &mut Server, words: (&str, &str), options: &[&str]) {
    let enter = |name| CourseClient::enter(server.address, words, options, name);
    let [alice, bob] = ["alice", "bob"].map(enter);
    they_talk(server, words.1, alice, bob);
}

/// Lets alice and bob talk with each other and with the operator, and go.
fn they_talk(server: &mut Server, end: &str, mut alice: CourseClient, mut bob: CourseClient) {
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
    server.expect_alive_with(end, "a talk of two pupils");
}

#[test]
fn every_success_word_and_end_word_lets_pupils_in_and_out() {
    for (success, end) in SUCCESS_WORDS.into_iter().cycle().zip(END_WORDS) {
        let mut server = Server::start(&["--success", success, "--end", end]);
        two_pupils_talk(&mut server, (success, end), &[]);
    }
}

#[test]
fn a_server_without_options_finds_each_pair_of_words() {
    let pupils_come_and_go = |words: (&str, &str)| {
        let mut server = Server::start(&[]);
        let address = server.address;
        let enter = |name| CourseClient::find_words(address, words, name);
        they_talk(&mut server, words.1, enter("alice"), enter("bob"));
        let (carol, dave) = (enter("carol"), enter("dave"));
        server.operator_says("/kick carol");
        carol.expect_end();
        dave.hear("* carol left");
        server.operator_says("/quit");
        dave.expect_end();
        server.process.expect_exit(0);
    };
    let of_ok = ["EXIT", "exit", "quit", "#"].map(|end| ("ok", end));
    let of_in = ["OUT", "EXIT", "exit"].map(|end| ("IN", end));
    thread::scope(|scope| {
        for words in [&[DEFAULT_WORDS], &of_ok[..], &of_in].concat() {
            scope.spawn(move || pupils_come_and_go(words));
        }
    });
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
fn every_spelling_of_a_request_is_understood() {
    let short = ["L {name}", "C {name} {text}"];
    let long = ["LOGIN {name}", "CHAT {name} {text}"];
    let colon = ["LOGIN {name}", "CHAT {name}:{text}"];
    let mut server = Server::start(&[]);
    for ([login, chat], quit) in [
        (short, "E {name}"),
        (short, "E {name} goes home"),
        (short, "q {name}"),
        (short, "Q{name}"),
        (short, "Q {name} quit"),
        (short, "EXIT {name} goes home"),
        (long, "EXIT {name}"),
        (long, "QUIT {name}"),
        (colon, "EXIT {name} has quit group chat!"),
    ] {
        let requests = ["--login-format", login, "--chat-format", chat];
        let options = [&requests[..], &["--quit-format", quit]].concat();
        two_pupils_talk(&mut server, DEFAULT_WORDS, &options);
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
fn a_number_sign_and_a_chat_without_text_are_lines_by_default() {
    let server = Server::start(&[]);
    let listener = server.member("listener");
    let mut alice = CourseClient::enter(server.address, DEFAULT_WORDS, &["--strip"], "alice");
    listener.expect("* alice joined", "alice's login");
    alice.say("#");
    listener.expect("alice : #", "alice's number sign");
    alice.say("");
    listener.expect("alice : ", "an empty line sent as `C alice`");
    alice.quit();
}

#[test]
fn a_refused_client_asks_again_until_its_name_is_accepted() {
    let server = Server::start(&[]);
    let _bob = server.member("bob");
    let mut client = CourseClient::start(server.address, DEFAULT_WORDS, &[]);
    for (name, answer) in [
        ("bob", "FAIL name taken"),
        ("管理员", "FAIL reserved"),
        ("", "FAIL bad name"),
        ("carol", "you are in"),
    ] {
        client.say(name);
        client.hear(answer);
    }
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
fn the_newline_prefix_leads_deliveries_and_no_replies() {
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
fn a_client_on_a_fixed_port_comes_back_after_a_crash() {
    let server = Server::start(&[]);
    let listener = server.member("listener");
    let port = free_address().port().to_string();
    let options = ["--bind-port", port.as_str()];

    let mut first = CourseClient::enter(server.address, DEFAULT_WORDS, &options, "alice");
    listener.expect("* alice joined", "alice's login");
    // A client that has spoken has understood its success word, and gets it again.
    first.say("hi");
    listener.expect("alice : hi", "alice's line");
    first.process.stop();
    let mut second = CourseClient::enter(server.address, DEFAULT_WORDS, &options, "alice");
    listener.expect_nothing_before_the_mark("a login of the same name from the same address");
    second.process.stop();
    let mut third = CourseClient::enter(server.address, DEFAULT_WORDS, &options, "anna");
    let after = "a login of another name from the same address";
    listener.expect("* alice left", after);
    listener.expect("* anna joined", after);
    third.say("here I am again");
    listener.expect("anna : here I am again", "anna's line");
    third.quit();
}

#[test]
fn a_client_that_ends_without_a_quit_request_loses_its_name() {
    let server = Server::start(&[]);
    let listener = server.member("listener");
    for way in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL] {
        let mut alice = CourseClient::enter(server.address, DEFAULT_WORDS, &[], "alice");
        listener.expect("* alice joined", "alice's login");
        alice.process.signal(way);
        alice.process.close_stdin();
        let _ = alice.process.wait_for_exit();
        expect_nothing_left(&alice.process);
        listener.send("C listener is alice there?");
        let after = format!("alice's end by {way} and a line said after it");
        listener.expect("* alice left", &after);
    }
}
