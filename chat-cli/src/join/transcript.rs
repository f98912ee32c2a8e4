//! What was said, in a file: `name：text`, one message a line.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chat_core::proto::Name;

/// A file that is added to.
#[derive(Debug)]
pub(crate) struct Transcript {
    path: PathBuf,
    file: File,
}

/// Why something was not written down.
#[derive(Debug)]
pub(crate) struct TranscriptError {
    pub(crate) path: PathBuf,
    pub(crate) error: io::Error,
}

impl Transcript {
    /// Opens the file, or makes it. Where its last line has no end (what wrote it was killed), that
    /// is added first.
    pub(crate) fn open(path: &Path) -> Result<Self, TranscriptError> {
        let failed = |error| TranscriptError {
            path: path.to_owned(),
            error,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(failed)?;
        end_last_line(&mut file).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Adds a line. It is with the system when this returns: nothing waits in the program.
    pub(crate) fn append(&mut self, name: Name, text: &str) -> Result<(), TranscriptError> {
        // In one piece: two programs that write the same file do not mix within a line.
        let line = format!("{name}：{text}\n");
        self.file
            .write_all(line.as_bytes())
            .map_err(|error| TranscriptError {
                path: self.path.clone(),
                error,
            })
    }
}

fn end_last_line(file: &mut File) -> io::Result<()> {
    let is_regular = file.metadata()?.is_file();
    if !is_regular || file.seek(SeekFrom::End(0))? == 0 {
        return Ok(());
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last == *b"\n" {
        Ok(())
    } else {
        file.write_all(b"\n")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn lines_are_added_and_a_line_without_end_gets_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("room.txt");
        let bob = Name::new("bob").unwrap();
        Transcript::open(&path)
            .unwrap()
            .append(bob, " 吃了么 ")
            .unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "bob： 吃了么 \n");

        OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"cut of")
            .unwrap();
        Transcript::open(&path).unwrap().append(bob, "").unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "bob： 吃了么 \ncut of\nbob：\n"
        );
    }

    #[test]
    fn a_file_that_cannot_be_written_is_an_error_with_its_name() {
        let error = Transcript::open(Path::new("/nowhere/room.txt")).unwrap_err();
        assert_eq!(error.path, Path::new("/nowhere/room.txt"));
        if Path::new("/dev/full").exists() {
            let mut full = Transcript::open(Path::new("/dev/full")).unwrap();
            assert!(full.append(Name::new("bob").unwrap(), "lost").is_err());
        }
    }
}
