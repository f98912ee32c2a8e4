//! A file of the conversation: `name：text`, one message a line.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chat_core::proto::Name;

use crate::failure::remedy_of_file;
use crate::language::{Worded, Words, say};

/// The file, to which lines are added.
#[derive(Debug)]
pub(super) struct Transcript {
    path: PathBuf,
    file: File,
}

/// A transcript that cannot be written.
#[derive(Debug)]
pub(super) struct TranscriptError {
    path: PathBuf,
    error: io::Error,
}

impl Worded for TranscriptError {
    fn word(&self, to: &mut Words<'_>) -> fmt::Result {
        let (path, error) = (self.path.display(), &self.error);
        say! { to, "cannot write the transcript {path}: {error}", "无法写入记录 {path}：{error}" }?;
        remedy_of_file(to, error, "--transcript")
    }
}

impl Transcript {
    /// Opens the file, or makes it, and ends its last line if that has no end.
    pub(super) fn open(path: &Path) -> Result<Self, TranscriptError> {
        let path = path.to_owned();
        match open_with_last_line_ended(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(error) => Err(TranscriptError { path, error }),
        }
    }

    /// Adds a line. The system has it when this returns: nothing waits in the program.
    pub(super) fn append(&mut self, name: Name, text: &str) -> Result<(), TranscriptError> {
        // In one call, so that two programs with the same file do not mix within a line.
        let line = format!("{name}：{text}\n");
        let written = self.file.write_all(line.as_bytes());
        written.map_err(|error| TranscriptError {
            path: self.path.clone(),
            error,
        })
    }
}

fn open_with_last_line_ended(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let mut file = options.read(true).append(true).create(true).open(path)?;
    if file.metadata()?.is_file() && file.seek(SeekFrom::End(0))? > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        // A program that was killed can have left half a line.
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn lines_are_added_and_half_a_line_is_ended_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("room.txt");
        let bob = Name::new("bob").unwrap();
        let append = |text| Transcript::open(&path).unwrap().append(bob, text).unwrap();
        append(" 吃了么 ");
        let written = fs::read_to_string(&path).unwrap();
        assert_eq!(written, "bob： 吃了么 \n");

        fs::write(&path, written + "cut of").unwrap();
        append("");
        let written = fs::read_to_string(&path).unwrap();
        assert_eq!(written, "bob： 吃了么 \ncut of\nbob：\n");
    }
}
