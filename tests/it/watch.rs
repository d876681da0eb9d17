//! A tool that waits in silence: what is asked beside it tells how far it is.

use super::steps::{project, rule};
use super::stub::Tools;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

const STEPS: &str = r#"danger = "change"
[[tasks.t.steps]]
run   = ["helm", "upgrade"]
watch = { run = ["kubectl", "get", "deployments"], match = '^app-(?P<stage>\S+) +(?P<current>\d+)/(?P<total>\d+)', every = "50ms" }
"#;

#[test]
fn the_deployments_tell_how_far_a_silent_helm_is() {
    let go = tempfile::tempdir().unwrap();
    let go = go.path().join("go");
    let table = |ready: u8| format!("NAME       READY\napp-back   {ready}/1\napp-front  1/1\nother      0/9\n");
    let tools = Tools::new()
        .rule(rule(&["kubectl", "get", "deployments"], json!({ "stderr": "refused\n", "exit": 1, "nth": 1 })))
        .rule(rule(&["kubectl", "get", "deployments"], json!({ "stdout": table(0), "nth": 1 })))
        .rule(rule(&["kubectl", "get", "deployments"], json!({ "stdout": table(1) })))
        .rule(rule(&["helm", "upgrade"], json!({ "until_file": go, "stdout": "done\n" })));
    let project = project(STEPS, &tools);
    let mut command = project.command(&["--format", "jsonl", "--record", "r.jsonl", "t"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut told = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if event["type"] == "progress" {
            told.push(format!("{} {}/{}", event["stage"].as_str().unwrap(), event["current"], event["total"]));
            if told.len() == 2 {
                std::fs::write(&go, "").unwrap();
            }
        }
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(told, ["back 0/1, front 1/1 1/2", "back 1/1, front 1/1 2/2"]);
    // Only what the steps themselves did is a part of the recording, and a drill asks nothing else.
    let tape = std::fs::read_to_string(project.path().join("r.jsonl")).unwrap();
    assert!(tape.contains("upgrade") && !tape.contains("kubectl"), "{tape}");
    let before = tools.calls().len();
    project.run(&["--replay", "r.jsonl", "t"]).exits(0);
    assert_eq!(tools.calls().len(), before);
}

#[test]
fn the_plan_shows_what_will_be_asked_meanwhile() {
    let project = project(STEPS, &Tools::new());
    project.run(&["t", "--dry-run"]).exits(0).answers(&["meanwhile, every 50ms", "kubectl", "get deployments"]);
    let plan = project.run(&["t", "--dry-run", "--format", "json"]).exits(0).out;
    let plan: Value = serde_json::from_str(&plan).unwrap();
    assert_eq!(plan["steps"][0]["watch"]["every"], "50ms");
}
