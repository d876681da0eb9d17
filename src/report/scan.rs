//! `refloat evidence scan`: where secrets stand, never which.

use super::layout::visible;
use super::style::Look;
use crate::text::count;
use serde_json::{Value, json};
use std::fmt::Write;

/// So many suspects are shown to people; the rest is counted.
const SHOWN: usize = 20;

/// What was looked through, and what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// How many files.
    pub files: usize,
    /// Secrets.
    pub finds: Vec<Find>,
    /// Words that look random.
    pub suspects: Vec<Suspect>,
}

/// A secret that is not hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Find {
    /// The file's name.
    pub file: String,
    /// Its 1-based line; 0 is the file's name.
    pub line: usize,
    /// The key that it stands behind, where one does.
    pub name: Option<String>,
    /// Its length in characters.
    pub chars: usize,
    /// Equal tags, equal secrets; another one every time.
    pub tag: String,
}

/// A word that looks random.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The file's name.
    pub file: String,
    /// Its 1-based line.
    pub line: usize,
    /// The 1-based byte that it begins with, secrets hidden.
    pub column: usize,
    /// Its length.
    pub chars: usize,
}

/// For people: a line for each, then what it comes to.
pub fn text(scan: &Scan, look: &Look) -> String {
    let mut out = String::new();
    for find in &scan.finds {
        let what = find.name.as_deref().unwrap_or("a secret");
        let place = format!("{}:{}", find.file, find.line);
        let _ = writeln!(
            out,
            "{}  {} ({}, #{})",
            look.styles.bad.style(visible(&place)),
            visible(what),
            count(find.chars, "character"),
            find.tag
        );
    }
    for suspect in scan.suspects.iter().take(SHOWN) {
        let place = format!("{}:{}:{}", suspect.file, suspect.line, suspect.column);
        let _ = writeln!(
            out,
            "{}  a word that looks random ({})",
            look.styles.warn.style(visible(&place)),
            count(suspect.chars, "character")
        );
    }
    if let Some(more) = scan.suspects.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(out, "and {} more", count(more, "word"));
    }
    let files = count(scan.files, "file");
    let told = match (scan.finds.len(), scan.suspects.len()) {
        (0, 0) => look.styles.good.style("no secret found".to_owned()),
        (0, words) => look.styles.warn.style(format!("no secret found; {} to look at", count(words, "word"))),
        (finds, 0) => look.styles.bad.style(format!("{} not hidden", count(finds, "secret"))),
        (finds, words) => {
            look.styles.bad.style(format!("{} not hidden; {} to look at", count(finds, "secret"), count(words, "word")))
        }
    };
    let _ = writeln!(out, "{files}: {told}");
    out
}

/// The same as data.
pub fn json(scan: &Scan) -> Value {
    let finds = scan.finds.iter().map(
        |find| json!({ "file": find.file, "line": find.line, "name": find.name, "chars": find.chars, "tag": find.tag }),
    );
    let suspects = scan.suspects.iter().map(|suspect| {
        json!({ "file": suspect.file, "line": suspect.line, "column": suspect.column, "chars": suspect.chars })
    });
    json!({
        "schema": 1,
        "files": scan.files,
        "secrets": finds.collect::<Vec<_>>(),
        "warnings": suspects.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_told_and_no_value() {
        let find = Find {
            file: "logs/a.txt".into(),
            line: 3,
            name: Some("DB_PASSWORD".into()),
            chars: 14,
            tag: "0123abcd".into(),
        };
        let bare = Find { name: None, line: 4, chars: 1, ..find.clone() };
        let suspect = Suspect { file: "b.txt".into(), line: 1, column: 9, chars: 40 };
        let mut scan = Scan { files: 2, finds: vec![find, bare], suspects: vec![suspect; 21] };
        let look = Look::plain(80);
        let told = text(&scan, &look);
        assert!(
            told.starts_with(
                "logs/a.txt:3  DB_PASSWORD (14 characters, #0123abcd)\nlogs/a.txt:4  a secret (1 character, #0123abcd)\n\
                 b.txt:1:9  a word that looks random (40 characters)\n"
            ),
            "{told}"
        );
        assert!(told.ends_with("and 1 word more\n2 files: 2 secrets not hidden; 21 words to look at\n"), "{told}");
        assert_eq!(json(&scan)["secrets"][1]["name"], Value::Null);
        (scan.finds, scan.suspects) = (Vec::new(), Vec::new());
        assert_eq!(text(&scan, &look), "2 files: no secret found\n");
    }
}
