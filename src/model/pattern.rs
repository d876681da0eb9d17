//! A regular expression over the tools' bytes: read when the file is loaded, compiled when it is first asked.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};
use serde::Serialize;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Longest accepted pattern, in bytes.
pub const MAX_SOURCE: usize = 4096;
/// Largest accepted compiled program, in bytes.
const MAX_COMPILED: usize = 1 << 20;
/// Up to so many parts nobody need compile a pattern to know that it is small enough: a part takes less than a
/// hundred bytes of the program.
const SURELY_SMALL: u64 = 2_000;

/// A pattern that remembers its text. A file holds hundreds, and a run asks a few.
///
/// `^` and `$` are line ends and see CRLF as one (`(?mR)`); classes such as `\w` are ASCII, which
/// is an order of magnitude faster and lets the pattern run over bytes that are no UTF-8.
#[derive(Clone)]
pub struct Pattern(Arc<Inner>);

struct Inner {
    source: String,
    /// The names of its groups, in order; `None` for one without a name.
    groups: Vec<Option<String>>,
    regex: OnceLock<Regex>,
}

impl Pattern {
    /// Reads `source`, and compiles it when only that shows whether it is too large.
    ///
    /// # Errors
    /// What the regex crate says, in one line, without the pattern (the caller shows its place).
    pub fn new(source: &str) -> Result<Self, String> {
        if source.len() > MAX_SOURCE {
            return Err(format!("the pattern has {} bytes; {MAX_SOURCE} is the most", source.len()));
        }
        let mut groups = Vec::new();
        let parts = parse(source).map(|hir| {
            named(&hir, &mut groups);
            parts(&hir)
        });
        let regex = OnceLock::new();
        if parts.is_none_or(|parts| parts > SURELY_SMALL) {
            let compiled = compile(source).map_err(|error| last_line(&error))?;
            regex.get_or_init(|| compiled);
        }
        Ok(Self(Arc::new(Inner { source: source.to_owned(), groups, regex })))
    }

    /// The text it was read from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The compiled form.
    #[expect(clippy::expect_used, reason = "read by the same parser and small; the tests hold it against any pattern")]
    pub fn regex(&self) -> &Regex {
        self.0.regex.get_or_init(|| compile(&self.0.source).expect("a pattern that was read compiles"))
    }

    /// Has it a group?
    pub fn has_groups(&self) -> bool {
        !self.0.groups.is_empty()
    }

    /// Does it match anywhere?
    pub fn is_match(&self, text: &[u8]) -> bool {
        self.regex().is_match(text)
    }

    /// The names of its named groups, in order.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.0.groups.iter().flatten().map(String::as_str)
    }
}

fn compile(source: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(source).unicode(false).multi_line(true).crlf(true).size_limit(MAX_COMPILED).build()
}

/// Reads a pattern as [`Pattern`] compiles it. `None`: it is no regular expression.
pub fn parse(source: &str) -> Option<Hir> {
    ParserBuilder::new().unicode(false).utf8(false).multi_line(true).crlf(true).build().parse(source).ok()
}

/// The names of the groups, in the order in which they open.
fn named(hir: &Hir, names: &mut Vec<Option<String>>) {
    match hir.kind() {
        HirKind::Capture(capture) => {
            names.push(capture.name.as_deref().map(str::to_owned));
            named(&capture.sub, names);
        }
        HirKind::Repetition(repeated) => named(&repeated.sub, names),
        HirKind::Concat(of) | HirKind::Alternation(of) => of.iter().for_each(|hir| named(hir, names)),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {}
    }
}

/// How much a compiled pattern consists of, repetitions written out.
fn parts(hir: &Hir) -> u64 {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len() as u64,
        HirKind::Class(Class::Bytes(class)) => class.ranges().len() as u64,
        // A range of characters is a tree of ranges of bytes.
        HirKind::Class(Class::Unicode(class)) => 8 * class.ranges().len() as u64,
        HirKind::Capture(capture) => parts(&capture.sub).saturating_add(2),
        HirKind::Repetition(repeated) => {
            let times = u64::from(repeated.max.unwrap_or(repeated.min.saturating_add(1)));
            parts(&repeated.sub).saturating_add(2).saturating_mul(times)
        }
        HirKind::Concat(of) | HirKind::Alternation(of) => {
            of.iter().map(parts).fold(1, |all, one| all.saturating_add(one).saturating_add(1))
        }
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
        self.0.source == other.0.source
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.0.source)
    }
}

impl Serialize for Pattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pieces that patterns are made of, the large ones, too.
    fn source() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just(r"\w".to_owned()),
            Just(r"(?u)\w".to_owned()),
            Just(r"(?i-u)status".to_owned()),
            Just(r"(?u)(?i)ſtatus\pL".to_owned()),
            Just("^a$".to_owned()),
            Just(r"[^\x00-\x20é]".to_owned()),
            "[a-z.]{1,8}",
        ];
        piece.prop_recursive(6, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(|all| all.concat()),
                prop::collection::vec(inner.clone(), 1..4).prop_map(|all| format!("(?:{})", all.join("|"))),
                inner.clone().prop_map(|one| format!("({one})")),
                (inner.clone(), 0..60_u32).prop_map(|(one, most)| format!("(?:{one}){{{},{most}}}", most / 2)),
                inner.prop_map(|one| format!("(?:{one})*")),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_compiles(source in source()) {
            let (read, compiled) = (Pattern::new(&source), compile(&source));
            prop_assert_eq!(read.is_ok() || source.len() > MAX_SOURCE, compiled.is_ok() || source.len() > MAX_SOURCE);
            if let (Ok(read), Ok(compiled)) = (read, compiled) {
                prop_assert_eq!(read.regex().as_str(), compiled.as_str());
                let names: Vec<&str> = compiled.capture_names().flatten().collect();
                prop_assert_eq!(read.groups().collect::<Vec<_>>(), names);
                prop_assert_eq!(read.has_groups(), compiled.captures_len() > 1);
            }
        }
    }

    #[test]
    fn groups_are_known_by_their_names() {
        let pattern = Pattern::new(r"(?P<a>x)|((?P<b>y)+(?:z(?P<c>w)){2})").unwrap();
        assert_eq!(pattern.groups().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert!(pattern.has_groups() && !Pattern::new("(?:x)").unwrap().has_groups());
    }

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
