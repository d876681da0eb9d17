//! A folder that lasts as long as a run: what a tool wants to write and nobody wants to keep.

#![expect(clippy::disallowed_methods, reason = "removes the folder of the run")]

use super::{State, make_dir};
use std::io;
use std::path::PathBuf;

/// `.refloat/scratch/WORD/`; removed when this goes.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder.
    ///
    /// # Errors
    /// It cannot be made, or is somebody else's; the path is in the message.
    pub fn create(state: &State, word: &str) -> io::Result<Self> {
        state.prepare()?;
        let all = state.path().join("scratch");
        make_dir(&all)?;
        let own = all.join(word);
        make_dir(&own)?;
        Ok(Self(own))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
