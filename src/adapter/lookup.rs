//! Finds programs on PATH, and only there.
//!
//! A program of that name in the current directory, or in a relative entry of PATH, may be anybody's:
//! the directory of a repository must not decide which `kubectl` runs. Batch files are refused,
//! because no quoting is safe in them.

#![expect(clippy::disallowed_methods, reason = "looks at the files on PATH")]

use super::os;
use crate::port::Locate;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The programs on a PATH.
#[derive(Debug, Clone)]
pub struct Programs {
    /// Absolute directories, in order.
    directories: Vec<PathBuf>,
}

impl Programs {
    /// The programs on the PATH that we were started with.
    pub fn from_env() -> Self {
        Self::on(&std::env::var_os("PATH").unwrap_or_default())
    }

    /// The programs on `path`, a list as the system writes it. Relative entries do not count.
    pub fn on(path: &OsString) -> Self {
        Self { directories: std::env::split_paths(path).filter(|entry| entry.is_absolute()).collect() }
    }

    /// What runs under this name: the first real program, before it only batch files.
    fn candidates(&self, program: &str) -> Vec<PathBuf> {
        let look = |place: PathBuf| {
            os::spellings(place).into_iter().flat_map(|binary| {
                which::WhichConfig::new()
                    .system_cwd(false)
                    .binary_name(binary.into_os_string())
                    .all_results()
                    .map(Iterator::collect::<Vec<_>>)
                    .unwrap_or_default()
            })
        };
        if Path::new(program).is_absolute() {
            return look(PathBuf::from(program)).collect();
        }
        // Directory by directory: joining them to a list again fails for names that hold `:` or `"`.
        self.directories.iter().flat_map(|directory| look(directory.join(program))).collect()
    }

    /// Why nothing runs under this name.
    fn why_not(&self, program: &str) -> String {
        let places = if Path::new(program).is_absolute() {
            vec![PathBuf::from(program)]
        } else {
            self.directories.iter().map(|directory| directory.join(program)).collect()
        };
        for place in places {
            match std::fs::metadata(&place) {
                Ok(found) if found.is_dir() => return format!("`{}` is a directory", place.display()),
                Ok(_) => return format!("`{}` is not executable", place.display()),
                Err(_) => {}
            }
        }
        if Path::new(program).is_absolute() {
            format!("`{program}` does not exist")
        } else {
            format!("`{program}` is not on PATH")
        }
    }
}

impl Locate for Programs {
    fn find(&self, program: &str) -> Result<PathBuf, String> {
        if program.is_empty() || program.contains('\0') {
            return Err("that is no name for a program".to_owned());
        }
        let path = Path::new(program);
        if !path.is_absolute() && (path.components().count() != 1 || program.contains(std::path::is_separator)) {
            return Err(format!("`{program}` is a relative path; write a name that is on PATH, or an absolute path"));
        }
        let found = choose(self.candidates(program))?;
        let found = found.ok_or_else(|| self.why_not(program))?;
        std::path::absolute(&found).map_err(|error| format!("`{}`: {error}", found.display()))
    }
}

/// The first that is a program. Batch files count only when there is nothing else, and then as an
/// error: a shim must not hide the real program behind it.
fn choose(candidates: Vec<PathBuf>) -> Result<Option<PathBuf>, String> {
    let (batch, programs): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|path| is_batch(path));
    match (programs.into_iter().find(|path| os::is_startable(path)), batch.first()) {
        (Some(program), _) => Ok(Some(program)),
        (None, Some(batch)) => Err(format!("`{}` is a batch file; install the real program", batch.display())),
        (None, None) => Ok(None),
    }
}

/// Windows drops dots and spaces at the end of a name, so `x.bat. .` is a batch file, too.
fn is_batch(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = name.trim_end_matches(['.', ' ']);
    [".bat", ".cmd"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_file_never_hides_a_program_nor_stands_in_for_one() {
        let list = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(choose(list(&["/a/helm.CMD", "/b/helm.exe"])), Ok(Some("/b/helm.exe".into())));
        assert_eq!(choose(list(&[])), Ok(None));
        for name in ["/a/helm.cmd", "/a/helm.BAT", "/a/helm.bat. ."] {
            let told = choose(list(&[name])).unwrap_err();
            assert_eq!(told, format!("`{name}` is a batch file; install the real program"));
        }
    }
}
