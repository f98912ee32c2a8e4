//! The scripts of `tests/peers`, which stand in for existing programs that speak the protocol.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::{Process, find_in_time};

/// Starts a script of `tests/peers`, in a process group of its own.
fn run(script: &str, args: &[&str]) -> Process {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let mut command = Command::new("python3");
    command.arg("-u").arg(folder.join(script)).args(args);
    command.env("PYTHONUTF8", "1");
    Process::spawn(command)
}

/// Waits until no process of the group that this process began is left.
pub fn expect_nothing_left(process: &Process) {
    let group = process.id().to_string();
    let is_left = |stat: &String| {
        // `PID (NAME) STATE PARENT GROUP …`, where the name may hold spaces and brackets.
        let fields = stat.rsplit(") ").next().unwrap_or_default();
        let fields: Vec<&str> = fields.split(' ').take(3).collect();
        fields.get(2) == Some(&group.as_str()) && !matches!(fields[0], "Z" | "X")
    };
    let mut left = Vec::new();
    let none_left = find_in_time(|| {
        let processes = fs::read_dir("/proc").expect("these tests need Linux's /proc");
        let stats = processes
            .flatten()
            .map(|process| process.path().join("stat"));
        left = stats.flat_map(fs::read_to_string).filter(is_left).collect();
        left.is_empty().then_some(())
    });
    none_left.unwrap_or_else(|| process.fail(&format!("processes of it are left: {left:?}")));
}

/// `course_client.py`, already in the room.
pub struct CourseClient {
    /// The process; its standard input is the pupil's keyboard.
    pub process: Process,
}

impl CourseClient {
    /// Starts a client and lets it ask for this name, which the server must accept.
    pub fn enter(server: SocketAddr, words: (&str, &str), options: &[&str], name: &str) -> Self {
        let mut client = Self::start(server, words, options);
        client.process.write_line(name);
        client.process.wait_for_line("you are in");
        client
    }

    /// Starts a client and types its name until it is in, as its user does. The server must answer
    /// with the words in use in their order.
    pub fn find_words(server: SocketAddr, words: (&str, &str), name: &str) -> Self {
        let mut client = Self::start(server, words, &[]);
        for answer in ["OK", "ok", "IN"] {
            client.process.write_line(name);
            if answer == words.0 {
                break;
            }
            client.process.wait_for_line(answer);
            // A user is not as fast as a copy of a datagram.
            thread::sleep(Duration::from_millis(310));
        }
        client.process.wait_for_line("you are in");
        client
    }

    /// Starts a client, which asks for a name on its standard input.
    pub fn start(server: SocketAddr, (success, end): (&str, &str), options: &[&str]) -> Self {
        let (host, port) = (server.ip().to_string(), server.port().to_string());
        let args = [&[host.as_str(), &port, success, end], options].concat();
        let process = run("course_client.py", &args);
        Self { process }
    }

    /// Types a line.
    pub fn say(&mut self, text: &str) {
        self.process.write_line(text);
    }

    /// Waits until this line was received.
    pub fn hear(&self, line: &str) {
        self.process.wait_for_line(line);
    }

    /// Types `quit`: both of its processes must end, on the server's end word.
    pub fn quit(mut self) {
        self.process.write_line("quit");
        self.expect_end();
    }

    /// Waits until both of its processes have ended, on the server's end word.
    pub fn expect_end(mut self) {
        // Not even a kick ends the process that reads the keyboard.
        self.process.close_stdin();
        self.process.expect_exit(0);
        expect_nothing_left(&self.process);
    }
}

/// `course_server.py`, listening.
pub struct CourseServer {
    /// The process; its standard input is the operator's keyboard.
    pub process: Process,
    /// The address at which it listens.
    pub address: SocketAddr,
}

impl CourseServer {
    /// Starts a server on a free port.
    pub fn start((success, end): (&str, &str), options: &[&str]) -> Self {
        let process = run(
            "course_server.py",
            &[&["0", success, end], options].concat(),
        );
        let line = process.wait_for_match("its port", |line| line.starts_with("port "));
        let port: u16 = line["port ".len()..]
            .parse()
            .expect("the script prints a number");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        Self { process, address }
    }

    /// Waits until it has read this request.
    pub fn wait_for_request(&self, request: &str) {
        self.process.wait_for_line(&format!("< {request}"));
    }

    /// Counts the requests that it has read so far and that are exactly this one.
    pub fn count_of(&self, request: &str) -> usize {
        let (line, stdout) = (format!("< {request}"), self.process.stdout());
        stdout.lines().filter(|read| *read == line).count()
    }

    /// Checks that it still runs.
    pub fn expect_alive(&mut self) {
        if !self.process.is_running() {
            self.process.fail("the server died of what our client sent");
        }
    }
}
