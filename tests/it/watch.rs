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
    // Should nothing be told, the test ends all the same.
    let late = go.clone();
    std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_secs(60));
        let _ = std::fs::write(late, "");
    });
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut told = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if event["type"] == "progress" {
            assert!(event.get("current").is_none(), "old pods would count as new ones: {event}");
            told.push(event["stage"].as_str().unwrap().to_owned());
            if told.len() == 2 {
                std::fs::write(&go, "").unwrap();
            }
        }
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(told, ["back 0/1, front 1/1", "back 1/1, front 1/1"]);
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

/// A secret is known by what stands around it, and the pattern takes just that away.
#[test]
fn a_look_tells_no_secret() {
    let go = tempfile::tempdir().unwrap();
    let go = go.path().join("go");
    let text = "plain 0/1\nDB_PASSWORD=hunter2hunter2 0/1\npostgres://u:topsecretpw@db/x 0/1\n";
    let steps = r#"[[tasks.t.steps]]
run   = ["helm", "upgrade"]
watch = { run = ["kubectl", "get", "x"], match = '(?:PASSWORD=|//u:|plain)(?P<stage>[^@\s]*)\S* (?P<current>\d+)/(?P<total>\d+)', every = "20ms" }
"#;
    let tools = Tools::new()
        .rule(rule(&["kubectl", "get", "x"], json!({ "stdout": text, "creates": ["looked"] })))
        .rule(rule(&["helm", "upgrade"], json!({ "until_file": go, "stdout": "done\n" })));
    let project = project(steps, &tools);
    let mut child = project.command(&["--format", "jsonl", "t"]).stdout(Stdio::piped()).spawn().unwrap();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    // A third look begins when the second has been told.
    while tools.calls().len() < 4 && std::time::Instant::now() < until {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::fs::write(&go, "").unwrap();
    let mut out = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut out).unwrap();
    assert!(child.wait().unwrap().success());
    assert!(out.contains("\"progress\"") && out.contains("0/1"), "nothing was told:\n{out}");
    let journal = std::fs::read_to_string(project.runs()[0].join("journal.jsonl")).unwrap();
    for secret in ["hunter2", "topsecret"] {
        assert!(!out.contains(secret) && !journal.contains(secret), "{out}");
    }
}

/// What hangs and does not listen is ended with the step, at once: it only looks.
#[test]
fn a_look_ends_with_its_step() {
    let steps = STEPS.replace("50ms", "10ms");
    let go = tempfile::tempdir().unwrap();
    let go = go.path().join("go");
    let tools = Tools::new()
        .rule(rule(&["kubectl", "get", "deployments"], json!({ "ignore_signals": true, "hang_ms": 600_000 })))
        .rule(rule(&["helm", "upgrade"], json!({ "until_file": go })));
    let project = project(&steps, &tools);
    let mut child = project.command(&["--format", "jsonl", "t"]).stdout(Stdio::piped()).spawn().unwrap();
    while tools.calls().len() < 2 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before anybody looked");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    std::fs::write(&go, "").unwrap();
    let mut out = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut out).unwrap();
    assert!(child.wait().unwrap().success(), "{out}");
    // Whatever it is, no look outlives the run.
    tools.pids().into_iter().for_each(super::process::wait_until_gone);
}
