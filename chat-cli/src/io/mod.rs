//! Standard input, text for a terminal, slow readers and signals.

pub mod line_queue;
pub mod safe_text;
pub mod signals;
pub mod stdin;
pub(crate) mod wrap;
