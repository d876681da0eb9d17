//! What may be the name of something.

use crate::model::template::is_name;

/// Names of built-in commands: no task may take one.
pub const RESERVED: [&str; 14] = [
    "list",
    "show",
    "diagnose",
    "explain",
    "check",
    "doctor",
    "history",
    "incident",
    "lint",
    "test",
    "init",
    "schema",
    "completions",
    "man",
];

/// The longest name of a task, in characters.
const LONGEST: usize = 64;

/// May a task have this name?
///
/// # Errors
/// Why not.
pub fn task(name: &str) -> Result<(), String> {
    if RESERVED.contains(&name.to_ascii_lowercase().as_str()) || name.eq_ignore_ascii_case("help") {
        return Err("the name of a built-in command".to_owned());
    }
    if name.chars().count() > LONGEST {
        return Err(format!("{} characters; {LONGEST} is the most", name.chars().count()));
    }
    plain(name)
}

/// A letter, then letters, digits, `_` and `-`.
///
/// # Errors
/// Why not.
pub fn plain(name: &str) -> Result<(), String> {
    match is_name(name) {
        true => Ok(()),
        false => Err("a name has letters, digits, `_` and `-`, and starts with a letter".to_owned()),
    }
}

/// `release-name` and `RELEASE_NAME` are one variable to the environment.
pub fn folded(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

/// Is this a file name that every system accepts, and no path?
///
/// # Errors
/// Why not.
pub fn file(name: &str) -> Result<(), &'static str> {
    const DEVICES: [&str; 4] = ["CON", "PRN", "AUX", "NUL"];
    if name.is_empty() || name == "." || name == ".." {
        return Err("not a file name");
    }
    if name.contains(['/', '\\']) {
        return Err("a file name only: evidence stays in its own folder");
    }
    if name.chars().any(|c| c.is_control() || "<>:\"|?*".contains(c)) {
        return Err("Windows accepts no control characters and none of <>:\"|?* in a file name");
    }
    if name.ends_with(['.', ' ']) {
        return Err("Windows drops a dot or blank at the end");
    }
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |port: &str| {
        let rest = stem.strip_prefix(port);
        rest.is_some_and(|digit| digit.len() == 1 && digit.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if DEVICES.contains(&stem.as_str()) || numbered("COM") || numbered("LPT") {
        return Err("a device on Windows");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_names() {
        for good in ["a", "evidence", "roll-back_2", "A1"] {
            assert_eq!(task(good), Ok(()), "{good}");
        }
        for bad in ["", "a b", "a/b", "-a", "1a", "ä", "list", "List", "help", &"a".repeat(65)] {
            assert!(task(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn file_names() {
        for good in ["a.txt", "failure-pods.txt", ".hidden", "Console.txt", "com10.txt", "日本語.txt"] {
            assert_eq!(file(good), Ok(()), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a\\b", "C:x", "CON", "nul.txt", "com1.log", "a.", "a ", "a\nb", "a*"] {
            assert!(file(bad).is_err(), "{bad}");
        }
    }
}
