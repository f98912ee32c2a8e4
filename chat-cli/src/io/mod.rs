//! Standard input and its line editor, text for a terminal, slow readers and signals.

mod completion;
pub(crate) mod editor;
mod keys;
pub mod line_queue;
pub(crate) mod palette;
mod resize;
pub mod safe_text;
pub mod signals;
pub mod stdin;
pub(crate) mod wrap;
