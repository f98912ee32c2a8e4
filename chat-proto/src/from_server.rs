//! Messages to a client.

use nom::Parser;
use nom::branch::alt;
use nom::combinator::all_consuming;

use crate::delivery::{Delivery, delivery};
use crate::dialect::Dialect;
use crate::error::DecodeError;
use crate::parse;
use crate::reply::{Reply, reply};

/// A server's message to a client: no datagram is both a reply and a delivery.
///
/// ```
/// use chat_proto::{Delivery, Dialect, FromServer, Reply};
///
/// let read = |datagram| FromServer::decode(datagram, &Dialect::lenient());
/// assert_eq!(read(b"OK")?, FromServer::Reply(Reply::Success));
/// assert!(matches!(read(b"bob : OK")?, FromServer::Delivery(Delivery::Said { .. })));
/// # Ok::<(), chat_proto::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum FromServer<'a> {
    /// An answer to this client.
    Reply(Reply<'a>),
    /// A message to the members.
    Delivery(Delivery<'a>),
}

impl<'a> FromServer<'a> {
    /// Reads one datagram, borrowing from it, as [`Reply::decode`] and [`Delivery::decode`] do.
    pub fn decode(datagram: &'a [u8], dialect: &Dialect) -> Result<Self, DecodeError> {
        let reply = all_consuming(|input| reply(input, dialect)).map(Self::Reply);
        let delivery = (|input| delivery(input, dialect)).map(Self::Delivery);
        parse::datagram(datagram, Some(dialect), |i| alt((reply, delivery)).parse(i))
    }
}
