//! `--record`, then `--replay`: the same run without the tools.

use super::steps::rule;
use super::stub::Tools;
use super::support::Project;
use serde_json::{Value, json};
use std::fs;

const TASKS: &str = r#"
version = 1
[app]
name = "app"
[vars]
context  = "minikube"
release  = "app"
password = { secret = true }
[tools.kubectl]
args = ["--context", "${context}"]
[tools.helm]
[diagnose]
task = "evidence"
[tasks.evidence]
summary = "Save it"
[[tasks.evidence.steps]]
run  = ["kubectl", "get", "pods"]
save = "pods.txt"
each = { as = "pod", match = '^(?P<pod>app-\S+)' }
[[tasks.evidence.steps]]
for  = "pod"
run  = ["kubectl", "logs", "${pod}"]
save = "${pod}.txt"
allow_failure = true
[[tasks.evidence.steps]]
run   = ["helm", "status", "${release}"]
retry = { times = 3, backoff = "1ms" }
[tasks.other]
summary = "Something else"
[[tasks.other.steps]]
run = ["kubectl", "get", "nodes", "-o", "wide"]
[tasks.login]
summary = "Log in"
[[tasks.login.steps]]
run = ["helm", "login", "--password=${password}"]
"#;

fn app() -> (Tools, Project) {
    let pinned = |words: &[&'static str]| [&["kubectl", "--context", "minikube"], words].concat();
    let tools = Tools::new()
        .rule(rule(&pinned(&["get", "pods"]), json!({ "stdout": "NAME  READY\napp-a  1/1\napp-b  0/1\n" })))
        .rule(rule(
            &pinned(&["logs", "app-a"]),
            json!({ "stdout": "DATABASE_URL=postgresql://app:hunter22@db:5432/app\nok\n" }),
        ))
        .rule(rule(&pinned(&["logs", "app-b"]), json!({ "stdout": "half\n", "stderr": "Error: gone\n", "exit": 1 })))
        .rule(rule(&["helm", "status", "app"], json!({ "stderr": "timed out\n", "exit": 1, "once": true })))
        .rule(rule(&["helm", "status", "app"], json!({ "stdout": "STATUS: deployed\n" })))
        .rule(rule(&["helm", "login", "*"], json!({ "stdout": "Sw0rdfish-of-the-deep accepted\n" })));
    let project = Project::new(TASKS).with_tools(&tools).env("REFLOAT_VAR_PASSWORD", "Sw0rdfish-of-the-deep");
    (tools, project)
}

/// A project without any tool, and with this recording as `r.jsonl`.
fn elsewhere(recording: &str) -> Project {
    let project = Project::new(TASKS).env("PATH", "").env("REFLOAT_VAR_PASSWORD", "Sw0rdfish-of-the-deep");
    project.file("r.jsonl", recording)
}

fn recorded(project: &Project) -> String {
    fs::read_to_string(project.path().join("r.jsonl")).unwrap()
}

/// What does not depend on when it ran: (step, status, exit, note).
fn steps(project: &Project) -> Vec<Value> {
    let ended = |event: &Value| event["type"] == "step-finished";
    let told = project.journal().into_iter().filter(ended);
    told.map(|event| json!([event["step"], event["status"], event["exit"], event["note"], event["saved"]])).collect()
}

#[test]
fn a_replay_gives_the_same_result_and_the_same_evidence() {
    let (tools, project) = app();
    project.run(&["--record", "r.jsonl", "evidence"]).exits(0);
    let asked = tools.calls().len();
    assert_eq!(asked, 5);
    let elsewhere = elsewhere(&recorded(&project));
    elsewhere.run(&["--replay", "r.jsonl", "evidence"]).exits(0).says(&["r.jsonl"]);
    assert_eq!(elsewhere.evidence(), project.evidence());
    assert_eq!(steps(&elsewhere), steps(&project));
    assert_eq!(tools.calls().len(), asked, "no tool was called");
    // The same answers, however the same thing is pinned.
    elsewhere.run(&["--replay", "r.jsonl", "--set", "context=other", "evidence"]).exits(0);
    assert_eq!(elsewhere.evidence(), project.evidence());
}

#[test]
fn a_recording_is_a_head_and_a_line_for_each_call_without_pinned_arguments() {
    let (_tools, project) = app();
    project.run(&["--record", "r.jsonl", "evidence"]).exits(0);
    let lines: Vec<Value> = recorded(&project).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["incident"], "evidence");
    assert!(lines[0]["note"].is_string());
    let argvs: Vec<String> = lines[1..]
        .iter()
        .map(|call| serde_json::from_value::<Vec<String>>(call["argv"].clone()).unwrap().join(" "))
        .collect();
    assert_eq!(
        argvs,
        ["kubectl get pods", "kubectl logs app-a", "kubectl logs app-b", "helm status app", "helm status app"]
    );
    assert_eq!((&lines[3]["exit_code"], &lines[3]["stderr"]), (&json!(1), &json!("Error: gone\n")));
    assert!(lines[1..].iter().all(|call| call["elapsed_ms"].is_u64()));
}

#[test]
fn no_secret_is_recorded() {
    let (tools, project) = app();
    project.run(&["--record", "r.jsonl", "evidence"]).exits(0);
    let text = recorded(&project);
    assert!(!text.contains("hunter22") && text.contains("@db:5432/app"), "{text}");

    drop(tools);

    let (_tools, project) = app();
    project.run(&["--record", "r.jsonl", "login"]).exits(0).says(&["helm login --password=[hidden password 21 chars"]);
    let text = recorded(&project);
    assert!(!text.contains("Sw0rdfish"), "{text}");
    assert!(text.contains("accepted"));
    // The call is found again, although its argument was masked; another call is not.
    elsewhere(&text).run(&["--replay", "r.jsonl", "login"]).exits(0).answers(&["accepted"]);
    let other = elsewhere(&text.replace("login", "logout"));
    other.run(&["--replay", "r.jsonl", "login"]).exits(1).says(&["no call `helm login"]);
}

#[test]
fn an_existing_file_is_not_overwritten() {
    let (tools, project) = app();
    let project = project.file("r.jsonl", "precious\n");
    project.run(&["--record", "r.jsonl", "evidence"]).exits(74).says(&["r.jsonl", "exists"]);
    project.run(&["--record", "no/such/folder/r.jsonl", "evidence"]).exits(74).says(&["no/such/folder"]);
    assert_eq!(recorded(&project), "precious\n");
    assert!(tools.calls().is_empty() && project.runs().is_empty());
    project.run(&["--record", "x.jsonl", "--replay", "r.jsonl", "evidence"]).exits(2);
}

#[test]
fn a_dry_run_and_a_refusal_leave_no_recording() {
    let (_tools, project) = app();
    project.run(&["--record", "r.jsonl", "evidence", "--dry-run"]).exits(0);
    project.run(&["--record", "r.jsonl", "nope"]).exits(2);
    assert!(!project.path().join("r.jsonl").exists());
}

#[test]
fn a_call_that_was_not_recorded_is_named() {
    let (_tools, project) = app();
    project.run(&["--record", "r.jsonl", "evidence"]).exits(0);
    let elsewhere = elsewhere(&recorded(&project));
    elsewhere.run(&["--replay", "r.jsonl", "other"]).exits(1);
    assert_eq!(
        elsewhere.finished("1")["note"],
        "did not start: the recording `r.jsonl` holds no call `kubectl get nodes -o wide`; nearest: `kubectl get pods`"
    );
    // Even where the call that is named holds a secret.
    let answer =
        elsewhere.run(&["--replay", "r.jsonl", "login"]).exits(1).says(&["no call `helm", "login --password="]);
    assert!(!answer.err.contains("Sw0rdfish"), "{}", answer.err);
    for (path, bytes) in elsewhere.kept() {
        assert!(!String::from_utf8_lossy(&bytes).contains("Sw0rdfish"), "{}", path.display());
    }
}

#[test]
fn a_broken_recording_is_told_with_its_line_before_anything_runs() {
    let head = "{\"incident\":\"x\",\"note\":\"\"}\n";
    let call = "{\"argv\":[\"helm\",\"x\"],\"exit_code\":0,\"elapsed_ms\":1,\"stdout\":\"\",\"stderr\":\"\"}\n";
    for (text, says) in [
        (format!("{head}{call}not json\n"), "line 3"),
        (format!("{head}{{\"argv\":[\"helm\"]}}\n"), "line 2"),
        (format!("{head}{call}{}", &call[..20]), "line 3"),
        (format!("{head}{}", call.replace("\"helm\",\"x\"", "")), "`argv` is empty"),
        (String::new(), "is empty"),
    ] {
        let project = elsewhere(&text);
        project.run(&["--replay", "r.jsonl", "evidence"]).exits(2).says(&["r.jsonl", says]);
        assert!(project.runs().is_empty(), "{says}");
    }
    elsewhere("").run(&["--replay", "nowhere.jsonl", "evidence"]).exits(2).says(&["nowhere.jsonl"]);
}

#[test]
fn a_recording_made_elsewhere_is_read_with_its_marks_and_line_ends() {
    let (_tools, project) = app();
    project.run(&["--record", "r.jsonl", "evidence"]).exits(0);
    let odd = format!("\u{feff}{}\n\n", recorded(&project).replace('\n', "\r\n"));
    let elsewhere = elsewhere(&odd);
    elsewhere.run(&["--replay", "r.jsonl", "evidence"]).exits(0);
    assert_eq!(elsewhere.evidence(), project.evidence());
}

#[test]
fn a_live_diagnosis_can_be_recorded_and_read_as_a_file() {
    let (_tools, project) = app();
    let live = project.run(&["--record", "r.jsonl", "diagnose"]);
    let elsewhere = elsewhere(&recorded(&project));
    let replayed = elsewhere.run(&["--replay", "r.jsonl", "diagnose"]);
    assert_eq!((replayed.code, &replayed.out), (live.code, &live.out));
    assert_eq!(elsewhere.run(&["diagnose", "r.jsonl"]).code, live.code);
}

/// How a tool ended comes back as data that means the same.
#[cfg(unix)]
#[test]
fn an_end_by_signal_or_limit_is_recorded_as_the_code_that_a_shell_gives() {
    let tools = Tools::new()
        .rule(rule(&["helm", "login", "*"], json!({ "die_by": 9 })))
        .rule(rule(&["kubectl", "**"], json!({ "exit": 7 })));
    let project = Project::new(TASKS).with_tools(&tools).env("REFLOAT_VAR_PASSWORD", "Sw0rdfish-of-the-deep");
    project.run(&["--record", "r.jsonl", "login"]).exits(1);
    let text = recorded(&project);
    let call: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    assert_eq!(call["exit_code"], 137);
    elsewhere(&text).run(&["--replay", "r.jsonl", "login"]).exits(1).says(&["137"]);
}
