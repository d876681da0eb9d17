//! `tasks.toml` → catalog, or every error of the file in one report.
//!
//! `tests/configs/NAME.toml` is a wrong file and `NAME.txt` the exact report. After a wanted change
//! of the words: `UPDATE_EXPECTED=1 cargo test --test it config`, then read the difference.

use proptest::prelude::*;
use refloat::config::{self, Input, Loaded, Os, Source};
use refloat::error::{Code, Failure};
use refloat::model::catalog::Origin;
use refloat::model::step::{Action, OnInterrupt};
use std::path::Path;
use std::time::Duration;

const BUILT_IN: [&str; 4] = ["crash-loop", "helm-timeout", "network-timeout", "probe-failed"];
const GOOD: &str = include_str!("../configs/good.toml");

fn input(text: &[u8]) -> Input<'static> {
    Input {
        file: Source { path: "/app/tasks.toml".into(), shown: "tasks.toml".into(), text: text.to_vec() },
        local: None,
        env: Vec::new(),
        sets: Vec::new(),
        os: Os::Linux,
        known_symptoms: &BUILT_IN,
        color: false,
    }
}

fn load(text: &str) -> Result<Loaded, Failure> {
    config::load(&input(text.as_bytes()))
}

fn report(text: &str) -> String {
    load(text).unwrap_err().message
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
mod files {
    pub(super) fn read(path: &std::path::Path) -> Vec<u8> {
        std::fs::read(path).unwrap_or_default()
    }

    pub(super) fn write(path: &std::path::Path, text: &str) {
        std::fs::write(path, text).unwrap();
    }

    pub(super) fn names(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
        let mut all: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all
    }

    pub(super) fn update() -> bool {
        std::env::var_os("UPDATE_EXPECTED").is_some()
    }
}

/// Holds `text` against a file of expectations, or writes it there.
fn expect_file(path: &Path, text: &str) -> Option<String> {
    if files::update() {
        files::write(path, text);
    }
    let expected = String::from_utf8(files::read(path)).unwrap().replace("\r\n", "\n");
    (expected != text).then(|| format!("{}:\n--- expected\n{expected}\n--- got\n{text}", path.display()))
}

#[test]
fn every_wrong_file_has_its_exact_report() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs");
    let wrong: Vec<_> = files::names(&folder)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "toml") && !path.ends_with("good.toml"))
        .collect();
    assert!(wrong.len() >= 30, "{} files", wrong.len());
    let mut differences = Vec::new();
    for path in wrong {
        match config::load(&input(&files::read(&path))) {
            Ok(_) => differences.push(format!("{}: loads", path.display())),
            Err(failure) => {
                assert_eq!(failure.code, Code::Config, "{}", path.display());
                differences.extend(expect_file(&path.with_extension("txt"), &format!("{}\n", failure.message)));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

#[test]
fn the_schema_in_docs_is_that_of_the_parser() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tasks.schema.json");
    let schema = serde_json::to_string_pretty(&config::schema()).unwrap();
    assert_eq!(expect_file(&path, &format!("{schema}\n")), None);
}
