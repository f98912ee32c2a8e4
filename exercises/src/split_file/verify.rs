//! Whether what was written is what was read (`--verify`).

use std::io;
use std::path::{Path, PathBuf};

use crate::checksum::{Checksum, Checksummer};
use crate::interrupt::Interrupted;

/// Why it is not known to be so. What was written is not kept.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It was written wrong, or one of the two was changed meanwhile.
    #[error(
        "what was written is not what was read (sha256 {before} before, {after} after), and nothing was kept"
    )]
    Differs {
        /// The checksum of what was read.
        before: Checksum,
        /// The checksum of what was written.
        after: Checksum,
    },
    /// One of the two cannot be read.
    #[error("cannot read {path:?}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The user stopped it.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// The checksum of what files hold, one after the other.
pub(super) fn checksum<'a>(
    files: impl IntoIterator<Item = &'a Path>,
    step: impl Fn(u64) -> Result<(), Interrupted>,
) -> Result<Checksum, VerifyError> {
    let mut checksummer = Checksummer::default();
    for path in files {
        let unreadable = |source| VerifyError::Unreadable {
            path: path.to_owned(),
            source,
        };
        checksummer.add(path, unreadable, |bytes| Ok(step(bytes)?))?;
    }
    Ok(checksummer.finish())
}

/// Whether what was written (`after`) is what was read (`before`).
pub(super) fn compare(before: Checksum, after: Checksum) -> Result<(), VerifyError> {
    if before == after {
        Ok(())
    } else {
        Err(VerifyError::Differs { before, after })
    }
}
