//! A failure is worked on as an incident: what opens one, and what belongs to it.

use super::stub::Tools;
use super::support::{Answer, Project};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

pub(super) const TASKS: &str = r#"
version = 1
[app]
name = "app"
[vars]
token = { secret = true }
[tools.helm]
[tools.kubectl]
[diagnose]
task = "evidence"
[incident]
closes = "validate"

[checks.cause-documented]
title    = "The root cause is on record"
incident = "cause"
fix      = "refloat incident cause TEXT"
[checks.has-release]
title = "There is a release"
run   = ["helm", "status"]

[tasks.evidence]
summary = "Save what the cluster says"
[[tasks.evidence.steps]]
run  = ["kubectl", "get", "events"]
save = "failure-events.txt"
allow_failure = true

[tasks.validate]
summary = "Is it up?"
[[tasks.validate.steps]]
run    = ["kubectl", "get", "pods"]
expect = 'Running'

[tasks.deploy]
summary = "Deploy, and validate"
danger  = "change"
require = ["cause-documented"]
on_failure = "rollback"
[[tasks.deploy.steps]]
danger = "read"
run = ["helm", "lint"]
[[tasks.deploy.steps]]
run = ["helm", "upgrade"]
[[tasks.deploy.steps]]
task = "validate"
[[tasks.deploy.steps]]
run = ["helm", "test"]

[tasks.tolerant]
summary = "Validates, and does not mind"
danger  = "change"
[[tasks.tolerant.steps]]
task = "validate"
allow_failure = true

[tasks.touch]
summary = "Changes something"
danger  = "change"
[[tasks.touch.steps]]
run = ["helm", "touch"]

[tasks.rollback]
summary  = "Go back"
danger   = "change"
incident = true
require  = ["has-release"]
[[tasks.rollback.steps]]
run = ["helm", "rollback"]
"#;

pub(super) const EVENTS: &str = "\
LAST SEEN   TYPE      REASON              OBJECT                        MESSAGE
4m          Normal    Scheduled           pod/app-6d4cf56db6-x2x4z      Successfully assigned default/app
90s         Warning   ErrImageNeverPull   pod/app-6d4cf56db6-x2x4z      Container image \"app:2.0.0\" is not present with pull policy of Never
30s         Warning   BackOff             pod/app-6d4cf56db6-x2x4z      Back-off restarting failed container with tok-en-0815-geheim
";

pub(super) const SECRET: &str = "tok-en-0815-geheim";

/// While the world holds `good`, everything works; without `release` there is nothing to go back to.
pub(super) fn tools() -> Tools {
    let rule = |argv: &[&str], more: Value| super::steps::rule(argv, more);
    let bad = "Error: UPGRADE FAILED: timed out waiting for the condition\n";
    Tools::new()
        .rule(rule(&["helm", "lint"], json!({ "if_there": ["unlinted"], "exit": 1 })))
        .rule(rule(&["helm", "lint"], json!({ "stdout": "1 chart(s) linted, 0 chart(s) failed\n" })))
        .rule(rule(&["helm", "upgrade"], json!({ "if_there": ["good"], "stdout": "STATUS: deployed\n" })))
        .rule(rule(
            &["helm", "upgrade"],
            json!({ "if_there": ["gone"], "exit": 1, "stderr": "Error: Kubernetes cluster unreachable: Get \"https://192.168.49.2:8443/version\": dial tcp 192.168.49.2:8443: connect: connection refused\n" }),
        ))
        .rule(rule(&["helm", "upgrade"], json!({ "if_there": ["installs"], "stdout": "STATUS: deployed\n" })))
        .rule(rule(&["helm", "upgrade"], json!({ "exit": 1, "stderr": bad })))
        .rule(rule(&["helm", "test"], json!({})))
        .rule(rule(&["helm", "touch"], json!({ "if_there": ["stuck"], "exit": 1 })))
        .rule(rule(&["helm", "touch"], json!({})))
        .rule(rule(&["helm", "status"], json!({ "if_missing": ["release"], "exit": 1, "stderr": "Error: release: not found\n" })))
        .rule(rule(&["helm", "status"], json!({})))
        .rule(rule(&["helm", "rollback"], json!({ "if_there": ["stuck"], "exit": 1, "stderr": "Error: no\n" })))
        .rule(rule(&["helm", "rollback"], json!({ "stdout": "Rollback was a success! Happy Helming!\n" })))
        .rule(rule(&["kubectl", "get", "events"], json!({ "stdout": EVENTS })))
        .rule(rule(&["kubectl", "get", "pods"], json!({ "if_there": ["good"], "stdout": "app 1/1 Running 0 5m\n" })))
        .rule(rule(&["kubectl", "get", "pods"], json!({ "stdout": "app 0/1 Pending 0 5m\n" })))
        .world("release", true)
}

pub(super) fn project(tools: &Tools) -> Project {
    Project::new(TASKS).with_tools(tools).env("REFLOAT_VAR_TOKEN", SECRET).env("USER", "ana").env("HOSTNAME", "lab-1")
}

pub(super) fn lines(tools: &Tools) -> Vec<String> {
    super::steps::lines(tools)
}

/// The answer of `refloat incident … --format json`.
pub(super) fn told(project: &Project, args: &[&str]) -> Value {
    let answer = project.run(&[&["--format", "json", "incident"], args].concat()).exits(0);
    serde_json::from_str(&answer.out).unwrap()
}

pub(super) fn folders(project: &Project, kind: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(project.path().join(".refloat").join(kind)) else { return Vec::new() };
    let mut all: Vec<_> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    all.sort();
    all
}

pub(super) fn timeline(project: &Project) -> Vec<Value> {
    let text = fs::read_to_string(folders(project, "incidents").pop().unwrap().join("timeline.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(super) fn kinds(project: &Project) -> Vec<String> {
    timeline(project).iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
}

/// A deployment that has failed.
pub(super) fn failed() -> (Tools, Project) {
    let tools = tools();
    let project = project(&tools);
    project.run(&["deploy"]).exits(1);
    (tools, project)
}

pub(super) fn opened_by_hand() -> (Tools, Project) {
    let tools = tools();
    let project = project(&tools);
    project.run(&["incident", "open", "the page is slow"]).exits(0).answers(&["opened: the page is slow"]);
    (tools, project)
}

#[test]
fn a_change_that_fails_opens_one_and_saves_the_evidence() {
    let tools = tools();
    let project = project(&tools);
    let answer = project.run(&["incident"]).exits(0).answers(&["no incident is open; there was no incident yet"]);
    assert_eq!(answer.err, "");
    assert!(!project.path().join(".refloat").exists(), "to look leaves nothing");
    let answer = project.run(&["deploy"]).exits(1);
    let answer = answer.says(&["opened incident", "saving the evidence first: refloat evidence", "saved 1 file in"]);
    // Nobody can be asked here: the command is the first thing to type.
    let answer = answer.says(&["next refloat rollback"]);
    assert_eq!(lines(&tools), ["helm lint", "helm upgrade", "kubectl get events"]);
    // What the events say is named beside what helm said.
    answer.says(&["app:2.0.0"]);

    let known = &told(&project, &[])["incident"];
    assert_eq!(known["why"], "deploy failed");
    assert_eq!(known["by"], "ana@lab-1");
    assert_eq!(known["runs"][0]["task"], "deploy");
    assert_eq!(known["runs"][0]["outcome"], "failed");
    assert_eq!(known["runs"][0]["changed"], true);
    assert_eq!(known["runs"][1]["task"], "evidence");
    let place = project.path().join(known["runs"][1]["evidence"].as_str().unwrap());
    assert!(place.join("failure-events.txt").is_file(), "{}", place.display());
    assert_eq!(known["findings"][0]["id"], "image-never-pull", "{known:#}");
    assert!(known["findings"][0]["quotes"][0]["text"].as_str().unwrap().contains("app:2.0.0"));
    // Ages became times.
    let warnings = known["cluster"].as_array().unwrap();
    let reasons: Vec<_> = warnings.iter().map(|one| one["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["ErrImageNeverPull", "BackOff"]);
    let seen = |at: usize| warnings[at]["seen"].as_u64().unwrap();
    assert_eq!(seen(1) - seen(0), 60_000);
    assert!(seen(1) < known["opened"].as_u64().unwrap());
    let text = project.run(&["incident"]).exits(0).out;
    for word in ["deploy failed", "not recorded yet", "ErrImageNeverPull pod/app", "refloat incident cause"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn at_most_one_is_open() {
    let (tools, project) = failed();
    project.run(&["incident", "open", "another"]).exits(4).says(&["is open already"]);
    project.run(&["incident", "cause", "the image was never loaded"]).exits(0);
    let answer = project.run(&["deploy"]).exits(1);
    assert!(!answer.err.contains("opened incident"), "{}", answer.err);
    answer.says(&["is open"]);
    assert_eq!(folders(&project, "incidents").len(), 1);
    // The same warnings, read twice, are no news.
    assert_eq!(kinds(&project).iter().filter(|kind| *kind == "cluster").count(), 2);
    drop(tools);
}

#[test]
fn what_only_looks_or_did_nothing_opens_none() {
    let tools = tools().world("release", false);
    let project = project(&tools);
    project.run(&["validate"]).exits(1);
    project.run(&["rollback"]).exits(4);
    project.run(&["deploy", "--dry-run"]).exits(0);
    project.run(&["rollback", "--dry-run"]).exits(0);
    assert!(folders(&project, "incidents").is_empty());
    let tools = tools.world("release", true);
    project.run(&["rollback"]).exits(0);
    assert_eq!(kinds(&project), ["opened", "run"]);
    assert_eq!(timeline(&project)[0]["why"], "rollback was started");
    drop(tools);
}

#[test]
fn a_cluster_out_of_reach_is_not_asked_again() {
    let tools = tools().world("gone", true);
    let project = project(&tools);
    project.run(&["deploy"]).exits(1).says(&["opened incident"]);
    assert_eq!(lines(&tools), ["helm lint", "helm upgrade"]);
    assert_eq!(told(&project, &[])["incident"]["findings"][0]["family"], "cluster-unreachable");
}

#[test]
fn a_json_answer_stays_one_document() {
    let tools = tools();
    let project = project(&tools);
    let answer = project.run(&["--format", "json", "deploy", "--rollback-on-failure"]).exits(1);
    let told: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(told["exit_code"], 1);
    answer.says(&["rollback: done"]);
}

#[test]
fn no_secret_is_kept_or_told() {
    let (_tools, project) = failed();
    project.run(&["incident", "note", &format!("it says {SECRET}")]).exits(0);
    project.run(&["incident", "cause", &format!("the token {SECRET} has expired")]).exits(0);
    for args in [&["incident"][..], &["--format", "json", "incident"], &["incident", "list"], &["-v", "incident"]] {
        let answer = project.run(args).exits(0);
        assert!(!answer.out.contains(SECRET) && !answer.err.contains(SECRET), "{}", answer.out);
    }
    let kept = project.kept();
    assert!(kept.iter().any(|(path, _)| path.ends_with("timeline.jsonl")));
    for (path, bytes) in kept {
        assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "{}", path.display());
    }
}

#[test]
fn they_are_listed_and_shown_by_the_start_of_an_id() {
    let (tools, project) = opened_by_hand();
    let tools = tools.world("good", true);
    project.run(&["incident", "cause", "a bad disk"]).exits(0);
    project.run(&["validate"]).exits(0);
    project.run(&["incident", "close"]).exits(0);
    project.run(&["incident", "open", "again"]).exits(0);
    drop(tools);
    project.run(&["incident", "list"]).exits(0).answers(&["again", "a bad disk", "closed", "open"]);
    let all = told(&project, &["list"]);
    let ids: Vec<&str> = all["incidents"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert!(ids.len() == 2 && ids[0] > ids[1], "newest first: {ids:?}");
    project.run(&["incident", "show", ids[1]]).exits(0).answers(&["the page is slow", "a bad disk"]);
    project.run(&["incident", "show", &ids[1][..2]]).exits(2).says(&["more than one"]);
    project.run(&["incident", "show", "x"]).exits(2).says(&["there is no incident `x`"]);
}

#[test]
fn a_torn_timeline_is_read_and_written_on() {
    let (_tools, project) = failed();
    let path = folders(&project, "incidents").pop().unwrap().join("timeline.jsonl");
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend(b"{\"at\":17,\"kind\":\"cau");
    fs::write(&path, &bytes).unwrap();
    project.run(&["incident"]).exits(0).answers(&["deploy failed", "not all of the timeline can be read"]);
    project.run(&["incident", "note", "seen"]).exits(0);
    project.run(&["incident"]).exits(0).answers(&["seen", "not all of the timeline can be read"]);
}

#[cfg(unix)]
#[test]
fn what_somebody_else_could_have_planted_is_not_believed() {
    let tools = tools();
    let project = project(&tools);
    fs::create_dir_all(project.path().join("elsewhere")).unwrap();
    fs::create_dir(project.path().join(".refloat")).unwrap();
    std::os::unix::fs::symlink(project.path().join("elsewhere"), project.path().join(".refloat/incidents")).unwrap();
    project.run(&["deploy"]).exits(4).says(&["could not ask", "incidents cannot be read"]);
    assert!(lines(&tools).is_empty());
}

/// Calls and their answers, as a recording in the project.
fn recorded(project: Project, calls: &[(&str, i32, &str, &str)]) -> Project {
    let call = |(argv, exit_code, stdout, stderr): &(&str, i32, &str, &str)| {
        let argv: Vec<&str> = argv.split(' ').collect();
        json!({ "argv": argv, "exit_code": exit_code, "elapsed_ms": 1, "stdout": stdout, "stderr": stderr }).to_string()
    };
    let calls: Vec<String> = calls.iter().map(call).collect();
    let head = json!({ "incident": "a drill", "note": "" }).to_string();
    project.file("drill.jsonl", &format!("{head}\n{}\n", calls.join("\n")))
}

#[test]
fn a_drill_is_played_apart_from_what_is_real() {
    let calls = [
        ("helm lint", 0, "", ""),
        ("helm upgrade", 1, "", "Error: UPGRADE FAILED: timed out waiting for the condition\n"),
        ("kubectl get events", 0, EVENTS, ""),
        ("helm status", 0, "", ""),
        ("helm rollback", 0, "Rollback was a success! Happy Helming!\n", ""),
        ("kubectl get pods", 0, "app 1/1 Running 0 5m\n", ""),
    ];
    let tools = tools();
    let project = recorded(project(&tools), &calls);
    project.run(&["incident", "open", "a real one"]).exits(0);
    project.run(&["incident", "cause", "a real cause"]).exits(0);
    let real = timeline(&project);
    let drill = |args: &[&str]| -> Answer { project.run(&[&["--replay", "drill.jsonl"], args].concat()) };
    drill(&["incident"]).exits(0).answers(&["no drill is open"]);
    drill(&["deploy", "--rollback-on-failure"]).exits(1).says(&["opened drill", "rollback: done"]);
    drill(&["incident"]).exits(0).answers(&["drill", "deploy failed", "drill.jsonl", "rollback: done"]);
    drill(&["deploy"]).exits(4).says(&["has no root cause"]);
    drill(&["incident", "cause", "--accept"]).exits(0);
    drill(&["incident", "close"]).exits(4).says(&["refloat --replay drill.jsonl validate"]);
    drill(&["validate"]).exits(0);
    drill(&["incident", "close"]).exits(0);
    // One that cannot be played to its end is dropped; what is real is not.
    drill(&["deploy"]).exits(1).says(&["opened drill"]);
    drill(&["incident", "drop"]).exits(0);
    project.run(&["incident", "drop"]).exits(4).says(&["only a drill is dropped"]);
    assert_eq!(folders(&project, "drills").len(), 2);
    assert_eq!(timeline(&project), real);
    assert_eq!(lines(&tools), [""; 0], "nothing real was run");
    project.run(&["incident"]).exits(0).answers(&["a real one"]);
}

#[test]
fn the_file_says_what_is_wrong_with_them() {
    let answer = |from: &str, to: &str| {
        assert!(TASKS.contains(from), "{from}");
        Project::new(&TASKS.replace(from, to)).run(&["list"]).exits(78)
    };
    answer("on_failure = \"rollback\"", "on_failure = \"rolback\"").says(&["unknown task", "did you mean"]);
    answer("on_failure = \"rollback\"", "on_failure = \"deploy\"").says(&["cannot follow its own failure"]);
    answer("[incident]\ncloses = \"validate\"", "").says(&["no incidents to open", "[incident]"]);
    answer("closes = \"validate\"", "closes = \"none\"").says(&["unknown task"]);
    answer(
        "[tasks.touch]",
        "[tasks.incident]\nsummary = \"x\"\n[[tasks.incident.steps]]\nrun = [\"helm\"]\n[tasks.touch]",
    )
    .says(&["the name of a built-in command"]);
    answer("incident = \"cause\"", "incident = \"closed\"").says(&["cause"]);
    answer("summary  = \"Go back\"", "summary = \"x\"\nparams = [{ name = \"to\" }]").says(&["without arguments"]);
}

#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_opens_none() {
    let stuck = super::steps::rule(&["helm", "upgrade"], json!({ "stderr": "upgrading\n", "hang_ms": 600_000 }));
    let tools = tools().first(stuck);
    let project = project(&tools);
    let mut pty = super::pty::AtPty::start(project.command(&["-v", "deploy"]));
    pty.sees("upgrading").types("\u{3}").exits(130);
    assert!(!pty.screen().contains("Roll back now"), "{}", pty.screen());
    assert!(folders(&project, "incidents").is_empty());
}

#[test]
fn the_pages_example_loads_and_refuses() {
    let page = fs::read_to_string(super::support::root().join("docs/incident.md")).unwrap();
    let block = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let step = |task: &str| format!("[[tasks.{task}.steps]]\nrun = [\"helm\", \"{task}\"]\n");
    let filled = block
        .replace("[tasks.redeploy]", "[tasks.redeploy]\nsummary = \"x\"\ndanger = \"change\"")
        .replace("[tasks.rollback]", "[tasks.rollback]\nsummary = \"x\"\ndanger = \"change\"");
    let head = "version = 1\n[app]\nname = \"a\"\n[tools.helm]\n[tasks.validate]\nsummary = \"x\"\n";
    let file = format!("{head}{}{filled}{}{}", step("validate"), step("redeploy"), step("rollback"));
    let tools = Tools::new().rule(super::steps::rule(&["helm", "redeploy"], json!({ "exit": 1 })));
    let project = Project::new(&file).with_tools(&tools);
    project.run(&["redeploy"]).exits(1).says(&["opened incident"]);
    project.run(&["redeploy"]).exits(4).says(&["has no root cause", "refloat incident cause TEXT"]);
    assert_eq!(lines(&tools), ["helm redeploy"]);
    // Every command that the page names is one.
    for words in ["list", "show", "cause", "note", "close", "open", "drop"] {
        project.run(&["help", "incident"]).exits(0).answers(&[words]);
    }
}
