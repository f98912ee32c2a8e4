//! Addresses as people write them.

use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs, UdpSocket};

use crate::language::{Worded, Words, say};

/// The address of a room where none is given.
pub(crate) const DEFAULT_ADDRESS: &str = "127.0.0.1:8888";
const DEFAULT_PORT: u16 = 8888;

/// Reads the address that the environment sets for all commands; an empty one counts as none.
pub(crate) fn of_the_environment() -> Option<String> {
    let set = std::env::var("CHAT_ADDRESS").ok();
    set.filter(|set| !set.is_empty())
}

/// The addresses that a text stands for: at least one.
#[derive(Debug)]
pub(crate) struct Addresses {
    /// The first to try.
    pub(crate) first: SocketAddr,
    /// The next ones to try, in this order.
    pub(crate) others: Vec<SocketAddr>,
}

impl Addresses {
    pub(crate) fn one(first: SocketAddr) -> Self {
        let others = Vec::new();
        Self { first, others }
    }
}

/// A text that names no address.
#[derive(Debug)]
pub(crate) struct AddressError {
    text: String,
    problem: Problem,
}

#[derive(Debug)]
enum Problem {
    Empty,
    Port,
    /// The system could not look the name up.
    Lookup(io::Error),
}

impl AddressError {
    /// Returns true when the system failed, not the person who wrote the address.
    pub(crate) fn is_of_the_system(&self) -> bool {
        matches!(self.problem, Problem::Lookup(_))
    }
}

impl Worded for AddressError {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        let text = &self.text;
        if let Problem::Lookup(error) = &self.problem {
            return say! { to,
            "cannot find the address of {text}: {error}; is the name spelt right, and is \
             there a network? An IP address such as {DEFAULT_ADDRESS} needs neither",
            "查不到 {text} 的地址：{error}；名字写对了吗？网络通吗？也可以直接写 IP 地址，\
             例如 {DEFAULT_ADDRESS}" };
        }
        say! { to, "invalid address {text:?}: ", "无效的地址 {text:?}：" }?;
        match &self.problem {
            Problem::Empty => say! { to, "empty", "是空的" },
            Problem::Port => say! { to, "a port is 0 to 65535", "端口是 0 到 65535" },
            Problem::Lookup(error) => write!(to, "{error}"),
        }?;
        say! { to, "; write HOST:PORT, such as {DEFAULT_ADDRESS} or [::1]:8888",
        "；请写成 主机:端口，例如 {DEFAULT_ADDRESS} 或 [::1]:8888" }
    }
}

/// Resolves `HOST:PORT`, or `HOST` alone, to every address that it stands for; without a text, the
/// default address. A port alone is that port of this machine.
pub(crate) fn resolve(text: Option<&str>) -> Result<Addresses, AddressError> {
    resolve_at("127.0.0.1", text)
}

/// Resolves as [`resolve`] does, but a port alone is that port at every address of this machine.
pub(crate) fn resolve_to_listen(text: Option<&str>) -> Result<Addresses, AddressError> {
    // It takes IPv4 too, but not every machine has it.
    resolve_at(
        UdpSocket::bind("[::]:0").map_or("0.0.0.0", |_| "[::]"),
        text,
    )
}

fn resolve_at(host_of_a_port: &str, text: Option<&str>) -> Result<Addresses, AddressError> {
    let default = of_the_environment();
    let text = text.or(default.as_deref()).unwrap_or(DEFAULT_ADDRESS);
    look_up(host_of_a_port, text).map_err(|problem| AddressError {
        text: text.to_owned(),
        problem,
    })
}

fn look_up(host_of_a_port: &str, text: &str) -> Result<Addresses, Problem> {
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    // The system would take it for an address: 8888 for 0.0.34.184.
    let port = text.strip_prefix(':').unwrap_or(text);
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
    let with_host = is_port.then(|| format!("{host_of_a_port}:{port}"));
    let text = with_host.as_deref().unwrap_or(text);
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(Addresses::one(SocketAddr::new(ip, DEFAULT_PORT)));
    }
    let resolved = if text.contains(':') {
        text.to_socket_addrs()
    } else {
        (text, DEFAULT_PORT).to_socket_addrs()
    };
    let mut resolved = resolved.map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => Problem::Port,
        _ => Problem::Lookup(error),
    })?;
    let first = resolved.next();
    let first = first.ok_or_else(|| Problem::Lookup(ErrorKind::NotFound.into()))?;
    let mut known = HashSet::from([first]);
    let others = resolved.filter(|address| known.insert(*address)).collect();
    Ok(Addresses { first, others })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn addresses_are_read_with_and_without_a_port() {
        for (text, address) in [
            ("127.0.0.1:7", "127.0.0.1:7"),
            ("127.0.0.1", "127.0.0.1:8888"),
            ("[::1]:7", "[::1]:7"),
            ("::1", "[::1]:8888"),
            ("[::1]", "[::1]:8888"),
            ("7", "127.0.0.1:7"),
            (":7", "127.0.0.1:7"),
        ] {
            let first = resolve(Some(text)).unwrap().first;
            assert_eq!(first.to_string(), address);
        }
        for text in ["", ":", "65536", ":65536", "127.0.0.1:65536"] {
            let error = resolve(Some(text)).unwrap_err();
            assert!(!error.is_of_the_system(), "{error:?}");
            let said = error.in_words(Language::English);
            let names_the_range = said.contains("a port is 0 to 65535");
            assert_eq!(names_the_range, !text.is_empty(), "{said}");
        }
    }
}
