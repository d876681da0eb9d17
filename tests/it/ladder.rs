//! Ctrl-C once, twice, three times, and what else ends a run from outside: by the habits of the tools.

use super::process::wait_until_gone;
use super::pty::AtPty;
use super::steps::{lines, rule};
use super::stopping::{Run, begun, outcome, wait_for};
use super::stub::Tools;
use super::support::{Project, hangup_is_ignored};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

/// A task that runs `helm VERB`, and then `kubectl next`.
fn helm(verb: &str, answer: Value) -> (Tools, Project) {
    let mut helm = json!({ "stdout": "begun\n", "hang_ms": 600_000 });
    for (key, value) in answer.as_object().unwrap() {
        helm[key] = value.clone();
    }
    let tools = Tools::new()
        .rule(rule(&["helm", verb, "app"], helm))
        .rule(json!({ "argv": ["kubectl", "**"], "stdout": "x\n" }));
    let file = format!(
        "version = 1\n[app]\nname = \"app\"\n[tools.helm]\n[tools.kubectl]\n[tasks.t]\nsummary = \"Try it\"\n\
         danger = \"change\"\n[[tasks.t.steps]]\nrun = [\"helm\", \"{verb}\", \"app\"]\n\
         [[tasks.t.steps]]\nrun = [\"kubectl\", \"next\"]\n"
    );
    let project = Project::new(&file).with_tools(&tools);
    (tools, project)
}

fn notices(project: &Project) -> String {
    let said: Vec<Value> = project.journal().into_iter().filter(|event| event["type"] == "notice").collect();
    said.iter().map(|event| event["text"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn ctrl_c_in_an_upgrade_is_one_signal_and_the_release_is_recorded_as_failed() {
    // As helm does it: it says so, takes its time to record the release as failed, and ends with 1.
    let folder = tempfile::tempdir().unwrap();
    let recorded = folder.path().join("recorded");
    let (tools, project) = helm(
        "upgrade",
        json!({
            "signal_exit": 1, "signal_stderr": "Release app has been cancelled.\n",
            "signal_until_file": recorded.to_str().unwrap(),
        }),
    );
    let mut terminal = AtPty::start(project.command(&["t"]));
    begun(&project, "begun");
    terminal.types("\u{3}").sees("waiting for");
    begun(&project, "Release app has been cancelled.");
    std::fs::write(&recorded, "").unwrap();
    terminal.exits(130);
    assert_eq!(tools.signals(), [2], "the terminal's own reaches only us");
    assert_eq!(lines(&tools), ["helm upgrade app"], "nothing new starts");
    assert_eq!(outcome(&project), json!(["run-finished", "interrupted", 130]));
    assert!(terminal.screen().contains("refloat t --resume"), "{}", terminal.screen());
    assert!(notices(&project).contains(
        "waiting for `helm upgrade` to end, 30s at most; Ctrl-C again ends it at once and may leave the release \
         `pending-upgrade`"
    ));
    wait_until_gone(tools.pids()[0]);
}

#[test]
fn a_rollback_finishes_and_a_second_wish_breaks_it_off_with_a_warning() {
    let (tools, project) = helm("rollback", json!({ "ignore_signals": true }));
    let run = Run::start(project.command(&["t"]));
    begun(&project, "begun");
    run.signal("-INT");
    wait_for("the notice", || notices(&project).contains("is left to finish"));
    assert!(notices(&project).contains(
        "`helm rollback` is left to finish, 16m at most; Ctrl-C again breaks it off and may leave the release \
         `pending-rollback`"
    ));
    assert!(tools.signals().is_empty(), "nothing was handed on");
    run.signal("-INT");
    let (code, told) = run.ends();
    assert_eq!(code, 130, "{told}");
    assert!(
        notices(&project).contains("`helm rollback` was broken off; it may have left the release `pending-rollback`")
    );
    assert!(tools.signals().is_empty(), "it is killed, not asked");
    assert_eq!(lines(&tools), ["helm rollback app"]);
    wait_until_gone(tools.pids()[0]);
}

#[test]
fn a_third_wish_leaves_at_once_and_leaves_nobody_behind() {
    // Nobody reads what we say: we hang in saying it, and no second wish helps.
    let flood = json!({ "ignore_signals": true, "spawn_grandchild_ms": 600_000, "bytes": 20_000_000 });
    let (tools, project) = helm("upgrade", flood);
    let mut command = project.command(&["-v", "t"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    begun(&project, "xxxx");
    let signal = |name: &str| Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(signal("-TERM").success() && signal("-INT").success());
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(child.try_wait().unwrap().is_none(), "it cannot end as it should");
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    tools.pids().into_iter().chain(tools.grandchildren()).for_each(wait_until_gone);
}

#[test]
fn a_terminal_that_is_closed_ends_the_run_and_its_tools() {
    if hangup_is_ignored() {
        return;
    }
    let (tools, project) = helm("upgrade", json!({ "signal_exit": 1 }));
    let mut terminal = AtPty::start(project.command(&["t"]));
    begun(&project, "begun");
    terminal.hangs_up().exits(129);
    assert_eq!(tools.signals(), [1]);
    assert_eq!(outcome(&project), json!(["run-finished", "interrupted", 129]));
    wait_until_gone(tools.pids()[0]);
}

#[test]
fn a_run_in_a_session_of_its_own_without_a_terminal_goes_on_and_asks_nobody() {
    let (tools, project) = helm("upgrade", json!({ "hang_ms": 0 }));
    let plain = project.command(&["t"]);
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(plain.get_program()).args(plain.get_args()).current_dir(project.path()).env_clear();
    for (name, value) in plain.get_envs() {
        command.env(name, value.unwrap());
    }
    let path = format!("{}:/usr/bin:/bin", tools.path().display());
    let (code, told) = Run::start({
        command.env("PATH", path).stdin(Stdio::null());
        command
    })
    .ends();
    assert_eq!(code, 0, "{told}");
    assert_eq!(lines(&tools), ["helm upgrade app", "kubectl next"]);
}

#[test]
fn ctrl_c_at_a_question_does_nothing_and_leaves_the_terminal_as_it_was() {
    let (tools, project) = helm("upgrade", json!({}));
    let file = std::fs::read_to_string(project.path().join("tasks.toml")).unwrap();
    let project =
        project.file("tasks.toml", &file.replace("danger = \"change\"\n", "danger = \"change\"\nconfirm = true\n"));
    let mut terminal = AtPty::start(project.command(&["t"]));
    let echoed = terminal.echoes();
    terminal.sees("[y/N] ").types("\u{3}").exits(130);
    assert!(echoed && terminal.echoes());
    assert!(tools.calls().is_empty());
    assert!(project.runs().is_empty(), "nothing was done");
}

#[test]
fn a_stopped_doctor_leaves_no_tool_behind() {
    let tools = Tools::new().rule(rule(&["helm", "version"], json!({ "hang_ms": 600_000 })));
    let file = "version = 1\n[app]\nname = \"app\"\n[tools.helm]\n\
                version = { run = [\"version\"], match = 'v(\\d+\\.\\d+\\.\\d+)', min = \"3.0.0\" }\n";
    let project = Project::new(file).with_tools(&tools);
    let run = Run::start(project.command(&["doctor"]));
    wait_for("the question", || tools.pids().len() == 1);
    run.signal("-INT");
    let (code, told) = run.ends();
    assert_eq!(code, 130, "{told}");
    wait_until_gone(tools.pids()[0]);
}
