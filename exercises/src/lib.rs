//! The parts of the tools below their command lines, and the parts that all tools share.
//!
//! The tools are in `src/bin/`, one file each: arguments, messages, exit codes. The README shows
//! each at work.

pub mod backup;
pub mod new_file;
pub mod recognise;
pub mod split_file;
pub mod split_talk;
pub mod tool;
