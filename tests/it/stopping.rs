//! Ctrl-C, SIGTERM, SIGHUP on the whole program: what ends, what still runs, and the exit code.

use super::process::wait_until_gone;
use super::steps::{lines, project, rule};
use super::stub::Tools;
use super::support::{Project, hangup_is_ignored};
use serde_json::{Value, json};
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A run that goes on by itself.
pub(crate) struct Run {
    child: Child,
}

impl Run {
    pub(crate) fn start(mut command: Command) -> Self {
        Self { child: command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap() }
    }

    pub(crate) fn signal(&self, name: &str) -> &Self {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
        self
    }

    /// Waits, but not for ever: the exit code, and what was told.
    pub(crate) fn ends(mut self) -> (i32, String) {
        for _ in 0..1200 {
            if let Some(status) = self.child.try_wait().unwrap() {
                let mut told = String::new();
                self.child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
                return (status.code().unwrap_or(-1), told);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        panic!("the run hangs");
    }
}

/// Waits until something holds.
pub(crate) fn wait_for(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1200 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{what} did not happen");
}

/// The tool has begun: its handlers stand, and its output has reached the journal.
pub(crate) fn begun(project: &Project, text: &str) {
    wait_for(text, || {
        let Some(run) = project.runs().pop() else { return false };
        std::fs::read_to_string(run.join("journal.jsonl")).is_ok_and(|journal| journal.contains(text))
    });
}

/// helm says "begun" and waits; kubectl answers at once.
fn app(keys: &str, helm: Value) -> (Tools, Project) {
    let mut answer = json!({ "stdout": "begun\n", "hang_ms": 600_000 });
    for (key, value) in helm.as_object().unwrap() {
        answer[key] = value.clone();
    }
    let tools =
        Tools::new().rule(rule(&["helm", "go"], answer)).rule(json!({ "argv": ["kubectl", "**"], "stdout": "x\n" }));
    let steps = format!(
        "[[tasks.t.steps]]\nrun = [\"helm\", \"go\"]\n{keys}\n[[tasks.t.steps]]\nrun = [\"kubectl\", \"next\"]\n\
         [[tasks.t.finally]]\nrun = [\"kubectl\", \"tidy\"]\n"
    );
    let project = project(&steps, &tools);
    (tools, project)
}

pub(crate) fn outcome(project: &Project) -> Value {
    let journal = project.journal();
    let last = journal.last().unwrap();
    json!([last["type"], last["outcome"], last["exit_code"]])
}

#[test]
fn a_signal_ends_the_step_runs_what_must_run_and_has_its_own_exit_code() {
    for (name, number, code) in [("-INT", 2, 130), ("-TERM", 15, 143), ("-HUP", 1, 129)] {
        if number == 1 && hangup_is_ignored() {
            // Under nohup the program rightly goes on: there is nothing to show here.
            continue;
        }
        let (tools, project) = app("", json!({ "signal_exit": 1 }));
        let run = Run::start(project.command(&["t"]));
        begun(&project, "begun");
        run.signal(name);
        let (ended, told) = run.ends();
        assert_eq!(ended, code, "{name}: {told}");
        assert!(told.contains("stopped"), "{told}");
        assert_eq!(tools.signals(), [number], "{name}: the tool was asked as we were");
        assert_eq!(lines(&tools), ["helm go", "kubectl tidy"], "{name}");
        assert_eq!(outcome(&project), json!(["run-finished", "interrupted", code]), "{name}");
        assert_eq!(project.finished("1")["status"], "interrupted");
        wait_until_gone(tools.pids()[0]);
        project.run(&["history"]).exits(0).answers(&["stopped"]);
    }
}

#[test]
fn a_quit_ends_everything_at_once_even_what_is_left_to_finish() {
    let (tools, project) = app("on_interrupt = \"finish\"", json!({ "ignore_signals": true }));
    let run = Run::start(project.command(&["t"]));
    begun(&project, "begun");
    run.signal("-QUIT");
    let (ended, told) = run.ends();
    assert_eq!(ended, 131, "{told}");
    wait_until_gone(tools.pids()[0]);
    assert_eq!(outcome(&project), json!(["run-finished", "interrupted", 131]));
    assert!(!lines(&tools).contains(&"kubectl next".to_owned()));
}

#[test]
fn a_tool_that_ends_well_when_asked_to_stop_stops_the_run_all_the_same() {
    // `kubectl logs -f` and its kin end with 0: what follows must not start.
    let (tools, project) = app("", json!({ "signal_exit": 0 }));
    let run = Run::start(project.command(&["t"]));
    begun(&project, "begun");
    run.signal("-INT");
    assert_eq!(run.ends().0, 130);
    assert_eq!(lines(&tools), ["helm go", "kubectl tidy"]);
}

#[test]
fn a_step_that_must_finish_is_left_alone_by_the_first_signal() {
    let (tools, project) = app("on_interrupt = \"finish\"", json!({ "hang_ms": 3000, "signal_exit": 9 }));
    let run = Run::start(project.command(&["t"]));
    begun(&project, "begun");
    run.signal("-INT");
    let (code, told) = run.ends();
    assert_eq!(code, 130, "{told}");
    assert!(told.contains("`helm go` is left to finish"), "{told}");
    assert!(tools.signals().is_empty(), "nothing was handed on");
    assert_eq!(project.finished("1")["exit"], json!({ "code": 0 }));
    assert_eq!(project.finished("1")["status"], "ok");
    assert_eq!(lines(&tools), ["helm go", "kubectl tidy"], "the next step does not start");
}

#[test]
fn a_second_signal_ends_everything_at_once() {
    for keys in ["", "on_interrupt = \"finish\""] {
        let (tools, project) = app(keys, json!({ "ignore_signals": true }));
        let run = Run::start(project.command(&["t"]));
        begun(&project, "begun");
        run.signal("-INT");
        // The first has been taken: two of the same that wait together are one.
        wait_for("the notice", || {
            std::fs::read_to_string(project.runs()[0].join("journal.jsonl")).unwrap().contains("Ctrl-C again")
        });
        run.signal("-INT");
        let (code, told) = run.ends();
        assert_eq!(code, 130, "{told}");
        assert_eq!(lines(&tools), ["helm go"], "{keys}: not even what runs at the end");
        assert_eq!(outcome(&project), json!(["run-finished", "interrupted", 130]), "{keys}");
        wait_until_gone(tools.pids()[0]);
    }
}

#[test]
fn a_signal_ends_the_pause_before_the_next_try() {
    for keys in
        ["retry = { times = 3, backoff = \"1h\" }", "until = { match = 'never', every = \"1h\", timeout = \"10h\" }"]
    {
        let (tools, project) = app(keys, json!({ "hang_ms": 0, "exit": 1 }));
        let run = Run::start(project.command(&["t"]));
        begun(&project, "step-retry");
        run.signal("-TERM");
        assert_eq!(run.ends().0, 143);
        assert_eq!(lines(&tools), ["helm go", "kubectl tidy"], "{keys}");
    }
}

#[test]
fn a_signal_while_a_gate_is_asked_is_no_refusal() {
    let tools = Tools::new()
        .rule(rule(&["helm", "ask"], json!({ "stdout": "begun\n", "hang_ms": 600_000 })))
        .rule(json!({ "argv": ["kubectl", "**"] }));
    let task = "require = [\"there\"]\n[[tasks.t.steps]]\nrun = [\"kubectl\", \"go\"]\n[[tasks.t.finally]]\n\
                run = [\"kubectl\", \"tidy\"]\n[checks.there]\ntitle = \"There\"\nrun = [\"helm\", \"ask\"]\n";
    let project = project(task, &tools);
    let run = Run::start(project.command(&["t"]));
    begun(&project, "begun");
    run.signal("-INT");
    let (code, told) = run.ends();
    assert_eq!(code, 130, "{told}");
    assert_eq!(lines(&tools), ["helm ask"], "nothing was done, so nothing is to be tidied");
}

#[test]
fn a_signal_reaches_all_that_run_side_by_side() {
    let tools =
        Tools::new().rule(json!({ "argv": ["helm", "*"], "stdout": "begun\n", "hang_ms": 600_000, "signal_exit": 1 }));
    let steps: String = (1..=4).map(|number| format!("[[tasks.t.steps]]\nrun = [\"helm\", \"{number}\"]\n")).collect();
    let project = project(&format!("parallel = 3\n{steps}"), &tools);
    let run = Run::start(project.command(&["t"]));
    wait_for("three beginnings", || {
        project.runs().pop().is_some_and(|run| {
            std::fs::read_to_string(run.join("journal.jsonl"))
                .is_ok_and(|journal| journal.matches("begun").count() == 3)
        })
    });
    run.signal("-TERM");
    assert_eq!(run.ends().0, 143);
    assert_eq!(tools.signals(), [15, 15, 15]);
    assert_eq!(tools.calls().len(), 3, "the fourth did not start");
    tools.pids().into_iter().for_each(wait_until_gone);
}

#[test]
fn a_run_that_was_started_to_outlive_its_terminal_does() {
    let (tools, project) = app("", json!({ "hang_ms": 3000 }));
    let plain = project.command(&["t"]);
    let mut command = Command::new("/bin/sh");
    // As nohup does.
    command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(plain.get_program()).args(plain.get_args());
    command.current_dir(project.path()).stdin(Stdio::null());
    for (name, value) in plain.get_envs() {
        command.env(name, value.unwrap());
    }
    let run = Run::start(command);
    begun(&project, "begun");
    run.signal("-HUP");
    let (code, told) = run.ends();
    assert_eq!(code, 0, "{told}");
    assert!(tools.signals().is_empty());
    assert_eq!(lines(&tools), ["helm go", "kubectl next", "kubectl tidy"]);
}

#[test]
fn ctrl_c_at_a_terminal_reaches_the_tool_once_through_us() {
    let (tools, project) = app("", json!({ "signal_exit": 1 }));
    let mut terminal = super::pty::AtPty::start(project.command(&["t"]));
    begun(&project, "begun");
    terminal.types("\u{3}").exits(130);
    assert_eq!(tools.signals(), [2]);
    assert_eq!(lines(&tools), ["helm go", "kubectl tidy"]);
}

#[test]
fn a_live_diagnosis_that_was_stopped_claims_nothing() {
    let tools =
        Tools::new().rule(rule(&["helm", "go"], json!({ "stdout": "begun\n", "hang_ms": 600_000, "signal_exit": 1 })));
    let tasks = "[[tasks.t.steps]]\nrun = [\"helm\", \"go\"]\n[diagnose]\ntask = \"t\"\n";
    let project = project(tasks, &tools);
    let run = Run::start(project.command(&["diagnose"]));
    begun(&project, "begun");
    run.signal("-INT");
    let (code, told) = run.ends();
    assert_eq!(code, 130, "{told}");
    assert!(!told.contains("healthy"), "{told}");
}
