//! Opens regular files, and nothing that only looks like one.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// A regular file that is open for reading.
pub(super) struct Opened {
    pub(super) file: File,
    /// As it was when it was opened.
    pub(super) metadata: Metadata,
}

/// Opens a regular file. What was put in its place since somebody looked is refused: a link is not
/// followed, a pipe not waited for.
pub(super) fn open_regular(path: &Path) -> io::Result<Opened> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;

        use rustix::fs::OFlags;

        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        // These bits are the same number whatever type the system's headers give them.
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        Ok(Opened { file, metadata })
    } else {
        Err(io::Error::other("it is not a regular file any more"))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_link_and_a_pipe_are_refused_without_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("file"), "x").unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, path("pipe"), rustix::fs::Mode::RWXU).unwrap();
        assert!(open_regular(&path("file")).is_ok());
        for other in ["link", "pipe"] {
            assert!(open_regular(&path(other)).is_err(), "{other}");
        }
        assert!(open_regular(folder.path()).is_err());
    }
}
