//! One run at a time for each cluster: who is let in, who is told what, and what holds a lock.

use super::process::{end, wait_until_gone};
use super::steps::{lines, rule};
use super::stub::Tools;
use super::support::Project;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

const FILE: &str = r#"
version = 1
[app]
name = "app"
[vars]
context = "minikube"
[tools.helm]
args = ["--kube-context", "${context}"]
[tools.minikube]
args = ["--profile", "${context}"]
[tools.kubectl]
[tasks.up]
summary = "Upgrade"
danger = "change"
[[tasks.up.steps]]
run = ["helm", "go"]
[tasks.wipe]
summary = "Start again"
danger = "change"
[[tasks.wipe.steps]]
run = ["minikube", "stop"]
[tasks.any]
summary = "Whatever is current"
danger = "change"
[[tasks.any.steps]]
run = ["kubectl", "go"]
[tasks.look]
summary = "Look"
[[tasks.look.steps]]
run = ["helm", "see"]
"#;

/// `helm go` waits for the file `gate`; everything else answers at once.
fn project(helm: Value) -> (Tools, Project) {
    let project = Project::new(FILE);
    let gate = project.path().join("gate");
    let mut answer = json!({ "stdout": "begun\n", "until_file": gate.to_str().unwrap() });
    for (key, value) in helm.as_object().unwrap() {
        answer[key] = value.clone();
    }
    let go = |context: &str, answer: Value| rule(&["helm", "--kube-context", context, "go"], answer);
    let tools = Tools::new()
        .rule(go("minikube", answer))
        .rule(go("other", json!({})))
        .rule(json!({ "argv": ["helm", "**"], "stdout": "seen\n" }))
        .rule(json!({ "argv": ["kubectl", "**"] }))
        .rule(json!({ "argv": ["minikube", "**"] }));
    let project = project.with_tools(&tools);
    (tools, project)
}

/// Where the state of this person lies: the project is their home.
fn state(project: &Project) -> PathBuf {
    let place: &[&str] = if cfg!(windows) { &["local"] } else { &[".local", "state"] };
    place.iter().fold(project.path().to_owned(), |path, part| path.join(part)).join("refloat")
}

/// Starts `up`, and waits until its tool has begun.
fn begin(project: &Project) -> Child {
    let child = project.command(&["up"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for("the beginning", || {
        project.runs().pop().is_some_and(|run| {
            std::fs::read_to_string(run.join("journal.jsonl")).is_ok_and(|journal| journal.contains("begun"))
        })
    });
    child
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

fn open(project: &Project) {
    std::fs::write(project.path().join("gate"), "").unwrap();
}

#[test]
fn a_second_run_on_the_same_cluster_is_told_who_is_there_and_does_nothing() {
    let (tools, project) = project(json!({}));
    let mut first = begin(&project);
    let before = project.runs().len();
    let pid = first.id().to_string();
    let here = std::fs::canonicalize(project.path()).unwrap();
    let here = here.file_name().unwrap().to_str().unwrap();
    project.run(&["up"]).exits(6).says(&[
        "`refloat up`",
        &format!("(pid {pid},"),
        here,
        "works on `minikube` since 20",
        "now it runs `helm go` (pid ",
        "nothing was done",
    ]);
    let answer = project.run(&["--format", "json", "up"]).exits(6);
    let error: Value = serde_json::from_str(&answer.err).unwrap_or_else(|error| panic!("{error}: {}", answer.err));
    assert_eq!(error["error"]["code"], 6);
    assert!(error["error"]["message"].as_str().unwrap().contains("works on `minikube`"), "{error}");
    let rows = |format: &str| project.run(&["--format", format, "history"]).exits(0).out;
    assert!(rows("human").contains("running"), "{}", rows("human"));
    let runs: Value = serde_json::from_str(&rows("json")).unwrap();
    assert_eq!((&runs["runs"][0]["running"], &runs["runs"][0]["outcome"]), (&json!(true), &Value::Null));
    // The profile is the cluster of the context of its name.
    project.run(&["wipe"]).exits(6).says(&["works on `minikube`"]);
    assert_eq!(project.runs().len(), before, "a run that may not be leaves no folder");
    assert_eq!(lines(&tools), ["helm --kube-context minikube go"]);
    // Another cluster is another matter, and so is looking.
    project.run(&["up", "--set", "context=other"]).exits(0);
    project.run(&["wipe", "--set", "context=other"]).exits(0);
    project.run(&["look"]).exits(0);
    project.run(&["up", "--dry-run"]).exits(0);
    open(&project);
    assert!(first.wait().unwrap().success());
    assert!(!rows("human").contains("running"), "{}", rows("human"));
    project.run(&["up"]).exits(0);
    project.run(&["wipe"]).exits(0);
}

/// A secret of small letters looks like a command.
#[test]
fn a_secret_that_looks_like_a_command_is_not_in_the_story_of_a_lock() {
    const SECRET: &str = "quietlyhidden";
    let tasks = FILE.replace("[vars]", "[vars]\npw = { secret = true }").replace("\"go\"", "\"${pw}\"");
    let project = Project::new(&tasks);
    let gate = project.path().join("gate");
    let answer = json!({ "stdout": "begun\n", "until_file": gate.to_str().unwrap() });
    let tools = Tools::new().rule(rule(&["helm", "--kube-context", "minikube", SECRET], answer));
    let project = project.with_tools(&tools).env("REFLOAT_VAR_PW", SECRET);
    let mut first = begin(&project);
    let answer = project.run(&["up"]).exits(6).says(&["now it runs `helm "]);
    let locks = std::fs::read_dir(state(&project).join("locks")).unwrap().map(|entry| entry.unwrap().path());
    let story: String = locks.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert!(story.contains("helm "), "{story}");
    assert!(!story.contains(SECRET) && !answer.err.contains(SECRET), "{story}\n{}", answer.err);
    open(&project);
    assert!(first.wait().unwrap().success());
}

#[test]
fn a_run_that_names_no_cluster_keeps_out_every_other_and_is_kept_out() {
    let (tools, project) = project(json!({}));
    let mut first = begin(&project);
    let before = tools.calls().len();
    project.run(&["any"]).exits(6).says(&["`refloat up`", "works on `minikube` since 20", "without --context"]);
    assert_eq!(tools.calls().len(), before);
    open(&project);
    assert!(first.wait().unwrap().success());
    project.run(&["any"]).exits(0);
    project.run(&["up"]).exits(0);
}

#[test]
fn a_recording_locks_nothing() {
    let (_tools, project) = project(json!({}));
    let answer = json!({ "argv": ["helm", "go"], "exit_code": 0, "elapsed_ms": 1, "stdout": "", "stderr": "" });
    let tape = format!("{{\"incident\": \"x\", \"note\": \"\"}}\n{answer}\n");
    let project = project.file("r.jsonl", &tape);
    let mut first = begin(&project);
    project.run(&["up", "--replay", "r.jsonl"]).exits(0);
    open(&project);
    assert!(first.wait().unwrap().success());
}

#[test]
fn a_tool_that_outlives_its_killed_program_keeps_the_lock_until_it_ends() {
    let (tools, project) = project(json!({}));
    let mut first = begin(&project);
    first.kill().unwrap();
    first.wait().unwrap();
    let told = project.run(&["history"]).exits(0).out;
    assert!(told.contains("cut off") && !told.contains("running"), "{told}");
    let orphan = tools.pids()[0];
    project.run(&["up"]).exits(6).says(&[
        "was cut off; to go on from it: refloat up --resume",
        "`refloat up`",
        "worked on `minikube` since 20",
        &format!("and is gone, but its `helm go` (pid {orphan}) still runs"),
    ]);
    // The system itself holds the lock, whatever the story says.
    if cfg!(unix) {
        let story = state(&project).join("locks").join("on-minikube.json");
        let text = std::fs::read(&story).unwrap();
        std::fs::remove_file(&story).unwrap();
        project.run(&["up"]).exits(6).says(&["another run works on `minikube`", "nothing was done"]);
        std::fs::write(&story, text).unwrap();
    }
    assert_eq!(tools.calls().len(), 1);
    end(orphan);
    wait_until_gone(orphan);
    open(&project);
    project.run(&["up"]).exits(0);
    assert_eq!(tools.calls().len(), 2);
}

#[test]
fn a_child_that_a_tool_left_behind_keeps_no_lock() {
    let (tools, project) = project(json!({ "spawn_grandchild_ms": 600_000 }));
    open(&project);
    // That this returns shows that it holds our output no more than the lock.
    project.run(&["up"]).exits(0);
    assert!(super::process::is_there(tools.grandchildren()[0]));
    project.run(&["up"]).exits(0);
    tools.grandchildren().into_iter().for_each(end);
}

#[test]
fn a_lock_file_that_nobody_holds_is_no_lock() {
    let (_tools, project) = project(json!({}));
    open(&project);
    project.run(&["up"]).exits(0);
    let locks = state(&project).join("locks");
    assert!(locks.join("on-minikube.lock").exists());
    assert!(!locks.join("on-minikube.json").exists(), "the story of a run ends with it");
    let story = json!({ "task": "up", "project": "/gone", "pid": 1, "birth": 1, "since": 1, "tools": [] });
    for text in [story.to_string(), "half a sto".to_owned()] {
        std::fs::write(locks.join("on-minikube.json"), text).unwrap();
        project.run(&["up"]).exits(0);
    }
}

#[test]
fn a_place_where_nothing_can_be_locked_is_told_before_anything_is_done() {
    let (tools, project) = project(json!({}));
    std::fs::create_dir_all(state(&project)).unwrap();
    std::fs::write(state(&project).join("locks"), "in the way").unwrap();
    project.run(&["up"]).exits(74).says(&["nobody can tell whether another run works", "locks", "nothing was done"]);
    assert!(tools.calls().is_empty());
    assert!(project.runs().is_empty());
    project.run(&["look"]).exits(0);
}

#[test]
fn under_a_lock_a_tools_input_is_as_empty_as_ever() {
    let (_tools, project) = project(json!({ "echo_stdin": true, "stdout": "end\n" }));
    open(&project);
    let answer = project.run(&["-v", "up"]).exits(0);
    assert!(answer.err.contains("end"), "{}", answer.err);
}

#[cfg(unix)]
#[test]
fn the_lock_is_nobody_elses_business() {
    use std::os::unix::fs::PermissionsExt;
    let (_tools, project) = project(json!({}));
    open(&project);
    project.run(&["up"]).exits(0);
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let locks = state(&project).join("locks");
    assert_eq!(mode(locks.join("on-minikube.lock")), 0o600);
    assert_eq!((mode(locks), mode(state(&project))), (0o700, 0o700));
}
