//! Addresses as people write them.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use crate::failure::Failure;

/// Where a room is when nothing else is said.
pub(crate) const DEFAULT_ADDRESS: &str = "127.0.0.1:8888";
/// Replaces [`DEFAULT_ADDRESS`].
pub(crate) const DEFAULT_ADDRESS_VARIABLE: &str = "CHAT_ADDRESS";
const DEFAULT_PORT: u16 = 8888;

/// The address that was asked for, or the default one.
pub(crate) fn or_default(asked: Option<&str>) -> String {
    let set = || {
        std::env::var(DEFAULT_ADDRESS_VARIABLE)
            .ok()
            .filter(|set| !set.is_empty())
    };
    asked
        .map(str::to_owned)
        .or_else(set)
        .unwrap_or_else(|| DEFAULT_ADDRESS.into())
}

/// Every address that `HOST:PORT`, or `HOST` alone, stands for; at least one.
pub(crate) fn resolve(text: &str) -> Result<Vec<SocketAddr>, Failure> {
    let bad = |why: String| {
        Failure::Usage(format!(
            "{text:?} is no address ({why}); write HOST:PORT, such as {DEFAULT_ADDRESS} or [::1]:8888"
        ))
    };
    if text.is_empty() {
        return Err(bad("it is empty".into()));
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, DEFAULT_PORT)]);
    }
    let has_port = text.rsplit_once(':').is_some();
    let resolved = if has_port {
        text.to_socket_addrs()
    } else {
        (text, DEFAULT_PORT).to_socket_addrs()
    };
    let mut addresses = Vec::new();
    let resolved = resolved.map_err(|error| match error.kind() {
        ErrorKind::InvalidInput => bad(error.to_string()),
        _ => Failure::io(format!("cannot find the address of {text}"))(error),
    });
    for address in resolved? {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        Err(bad("nothing is known by that name".into()))
    } else {
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> String {
        resolve(text).unwrap()[0].to_string()
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
            let failure = resolve(text).unwrap_err().to_string();
            assert!(failure.contains("HOST:PORT"), "{text}: {failure}");
        }
    }
}
