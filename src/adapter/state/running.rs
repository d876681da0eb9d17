//! Whether a run is still going on: an empty file in its folder that it keeps locked.

#![expect(clippy::disallowed_methods, reason = "this is where the mark is set and asked for")]

use super::super::files::{at, is_link};
use super::create_file;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The mark of a run that goes on. The system takes the lock away with the process; the file goes
/// when the run ends by itself.
#[derive(Debug)]
pub struct Running {
    path: PathBuf,
    file: File,
}

impl Running {
    pub(super) fn start(path: &Path) -> io::Result<Self> {
        let file = create_file(path)?;
        file.try_lock().map_err(|error| at(path, &error.into()))?;
        Ok(Self { path: path.to_owned(), file })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.file.unlock();
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Is the mark there, and does somebody hold it?
pub(super) fn is_running(path: &Path) -> bool {
    !is_link(path) && File::open(path).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
