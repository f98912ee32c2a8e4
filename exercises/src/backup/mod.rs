//! Keeps copies of the files of one folder in another.
//!
//! Kept are the content, the times of the last change and the last reading (as they were before the
//! copying), and who may read, write and run the file. Not kept: its owner and group, set-user-id
//! and the like (the copy has another owner), extended attributes and access lists, and holes (a
//! sparse file takes its full size).

pub mod folders;
pub mod outcome;
pub mod run;
pub mod summary;

mod attributes;
mod contents;
mod file;
mod leftovers;
mod listing;
mod opening;
mod same_names;
