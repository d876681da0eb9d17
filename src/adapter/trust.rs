//! May a file be acted upon? Whose it is, who else may change it, and what was confirmed before.
//!
//! A task file says which programs run with which arguments: whoever can write it can do whatever we
//! can. The rule for owners is git's (`safe.directory`): ours, or root's; and where we are root by
//! `sudo`, also the one's who called it. Windows has no such rule here: asking for a file's owner needs
//! calls that std does not have, and a new file there gets the rights of its folder.

use super::files;
use super::terminal::Environment;
use super::whole::{make_private_dir, write_whole};
use std::io;
use std::path::{Path, PathBuf};

/// Why nothing of a file may be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It belongs to somebody else.
    Owner {
        /// The file.
        path: PathBuf,
        /// Its owner's number.
        owner: u32,
        /// Ours.
        us: u32,
    },
    /// Everybody may write to it.
    Writable {
        /// The file.
        path: PathBuf,
    },
    /// Everybody may put another file in its place.
    Folder {
        /// The folder that it lies in.
        path: PathBuf,
    },
}

/// Every reason not to run what stands in `path`; none is well. A link counts as well as the file
/// that it leads to.
///
/// # Errors
/// The file or its folder cannot be looked at, the path in the message.
pub fn faults(path: &Path, env: &Environment) -> io::Result<Vec<Fault>> {
    system::faults(path, env)
}

#[cfg(unix)]
mod system {
    #![expect(clippy::disallowed_methods, reason = "this is where files are looked at")]

    use super::{Environment, Fault, files};
    use crate::adapter::os;
    use std::fs::Metadata;
    use std::io;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Path, PathBuf};

    const EVERYBODY_WRITES: u32 = 0o002;
    const STICKY: u32 = 0o1000;

    /// What the system says about a file or a folder.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Facts {
        pub(super) owner: u32,
        /// Everybody may write to it.
        pub(super) open: bool,
        /// In it, only owners may rename and remove (`/tmp`).
        pub(super) sticky: bool,
    }

    pub(super) fn faults(path: &Path, env: &Environment) -> io::Result<Vec<Fault>> {
        let wrong = |error: io::Error| files::at(path, &error);
        // A circle of links, or too many: the system says so.
        let target = std::fs::canonicalize(path).map_err(wrong)?;
        let (mut places, mut folders) = (Vec::new(), Vec::new());
        let mut place = path.to_owned();
        loop {
            let found = std::fs::symlink_metadata(&place).map_err(wrong)?;
            let folder = files::folder_of(&place);
            if !found.is_symlink() {
                // What links lead to is told by the name that it really has.
                let is_led_to = !places.is_empty();
                places.push((if is_led_to { target.clone() } else { place }, facts(&found)));
                folders.push(if is_led_to { files::folder_of(&target) } else { folder });
                break;
            }
            // The rights of a link say nothing: everybody may do everything with it.
            places.push((place.clone(), Facts { open: false, ..facts(&found) }));
            let next = folder.join(std::fs::read_link(&place).map_err(wrong)?);
            folders.push(folder);
            place = next;
        }
        let mut around: Vec<(PathBuf, Facts)> = Vec::new();
        for folder in folders {
            let found = std::fs::metadata(&folder).map_err(|error| files::at(&folder, &error))?;
            if around.iter().all(|(known, _)| *known != folder) {
                around.push((folder, facts(&found)));
            }
        }
        let sudo = env.filled("SUDO_UID").and_then(|user| user.parse().ok());
        Ok(judged(os::user(), sudo, &places, &around))
    }

    /// The rule itself. `places`: the file, and where it is a link what it leads to; `around`: the folders
    /// of these; `sudo`: who called it, where we are root by it.
    pub(super) fn judged(
        us: u32,
        sudo: Option<u32>,
        places: &[(PathBuf, Facts)],
        around: &[(PathBuf, Facts)],
    ) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (path, Facts { owner, open, .. }) in places {
            if !os::is_ours(*owner, us, sudo) {
                faults.push(Fault::Owner { path: path.clone(), owner: *owner, us });
            }
            if *open {
                faults.push(Fault::Writable { path: path.clone() });
            }
        }
        // With the sticky bit nobody can replace a file that is ours: whose it is has been asked.
        let open = around.iter().filter(|(_, Facts { open, sticky, .. })| *open && !*sticky);
        faults.extend(open.map(|(folder, _)| Fault::Folder { path: folder.clone() }));
        faults
    }

    fn facts(found: &Metadata) -> Facts {
        Facts { owner: found.uid(), open: found.mode() & EVERYBODY_WRITES != 0, sticky: found.mode() & STICKY != 0 }
    }
}

#[cfg(not(unix))]
mod system {
    use super::{Environment, Fault};
    use std::io;
    use std::path::Path;

    pub(super) fn faults(_path: &Path, _env: &Environment) -> io::Result<Vec<Fault>> {
        Ok(Vec::new())
    }
}

/// What was confirmed before: a small file for each task file, for its owner alone.
#[derive(Debug, Clone)]
pub struct Memory {
    folder: PathBuf,
}

/// A note of more than this is none of ours.
const MAX_NOTE: u64 = 64 * 1024;

impl Memory {
    /// The one below the directory of this person's state. Nothing is created.
    pub fn below(state: &Path) -> Self {
        Self { folder: state.join("trust") }
    }

    /// The note of that name; `None` when there is none.
    ///
    /// # Errors
    /// It is a link, somebody else could have written it, or it cannot be read.
    pub fn recall(&self, name: &str, env: &Environment) -> io::Result<Option<Vec<u8>>> {
        let path = self.folder.join(name);
        if !files::exists(&path) {
            return Ok(None);
        }
        if files::is_link(&path) || files::is_link(&self.folder) {
            return Err(io::Error::other(format!("`{}` is a symbolic link", path.display())));
        }
        if !faults(&path, env)?.is_empty() {
            return Err(io::Error::other(format!("somebody else could have written `{}`", path.display())));
        }
        files::read_capped(&path, MAX_NOTE).map(Some)
    }

    /// Keeps a note, in place of the one before.
    ///
    /// # Errors
    /// It cannot be written, or a link is in its place; the path is in the message.
    pub fn keep(&self, name: &str, note: &[u8]) -> io::Result<()> {
        make_private_dir(&self.folder)?;
        write_whole(&self.folder.join(name), note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn whose_it_is_and_who_else_may_change_it() {
        use super::system::{Facts, judged};
        let facts = |owner, mode| Facts { owner, open: mode & 0o002 != 0, sticky: mode & 0o1000 != 0 };
        let path = std::path::absolute("app/tasks.toml").unwrap();
        let folder = path.parent().unwrap().to_owned();
        let owner = |owner, us| Fault::Owner { path: path.clone(), owner, us };
        let writable = || Fault::Writable { path: path.clone() };
        let replaced = || Fault::Folder { path: folder.clone() };
        let (home, tmp, open) = (facts(1000, 0o755), facts(0, 0o1777), facts(1000, 0o777));
        let file = |owner, mode| vec![(path.clone(), facts(owner, mode))];
        // A link of somebody else to a file of ours decides where the tasks run.
        let target = folder.join("target");
        let planted = vec![(path.clone(), facts(1001, 0)), (target.clone(), facts(1000, 0o644))];
        let led_away = vec![(path.clone(), facts(1000, 0)), (target.clone(), facts(1001, 0o644))];
        let theirs = Fault::Owner { path: target, owner: 1001, us: 1000 };
        type Case = (u32, Option<u32>, Vec<(PathBuf, Facts)>, Facts, Vec<Fault>);
        let table: Vec<Case> = vec![
            (1000, None, file(1000, 0o644), home, vec![]),
            (1000, None, file(0, 0o644), home, vec![]),
            (1000, None, file(1001, 0o644), home, vec![owner(1001, 1000)]),
            // Who we were before `sudo` counts only for root.
            (1000, Some(1001), file(1001, 0o644), home, vec![owner(1001, 1000)]),
            (0, None, file(1000, 0o644), home, vec![owner(1000, 0)]),
            (0, Some(1000), file(1000, 0o644), home, vec![]),
            (0, Some(1000), file(0, 0o644), home, vec![]),
            (0, Some(1001), file(1000, 0o644), home, vec![owner(1000, 0)]),
            (1000, None, file(1000, 0o666), home, vec![writable()]),
            (1000, None, file(1000, 0o644), open, vec![replaced()]),
            (1000, None, file(1000, 0o644), tmp, vec![]),
            (1000, None, file(1001, 0o644), tmp, vec![owner(1001, 1000)]),
            (1000, None, file(1001, 0o666), open, vec![owner(1001, 1000), writable(), replaced()]),
            (1000, None, planted, tmp, vec![owner(1001, 1000)]),
            (1000, None, led_away, tmp, vec![theirs]),
        ];
        for (index, (us, sudo, places, around, want)) in table.into_iter().enumerate() {
            assert_eq!(judged(us, sudo, &places, &[(folder.clone(), around)]), want, "case {index}");
        }
    }

    #[cfg(unix)]
    #[test]
    #[expect(clippy::disallowed_methods, reason = "lays out folders and links")]
    fn the_folder_of_every_link_on_the_way_counts() {
        use std::fs;
        use std::os::unix::fs::{PermissionsExt, symlink};
        let dir = tempfile::tempdir().unwrap();
        let dir = fs::canonicalize(dir.path()).unwrap();
        let [here, between, there] = ["here", "between", "there"].map(|name| dir.join(name));
        for folder in [&here, &between, &there] {
            fs::create_dir(folder).unwrap();
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let target = there.join("tasks.toml");
        fs::write(&target, "").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o644)).unwrap();
        symlink("../there/tasks.toml", between.join("link")).unwrap();
        symlink(between.join("link"), here.join("tasks.toml")).unwrap();
        let asked = || faults(&here.join("tasks.toml"), &Environment::default()).unwrap();
        assert_eq!(asked(), []);
        for folder in [&here, &between, &there] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
            let told = asked();
            let [Fault::Folder { path }] = told.as_slice() else { panic!("{told:?}") };
            assert_eq!(fs::canonicalize(path).unwrap(), *folder);
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    #[test]
    fn a_note_is_kept_and_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::below(&dir.path().join("state"));
        let env = Environment::default();
        assert_eq!(memory.recall("a", &env).unwrap(), None);
        for note in ["first", "second"] {
            memory.keep("a", note.as_bytes()).unwrap();
            assert_eq!(memory.recall("a", &env).unwrap().as_deref(), Some(note.as_bytes()));
        }
        assert_eq!(memory.recall("b", &env).unwrap(), None);
    }

    #[cfg(unix)]
    #[test]
    #[expect(clippy::disallowed_methods, reason = "moves a folder to put a link in its place")]
    fn a_note_that_somebody_else_could_have_written_does_not_count() {
        use std::fs;
        use std::os::unix::fs::{PermissionsExt, symlink};
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::below(dir.path());
        let (folder, env) = (dir.path().join("trust"), Environment::default());
        memory.keep("a", b"x").unwrap();
        symlink(folder.join("a"), folder.join("link")).unwrap();
        assert!(memory.recall("link", &env).unwrap_err().to_string().contains("symbolic link"));
        let rights = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        rights(&folder.join("a"), 0o666);
        assert!(memory.recall("a", &env).unwrap_err().to_string().contains("somebody else"));
        rights(&folder.join("a"), 0o600);
        rights(&folder, 0o777);
        assert!(memory.recall("a", &env).unwrap_err().to_string().contains("somebody else"));
        rights(&folder, 0o700);
        assert_eq!(memory.recall("a", &env).unwrap().as_deref(), Some(&b"x"[..]));
        let moved = dir.path().join("moved");
        fs::rename(&folder, &moved).unwrap();
        symlink(&moved, &folder).unwrap();
        assert!(memory.recall("a", &env).unwrap_err().to_string().contains("symbolic link"));
        assert!(memory.keep("b", b"x").unwrap_err().to_string().contains("symbolic link"));
        assert!(!moved.join("b").exists());
    }
}
