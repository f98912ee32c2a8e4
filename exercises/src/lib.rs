//! What the tools of this crate share, and what each of them does below its command line.
//!
//! The tools are in `src/bin/`, one file each: arguments, messages, exit codes. The README shows
//! each at work.

pub mod backup;
pub mod new_file;
pub mod recognise;
pub mod split_file;
pub mod split_talk;
pub mod tool;
