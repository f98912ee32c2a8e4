//! The real server.

use std::iter;
use std::net::SocketAddr;
use std::time::Duration;

use super::{Process, RawPeer, chat, find_in_time};

/// A running `chat serve`.
pub struct Server {
    /// The process; its standard input is the operator's keyboard.
    pub process: Process,
    /// The address at which it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts a server on a free port of `127.0.0.1`.
    pub fn start(options: &[&str]) -> Self {
        Self::start_at("127.0.0.1:0", options)
    }

    /// Starts a server at this address.
    pub fn start_at(bind: &str, options: &[&str]) -> Self {
        const ANNOUNCEMENT: &str = "listening on ";
        let process = chat(&[&["serve", "--bind", bind], options].concat());
        let line =
            process.wait_for_match("where it listens", |line| line.starts_with(ANNOUNCEMENT));
        let Ok(address) = line[ANNOUNCEMENT.len()..].trim().parse() else {
            process.fail(&format!("the line {line:?} does not end with an address"))
        };
        Self { process, address }
    }

    /// Enters the room with a raw socket.
    pub fn member(&self, name: &str) -> RawPeer {
        RawPeer::login(self.address, name)
    }

    /// Opens a socket that the server does not know.
    pub fn stranger(&self) -> RawPeer {
        RawPeer::new(self.address)
    }

    /// Returns the address in the form that a command line takes.
    pub fn at(&self) -> String {
        self.address.to_string()
    }

    /// Starts `chat join NAME` at this server, as a filter.
    pub fn join(&self, name: &str, options: &[&str]) -> Process {
        chat(&[&["join", name, "--server", &self.at()], options].concat())
    }

    /// Types a line at the operator's console.
    pub fn operator_says(&mut self, text: &str) {
        self.process.write_line(text);
    }

    /// Checks that the server, which has the default end words, lives and answers.
    pub fn expect_alive(&mut self, after: &str) {
        self.expect_alive_with("EXIT", after);
    }

    /// Checks that the server, which has this end word, lives and answers.
    pub fn expect_alive_with(&mut self, end: &str, after: &str) {
        if !self.process.is_running() {
            self.process.fail(&format!("the server died of {after}"));
        }
        let stranger = self.stranger();
        // Strangers share a limited number of answers, which a flood uses up.
        let answered = find_in_time(|| {
            stranger.send("Q nobody-of-that-name");
            let mut heard = iter::from_fn(|| stranger.receive_within(Duration::from_millis(100)));
            heard.find(|heard| heard == end.as_bytes())
        });
        assert!(answered.is_some(), "no answer after {after}");
    }
}
