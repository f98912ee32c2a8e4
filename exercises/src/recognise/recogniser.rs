//! What a server asks about pictures.

use super::message::{Likely, Reason, Refusal};

/// Knows what pictures show. Used by several threads at once.
pub trait Recogniser: Send + Sync {
    /// All classes with their scores, in any order.
    fn recognise(&self, picture: &[u8]) -> Result<Vec<Likely>, Refusal>;
}

/// Knows nothing, and says why. A server never makes a result up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// What is missing, and what to do.
    pub why: String,
}

impl Recogniser for Unavailable {
    fn recognise(&self, _: &[u8]) -> Result<Vec<Likely>, Refusal> {
        Err(Reason::Unavailable.because(&self.why))
    }
}
