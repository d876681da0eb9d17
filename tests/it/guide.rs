//! docs/guide.md maps every line of the guide to what does it here: no row is empty, and all that it names is there.

use super::support::{Project, root};
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

/// The rows of all tables but their heads: (what the guide says, what does it).
fn rows() -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("docs/guide.md")).unwrap();
    let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| the guide");
    let cells = |line: &str| {
        let inner = line.trim_start_matches('|').trim_end_matches('|').replace(r"\|", "\u{1}");
        let cells: Vec<String> = inner.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect();
        let [left, right] = cells.as_slice() else { panic!("two cells: {line}") };
        (left.clone(), right.clone())
    };
    text.lines().filter(is_row).map(cells).collect()
}

fn taskflow() -> Project {
    Project::taskflow()
        .env("REFLOAT_VAR_PRODUCTION_PAGE", "https://a.test")
        .env("REFLOAT_VAR_PRODUCTION_API", "https://a.test")
}

/// The names that a kind of thing is said to have: "checks `a`, `b`".
fn named(kind: &str) -> BTreeSet<String> {
    let list = Regex::new(&format!(r"\b{kind}s? ((?:`[^`]+`(?:, | and )?)+)")).unwrap();
    let name = Regex::new("`([^`]+)`").unwrap();
    let rows = rows();
    let lists =
        rows.iter().flat_map(|(_, right)| list.captures_iter(right)).map(|found| found.extract::<1>().1[0].to_owned());
    lists.flat_map(|list| name.captures_iter(&list).map(|found| found[1].to_owned()).collect::<Vec<_>>()).collect()
}

#[test]
fn no_row_is_empty() {
    let rows = rows();
    assert!(rows.len() > 120, "{}", rows.len());
    let reference = Regex::new("`refloat |(?:check|symptom|rule|operation)s? `").unwrap();
    for (left, right) in rows {
        assert!(!left.is_empty() && !right.is_empty(), "{left} | {right}");
        assert!(reference.is_match(&right), "what does it? {left} | {right}");
    }
}

#[test]
fn the_commands_that_it_names_can_be_given() {
    let project = taskflow();
    let list: Value = serde_json::from_str(&project.run(&["--format", "json", "list"]).exits(0).out).unwrap();
    let tasks: BTreeSet<&str> =
        list["tasks"].as_array().unwrap().iter().map(|task| task["name"].as_str().unwrap()).collect();
    let command = Regex::new("`refloat ([^`]+)`").unwrap();
    let text = fs::read_to_string(root().join("docs/guide.md")).unwrap();
    let named: BTreeSet<&str> = command.captures_iter(&text).map(|found| found.extract::<1>().1[0]).collect();
    for command in &named {
        let words: Vec<&str> = command.split(' ').collect();
        match words[0] {
            task if tasks.contains(task) => drop(project.run(&[&words[..], &["--dry-run"]].concat()).exits(0)),
            "explain" => drop(project.run(&words).exits(0)),
            "incident" | "diagnose" => drop(project.run(&["help", words[0]]).exits(0)),
            other => panic!("what is `refloat {other}`?"),
        }
    }
    let unnamed: Vec<&&str> =
        tasks.iter().filter(|task| !named.iter().any(|line| line.split(' ').next() == Some(**task))).collect();
    assert_eq!(unnamed, [&"lint-chart"], "every other task is there for a line of the guide");
}

#[test]
fn the_checks_symptoms_rules_and_operations_that_it_names_are_there() {
    let tasks = fs::read_to_string(root().join("tasks.toml")).unwrap();
    let tasks: toml::Table = toml::from_str(&tasks).unwrap();
    let (known, checks) = (tasks["checks"].as_table().unwrap(), named("check"));
    assert!(checks.len() > 30, "{checks:?}");
    let unknown: Vec<&String> = checks.iter().filter(|check| !known.contains_key(check.as_str())).collect();
    assert_eq!(unknown, [""; 0]);
    let symptoms = refloat::catalog::symptoms();
    let unknown: Vec<String> =
        named("symptom").into_iter().filter(|id| !symptoms.iter().any(|symptom| symptom.id == *id)).collect();
    assert_eq!(unknown, [""; 0]);
    let names = |key: &str| -> BTreeSet<String> {
        tasks[key].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(named("rule"), names("rules"), "each rule is there for a line of the guide");
    let mut asked = named("operation");
    // What tidies up after itself is no line of the guide.
    asked.insert("account".to_owned());
    assert_eq!(asked, names("operations"));
}
