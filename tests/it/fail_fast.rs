//! A call that waits for what cannot come is ended; one that will get there is not.

use super::steps::{project, rule};
use super::stub::Tools;
use super::support::{Answer, Project, recording};
use serde_json::{Value, json};
use std::fs;
use std::process::Stdio;

const EVIDENCE: &str = r#"
[tasks.evidence]
summary = "Save it"
[[tasks.evidence.steps]]
run  = ["kubectl", "describe", "pods"]
save = "pods.txt"
[diagnose]
task = "evidence"
"#;

/// A step that waits and is looked at; behind it stands what is saved before it is ended.
fn steps(run: &str) -> String {
    let step = format!(
        r#"danger = "change"
[[tasks.t.steps]]
run       = {run}
fail_fast = {{ ask = [["kubectl", "get", "pods"], ["kubectl", "get", "events"]], match = "^app-", every = "50ms" }}
"#
    );
    format!("{step}{EVIDENCE}")
}

const UPGRADE: &str = r#"["helm", "upgrade", "--wait", "--timeout=5m"]"#;
const OLD: &str = "app-back-854759d849-pfrf4   0/1   ErrImageNeverPull   0   3d\n";
const NEW: &str = "app-back-5f5b59cdd7-kfv6z   0/1   ErrImageNeverPull   0   2s\n";
const GOOD: &str = "app-back-5f5b59cdd7-kfv6z   0/1   Running   0   2s\n";
const DESCRIBED: &str = "Name:   app-back-5f5b59cdd7-kfv6z\nEvents:\n  Type     Reason             Age   From     Message\n  ----     ------             ----  ----     -------\n  Warning  ErrImageNeverPull  1s    kubelet  Container image \"app:1\" is not present with pull policy of Never\n";

fn pods(rows: &str) -> Value {
    json!({ "stdout": format!("NAME   READY   STATUS   RESTARTS   AGE\n{rows}") })
}

/// kubectl: these pods before the call, those from then on.
fn kubectl(before: &str, then: &str) -> Tools {
    let mut first = pods(before);
    first["nth"] = json!(1);
    Tools::new()
        .rule(rule(&["kubectl", "get", "pods"], first))
        .rule(rule(&["kubectl", "get", "pods"], pods(then)))
        .rule(rule(&["kubectl", "get", "events"], json!({ "stderr": "No resources found\n" })))
        .rule(rule(&["kubectl", "describe", "pods"], json!({ "stdout": DESCRIBED, "creates": ["saved"] })))
}

/// Waits for ever, and does as helm does when it is told to stop.
fn helm() -> Value {
    json!({ "hang_ms": 600_000, "signal_exit": 1, "signal_stderr": "Release app has been cancelled.\n" })
}

#[test]
fn the_evidence_is_saved_and_then_helm_is_told_to_stop() {
    let tools = kubectl(OLD, &format!("{OLD}{NEW}")).rule(rule(&["helm", "upgrade", "**"], helm()));
    let project = project(&steps(UPGRADE), &tools);
    let answer = project.run(&["t"]).exits(1).says(&[
        "app-back-5f5b59cdd7-kfv6z: The image of the pod is not in the node",
        "ended early: ",
        "`helm upgrade` would have waited 5m",
        "it may have left the release `pending-upgrade`",
        "root cause",
        "image-never-pull",
    ]);
    assert!(!answer.err.contains("stopping"), "{}", answer.err);
    assert_eq!(project.evidence()["pods.txt"], DESCRIBED);
    let story = tools.story();
    let at = |what: &str| story.iter().position(|line| line.starts_with(what));
    assert!(at("kubectl get pods") < at("helm upgrade"), "nobody looked before it began: {story:?}");
    assert!(at("helm upgrade") < at("kubectl describe pods"), "{story:?}");
    #[cfg(unix)]
    assert!(at("kubectl describe pods").is_some() && at("kubectl describe pods") < at("signal 2"), "{story:?}");
    #[cfg(unix)]
    tools.pids().into_iter().for_each(super::process::wait_until_gone);
    let ended = project.finished("1");
    assert_eq!((&ended["status"], &ended["exit"]), (&json!("failed"), &json!("interrupted")));
    // Looks are no news.
    let told = project.journal().iter().filter(|event| event["type"] == "notice").count();
    assert_eq!(told, 1, "{:?}", project.journal());
}

#[test]
fn a_helm_that_gets_there_is_left_alone_whatever_is_wrong_with_the_old_pods() {
    let go = tempfile::tempdir().unwrap();
    let go = go.path().join("go");
    let tools = kubectl(OLD, &format!("{OLD}{GOOD}"))
        .rule(rule(&["helm", "upgrade", "**"], json!({ "until_file": go, "stdout": "done\n" })));
    let project = project(&steps(UPGRADE), &tools);
    let mut child = project.command(&["t"]).stderr(Stdio::null()).spawn().unwrap();
    while tools.calls().len() < 12 {
        assert!(child.try_wait().unwrap().is_none(), "it ended: {:?}", tools.story());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    fs::write(&go, "").unwrap();
    assert!(child.wait().unwrap().success());
    assert!(project.evidence().is_empty());
}

/// Where nobody answered before the call, nobody knows which pods are new.
#[test]
fn without_a_look_before_the_call_what_is_there_may_be_old() {
    let go = tempfile::tempdir().unwrap();
    let go = go.path().join("go");
    let tools = Tools::new()
        .rule(rule(&["kubectl", "get", "*"], json!({ "exit": 1, "stderr": "refused\n", "if_missing": ["begun"] })))
        .rule(rule(&["kubectl", "get", "pods"], pods(NEW)))
        .rule(rule(&["kubectl", "get", "events"], json!({})))
        .rule(rule(&["kubectl", "describe", "pods"], json!({ "stdout": DESCRIBED })))
        .rule(rule(&["helm", "upgrade", "**"], json!({ "until_file": go, "stdout": "done\n" })))
        .world("begun", true);
    let tools = tools.world("begun", false);
    let project = project(&steps(UPGRADE), &tools);
    let mut child = project.command(&["t"]).stderr(Stdio::null()).spawn().unwrap();
    let wait_for = |calls: usize, child: &mut std::process::Child| {
        while tools.calls().len() < calls {
            assert!(child.try_wait().unwrap().is_none(), "it ended: {:?}", tools.story());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    };
    wait_for(5, &mut child);
    fs::write(tools.in_world_at("begun"), "").unwrap();
    let asked = tools.calls().len();
    wait_for(asked + 8, &mut child);
    fs::write(&go, "").unwrap();
    assert!(child.wait().unwrap().success());
    assert!(project.evidence().is_empty());
}

/// A look that hangs does not outlive its step.
#[test]
fn a_look_ends_with_its_step() {
    let go = tempfile::tempdir().unwrap();
    let go = go.path().join("go");
    let tools = Tools::new()
        .rule(rule(&["kubectl", "get", "*"], json!({ "nth": 1 })))
        .rule(rule(&["kubectl", "get", "*"], json!({ "nth": 1 })))
        .rule(rule(&["kubectl", "get", "*"], json!({ "ignore_signals": true, "hang_ms": 600_000 })))
        .rule(rule(&["kubectl", "describe", "pods"], json!({})))
        .rule(rule(&["helm", "upgrade", "**"], json!({ "until_file": go })));
    let project = project(&steps(UPGRADE), &tools);
    let mut child = project.command(&["t"]).stderr(Stdio::null()).spawn().unwrap();
    while tools.calls().len() < 4 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before anybody looked");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    fs::write(&go, "").unwrap();
    assert!(child.wait().unwrap().success());
    tools.pids().into_iter().for_each(super::process::wait_until_gone);
}

/// A person who stops the run stops the run: nothing is ended early, and nothing is saved after that.
#[cfg(unix)]
#[test]
fn a_stop_is_a_stop() {
    let tools = kubectl("", GOOD).rule(rule(&["helm", "upgrade", "**"], helm()));
    let project = project(&steps(UPGRADE), &tools);
    let mut child = project.command(&["t"]).stderr(Stdio::null()).spawn().unwrap();
    while tools.calls().len() < 6 {
        assert!(child.try_wait().unwrap().is_none(), "it ended: {:?}", tools.story());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let status = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(project.evidence().is_empty());
}

/// Saving takes its time, and what is well by then is not ended.
#[test]
fn a_look_after_the_evidence_decides() {
    let tools = Tools::new();
    let saved = tools.in_world_at("saved");
    let pods = |rows: &str, when: &str| {
        let mut answer = pods(rows);
        answer[when] = json!(["saved"]);
        rule(&["kubectl", "get", "pods"], answer)
    };
    let tools = tools
        .rule(rule(&["kubectl", "get", "pods"], json!({ "nth": 1 })))
        .rule(pods(NEW, "if_missing"))
        .rule(pods(&GOOD.replace("0/1", "1/1"), "if_there"))
        .rule(rule(&["kubectl", "get", "events"], json!({})))
        .rule(rule(&["kubectl", "describe", "pods"], json!({ "stdout": DESCRIBED, "creates": ["saved"] })))
        .rule(rule(&["helm", "upgrade", "**"], json!({ "until_file": saved, "hang_ms": 500, "stdout": "done\n" })));
    let project = project(&steps(UPGRADE), &tools);
    project.run(&["t"]).exits(0);
    assert!(project.evidence().contains_key("pods.txt"));
}

/// With `--atomic` helm removes the pods when its time is over.
#[test]
fn what_an_atomic_helm_will_remove_is_saved_before() {
    let run = r#"["helm", "upgrade", "--atomic", "--timeout=1s"]"#;
    let tools = kubectl("", GOOD);
    let saved = tools.in_world_at("saved");
    let tools = tools.rule(rule(&["helm", "upgrade", "**"], json!({ "until_file": saved, "exit": 1 })));
    let project = project(&steps(run), &tools);
    let answer = project.run(&["t"]).exits(1).says(&["removes what it made when its time is over"]);
    assert!(!answer.err.contains("ended early"), "{}", answer.err);
    assert_eq!(project.evidence()["pods.txt"], DESCRIBED);
    let saved = tools.story().iter().filter(|line| *line == "kubectl describe pods").count();
    assert_eq!(saved, 1, "once is enough");
}

#[test]
fn a_recording_of_it_ends_in_the_same_way() {
    let tools = kubectl("", NEW).rule(rule(&["helm", "upgrade", "**"], helm()));
    let project = project(&steps(UPGRADE), &tools);
    project.run(&["--record", "r.jsonl", "t"]).exits(1);
    let tape = fs::read_to_string(project.path().join("r.jsonl")).unwrap();
    assert!(tape.matches(r#"["kubectl","get","pods"]"#).count() >= 2, "{tape}");
    let before = tools.calls().len();
    project.run(&["--replay", "r.jsonl", "t"]).exits(1).says(&["ended early: app-back-5f5b59cdd7-kfv6z", "root cause"]);
    project
        .run(&["--replay", "r.jsonl", "--pace", "20", "t"])
        .exits(1)
        .says(&["ended early: app-back-5f5b59cdd7-kfv6z"]);
    assert_eq!(tools.calls().len(), before, "a drill asks nobody");
}

#[test]
fn a_call_that_cannot_be_stopped_is_not_ended_early() {
    let project = project(&steps(r#"["helm", "rollback", "app"]"#), &Tools::new());
    project.run(&["t"]).exits(78).says(&["cannot be stopped, only broken"]);
}

#[test]
fn the_plan_and_the_task_show_what_is_looked_at() {
    let project = project(&steps(UPGRADE), &Tools::new());
    project.run(&["t", "--dry-run"]).exits(0).answers(&[
        "ends early, after `evidence`; looks every 50ms",
        "get pods",
        "of /^app-/",
    ]);
    project
        .run(&["show", "t"])
        .exits(0)
        .answers(&["ends early, looks every 50ms: kubectl get pods, kubectl get events"]);
    for args in [&["t", "--dry-run", "--format", "json"][..], &["show", "t", "--format", "json"]] {
        let all: Value = serde_json::from_str(&project.run(args).exits(0).out).unwrap();
        assert_eq!(all["steps"][0]["fail_fast"]["every"], "50ms");
        assert_eq!(all["steps"][0]["fail_fast"]["match"], "^app-");
    }
    let watch = super::steps::project(
        "[[tasks.t.steps]]\nrun = [\"helm\", \"list\"]\nwatch = { run = [\"kubectl\", \"get\", \"deployments\"], match = '(?P<current>\\d)/(?P<total>\\d)' }\n",
        &Tools::new(),
    );
    watch.run(&["show", "t"]).exits(0).answers(&["meanwhile every 3s: kubectl get deployments"]);
}

#[test]
fn explain_says_when_a_symptom_ends_a_wait() {
    let project = Project::new("version = 1\n[app]\nname = \"app\"\n");
    project.run(&["explain", "image-never-pull"]).exits(0).answers(&["ends a wait       at once"]);
    project.run(&["explain", "crash-loop"]).exits(0).answers(&["when it has lasted 2m without a break"]);
    let all: Value = serde_json::from_str(&project.run(&["explain", "crash-loop", "--format", "json"]).out).unwrap();
    assert_eq!(all["final"], "2m");
}

/// The project's own runbook against an incident as it was recorded.
fn redeploy(incident: &str) -> (Project, Answer) {
    let project = Project::taskflow();
    let answer = project.run(&["--replay", &recording(&format!("drill-{incident}")), "redeploy"]);
    (project, answer)
}

#[test]
fn recorded_incidents_end_the_redeploy_early_with_their_evidence() {
    for (incident, id, object) in [
        ("image-never-pull", "image-never-pull", "taskflow-backend-5f5b59cdd7-kfv6z"),
        ("image-name-invalid", "image-name-invalid", "taskflow-backend-5fcc8d479c-7xrzp"),
        ("config-missing-secret", "config-object-missing", "taskflow-backend-68644b9dcd-2v7jb"),
        ("pod-security", "pod-security", "taskflow-backend-854759d849"),
        ("image-pull-registry-unreachable", "image-registry-dns, for 30s", "taskflow-backend-66fd84dcf6-bd4vh"),
    ] {
        let (project, answer) = redeploy(incident);
        let answer = answer.exits(1).says(&[
            &format!("ended early: {object}: "),
            &format!("({id})"),
            "`helm install` would have waited 5m",
            "root cause",
        ]);
        assert!(!answer.err.contains("timed out waiting"), "helm's own end is not given: {}", answer.err);
        let diagnosed = project.journal().into_iter().find(|event| event["type"] == "diagnosed").unwrap();
        let root = diagnosed["diagnosis"]["findings"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(root, id.split(',').next().unwrap(), "{incident}");
        let files = project.evidence();
        for name in ["failure-pods.txt", "failure-events.txt", "failure-helm-values.yaml"] {
            assert!(files.contains_key(name), "{incident}: {name} is missing: {:?}", files.keys());
        }
    }
}

/// Three crashes in 45 seconds, or two kills in 22, may still come to a good end.
#[test]
fn recorded_incidents_that_have_not_lasted_are_waited_for() {
    let (project, answer) = redeploy("db-auth-failed");
    let answer = answer.exits(1).says(&["timed out waiting for the condition"]);
    assert!(!answer.err.contains("ended early"), "{}", answer.err);
    // Helm gave up by itself; what the cluster says was saved then, for the incident.
    assert!(project.evidence().keys().any(|name| name == "failure-backend-logs.txt"));
    answer.says(&["opened drill", "password authentication failed"]);
    // This one ran again in time, and helm was content; the validation is not.
    let (_, answer) = redeploy("oom-killed");
    let answer = answer.exits(1).says(&["The backend says that it is healthy"]);
    assert!(!answer.err.contains("ended early"), "{}", answer.err);
    for drill in ["drill-install", "drill-upgrade"] {
        Project::taskflow().run(&["--replay", &recording(drill), "redeploy"]).exits(0);
    }
}
