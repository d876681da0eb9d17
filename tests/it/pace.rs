//! A recording that takes its time: told in recorded time, stopped when asked, and recorded as it came.

use super::steps::{project, rule};
use super::stub::Tools;
use super::support::Project;
use serde_json::{Value, json};

const STEPS: &str = "[[tasks.t.steps]]\nrun = [\"helm\", \"slow\"]\n[[tasks.t.steps]]\nrun = [\"helm\", \"next\"]\n";

fn recorded(elapsed_ms: u64) -> Project {
    let call = |argv: &[&str], elapsed_ms: u64, stdout: &str| json!({ "argv": argv, "exit_code": 0, "elapsed_ms": elapsed_ms, "stdout": stdout, "stderr": "" });
    let tape = format!(
        "{}\n{}\n{}\n",
        json!({ "incident": "x", "note": "" }),
        call(&["helm", "slow"], elapsed_ms, "one\ntwo\n"),
        call(&["helm", "next"], 0, "")
    );
    project(STEPS, &Tools::new()).file("r.jsonl", &tape)
}

fn events(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_call_takes_as_long_as_it_took_in_recorded_time() {
    let project = recorded(90_000);
    let answer = project.run(&["--format", "jsonl", "--replay", "r.jsonl", "--pace", "1000x", "t"]).exits(0);
    let events = events(&answer.out);
    let ended = events.iter().find(|event| event["type"] == "step-finished").unwrap();
    assert!(ended["took_ms"].as_u64().unwrap() >= 90_000, "{ended}");
    let at: Vec<u64> = events
        .iter()
        .filter(|event| event["type"] == "output" && event["step"] == "1")
        .map(|event| event["elapsed_ms"].as_u64().unwrap())
        .collect();
    assert!(at.len() == 2 && at[0] >= 30_000 && at[1] >= 60_000, "{at:?}");
}

#[test]
fn at_pace_0_and_without_one_nothing_is_waited_for() {
    // Waited for, this would take a year.
    for args in [&["--replay", "r.jsonl", "t"][..], &["--replay", "r.jsonl", "--pace", "0", "t"]] {
        recorded(31_536_000_000).run(args).exits(0);
    }
}

#[test]
fn a_pace_is_a_number_and_needs_a_recording() {
    let project = recorded(1);
    project.run(&["--pace", "10x", "t"]).exits(2).says(&["--replay"]);
    for wrong in ["fast", "-1", "NaN", "1e9", "x"] {
        project.run(&["--replay", "r.jsonl", &format!("--pace={wrong}"), "t"]).exits(2).says(&["a speed is 0"]);
    }
}

#[cfg(unix)]
#[test]
fn a_drill_can_be_stopped_like_the_real_thing() {
    let project = recorded(31_536_000_000);
    let mut command = project.command(&["--format", "jsonl", "--replay", "r.jsonl", "--pace", "1000x", "t"]);
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    while !lines.next().unwrap().unwrap().contains("step-started") {}
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let rest: Vec<String> = lines.map(|line| line.unwrap()).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(!rest.iter().any(|line| line.contains("helm next")), "{rest:?}");
}

#[test]
fn what_is_recorded_says_when_it_came() {
    let tools = Tools::new()
        .rule(rule(&["helm", "slow"], json!({ "stdout": "one\ntwo\n", "stderr": "three\n" })))
        .rule(rule(&["helm", "next"], json!({})));
    let project = project(STEPS, &tools);
    project.run(&["--record", "r.jsonl", "t"]).exits(0);
    let text = std::fs::read_to_string(project.path().join("r.jsonl")).unwrap();
    let call: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    let bytes = |stream: u64| -> u64 {
        let marks = call["marks"].as_array().unwrap().iter();
        marks.filter(|mark| mark[1] == stream).map(|mark| mark[2].as_u64().unwrap()).sum()
    };
    assert_eq!((bytes(1), bytes(2)), (8, 6), "{call}");
    let again = project.run(&["--format", "jsonl", "--replay", "r.jsonl", "--pace", "1000x", "t"]).exits(0);
    let lines: Vec<String> = events(&again.out)
        .iter()
        .filter(|event| event["type"] == "output")
        .map(|event| event["line"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
}
