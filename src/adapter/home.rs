//! Where this person's own state lies, apart from any project: what is locked now, which files are
//! trusted. Unix follows the XDG base directories, macOS included; Windows has `%LOCALAPPDATA%`.

use super::terminal::Environment;
use std::path::PathBuf;

/// The directory for our state of this person. Nothing is created.
///
/// # Errors
/// One line that says which variable would name it.
pub fn state_dir(env: &Environment, os: &str) -> Result<PathBuf, String> {
    let place = if os == "windows" { local_app_data(env) } else { xdg_state(env) };
    place.map(|place| place.join("refloat")).ok_or_else(|| {
        let variable = if os == "windows" { "LOCALAPPDATA" } else { "HOME" };
        format!("there is no place for this person's state: {variable} is not set to an absolute path")
    })
}

fn xdg_state(env: &Environment) -> Option<PathBuf> {
    // A relative path there is to be ignored (XDG Base Directory Specification).
    let named = env.filled("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| home().map(|home| home.join(".local").join("state")))
}

fn local_app_data(env: &Environment) -> Option<PathBuf> {
    let named = env.filled("LOCALAPPDATA").map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| home().map(|home| home.join("AppData").join("Local")))
}

/// `HOME`, or what the system's list of users says.
fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| home.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(name: &str, value: &str) -> Environment {
        [(name.to_owned(), value.to_owned())].into_iter().collect()
    }

    #[cfg(unix)]
    #[test]
    fn a_relative_xdg_path_is_ignored() {
        assert_eq!(state_dir(&env("XDG_STATE_HOME", "/s"), "linux").unwrap(), PathBuf::from("/s/refloat"));
        let fallback = state_dir(&env("XDG_STATE_HOME", "s"), "linux");
        assert!(fallback.is_err() || fallback.unwrap().ends_with(".local/state/refloat"));
    }

    #[cfg(windows)]
    #[test]
    fn windows_has_its_own_place() {
        let place = state_dir(&env("LOCALAPPDATA", r"C:\x"), "windows").unwrap();
        assert_eq!(place, PathBuf::from(r"C:\x\refloat"));
    }
}
