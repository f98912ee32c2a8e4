//! The sizes that PROTOCOL.md, "Limits", gives. All in bytes.

/// The longest datagram of either direction, because existing programs read no more at once.
pub const MAX_DATAGRAM: usize = 1024;
/// The longest datagram of a session, of either direction.
pub const MAX_SESSION_DATAGRAM: usize = 1200;
/// The length to which a sender fills a session's datagram: the largest single line with its header
/// and all control lines needs 1,156, and a seal of up to 40 bytes fits behind it.
pub const FILLED_SESSION_DATAGRAM: usize = 1160;
/// The shortest hello: as long as the longest start line, so that no answer is longer.
pub(crate) const MIN_HELLO: usize = 109;
/// The largest number in a session's datagram: 2^53-1, the most that a browser counts exactly.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;
/// The longest [`Name`](crate::Name).
pub const MAX_NAME: usize = 32;
/// The longest [`Text`](crate::Text): a delivery also holds a leading line feed, the longest name
/// and `" : "`.
pub const MAX_TEXT: usize = MAX_DATAGRAM - MAX_NAME - " : ".len() - "\n".len();
/// The longest success, end or request [`Word`](crate::Word).
pub const MAX_WORD: usize = 16;
/// The largest number of end words in a [`Dialect`](crate::Dialect).
pub const MAX_END_WORDS: usize = 8;
/// The longest refusal, `FAIL ` included.
pub const MAX_REFUSAL: usize = 120;
/// The longest [`Reason`](crate::Reason) of a refusal.
pub const MAX_REASON: usize = MAX_REFUSAL - "FAIL ".len();
