//! What a run tells of the progress of its tools, and that docs/progress.md says so.

use super::support::{Project, root};
use serde_json::{Value, json};
use std::fs;

const TASKS: &str = r#"
version = 1
[tools.docker]
[tools.minikube]
[tools.kubectl]
[tasks.up]
summary = "Builds, starts, waits"
danger = "change"
[[tasks.up.steps]]
run = ["docker", "build", "."]
[[tasks.up.steps]]
run = ["minikube", "start", "-o", "json"]
[[tasks.up.steps]]
run = ["kubectl", "rollout", "status", "deployment/taskflow-backend"]
[[tasks.up.steps]]
run      = ["docker", "load", "-i", "images.tar"]
PATTERN
"#;

fn sample(name: &str) -> String {
    fs::read_to_string(root().join("tests/progress").join(name)).unwrap()
}

/// The events of a run, without their times.
fn events() -> Vec<Value> {
    let docs = fs::read_to_string(root().join("docs/progress.md")).unwrap();
    let pattern = docs.lines().find(|line| line.starts_with("progress = ")).unwrap();
    let calls = [
        json!({"incident": "up", "note": "from the samples"}),
        json!({"argv": ["docker", "build", "."], "exit_code": 0, "stderr": sample("buildkit.txt")}),
        json!({"argv": ["minikube", "start", "-o", "json"], "exit_code": 0, "stdout": sample("minikube-start.jsonl")}),
        json!({"argv": ["kubectl", "rollout", "status", "deployment/taskflow-backend"], "exit_code": 0, "stdout": sample("rollout-deployment.txt")}),
        json!({"argv": ["docker", "load", "-i", "images.tar"], "exit_code": 0, "stdout": "Loading layer  3.1MB/7.6MB\r"}),
    ];
    let project = Project::new(&TASKS.replace("PATTERN", pattern))
        .file("up.jsonl", &calls.iter().map(|call| format!("{call}\n")).collect::<String>());
    let answer = project.run(&["--format", "jsonl", "--replay", "up.jsonl", "up"]).exits(0);
    let strip = |line: &str| {
        let mut event: Value = serde_json::from_str(line).unwrap();
        event.as_object_mut().unwrap().retain(|name, _| name != "at" && name != "elapsed_ms");
        event
    };
    answer.out.lines().map(strip).collect()
}

#[test]
fn every_source_is_told_to_its_end() {
    let events = events();
    let last = |step: &str| {
        let one = events.iter().rev().find(|event| event["type"] == "progress" && event["step"] == step).unwrap();
        (one["stage"].clone(), one["current"].clone(), one["total"].clone())
    };
    assert_eq!(last("1"), (Value::Null, json!(13), json!(13)));
    assert_eq!(last("2"), (json!("Done"), json!(19), json!(19)));
    assert_eq!(last("3"), (json!("rolled out"), json!(3), json!(3)));
    let lines = |step: &str| events.iter().filter(|event| event["type"] == "output" && event["step"] == step).count();
    assert_eq!(lines("2"), sample("minikube-start.jsonl").lines().count());
    assert!(events.contains(
        &json!({"type": "output", "step": "2", "stream": "stdout", "line": "Pulling base image v0.0.48 ..."})
    ));
}

#[test]
fn the_page_shows_events_that_come() {
    let events = events();
    let docs = fs::read_to_string(root().join("docs/progress.md")).unwrap();
    let shown: Vec<Value> =
        docs.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(shown.len(), 4);
    for event in shown {
        assert!(events.contains(&event), "{event} does not come");
    }
    let example = docs.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    Project::new(example).run(&["list"]).exits(0).answers(&["load"]);
}
