//! Ctrl-Z and `fg` at a real terminal, under a shell with job control.

use super::pty::AtPty;
use super::steps::{lines, project, rule};
use super::stub::Tools;
use super::support::Project;
use serde_json::json;
use std::process::Command;
use std::time::Duration;

/// `refloat t` as a job of a shell that says when it was stopped, waits for a line, and continues it.
fn under_a_shell(project: &Project) -> Command {
    let plain = project.command(&["t"]);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "set -m; \"$0\" \"$@\"; echo \"stopped: $?\"; read line; fg; echo \"ended: $?\""]);
    shell.arg(plain.get_program()).args(plain.get_args()).current_dir(project.path());
    shell.env_clear();
    for (name, value) in plain.get_envs() {
        shell.env(name, value.unwrap());
    }
    shell
}

/// The state letters of a process: `T` is stopped.
fn state(pid: u32) -> String {
    let told = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    String::from_utf8_lossy(&told.stdout).trim().to_owned()
}

fn wait_for(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1200 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what} did not happen");
}

fn begun(project: &Project) {
    wait_for("the beginning", || {
        project.runs().pop().is_some_and(|run| {
            std::fs::read_to_string(run.join("journal.jsonl")).is_ok_and(|journal| journal.contains("begun"))
        })
    });
}

#[test]
fn a_stopped_run_stops_its_tools_and_no_time_passes_for_it() {
    // It takes no notice of the polite wish to stop, and has a child of its own. Its limit is shorter
    // than the pause, and what it still has to do after the pause takes longer than nothing.
    let gate = tempfile::tempdir().unwrap();
    let gate = gate.path().join("gate");
    let tools = Tools::new().rule(rule(
        &["helm", "go"],
        json!({ "stdout": "begun\n", "spawn_grandchild_ms": 600_000, "until_file": gate.to_str().unwrap() }),
    ));
    let limit = Duration::from_secs(8);
    let project = project("[[tasks.t.steps]]\nrun = [\"helm\", \"go\"]\ntimeout = \"8s\"\n", &tools);
    let mut terminal = AtPty::start(under_a_shell(&project));
    begun(&project);
    let family = [tools.pids()[0], tools.grandchildren()[0]];
    terminal.types("\u{1a}").sees("stopped: ");
    for pid in family {
        wait_for("the stop", || state(pid).starts_with('T'));
    }
    std::thread::sleep(limit + Duration::from_secs(2));
    terminal.types("\n");
    for pid in family {
        wait_for("the end of the stop", || !state(pid).starts_with('T'));
    }
    // A run that counted the pause would end it now.
    std::thread::sleep(Duration::from_secs(1));
    std::fs::write(&gate, "").unwrap();
    terminal.sees("ended: 0").exits(0);
    assert_eq!(project.finished("1")["status"], "ok");
    assert!(project.finished("1")["took_ms"].as_u64().unwrap() < 8000, "{}", project.finished("1"));
    tools.grandchildren().into_iter().for_each(super::process::end);
}

#[test]
fn a_stopped_run_that_is_ended_takes_its_tools_along() {
    let tools = Tools::new().rule(rule(&["helm", "go"], json!({ "stdout": "begun\n", "hang_ms": 600_000 })));
    let project = project("[[tasks.t.steps]]\nrun = [\"helm\", \"go\"]\n", &tools);
    let mut terminal = AtPty::start(under_a_shell(&project));
    begun(&project);
    let tool = tools.pids()[0];
    terminal.types("\u{1a}").sees("stopped: ");
    wait_for("the stop", || state(tool).starts_with('T'));
    terminal.types("\n");
    wait_for("the end of the stop", || !state(tool).starts_with('T'));
    terminal.types("\u{3}").sees("ended: 130").exits(0);
    assert_eq!(tools.signals(), [2]);
    super::process::wait_until_gone(tool);
    assert_eq!(lines(&tools), ["helm go"]);
}

#[test]
fn a_run_that_nobody_could_continue_is_not_stopped() {
    // The leader of a session of its own: no shell would ever say `fg`.
    let tools = Tools::new().rule(rule(&["helm", "go"], json!({ "stdout": "begun\n", "hang_ms": 2000 })));
    let project = project("[[tasks.t.steps]]\nrun = [\"helm\", \"go\"]\n", &tools);
    let mut terminal = AtPty::start(project.command(&["t"]));
    begun(&project);
    terminal.types("\u{1a}").exits(0);
    assert_eq!(project.finished("1")["status"], "ok");
}
