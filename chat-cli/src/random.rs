//! Random bits of the system: the secrets of sessions, and datagrams that are to be lost.

use std::io;

use chat_core::proto::Id;
use chat_core::{ClientSession, SessionConfig};

use crate::failure::{Failure, Operation};

/// Returns the options of a room's sessions, with new secrets.
pub(crate) fn room_sessions() -> Result<SessionConfig, Failure> {
    let (key, log) = (bits()?, Id(u64::from_ne_bytes(bits()?)));
    Ok(SessionConfig::new(key, log))
}

/// Returns the options of a client's session, with a new token.
pub(crate) fn client_session() -> Result<ClientSession, Failure> {
    let (token, seed) = (Id(u64::from_ne_bytes(bits()?)), bits()?);
    Ok(ClientSession::new(token, seed))
}

/// Returns true for `percent` of 100 calls.
pub(crate) fn is_one_of(percent: u8) -> bool {
    percent > 0 && getrandom::u32().is_ok_and(|number| number % 100 < percent.into())
}

fn bits<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bits = [0; N];
    match getrandom::fill(&mut bits) {
        Ok(()) => Ok(bits),
        Err(error) => Err(Failure::io(Operation::DrawRandom)(io::Error::from(error))),
    }
}
