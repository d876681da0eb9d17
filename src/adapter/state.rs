//! What a run leaves behind: `.refloat/` beside `tasks.toml`.
//!
//! ```text
//! .refloat/.gitignore            *
//! .refloat/runs/<id>/journal.jsonl
//! .refloat/runs/<id>/running      locked as long as the run goes on
//! .refloat/runs/<id>/evidence/
//! .refloat/incidents/               see [`incidents`]
//! .refloat/scratch/<word>/            as long as the run goes on
//! ```
//! It may hold what a cluster said, so only its owner may read it. A link in its place is refused:
//! whoever planted it decides where the evidence goes.

#![expect(clippy::disallowed_methods, reason = "this is where files are written")]

pub use incidents::Incidents;
pub use running::Running;
pub use scratch::Scratch;

use super::files::{at, is_link};
use super::os;
use super::whole::{LINK, write_whole};
use crate::port::Store;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The state directory.
#[derive(Debug, Clone)]
pub struct State {
    root: PathBuf,
}

/// A run that was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEntry {
    /// Its id.
    pub id: String,
    /// Its journal; may not exist.
    pub journal: PathBuf,
    /// Its plan; may not exist.
    pub plan: PathBuf,
    running: PathBuf,
}

impl RunEntry {
    /// Is the run still going on?
    pub fn is_running(&self) -> bool {
        running::is_running(&self.running)
    }
}

impl State {
    /// The state that belongs to a task file. Nothing is created.
    pub fn beside(tasks_file: &Path) -> Self {
        Self { root: tasks_file.with_file_name(".refloat") }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The runs, newest first: an id starts with the time. None when there is no state yet.
    ///
    /// # Errors
    /// The directory is there and cannot be read.
    pub fn list_runs(&self) -> io::Result<Vec<RunEntry>> {
        let runs = self.root.join("runs");
        let entries = match std::fs::read_dir(&runs) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(|error| at(&runs, &error))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| at(&runs, &error))?;
            // Of links this speaks of the link itself. What somebody else put there is no run of ours.
            if entry.metadata().is_ok_and(|found| found.is_dir() && os::is_own(&found)) {
                let id = entry.file_name().to_string_lossy().into_owned();
                let [journal, plan, running] = [JOURNAL, PLAN, RUNNING].map(|name| entry.path().join(name));
                found.push(RunEntry { id, journal, plan, running });
            }
        }
        found.sort_by(|a, b| b.id.cmp(&a.id));
        Ok(found)
    }

    /// Makes sure that what is there is ours alone. Nothing is created.
    ///
    /// # Errors
    /// As [`State::prepare`].
    pub fn claim(&self) -> io::Result<()> {
        for path in [self.root.clone(), self.root.join("runs")] {
            if std::fs::symlink_metadata(&path).is_ok() {
                claim_dir(&path)?;
            }
        }
        Ok(())
    }

    /// Creates what is missing of `.refloat/runs`, and gives that folder.
    ///
    /// # Errors
    /// It is a link, it is somebody else's, or something else is in the way; the path is in the message.
    pub fn prepare(&self) -> io::Result<PathBuf> {
        make_dir(&self.root)?;
        let ignore = self.root.join(".gitignore");
        match create_file(&ignore) {
            Ok(mut file) => file.write_all(b"*\n").map_err(|error| at(&ignore, &error))?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        let runs = self.root.join("runs");
        make_dir(&runs)?;
        Ok(runs)
    }
}

const JOURNAL: &str = "journal.jsonl";
const PLAN: &str = "plan.json";
const RUNNING: &str = "running";

/// The directory of one run.
#[derive(Debug, Clone)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// Creates `runs/<id>/`.
    ///
    /// # Errors
    /// It exists, the state is a link, or whatever the file system says; the path is in the message.
    pub fn create(state: &State, id: &str) -> io::Result<Self> {
        check_name(id)?;
        let path = state.prepare()?.join(id);
        os::private_dir(&mut DirBuilder::new()).create(&path).map_err(|error| at(&path, &error))?;
        Ok(Self { path })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its journal, for appending.
    ///
    /// # Errors
    /// Whatever the file system says, the path in the message.
    pub fn journal(&self) -> io::Result<Journal> {
        Journal::open(&self.path.join(JOURNAL))
    }

    /// Keeps what the run is about to do, for a run that goes on from it.
    ///
    /// # Errors
    /// Whatever the file system says, the path in the message.
    pub fn keep_plan(&self, plan: &[u8]) -> io::Result<()> {
        write_whole(&self.path.join(PLAN), plan)
    }

    /// Says that the run is going on, until the answer is dropped or the process ends, however it ends.
    ///
    /// # Errors
    /// Whatever the file system says, the path in the message.
    pub fn running(&self) -> io::Result<Running> {
        Running::start(&self.path.join(RUNNING))
    }

    /// Its evidence. The folder is made when the first file is.
    pub fn evidence(&self) -> Evidence {
        Evidence { folder: self.path.join("evidence") }
    }
}

/// A journal: written line by line, only ever at its end.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens or creates it. Half a line at its end, from a crash, is closed: what comes next must
    /// not be glued to it.
    fn open(path: &Path) -> io::Result<Self> {
        if is_link(path) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("`{}` {LINK}", path.display())));
        }
        let wrong = |error: io::Error| at(path, &error);
        let mut file =
            os::private_file(OpenOptions::new().read(true).append(true).create(true)).open(path).map_err(wrong)?;
        if file.seek(SeekFrom::End(0)).map_err(wrong)? > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1)).and_then(|_| file.read_exact(&mut last)).map_err(wrong)?;
            if last != *b"\n" {
                file.write_all(b"\n").map_err(wrong)?;
            }
        }
        Ok(Self { path: path.to_owned(), file })
    }

    /// Waits until everything written is on the disk. For the borders of steps: whoever resumes
    /// must be able to trust what the journal says was done.
    ///
    /// # Errors
    /// The disk is full or gone.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data().map_err(|error| at(&self.path, &error))
    }
}

impl Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(|error| at(&self.path, &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The evidence of a run.
#[derive(Debug, Clone)]
pub struct Evidence {
    folder: PathBuf,
}

impl Store for Evidence {
    fn create(&self, name: &str) -> io::Result<Box<dyn Write + Send>> {
        check_name(name)?;
        make_dir(&self.folder)?;
        create_file(&self.folder.join(name)).map(|file| Box::new(file) as Box<dyn Write + Send>)
    }

    fn place(&self) -> String {
        let here = std::env::current_dir().ok();
        let relative = here.as_deref().and_then(|here| self.folder.strip_prefix(here).ok());
        let place = relative.unwrap_or(&self.folder).display().to_string();
        // Not to be taken for an option.
        if place.starts_with('-') { Path::new(".").join(place).display().to_string() } else { place }
    }
}

/// Makes a directory, or accepts the one that is there. Never follows a link.
fn make_dir(path: &Path) -> io::Result<()> {
    match os::private_dir(&mut DirBuilder::new()).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => return other.map_err(|error| at(path, &error)),
    }
    claim_dir(path)
}

/// Accepts a directory that is there, if it is ours; from then on it is ours alone.
fn claim_dir(path: &Path) -> io::Result<()> {
    let found = std::fs::symlink_metadata(path).map_err(|error| at(path, &error))?;
    let wrong = if found.is_symlink() {
        LINK
    } else if !found.is_dir() {
        "is in the way: it is not a directory"
    } else if !os::is_own(&found) {
        "belongs to somebody else, who could put anything there; move it away"
    } else {
        return os::tighten_dir(path, &found).map_err(|error| at(path, &error));
    };
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("`{}` {wrong}", path.display())))
}

/// A new file; follows no link and replaces nothing.
fn create_file(path: &Path) -> io::Result<File> {
    os::private_file(OpenOptions::new().write(true).create_new(true)).open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => io::Error::new(error.kind(), format!("`{}` exists already", path.display())),
        _ => at(path, &error),
    })
}

/// Plain names only, and only those that every system takes: the same task file must save the same
/// files everywhere.
fn check_name(name: &str) -> io::Result<()> {
    const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = ["com", "lpt"].iter().any(|device| {
        stem.strip_prefix(device).is_some_and(|rest| rest.chars().count() == 1 && rest.chars().all(char::is_numeric))
    });
    let wrong = if name.is_empty() || name.len() > 200 {
        "it must have 1 to 200 bytes"
    } else if name.chars().any(|c| c.is_control() || "/\\:*?\"<>|".contains(c)) {
        "it must be plain: no path, no control characters, none of : * ? \" < > |"
    } else if name.ends_with(['.', ' ']) {
        "it must not end in a dot or a space"
    } else if DEVICES.contains(&stem.as_str()) || numbered {
        "Windows keeps that name for a device"
    } else {
        return Ok(());
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{}` is no file name: {wrong}", name.escape_debug())))
}

mod incidents;
mod running;
mod scratch;
#[cfg(test)]
mod tests;
