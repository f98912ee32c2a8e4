//! The processes that this one starts, and does not leave behind.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::process::{Child as Process, ChildStderr, Command, Stdio};

use crate::platform::safe_text::SafeText;

use super::args::Yardstick;
use super::cores::Cores;
use super::error::BenchError;

/// With these the load of the measurement is refused nothing.
const NO_LIMITS: [&str; 14] = [
    "--max-members",
    "off",
    "--max-per-network",
    "off",
    "--line-rate",
    "off",
    "--byte-rate",
    "off",
    "--login-rate",
    "off",
    "--reply-rate",
    "off",
    "--silent-limit",
    "off",
];

/// What every one of them prints first.
const ANNOUNCEMENT: &str = "listening on ";

/// A running server; killed when it is dropped. (It ends by itself when this process is killed.)
#[derive(Debug)]
pub(super) struct Child {
    what: &'static str,
    command: String,
    process: Process,
    /// Held, so that it can print without an error.
    _stderr: BufReader<ChildStderr>,
    address: SocketAddr,
}

impl Child {
    /// This program's server, without limits, with these options besides.
    pub(super) fn serve(options: &[String], cores: Option<Cores>) -> Result<Self, BenchError> {
        let fixed = ["serve", "--bind", "127.0.0.1:0", "--quiet"]
            .iter()
            .chain(&NO_LIMITS);
        let arguments = fixed
            .map(|&fixed| fixed.to_owned())
            .chain(options.iter().cloned());
        Self::start("the server", &arguments.collect::<Vec<_>>(), cores)
    }

    /// Something to compare it with, where the members reach it who reach `server`.
    pub(super) fn yardstick(
        yardstick: Yardstick,
        server: IpAddr,
        cores: Option<Cores>,
    ) -> Result<Self, BenchError> {
        let (what, role) = match yardstick {
            Yardstick::Forwarder => ("the forwarder", "forward"),
            Yardstick::Naive => ("the naive server", "naive"),
        };
        let loopback: IpAddr = match server {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        Self::start(what, &[role.to_owned(), loopback.to_string()], cores)
    }

    fn start(
        what: &'static str,
        role: &[String],
        cores: Option<Cores>,
    ) -> Result<Self, BenchError> {
        let spawn = |error| BenchError::Spawn { what, error };
        let mut command = Command::new(env::current_exe().map_err(spawn)?);
        command
            .args(["bench-peer", "--parent", &std::process::id().to_string()])
            .args(role)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Ctrl-C is for this process, which then ends the others.
            .process_group(0);
        let mut process = Cores::on_the_servers(cores, || command.spawn()).map_err(spawn)?;
        let stderr = process.stderr.take();
        let mut starting = Starting(Some(process));
        let Some(mut stderr) = stderr.map(BufReader::new) else {
            return Err(spawn(std::io::ErrorKind::BrokenPipe.into()));
        };
        let address = address(what, &mut stderr)?;
        let Some(process) = starting.0.take() else {
            return Err(spawn(std::io::ErrorKind::NotFound.into()));
        };
        Ok(Self {
            what,
            command: format!("chat {}", role.join(" ")),
            process,
            _stderr: stderr,
            address,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// An error when it has ended.
    pub(super) fn check(&mut self) -> Result<(), BenchError> {
        match self.process.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(_)) | Err(_) => Err(BenchError::Died {
                what: self.what,
                command: self.command.clone(),
            }),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// A process of which it is not known yet whether it is of any use.
struct Starting(Option<Process>);

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(process) = &mut self.0 {
            end(process);
        }
    }
}

fn end(process: &mut Process) {
    // Both fail only where it has ended already.
    let _ = process.kill();
    let _ = process.wait();
}

/// Reads until it says where it listens, or says no more.
fn address(what: &'static str, stderr: &mut impl BufRead) -> Result<SocketAddr, BenchError> {
    let mut said = String::new();
    loop {
        let begin = said.len();
        let read = stderr.read_line(&mut said);
        let line = said.get(begin..).unwrap_or_default().trim();
        if let Some(address) = line
            .strip_prefix(ANNOUNCEMENT)
            .and_then(|address| address.parse().ok())
        {
            return Ok(address);
        }
        if !matches!(read, Ok(1..)) {
            return Err(BenchError::NotListening {
                what,
                said: SafeText::for_terminal(said.trim()),
            });
        }
    }
}
