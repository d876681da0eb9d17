//! What is kept of incidents, beside the runs:
//!
//! ```text
//! .refloat/incidents/<id>/timeline.jsonl    only ever grows; everything is derived from it
//! .refloat/incidents/lock                   held by whoever looks and then writes
//! .refloat/drills/                          the same, of incidents that recordings play
//! ```

#![expect(clippy::disallowed_methods, reason = "this is where they are written")]

use super::super::files::{at, is_link, read_capped};
use super::super::os;
use super::{Journal, State, check_name, claim_dir, make_dir};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

const TIMELINE: &str = "timeline.jsonl";
/// A timeline of more than this is none of ours.
const MOST: u64 = 64 << 20;

/// The incidents of a project, or its drills.
#[derive(Debug, Clone)]
pub struct Incidents {
    state: State,
    folder: PathBuf,
}

/// As long as it is there, nobody else looks and then writes. Where the system has no locks it is a mere word.
#[derive(Debug)]
pub struct Alone(#[expect(dead_code, reason = "held, not read")] Option<File>);

impl State {
    /// The incidents; with `drills` those that recordings play, which are kept apart. Nothing is created.
    pub fn incidents(&self, drills: bool) -> Incidents {
        let folder = self.root.join(if drills { "drills" } else { "incidents" });
        Incidents { state: self.clone(), folder }
    }
}

impl Incidents {
    /// Their ids, newest first: an id starts with the time. None when there is no folder yet.
    ///
    /// # Errors
    /// The folder is there, and cannot be read, is a link, or is somebody else's.
    pub fn list(&self) -> io::Result<Vec<String>> {
        match std::fs::symlink_metadata(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            // Whoever planted it would say what is refused, and what is not.
            found => found.map(drop).and_then(|()| claim_dir(&self.folder))?,
        }
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(|error| at(&self.folder, &error))? {
            let entry = entry.map_err(|error| at(&self.folder, &error))?;
            if entry.metadata().is_ok_and(|found| found.is_dir() && os::is_own(&found)) {
                ids.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        ids.sort_by(|a, b| b.cmp(a));
        Ok(ids)
    }

    /// The bytes of a timeline; none when the program died before it wrote a line.
    ///
    /// # Errors
    /// It cannot be read, or is a link.
    pub fn read(&self, id: &str) -> io::Result<Vec<u8>> {
        check_name(id)?;
        let path = self.folder.join(id).join(TIMELINE);
        if is_link(&path) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("`{}` is a link", path.display())));
        }
        match read_capped(&path, MOST) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read,
        }
    }

    /// Keeps others from writing meanwhile; waits for whoever does now.
    ///
    /// # Errors
    /// The folder cannot be made, or is not ours.
    pub fn alone(&self) -> io::Result<Alone> {
        self.state.prepare()?;
        make_dir(&self.folder)?;
        let path = self.folder.join("lock");
        let file = os::private_file(OpenOptions::new().write(true).create(true).truncate(false)).open(&path);
        let file = file.map_err(|error| at(&path, &error))?;
        Ok(Alone(file.lock().is_ok().then_some(file)))
    }

    /// Makes the folder of a new one. [`Incidents::alone`] comes first.
    ///
    /// # Errors
    /// It exists, or whatever the file system says; the path is in the message.
    pub fn create(&self, id: &str) -> io::Result<()> {
        check_name(id)?;
        let path = self.folder.join(id);
        os::private_dir(&mut DirBuilder::new()).create(&path).map_err(|error| at(&path, &error))
    }

    /// Adds whole lines at the end, and waits until they are on the disk.
    ///
    /// # Errors
    /// Whatever the file system says, the path in the message.
    pub fn append(&self, id: &str, lines: &[u8]) -> io::Result<()> {
        check_name(id)?;
        let mut file = Journal::open(&self.folder.join(id).join(TIMELINE))?;
        // One write: what a crash leaves is whole lines and at most one torn one.
        file.write_all(lines)?;
        file.sync()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incidents(drills: bool) -> (tempfile::TempDir, Incidents) {
        let dir = tempfile::tempdir().unwrap();
        let incidents = State::beside(&dir.path().join("tasks.toml")).incidents(drills);
        (dir, incidents)
    }

    #[test]
    fn a_timeline_grows_and_a_torn_line_is_closed() {
        let (dir, incidents) = incidents(false);
        assert!(incidents.list().unwrap().is_empty());
        assert!(!dir.path().join(".refloat").exists(), "to look makes nothing");
        let alone = incidents.alone().unwrap();
        incidents.create("2").unwrap();
        incidents.create("1").unwrap();
        assert!(incidents.create("1").is_err());
        drop(alone);
        assert_eq!(incidents.read("1").unwrap(), b"");
        incidents.append("1", b"{\"at\":1").unwrap();
        incidents.append("1", b"{\"at\":2}\n").unwrap();
        assert_eq!(incidents.read("1").unwrap(), b"{\"at\":1\n{\"at\":2}\n");
        assert_eq!(incidents.list().unwrap(), ["2", "1"]);
        assert!(incidents.append("../1", b"x").is_err());
    }

    #[test]
    fn drills_are_kept_apart() {
        let (dir, incidents) = incidents(true);
        drop(incidents.alone().unwrap());
        incidents.create("1").unwrap();
        let state = State::beside(&dir.path().join("tasks.toml"));
        assert!(state.incidents(false).list().unwrap().is_empty());
        assert_eq!(state.incidents(true).list().unwrap(), ["1"]);
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_it_and_a_link_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let (dir, incidents) = incidents(false);
        drop(incidents.alone().unwrap());
        incidents.create("1").unwrap();
        incidents.append("1", b"x\n").unwrap();
        let folder = dir.path().join(".refloat/incidents");
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join("1")), 0o700);
        assert_eq!(mode(&folder.join("1").join(TIMELINE)), 0o600);
        let elsewhere = dir.path().join("elsewhere");
        std::fs::rename(&folder, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &folder).unwrap();
        assert!(incidents.list().is_err() && incidents.alone().is_err());
    }
}
