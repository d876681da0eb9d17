//! What a run is about to do, told with its first event: steps, gates, called tasks, usual times.

use super::steps::{project, rule};
use super::stub::Tools;
use serde_json::{Value, json};

const TASKS: &str = r#"
danger  = "change"
require = ["ready"]
[[tasks.t.steps]]
name = "First of ${app}"
run  = ["helm", "one"]
[[tasks.t.steps]]
name = "Inner"
task = "inner"
[tasks.inner]
summary = "Called"
danger  = "change"
[[tasks.inner.steps]]
run = ["helm", "two"]
[checks.ready]
title = "It is ready"
run   = ["helm", "ready"]
[vars]
app = "x"
"#;

fn started(out: &str) -> Value {
    let first = out.lines().next().unwrap_or_default();
    let event: Value = serde_json::from_str(first).unwrap();
    assert_eq!(event["type"], "run-started", "{first}");
    event
}

#[test]
fn the_first_event_tells_every_step_that_follows_and_what_it_took_before() {
    let tools = Tools::new().rule(rule(&["helm", "**"], json!({ "stdout": "fine\n" })));
    let project = project(TASKS, &tools);
    let answer = project.run(&["--format", "jsonl", "t"]).exits(0);
    let first = started(&answer.out);
    let told: Vec<(String, String, String)> = first["outline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| ["step", "name", "kind"].map(|key| step[key].as_str().unwrap().to_owned()).into())
        .collect();
    let step = |id: &str, name: &str, kind: &str| (id.to_owned(), name.to_owned(), kind.to_owned());
    assert_eq!(
        told,
        [
            step("r1", "It is ready", "require"),
            step("1", "First of x", "run"),
            step("2", "Inner", "task"),
            step("2.1", "helm two", "run"),
        ]
    );
    assert!(first.get("usual_ms").is_none() && first["outline"][0].get("usual_ms").is_none(), "{first}");
    // Nothing but what was outlined happens.
    let ran: Vec<String> = answer
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|event| event["type"] == "step-started")
        .map(|event| event["step"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ran, ["r1", "1", "2", "2.1"]);
    let again = started(&project.run(&["--format", "jsonl", "t"]).exits(0).out);
    assert!(again["usual_ms"].is_u64(), "{again}");
    assert!(again["outline"].as_array().unwrap().iter().all(|step| step["usual_ms"].is_u64()), "{again}");
}
