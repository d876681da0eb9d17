//! Reads files that a person named, and finds `tasks.toml`. Nothing here trusts a size or a kind:
//! a path may be a directory, a pipe that never ends, or `/dev/zero`.

#![expect(clippy::disallowed_methods, reason = "this is where files are read")]

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The name of the task file.
pub const TASKS_FILE: &str = "tasks.toml";

/// Opens a regular file for reading.
///
/// # Errors
/// Whatever keeps it from being read, with the path in front: missing, a directory, a pipe.
pub fn open(path: &Path) -> io::Result<impl Read + use<>> {
    // Asked before it is opened: opening a pipe waits for somebody to write to it.
    let found = std::fs::metadata(path).map_err(|error| at(path, &error))?;
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{}` {}", path.display(), kind(&found))));
    }
    File::open(path).map_err(|error| at(path, &error))
}

/// Reads a regular file of at most `cap` bytes.
///
/// # Errors
/// As [`open`], and too large.
pub fn read_capped(path: &Path, cap: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One more than allowed: the file may have grown, or have no true size (`/proc`).
    open(path)?.take(cap.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| at(path, &error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= cap) {
        return Ok(bytes);
    }
    let message = format!("`{}` is larger than {}", path.display(), size(cap));
    Err(io::Error::new(io::ErrorKind::FileTooLarge, message))
}

/// Every regular file under `dir`, sorted by name: names relative to `dir`, with `/` on every system,
/// and where each can be opened. Links are not followed, and folders whose names start with a dot are
/// left out.
///
/// # Errors
/// The first folder that cannot be read, the path in the message.
pub fn list_folder(dir: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    let mut folders = vec![(dir.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| at(&folder, &error))? {
            let entry = entry.map_err(|error| at(&folder, &error))?;
            let path = entry.path();
            let kind = entry.file_type().map_err(|error| at(&path, &error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if kind.is_dir() && !name.starts_with('.') {
                folders.push((path, format!("{prefix}{name}/")));
            } else if kind.is_file() {
                files.push((format!("{prefix}{name}"), path));
            }
        }
    }
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(files)
}

/// Is it a directory? `false` for what does not exist.
pub fn is_directory(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_dir())
}

/// Is there anything of that name?
pub fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// Is it a symbolic link, wherever that leads?
pub(super) fn is_link(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

/// The folder that a file lies in.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// One name for a file, however it was reached: the folder without links and `..`, then the file's own
/// name. For comparing only: no tool takes such a path on Windows.
///
/// # Errors
/// The folder is gone.
pub fn settled(path: &Path) -> io::Result<PathBuf> {
    let folder = folder_of(path);
    let settled = std::fs::canonicalize(&folder).map_err(|error| at(&folder, &error))?;
    Ok(path.file_name().map_or(settled.clone(), |name| settled.join(name)))
}

/// The directory that we were started in.
///
/// # Errors
/// It was removed, or may not be entered.
pub fn current_directory() -> io::Result<PathBuf> {
    std::env::current_dir()
        .map_err(|error| io::Error::new(error.kind(), format!("the current directory cannot be used: {error}")))
}

/// The nearest `tasks.toml` at `start` or above it. The search ends at the root of a repository
/// (a folder with `.git`), at the home directory, or at the root of the file system: a file
/// somewhere above belongs to somebody else.
pub fn find_tasks_file(start: &Path) -> Option<PathBuf> {
    find_below(start, std::env::home_dir().as_deref())
}

fn find_below(start: &Path, home: Option<&Path>) -> Option<PathBuf> {
    // Made absolute, not canonical: that would give `\\?\C:\…`, which tools refuse.
    let start = std::path::absolute(start).ok()?;
    for folder in start.ancestors() {
        let candidate = folder.join(TASKS_FILE);
        if std::fs::metadata(&candidate).is_ok_and(|found| found.is_file()) {
            return Some(candidate);
        }
        if folder.join(".git").exists() || home == Some(folder) {
            return None;
        }
    }
    None
}

/// The same error with the path in front.
pub(super) fn at(path: &Path, error: &io::Error) -> io::Error {
    let what = match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "may not be used: permission denied".to_owned(),
        _ => format!("cannot be used: {error}"),
    };
    io::Error::new(error.kind(), format!("`{}` {what}", path.display()))
}

fn kind(found: &Metadata) -> &'static str {
    if found.is_dir() { "is a directory" } else { "is not a regular file" }
}

fn size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if bytes >= MIB && bytes.is_multiple_of(MIB) { format!("{} MiB", bytes / MIB) } else { format!("{bytes} bytes") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_is_read_up_to_the_cap() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        fs::write(&path, b"12345").unwrap();
        assert_eq!(read_capped(&path, 5).unwrap(), b"12345");
        let error = read_capped(&path, 4).unwrap_err();
        assert_eq!(error.to_string(), format!("`{}` is larger than 4 bytes", path.display()));
        assert!(read_capped(dir.path(), 4).unwrap_err().to_string().ends_with("is a directory"));
        assert!(read_capped(&dir.path().join("y"), 4).unwrap_err().to_string().ends_with("does not exist"));
        assert_eq!(size(4 * 1024 * 1024), "4 MiB");
    }

    #[cfg(unix)]
    #[test]
    fn what_never_ends_is_refused() {
        for path in ["/dev/zero", "/dev/null"] {
            assert!(read_capped(Path::new(path), 4).unwrap_err().to_string().ends_with("is not a regular file"));
        }
    }

    #[test]
    fn a_folder_is_read_in_order_and_without_its_dot_folders() {
        let dir = tempfile::tempdir().unwrap();
        let asked = dir.path().join(".asked");
        for folder in ["b", ".git"] {
            fs::create_dir_all(asked.join(folder)).unwrap();
        }
        for name in ["z.txt", "b/a.txt", ".git/config", "a.txt", ".dotfile"] {
            fs::write(asked.join(name), name).unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(&asked, asked.join("loop")).unwrap();
        let found = list_folder(&asked).unwrap();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, [".dotfile", "a.txt", "b/a.txt", "z.txt"]);
        assert_eq!(read_capped(&found[2].1, 100).unwrap(), b"b/a.txt");
    }

    #[test]
    fn the_search_for_the_task_file_ends_at_the_repository_and_at_home() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let deep = root.join("home/repo/a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(root.join("tasks.toml"), "").unwrap();
        let home = root.join("home");
        assert_eq!(find_below(&deep, Some(&home)), None);
        assert_eq!(find_below(&deep, None), Some(root.join("tasks.toml")));
        fs::create_dir(root.join("home/repo/.git")).unwrap();
        assert_eq!(find_below(&deep, None), None);
        fs::write(root.join("home/repo/tasks.toml"), "").unwrap();
        assert_eq!(find_below(&deep, Some(&home)), Some(root.join("home/repo/tasks.toml")));
        fs::create_dir(root.join("home/repo/a/tasks.toml")).unwrap();
        assert_eq!(find_below(&deep, Some(&home)), Some(root.join("home/repo/tasks.toml")), "a directory is no file");
    }
}
