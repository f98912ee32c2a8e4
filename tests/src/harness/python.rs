//! The stand-ins of `tests/peers`: programs of the kind that speak this protocol already.

use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::{PATIENCE, Process};

/// Starts a script of `tests/peers`, in a process group of its own.
pub fn run<S: AsRef<OsStr>>(script: &str, args: &[S]) -> Process {
    Process::spawn(command(script, args))
}

/// The command line of a script of `tests/peers`.
pub fn command<S: AsRef<OsStr>>(script: &str, args: &[S]) -> Command {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("peers")
        .join(script);
    let mut command = Command::new("python3");
    command
        .arg("-u")
        .arg(path)
        .args(args)
        .env("PYTHONUTF8", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Waits until no process of the group that this process began is left.
pub fn expect_nothing_left(process: &Process) {
    let started = Instant::now();
    loop {
        let left = processes_of_group(process.id());
        if left.is_empty() {
            return;
        }
        if started.elapsed() > PATIENCE {
            process.fail(&format!("processes of it are left: {left:?}"));
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// The processes of a group that still run (a zombie does not).
fn processes_of_group(group: u32) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")
        .expect("these tests need Linux's /proc")
        .flatten()
    {
        // `PID (NAME) STATE PARENT GROUP …`, where the name may hold blanks and brackets.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        let Some((_, rest)) = stat.rsplit_once(')') else {
            continue;
        };
        let mut fields = rest.split_whitespace();
        let state = fields.next();
        let its_group = fields.nth(1).and_then(|group| group.parse::<u32>().ok());
        if its_group == Some(group) && !matches!(state, Some("Z" | "X")) {
            found.push(stat.trim().chars().take(60).collect());
        }
    }
    found
}

/// `course_client.py`, already in the room.
pub struct CourseClient {
    /// The process; what is written to it is what the pupil types.
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

    /// Starts a client, which asks for a name on its standard input.
    pub fn start(server: SocketAddr, (success, end): (&str, &str), options: &[&str]) -> Self {
        let (host, port) = (server.ip().to_string(), server.port().to_string());
        let process = run(
            "course_client.py",
            &[&[host.as_str(), &port, success, end], options].concat(),
        );
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
        self.process.expect_exit(0);
        expect_nothing_left(&self.process);
    }
}

/// `course_server.py`, listening.
pub struct CourseServer {
    /// The process; what is written to it is what the operator types.
    pub process: Process,
    /// Where it listens.
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
        Self {
            process,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
        }
    }

    /// Waits until it has read this request.
    pub fn wait_for_request(&self, request: &str) {
        self.process.wait_for_line(&format!("< {request}"));
    }

    /// How many of the requests that it has read so far are exactly this one.
    pub fn count_of(&self, request: &str) -> usize {
        let line = format!("< {request}");
        self.process
            .stdout()
            .lines()
            .filter(|read| *read == line)
            .count()
    }

    /// Checks that it has not died of anything.
    pub fn expect_alive(&mut self) {
        if !self.process.is_running() {
            self.process.fail("the server died of what our client sent");
        }
    }
}
