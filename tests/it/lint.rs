//! `refloat lint`: what was seeded is reported, where it stands and with what to do; and the built-in
//! catalogue holds no error.

use super::support::{Answer, Project, root};
use refloat::catalog;
use refloat::classify::sample::is_found_by;
use refloat::model::pattern::Pattern;
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

fn linted(file: &str, args: &[&str]) -> Answer {
    let text = fs::read_to_string(root().join("tests").join("lint").join(file)).unwrap();
    Project::new(&text).run(&[&["lint"], args].concat())
}

fn defects(answer: &Answer) -> Vec<Value> {
    let report: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(report["schema"], 1);
    report["defects"].as_array().unwrap().clone()
}

/// Every file of `tests/lint` with its report. `UPDATE_EXPECTED=1 cargo test --test it lint` writes them.
#[test]
fn every_seeded_file_has_its_report() {
    let mut files: Vec<String> = fs::read_dir(root().join("tests").join("lint"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    files.sort();
    assert!(files.len() >= 12, "{files:?}");
    // How many are built in changes with every one that is added.
    let all = Regex::new(r"(?m)^\d+ symptoms,").unwrap();
    for file in files {
        let answer = linted(&file, &[]);
        assert_eq!(answer.err, "", "{file}");
        let out = all.replace(&answer.out, "N symptoms,");
        let report = format!("exit code {}\n\n{out}", answer.code);
        let path = root().join("tests").join("lint").join(file.replace(".toml", ".txt"));
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&path, &report).unwrap();
        }
        assert_eq!(report, fs::read_to_string(&path).unwrap().replace("\r\n", "\n"), "{file}");
    }
}

/// The defects found in a well-known table of rules, each with the kind that it is reported as.
#[test]
fn the_known_ways_of_rotting_are_all_found() {
    for (file, kind, symptom) in [
        ("dead-rename", "dead", "node-out-of-memory"),
        ("class-of-a-word", "unescaped", "root-cgroup"),
        ("group-in-a-template", "unescaped", "no-ssh-port"),
        ("group-at-the-end", "unescaped", "wrong-architecture"),
        ("shadowed", "shadowed", "cgroup-mount"),
        ("wrong-os", "wrong-os", "kubeconfig-not-yours"),
        ("regex-as-text", "literal-regex", "pipe-missing"),
        ("new-wording", "example-unmatched", "daemon-gone"),
    ] {
        let answer = linted(&format!("{file}.toml"), &["--format", "json"]).exits(3);
        let found = defects(&answer);
        let errors: Vec<&Value> = found.iter().filter(|defect| defect["level"] == "error").collect();
        assert!(
            errors.iter().any(|defect| defect["kind"] == kind && defect["symptom"] == symptom),
            "{file}: {found:#?}"
        );
        assert!(errors.iter().all(|defect| defect["symptom"] == symptom), "{file} blames another: {found:#?}");
        for defect in errors {
            assert!(defect["place"].as_str().unwrap().starts_with("tasks.toml:"), "{defect}");
            assert!(defect["message"] != "" && defect["help"] != "", "{defect}");
        }
    }
}

#[test]
fn every_kind_is_found_somewhere() {
    let mut kinds = BTreeSet::new();
    for file in ["examples", "patterns", "relations", "shadowed", "wrong-os", "regex-as-text", "class-of-a-word"] {
        let found = defects(&linted(&format!("{file}.toml"), &["--format", "json"]));
        kinds.extend(found.iter().map(|defect| defect["kind"].as_str().unwrap().to_owned()));
    }
    // A family that there is not keeps the file from being loaded.
    let expected = [
        "counter-matched",
        "cycle",
        "danger",
        "dead",
        "example-goes-elsewhere",
        "example-unmatched",
        "example-wrong-capture",
        "literal-regex",
        "missing",
        "no-literal",
        "overlap",
        "shadowed",
        "unescaped",
        "unknown-group",
        "unknown-id",
        "wrong-os",
    ];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn a_file_that_cannot_be_loaded_is_no_finding() {
    let project = Project::new(
        "version = 1\n[symptoms.x]\nfamily = \"databse-connection\"\nrole = \"root\"\nany = ['a(']\ncause = \"x\"\n",
    );
    project.run(&["lint"]).exits(78).says(&["did you mean `database-connection`?", "this is not a valid pattern"]);
    project.run(&["lint", "-f", "none.toml"]).exits(2).says(&["there is no file `none.toml`"]);
    let regex = "version = 1\n[tools.helm]\n[tasks.a]\nsummary = \"x\"\ndanger = \"read\"\n[[tasks.a.steps]]\nrun = [\"helm\", \"list\"]\nretry = { times = 2, on = [\"probe-.*\"] }\n";
    Project::new(regex).run(&["lint"]).exits(78).says(&["`*` stands for any text; this is no regular expression"]);
}

#[test]
fn warnings_fail_when_they_are_asked_to() {
    let tasks = "version = 1\n[symptoms.mine]\nfamily = \"cors\"\nrole = \"root\"\nany = ['the mailer is away']\ncause = \"x\"\n";
    let project = Project::new(tasks);
    project.run(&["lint"]).exits(0).answers(&["warning[missing]: no example", "--> tasks.toml:2:11", "1 warning"]);
    project.run(&["lint", "--strict"]).exits(3);
}

#[test]
fn checks_that_built_in_symptoms_ask_for_are_missed_by_who_has_some() {
    let tasks =
        "version = 1\n[tools.kubectl]\n[checks.database-reachable]\ntitle = \"x\"\nrun = [\"kubectl\", \"version\"]\n";
    let answer = Project::new(tasks).run(&["lint"]).exits(0);
    let answer =
        answer.answers(&["warning[unknown-id]: no check of the task file confirms this", "`jwt-secrets-equal`"]);
    assert!(!answer.out.contains("`database-reachable`"), "{}", answer.out);
    Project::new("version = 1\n").run(&["lint"]).exits(0).answers(&["no defect"]);
}

#[test]
fn the_built_in_catalogue_holds_no_error() {
    let project = Project::new("version = 1\n");
    let answer = project.run(&["lint", "--built-in", "--format", "json"]);
    let errors: Vec<Value> = defects(&answer).into_iter().filter(|defect| defect["level"] == "error").collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(answer.code, 0);
    // The answer names where a built-in symptom stands.
    for defect in defects(&answer) {
        let place = defect["place"].as_str().unwrap();
        assert!(place.starts_with("src/catalog/") && place.contains(".toml: symptom "), "{place}");
    }
}

#[test]
fn every_built_in_pattern_is_proven_by_an_example() {
    let mut unproven = Vec::new();
    for symptom in catalog::symptoms() {
        let unless: Vec<Pattern> = symptom.unless.iter().map(|source| Pattern::new(source).unwrap()).collect();
        for source in &symptom.any {
            let pattern = Pattern::new(source).unwrap();
            if !symptom.examples.iter().any(|example| is_found_by(example.text.as_bytes(), &pattern, &unless)) {
                unproven.push(format!("{}: {source}", symptom.id));
            }
        }
    }
    assert!(unproven.is_empty(), "{} patterns without an example: {unproven:#?}", unproven.len());
}
