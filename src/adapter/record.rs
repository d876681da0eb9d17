//! Writes a recording: one JSON line per call, on disk as soon as the call is over.

#![expect(clippy::disallowed_methods, reason = "creates the recording's file")]

use super::os;
use super::replay::Header;
use crate::model::command::RecordedCall;
use crate::port::Recorder;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A recording being written.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    file: Mutex<File>,
}

impl Recording {
    /// Creates the file, readable by its owner alone, and writes its first line.
    ///
    /// # Errors
    /// It exists, or cannot be written; the path is in the message.
    pub fn create(path: &Path, incident: &str, note: &str, unique: &str) -> io::Result<Self> {
        let file = os::private_file(OpenOptions::new().write(true).create_new(true)).open(path).map_err(|error| {
            let what = match error.kind() {
                io::ErrorKind::AlreadyExists => "exists; choose another name or remove it".to_owned(),
                _ => format!("cannot be created: {error}"),
            };
            io::Error::new(error.kind(), format!("`{}` {what}", path.display()))
        })?;
        let recording = Self { path: path.to_owned(), file: Mutex::new(file) };
        let unique = Some(unique.to_owned()).filter(|unique| !unique.is_empty());
        recording.line(&Header { incident: incident.to_owned(), note: note.to_owned(), unique })?;
        Ok(recording)
    }

    /// One write, so that a crash tears the last line at most.
    fn line(&self, value: &impl serde::Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line)
            .map_err(|error| io::Error::new(error.kind(), format!("`{}`: {error}", self.path.display())))
    }
}

impl Recorder for Recording {
    fn keep(&self, call: &RecordedCall) -> io::Result<()> {
        self.line(call)
    }
}
