//! State files are written whole or not at all: who reads one sees the old text or the new one, never
//! half of it, whatever crashes or fills up meanwhile.

#![expect(clippy::disallowed_methods, reason = "this is where state files are written")]

use super::files::at;
use super::os;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// As many left-overs of crashed runs may be in the way of a new file's name.
const MOST_TRIES: u64 = 100;

/// Puts `bytes` into the file `path`, which may exist: a new file beside it (readable by its owner
/// alone), synced, renamed onto it, and the directory synced too where the system can. After an error
/// the old file is what it was, and nothing is left beside it.
///
/// For every file of state that is replaced: who holds a lock, what is trusted, which plan a run
/// follows. The directory must exist, see [`make_private_dir`].
///
/// # Errors
/// There is something at `path` that is no regular file (a link is not followed and not replaced);
/// the disk is full; whatever else the file system says. The path is in the message.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => return Err(in_the_way(path, LINK)),
        Ok(found) if !found.is_file() => return Err(in_the_way(path, "is in the way: it is not a regular file")),
        // A link that appears from here on is replaced by the rename: it is not followed either.
        _ => {}
    }
    let (beside, mut file) = new_beside(path).map_err(|error| at(path, &error))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    // Closed first: Windows renames no open file.
    drop(file);
    written
        .and_then(|()| std::fs::rename(&beside, path))
        .inspect_err(|_| {
            // What keeps it from being removed is what kept it from being written.
            let _ = std::fs::remove_file(&beside);
        })
        .and_then(|()| sync_directory_of(path))
        .map_err(|error| at(path, &error))
}

/// Makes `path`, a directory of this person's own state, and what is missing above it; all that is
/// made is for its owner alone. Whether folders far above are links is the person's own business;
/// `path` itself must be none.
///
/// # Errors
/// It is a link, or something else is in the way; the path is in the message.
pub fn make_private_dir(path: &Path) -> io::Result<()> {
    os::private_dir(DirBuilder::new().recursive(true)).create(path).or_else(|error| {
        // A file or a dangling link in its place has a better word below.
        if std::fs::symlink_metadata(path).is_ok() { Ok(()) } else { Err(at(path, &error)) }
    })?;
    let found = std::fs::symlink_metadata(path).map_err(|error| at(path, &error))?;
    if found.is_symlink() {
        Err(in_the_way(path, LINK))
    } else if found.is_dir() {
        Ok(())
    } else {
        Err(in_the_way(path, "is in the way: it is not a directory"))
    }
}

/// Said of a link wherever state is written.
pub(super) const LINK: &str = "is a symbolic link; remove it: nothing is written through it";

fn in_the_way(path: &Path, what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, format!("`{}` {what}", path.display()))
}

/// A new file in the same directory: only there is a rename one step.
fn new_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    /// Several threads may write at once.
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy().into_owned();
    let mut tries = 0;
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let beside = path.with_file_name(format!(".{name}.{}-{number}.new", std::process::id()));
        match os::private_file(OpenOptions::new().write(true).create_new(true)).open(&beside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < MOST_TRIES => tries += 1,
            made => return made.map(|file| (beside, file)),
        }
    }
}

/// Makes the new name last, too.
#[cfg(unix)]
fn sync_directory_of(path: &Path) -> io::Result<()> {
    match File::open(super::files::folder_of(path)).and_then(|folder| folder.sync_all()) {
        // Some file systems cannot sync a directory; the file itself is synced.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// Windows has no such call for a directory; NTFS keeps names in its own journal.
#[cfg(not(unix))]
fn sync_directory_of(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_made_and_replaced_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        for text in ["a long first text", "short", ""] {
            write_whole(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(names(dir.path()), ["state"]);
    }

    #[test]
    fn what_is_no_file_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        fs::create_dir(&path).unwrap();
        let told = write_whole(&path, b"x").unwrap_err().to_string();
        assert_eq!(told, format!("`{}` is in the way: it is not a regular file", path.display()));
        assert_eq!(names(dir.path()), ["state"]);
        let told = write_whole(&path.join("no/x"), b"x").unwrap_err().to_string();
        assert!(told.ends_with("does not exist"), "{told}");
        assert_eq!(names(dir.path()), ["state"]);
    }

    #[test]
    fn left_overs_of_a_crash_are_in_nobodys_way() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        let (left, _) = new_beside(&path).unwrap();
        write_whole(&path, b"x").unwrap();
        assert!(left.exists());
        assert_eq!(fs::read(&path).unwrap(), b"x");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_neither_followed_nor_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let [path, target] = ["state", "target"].map(|name| dir.path().join(name));
        fs::write(&target, "theirs").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        assert!(write_whole(&path, b"x").unwrap_err().to_string().contains("is a symbolic link"));
        assert_eq!(fs::read(&target).unwrap(), b"theirs");
        assert_eq!(names(dir.path()), ["state", "target"]);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_even_what_others_could_before() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a").join("b");
        make_private_dir(&folder).unwrap();
        make_private_dir(&folder).unwrap();
        assert_eq!((mode(&folder), mode(&dir.path().join("a"))), (0o700, 0o700));
        let path = folder.join("state");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        write_whole(&path, b"new").unwrap();
        assert_eq!(mode(&path), 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_of_state_is_no_link_and_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let [link, dangling, file] = ["link", "dangling", "file"].map(|name| dir.path().join(name));
        std::os::unix::fs::symlink(dir.path(), &link).unwrap();
        std::os::unix::fs::symlink(dir.path().join("nowhere"), &dangling).unwrap();
        fs::write(&file, "").unwrap();
        for (path, why) in [(&link, "symbolic link"), (&dangling, "symbolic link"), (&file, "not a directory")] {
            let told = make_private_dir(path).unwrap_err().to_string();
            assert!(told.contains(why), "{told}");
        }
        assert!(!dir.path().join("nowhere").exists());
        // A link above is the person's own way to arrange things.
        make_private_dir(&link.join("deep")).unwrap();
        assert!(dir.path().join("deep").is_dir());
    }
}
