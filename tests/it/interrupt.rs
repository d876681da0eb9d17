//! Real signals, to a process that takes them as `refloat` does.

use super::support::hangup_is_ignored;
use crate::stub::Tools;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// A tool that says "begun" and then waits, with `more` of its own.
fn helm(more: &[(&str, Value)]) -> Tools {
    let mut rule = json!({ "argv": ["helm"], "stdout": "begun\n", "hang_ms": 600_000 });
    for (key, value) in more {
        rule[*key] = value.clone();
    }
    Tools::new().tool("supervisor").rule(rule)
}

/// Starts helm under a supervisor, through `wrapper`.
fn start(tools: &Tools, wrapper: &[&str]) -> Child {
    let supervisor = tools.bin("supervisor");
    let line: Vec<&str> = wrapper.iter().copied().chain([supervisor.to_str().unwrap()]).collect();
    Command::new(line[0])
        .args(&line[1..])
        .arg(tools.bin("helm"))
        .envs(tools.env())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, signal: &str) {
    let status = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// Waits, but not for ever.
fn wait(child: &mut Child) -> ExitStatus {
    for _ in 0..600 {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let _ = child.kill();
    panic!("the supervisor hangs");
}

fn first_line(out: &mut impl BufRead) -> String {
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    line
}

#[test]
fn each_signal_reaches_the_tool_once_and_as_itself() {
    for (name, number) in [("-HUP", 1), ("-INT", 2), ("-TERM", 15)] {
        if number == 1 && hangup_is_ignored() {
            // Under nohup the program rightly goes on: there is nothing to show here.
            continue;
        }
        let tools = helm(&[("signal_exit", json!(1))]);
        let mut child = start(&tools, &["env"]);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        assert_eq!(first_line(&mut out), "begun\n");
        signal(&child, name);
        assert_eq!(first_line(&mut out), "Interrupted\n");
        assert!(wait(&mut child).success());
        assert_eq!(tools.signals(), [number], "{name}");
    }
}

#[test]
fn a_second_signal_ends_a_tool_that_takes_no_notice() {
    let tools = helm(&[("ignore_signals", json!(true))]);
    let mut child = start(&tools, &["env"]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    assert_eq!(first_line(&mut out), "begun\n");
    signal(&child, "-INT");
    signal(&child, "-TERM");
    assert_eq!(first_line(&mut out), "Interrupted\n");
    assert!(wait(&mut child).success());
}

#[test]
fn a_third_signal_leaves_even_when_our_own_output_hangs_and_leaves_nobody_behind() {
    // Nobody reads the flood: the supervisor hangs in writing, and the tool in it.
    let tools = helm(&[("ignore_signals", json!(true)), ("bytes", json!(10_000_000)), ("stderr", json!("x"))]);
    let mut child = start(&tools, &["env"]);
    let mut out = child.stdout.take().unwrap();
    let mut some = [0; 10];
    out.read_exact(&mut some).unwrap();
    for name in ["-INT", "-TERM", "-INT"] {
        signal(&child, name);
    }
    let code = wait(&mut child).code();
    assert!([Some(130), Some(143)].contains(&code), "128 + the last: {code:?}");
    let pid = tools.pids()[0].to_string();
    for _ in 0..600 {
        let state = Command::new("ps").args(["-o", "stat=", "-p", &pid]).output().unwrap().stdout;
        if state.is_empty() || state.starts_with(b"Z") {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the tool {pid} survived");
}

#[test]
fn a_hangup_that_was_ignored_at_the_start_stays_ignored() {
    let tools = helm(&[("signal_exit", json!(1))]);
    let mut child = start(&tools, &["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    assert_eq!(first_line(&mut out), "begun\n");
    signal(&child, "-HUP");
    signal(&child, "-TERM");
    assert_eq!(first_line(&mut out), "Interrupted\n");
    assert!(wait(&mut child).success());
    assert_eq!(tools.signals(), [15], "only the signal that counted was handed on");
}
