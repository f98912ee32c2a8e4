//! SHA-256 of files: what `sha256sum` prints for them.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

/// Bytes that are read at a time.
const PIECE: usize = 256 << 10;

/// The SHA-256 of some bytes; shown as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checksum([u8; 32]);

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Makes the checksum of what several files hold, one after the other.
#[derive(Debug, Default)]
pub struct Checksummer(Sha256);

impl Checksummer {
    /// Adds what a file holds. `after_step` gets the bytes of each step, and can stop the work.
    pub fn add<E>(
        &mut self,
        path: &Path,
        unreadable: impl Fn(io::Error) -> E,
        mut after_step: impl FnMut(u64) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut file = File::open(path).map_err(&unreadable)?;
        let mut piece = vec![0; PIECE];
        loop {
            let read = match file.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(error)),
            };
            self.0.update(piece.get(..read).unwrap_or_default());
            after_step(read as u64)?;
        }
    }

    /// The checksum of everything that was added.
    pub fn finish(self) -> Checksum {
        Checksum(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn it_is_the_sha_256_of_the_files_one_after_the_other() {
        let mut checksummer = Checksummer::default();
        for bytes in [&b"a"[..], b"", b"bc"] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(bytes).unwrap();
            checksummer
                .add(file.path(), |error| error, |_| Ok(()))
                .unwrap();
        }
        // The first example of FIPS 180-4: "abc".
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(checksummer.finish().to_string(), expected);
    }
}
