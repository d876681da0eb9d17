//! The page of faults says which test shows each: every name on it exists.

use super::steps::{project, rule};
use super::stub::Tools;
use super::support::root;
use regex::Regex;
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// As many faults are on the page.
const FAULTS: usize = 47;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// Every test of the project, as `file::test`.
fn tests() -> BTreeSet<String> {
    let test = Regex::new(r"#\[test\]\s+(?:#\[[^\n]*\]\s+)*fn (\w+)\(").unwrap();
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    sources(&root().join("tests").join("it"), &mut files);
    let mut all = BTreeSet::new();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&file).unwrap();
        all.extend(test.captures_iter(&text).map(|found| format!("{name}::{}", &found[1])));
    }
    all
}

#[test]
fn every_fault_is_shown_by_tests_that_exist() {
    let tests = tests();
    assert!(tests.len() > 500, "the walk found the tests");
    let page = fs::read_to_string(root().join("docs").join("faults.md")).unwrap();
    let name = Regex::new(r"`([^`]+)`").unwrap();
    let (mut numbers, mut wrong) = (Vec::new(), Vec::new());
    for line in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| |")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [number, fault, happens, code, shown] = cells[..] else { panic!("not five cells: {line}") };
        let number: usize = number.parse().unwrap_or_else(|_| panic!("no number: {line}"));
        numbers.push(number);
        assert!(!fault.is_empty(), "{line}");
        assert!(!happens.is_empty() && !code.is_empty(), "{line}");
        let names: Vec<&str> = name.captures_iter(shown).map(|found| found.get(1).unwrap().as_str()).collect();
        if names.is_empty() {
            wrong.push(format!("{number}: nothing shows it"));
        }
        for name in names {
            // A script stands with its path; everything else is a test.
            let exists = if name.contains('/') { root().join(name).is_file() } else { tests.contains(name) };
            if !exists {
                wrong.push(format!("{number}: there is no `{name}`"));
            }
        }
    }
    assert_eq!(numbers, (1..=FAULTS).collect::<Vec<_>>());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn answers_that_are_nearly_all_failures_are_no_sign_of_health() {
    let tools = Tools::new()
        .rule(rule(&["helm", "one"], json!({ "stdout": "fine\n" })))
        .rule(rule(&["helm", "**"], json!({ "stderr": "something odd\n", "exit": 97 })));
    let step = |name: &str| format!("[[tasks.t.steps]]\nrun = [\"helm\", \"{name}\"]\nallow_failure = true\n");
    let steps = ["one", "two", "three"].map(step).concat() + "[diagnose]\ntask = \"t\"\n";
    let answer = project(&steps, &tools).run(&["diagnose"]).exits(3).says(&["2 of 3 calls failed"]);
    assert!(!answer.out.contains("healthy"), "{}", answer.out);
}
