//! Addresses as people write them.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use crate::failure::{AddressProblem, Doing, Failure};

/// Where a room is when nothing else is said.
pub(crate) const DEFAULT_ADDRESS: &str = "127.0.0.1:8888";
/// Replaces [`DEFAULT_ADDRESS`].
pub(crate) const DEFAULT_ADDRESS_VARIABLE: &str = "CHAT_ADDRESS";
const DEFAULT_PORT: u16 = 8888;

/// The address that was asked for, or the default one.
pub(crate) fn or_default(asked: Option<&str>) -> String {
    asked
        .map(str::to_owned)
        .or_else(of_the_environment)
        .unwrap_or_else(|| DEFAULT_ADDRESS.into())
}

/// The address that is set for all commands; nothing is none.
pub(crate) fn of_the_environment() -> Option<String> {
    std::env::var(DEFAULT_ADDRESS_VARIABLE)
        .ok()
        .filter(|set| !set.is_empty())
}

/// What an address that a person wrote stands for: at least one.
#[derive(Debug)]
pub(crate) struct Addresses {
    /// The one to be tried first.
    pub(crate) first: SocketAddr,
    /// To be tried after it, in this order.
    pub(crate) others: Vec<SocketAddr>,
}

impl From<SocketAddr> for Addresses {
    fn from(first: SocketAddr) -> Self {
        Self {
            first,
            others: Vec::new(),
        }
    }
}

/// Every address that `HOST:PORT`, or `HOST` alone, stands for.
pub(crate) fn resolve(text: &str) -> Result<Addresses, Failure> {
    let bad = |problem| Failure::BadAddress {
        text: text.to_owned(),
        problem,
    };
    if text.is_empty() {
        return Err(bad(AddressProblem::Empty));
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, DEFAULT_PORT).into());
    }
    let has_port = text.rsplit_once(':').is_some();
    let resolved = if has_port {
        text.to_socket_addrs()
    } else {
        (text, DEFAULT_PORT).to_socket_addrs()
    };
    let mut resolved = resolved.map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => bad(AddressProblem::Unreadable(error)),
        _ => Failure::io(Doing::FindAddress(text.to_owned()))(error),
    })?;
    let first = resolved
        .next()
        .ok_or_else(|| bad(AddressProblem::Unknown))?;
    let mut others = Vec::new();
    for address in resolved {
        if address != first && !others.contains(&address) {
            others.push(address);
        }
    }
    Ok(Addresses { first, others })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Language;

    fn first(text: &str) -> String {
        resolve(text).unwrap().first.to_string()
    }

    #[test]
    fn addresses_are_read_with_and_without_a_port() {
        assert_eq!(first("127.0.0.1:7"), "127.0.0.1:7");
        assert_eq!(first("127.0.0.1"), "127.0.0.1:8888");
        assert_eq!(first("[::1]:7"), "[::1]:7");
        assert_eq!(first("::1"), "[::1]:8888");
        assert_eq!(first("[::1]"), "[::1]:8888");
    }

    #[test]
    fn what_is_no_address_is_wrong_usage_with_an_example() {
        for text in ["", "127.0.0.1:99999", "127.0.0.1:x"] {
            let failure = resolve(text)
                .unwrap_err()
                .message(Language::English)
                .to_string();
            assert!(failure.contains("HOST:PORT"), "{text}: {failure}");
        }
    }
}
