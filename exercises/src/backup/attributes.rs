//! The times and permissions of a file, which its copy gets too.

use std::fs::{File, FileTimes, Metadata, Permissions};
use std::io;
use std::time::SystemTime;

/// Who may read, write and run it. The rest of the mode (set-user-id and the like) would mean
/// something else on a copy with another owner.
#[cfg(unix)]
const KEPT: u32 = 0o777;
/// All of a mode but the type of the file.
#[cfg(unix)]
const ALL: u32 = 0o7777;

/// What a copy is given.
pub(super) struct Attributes {
    modified: Option<SystemTime>,
    accessed: Option<SystemTime>,
    permissions: Permissions,
}

impl Attributes {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let permissions = metadata.permissions();
        #[cfg(unix)]
        let permissions = {
            use std::os::unix::fs::PermissionsExt;
            Permissions::from_mode(permissions.mode() & KEPT)
        };
        Self {
            modified: metadata.modified().ok(),
            accessed: metadata.accessed().ok(),
            permissions,
        }
    }

    /// Whether a file was last changed when this one was.
    pub(super) fn same_time(&self, found: &Metadata) -> bool {
        self.modified.is_some() && self.modified == found.modified().ok()
    }

    /// Whether a file has these permissions.
    pub(super) fn same_permissions(&self, found: &Metadata) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            self.permissions.mode() == found.permissions().mode() & ALL
        }
        #[cfg(not(unix))]
        {
            self.permissions == found.permissions()
        }
    }

    /// Gives them to a file, as far as that is possible; the error is that of the first that was
    /// refused.
    pub(super) fn give(&self, file: &File) -> io::Result<()> {
        let mut times = FileTimes::new();
        if let Some(modified) = self.modified {
            times = times.set_modified(modified);
        }
        if let Some(accessed) = self.accessed {
            times = times.set_accessed(accessed);
        }
        let result = file.set_times(times);
        let permitted = file.set_permissions(self.permissions.clone());
        result.and(permitted)
    }
}
