//! What goes wrong for somebody who uses `chat` for the first time, and what the program then says:
//! what was wrong, where, and what to do about it, in a line or two on standard error, in the
//! language of the locale.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;

use chat_tests::harness::net::free_address;
use chat_tests::harness::{Process, Server, binary, chat_binary};

/// A mishap: what is tried at which default address, and what the answer has to mention, whichever
/// language it is in.
struct Mishap<'a> {
    args: &'a [&'a str],
    default: SocketAddr,
    exit_code: i32,
    mentions: &'a [&'a str],
}

impl Mishap<'_> {
    /// Tries it in English and in Chinese. Returns what was said.
    fn happens(&self) -> [String; 2] {
        self.happens_to(|| binary::command(self.args))
    }

    /// Tries it with a command that is made anew for each language.
    fn happens_to(&self, command: impl Fn() -> Command) -> [String; 2] {
        let tried = ["C.UTF-8", "zh_CN.UTF-8"].map(|locale| {
            let mut command = command();
            command
                .env("CHAT_ADDRESS", self.default.to_string())
                .env("LC_ALL", locale);
            (locale, Process::spawn(command))
        });
        tried.map(|(locale, mut process)| {
            process.close_stdin();
            process.expect_exit(self.exit_code);
            let (said, what) = (process.stderr(), format!("{:?} in {locale}", self.args));
            for wanted in self.mentions {
                assert!(
                    said.contains(wanted),
                    "{what} should mention {wanted:?}:\n{said}"
                );
            }
            let lines = said.lines().count();
            assert!((1..=2).contains(&lines), "{what}: {lines} lines:\n{said}");
            let is_chinese = said
                .chars()
                .any(|character| ('\u{4e00}'..='\u{9fff}').contains(&character));
            assert_eq!(
                is_chinese,
                locale.starts_with("zh"),
                "{what}: another language:\n{said}"
            );
            assert!(
                process.stdout().is_empty(),
                "{what}: nothing belongs on standard output"
            );
            said
        })
    }
}

/// Something that has a port and does not speak our protocol.
fn a_deaf_program() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("a bound socket has an address");
    (socket, address)
}

#[test]
fn who_serves_at_a_taken_port_is_told_to_choose_another() {
    let (_deaf, address) = a_deaf_program();
    let bind = address.to_string();
    for args in [&["serve", "--bind", &bind][..], &["serve"]] {
        Mishap {
            args,
            default: address,
            exit_code: 1,
            mentions: &[&bind, "--bind"],
        }
        .happens();
    }
}

#[test]
fn who_joins_where_another_program_has_the_port_is_told_how_to_go_elsewhere() {
    let (_deaf, address) = a_deaf_program();
    Mishap {
        args: &["join", "alice"],
        default: address,
        exit_code: 4,
        mentions: &[&address.to_string(), "--server"],
    }
    .happens();
}

#[test]
fn who_joins_where_nobody_is_is_told_how_to_start_a_room() {
    let address = free_address().to_string();
    for args in [
        &["join", "alice", "--server", &address][..],
        &["send", "alice", "--server", &address, "hi"],
    ] {
        Mishap {
            args,
            default: free_address(),
            exit_code: 4,
            mentions: &[&address, "chat serve", "--server"],
        }
        .happens();
    }
}

#[test]
fn who_wants_a_taken_name_is_told_to_choose_another() {
    let server = Server::start(&[]);
    let _bob = server.member("bob");
    let said = Mishap {
        args: &["join", "bob"],
        default: server.address,
        exit_code: 3,
        mentions: &["name taken"],
    }
    .happens();
    assert!(said[0].contains("choose another name"), "{said:?}");
    assert!(said[1].contains("换一个名字"), "{said:?}");
}

#[test]
fn who_writes_an_address_that_is_none_is_shown_one() {
    for bad in ["127.0.0.1:99999", "127.0.0.1:", "127.0.0.1:eight", ""] {
        for args in [
            &["join", "alice", "--server", bad][..],
            &["serve", "--bind", bad],
        ] {
            Mishap {
                args,
                default: free_address(),
                exit_code: 2,
                mentions: &[&format!("{bad:?}"), "127.0.0.1:8888"],
            }
            .happens();
        }
    }
}

#[test]
fn who_names_a_host_that_is_unknown_is_told_what_works_without_names() {
    // This ending is reserved: no such name is ever known.
    Mishap {
        args: &["join", "alice", "--server", "no-such-host.invalid:8888"],
        default: free_address(),
        exit_code: 1,
        mentions: &["no-such-host.invalid:8888", "127.0.0.1:8888"],
    }
    .happens();
}

#[test]
fn who_serves_at_an_address_of_another_machine_is_told_where_this_ones_are_shown() {
    // This address stands in books only.
    Mishap {
        args: &["serve", "--bind", "192.0.2.1:8888"],
        default: free_address(),
        exit_code: 1,
        mentions: &["192.0.2.1:8888", "ip address"],
    }
    .happens();
}

/// The program for a user without rights, also where the tests run with all of them.
fn as_nobody(args: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    if rustix::process::geteuid().is_root() {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command.args(["--bounding-set=-all", "--inh-caps=-all"]);
    }
    command.arg(chat_binary()).args(args);
    command
}

#[test]
fn who_may_not_have_a_port_is_told_which_ones_everybody_may_have() {
    let first =
        fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap_or_default();
    if first.trim().parse::<u16>().is_ok_and(|first| first <= 80) {
        println!("SKIPPED: on this machine everybody may have port 80");
        return;
    }
    let may_start = as_nobody(&["--version"]).output();
    if !may_start.is_ok_and(|output| output.status.success()) {
        println!(
            "SKIPPED: setpriv is missing, or an ordinary user may not start the program under test"
        );
        return;
    }
    let default = SocketAddr::from(([127, 0, 0, 1], 80));
    for (args, option) in [
        (&["serve"][..], "--bind"),
        (&["join", "alice"], "CHAT_ADDRESS"),
    ] {
        let mishap = Mishap {
            args,
            default,
            exit_code: 1,
            mentions: &["127.0.0.1:80", "1023", option],
        };
        mishap.happens_to(|| as_nobody(args));
    }
}

#[test]
fn who_gives_a_name_that_is_none_is_told_what_a_name_may_be() {
    for (name, says) in [
        ("two words", "U+0020"),
        ("a:b", "U+003A"),
        ("", "name"),
        (&"n".repeat(33), "32"),
    ] {
        let mut process = Process::spawn(binary::command(&["join", name]));
        process.close_stdin();
        process.expect_exit(2);
        let said = process.stderr();
        assert!(
            said.contains(says),
            "{name:?} should lead to {says:?}:\n{said}"
        );
        assert!(
            process.stdout().is_empty(),
            "nothing belongs on standard output"
        );
    }
}

#[test]
fn who_gives_no_command_sees_them_all_with_an_example() {
    let mut process = Process::spawn(binary::command::<&str>(&[]));
    process.expect_exit(2);
    let said = process.stderr();
    for wanted in ["serve", "join", "send", "chat join alice"] {
        assert!(said.contains(wanted), "{wanted:?} is missing:\n{said}");
    }
}
