//! Cuts a transcript (`name: words`, a speech a line) into one file per speaker.

pub mod decode;
pub mod file_names;
pub mod speech;
