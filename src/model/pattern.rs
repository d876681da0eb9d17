//! A regular expression over the tools' bytes, compiled when the file is loaded.

use regex::bytes::{Regex, RegexBuilder};
use serde::Serialize;
use std::fmt;

/// Longest accepted pattern, in bytes.
pub const MAX_SOURCE: usize = 4096;
/// Largest accepted compiled program, in bytes.
const MAX_COMPILED: usize = 1 << 20;

/// A compiled pattern that remembers its text.
///
/// `^` and `$` are line ends and see CRLF as one (`(?mR)`); classes such as `\w` are ASCII, which
/// is an order of magnitude faster and lets the pattern run over bytes that are no UTF-8.
#[derive(Clone)]
pub struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles `source`.
    ///
    /// # Errors
    /// What the regex crate says, in one line, without the pattern (the caller shows its place).
    pub fn new(source: &str) -> Result<Self, String> {
        if source.len() > MAX_SOURCE {
            return Err(format!("the pattern has {} bytes; {MAX_SOURCE} is the most", source.len()));
        }
        let regex = RegexBuilder::new(source)
            .unicode(false)
            .multi_line(true)
            .crlf(true)
            .size_limit(MAX_COMPILED)
            .build()
            .map_err(|error| last_line(&error))?;
        Ok(Self { source: source.to_owned(), regex })
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The compiled form.
    pub fn regex(&self) -> &Regex {
        &self.regex
    }

    /// Does it match anywhere?
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.regex.is_match(text)
    }

    /// The names of its named groups, in order.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.regex.capture_names().flatten()
    }
}

/// regex prints a multi-line report with a caret of its own; its last line says what is wrong.
fn last_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("not a regular expression");
    let line = line.trim().trim_start_matches("error: ");
    if line.contains("look-around") {
        return "look-around is not supported".to_owned();
    }
    line.to_owned()
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.source)
    }
}

impl Serialize for Pattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_see_crlf() {
        assert!(Pattern::new("^STATUS: failed$").unwrap().is_match(b"A\r\nSTATUS: failed\r\nB"));
    }

    #[test]
    fn faults_are_one_line() {
        assert_eq!(Pattern::new("a(").unwrap_err(), "unclosed group");
        assert_eq!(Pattern::new("(?=x)").unwrap_err(), "look-around is not supported");
        assert!(Pattern::new(&"a".repeat(5000)).unwrap_err().contains("5000 bytes"));
        assert!(Pattern::new("((a{900}){900}){9}").is_err());
    }
}
