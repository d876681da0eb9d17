//! What the documents show of `tasks.toml` loads.

use super::support::{Project, root};
use regex::Regex;
use std::fs;

fn blocks(file: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let block = Regex::new(r"(?s)```toml\n(.*?)```").unwrap();
    block.captures_iter(&text).map(|found| found[1].to_owned()).collect()
}

#[test]
fn the_readmes_task_file_loads_and_plans() {
    let blocks = blocks("README.md");
    assert_eq!(blocks.len(), 1);
    let project = Project::new(&blocks[0]);
    project.run(&["list"]).exits(0).answers(&["rollback [REVISION]"]);
    project
        .run(&["rollback", "3", "--dry-run"])
        .exits(0)
        .answers(&["helm --kube-context minikube rollback taskflow 3 --wait --timeout 5m"]);
}

#[test]
fn the_fail_fast_example_loads() {
    let step = blocks("docs/fail-fast.md").concat();
    let head = "version = 1\n[vars]\nrelease = \"web\"\nchart = \"chart\"\n[tools.helm]\n[tools.kubectl]\n";
    let task = "[tasks.redeploy]\nsummary = \"x\"\n";
    let project = Project::new(&format!("{head}{task}{step}"));
    project.run(&["redeploy", "--dry-run"]).exits(0).answers(&["ends early; looks every 3s", "of /^web-/"]);
}

#[test]
fn the_formats_examples_load() {
    let blocks = blocks("docs/format.md");
    assert!(blocks.len() >= 5);
    // Together they are one file: the pieces that the page shows one by one, and what they refer to.
    let mut file: String = blocks.join("\n");
    file.push_str(
        "\n[tools.kubectl]\n[tools.minikube]\n[tasks.none]\nsummary = \"x\"\n[[tasks.none.steps]]\nrun = [\"helm\"]\n",
    );
    // `compare`'s fix names a variable of the whole runbook.
    let file = file.replacen("[vars]\n", "[vars]\nvalues = \"values-local.yaml\"\ncontext = \"minikube\"\n", 1);
    let project = Project::new(&file);
    project.run(&["list"]).exits(0);
    let log = project.path().join("app.log");
    fs::write(log, "2026-11-23 05:00:00 ERROR queue mail is full\n").unwrap();
    project.run(&["diagnose", "app.log"]).exits(3).answers(&["queue-full", "The queue mail is full"]);
}

#[test]
fn the_operations_examples_are_one_file_that_loads() {
    let blocks = blocks("docs/operations.md");
    assert_eq!(blocks.len(), 3);
    let project = Project::new(&format!("version = 1\n{}", blocks.join("\n")));
    project.run(&["validate-app", "--dry-run"]).exits(0).answers(&[
        "Login response",
        "sends Authorization",
        "sends Origin, body; answer 200",
    ]);
    project
        .run(&["page", "--dry-run"])
        .exits(0)
        .answers(&["asks the person, yes or no: Does the page look as in production?"]);
}

/// The names that a JSON Schema gives to properties, wherever they stand.
fn keys(schema: &serde_json::Value, all: &mut std::collections::BTreeSet<String>) {
    match schema {
        serde_json::Value::Object(map) => {
            if let Some(properties) = map.get("properties").and_then(|properties| properties.as_object()) {
                all.extend(properties.keys().cloned());
            }
            map.values().for_each(|value| keys(value, all));
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| keys(value, all)),
        _ => {}
    }
}

#[test]
fn the_formats_page_has_every_key_of_the_schema() {
    let page = std::fs::read_to_string(root().join("docs/format.md")).unwrap();
    let mut known = std::collections::BTreeSet::new();
    keys(&refloat::config::schema(), &mut known);
    assert!(known.len() > 100, "{}", known.len());
    let words: std::collections::BTreeSet<&str> =
        page.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect();
    let missing: Vec<&String> = known.iter().filter(|key| !words.contains(key.as_str())).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn the_examples_of_parity_load_beside_those_of_the_operations() {
    let (operations, parity) = (blocks("docs/operations.md"), blocks("docs/parity.md"));
    assert_eq!(parity.len(), 2);
    let more = r#"
[vars]
watch_every = "30s"
watch_for = "15m"
[targets.production]
vars = { api = "https://app.example.com", page = "https://app.example.com" }
[tools.kubectl]
[checks.backend-healthy]
title = "The backend is healthy"
run = ["kubectl", "get", "pods"]
[tasks.parity]
summary = "Compare"
steps = [{ parity = true }]
[tasks.watch]
summary = "Watch"
"#;
    let project = Project::new(&format!("version = 1\n{}{more}{}", operations.join("\n"), parity.join("\n")));
    project.run(&["parity", "--dry-run"]).exits(0).answers(&["curl --disable --silent", "https://app.example.com"]);
    project
        .run(&["watch", "--dry-run"])
        .exits(0)
        .answers(&["Backend health checks fail consistently", "holds after 3 failures in a row"]);
}
