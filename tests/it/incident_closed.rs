//! What it takes to go on in an incident and to close it: a cause that says something, and a validation since.

use super::incident::{EVENTS, SECRET, TASKS, failed, kinds, lines, opened_by_hand, project, timeline, told, tools};
use super::support::Project;
use serde_json::json;

#[test]
fn without_a_cause_the_next_deployment_is_refused_and_nothing_is_run() {
    let (tools, project) = failed();
    let before = lines(&tools);
    let kept = kinds(&project);
    let id = told(&project, &[])["incident"]["id"].as_str().unwrap().to_owned();
    let why = format!("incident {id}: it has no root cause");
    project.run(&["deploy"]).exits(4).says(&[&why, "refloat incident cause TEXT"]);
    project.run(&["deploy", "--rollback-on-failure", "--yes"]).exits(4);
    project.run(&["check", "cause-documented"]).exits(1).says(&[&why]);
    assert_eq!(lines(&tools), before);
    assert_eq!(kinds(&project), kept, "a refusal did nothing that belongs to it");
    project.run(&["incident", "cause", "the", "image", "was", "never", "loaded"]).exits(0);
    project.run(&["check", "cause-documented"]).exits(0);
    let tools = tools.world("good", true);
    project.run(&["deploy"]).exits(0);
    assert!(lines(&tools).len() > before.len());
}

#[test]
fn what_says_nothing_is_no_cause() {
    let (_tools, project) = failed();
    let kept = timeline(&project);
    for words in [&["unknown"][..], &["?"], &["TBD"], &["n/a"], &["don't", "know"], &[""], &["  "], &[], &["Unknown!"]]
    {
        let answer = project.run(&[&["incident", "cause"], words].concat()).exits(4);
        answer.says(&["that is no root cause", "nothing was recorded"]);
    }
    assert_eq!(timeline(&project), kept);
    project.run(&["incident", "cause", "the tag names an unknown image"]).exits(0).answers(&["cause: the tag names"]);
}

#[test]
fn the_finding_is_accepted_when_it_is_the_only_one() {
    let (_tools, project) = failed();
    project.run(&["incident", "cause", "--accept", "no-such"]).exits(4).says(&["does not name `no-such`"]);
    project.run(&["incident", "cause", "--accept"]).exits(0);
    let known = &told(&project, &[])["incident"];
    assert_eq!(known["cause"]["finding"], "image-never-pull");
    assert_eq!(known["cause"]["text"], known["findings"][0]["cause"]);
    assert_eq!(known["cause"]["by"], "ana@lab-1");

    let (_tools, project) = opened_by_hand();
    project.run(&["incident", "cause", "--accept"]).exits(4).says(&["no diagnosis has named a root cause"]);
}

#[test]
fn of_several_findings_one_must_be_named() {
    let (tools, project) = failed();
    let more = "30s   Warning   FailedScheduling   pod/other-1   0/1 nodes are available: 1 Insufficient cpu.\n";
    let events = super::steps::rule(&["kubectl", "get", "events"], json!({ "stdout": format!("{EVENTS}{more}") }));
    // A live diagnosis is the newest one.
    let tools = tools.first(events);
    project.run(&["diagnose", "--no-confirm"]).exits(3);
    assert!(lines(&tools).len() > 3);
    let known = told(&project, &[]);
    let ids: Vec<_> = known["incident"]["findings"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert!(ids.len() > 1, "{ids:?}");
    let answer = project.run(&["incident", "cause", "--accept"]).exits(4);
    answer.says(&["names several", "refloat incident cause --accept image-never-pull"]);
    project.run(&["incident", "cause", "--accept", "image-never-pull"]).exits(0);
}

#[test]
fn half_way_the_cause_comes_before_going_on() {
    // The upgrade went through, and what it brought is not up.
    let tools = tools().world("installs", true);
    let answer = project(&tools).run(&["deploy"]).exits(7);
    let next: Vec<&str> =
        answer.err.lines().filter_map(|line| line.split_once("refloat ")).map(|(_, rest)| rest).collect();
    let at = |command: &str| next.iter().position(|line| line.starts_with(command));
    assert!(at("rollback") < at("incident cause TEXT"), "{}", answer.err);
    assert!(at("incident cause TEXT") < at("deploy --resume"), "{}", answer.err);
    assert!(at("deploy --resume").is_some(), "{}", answer.err);
}

#[test]
fn it_is_closed_with_a_cause_and_a_validation_that_came_after_it() {
    let (tools, project) = opened_by_hand();
    let tools = tools.world("good", true);
    let refused = |words: &[&str]| project.run(&["incident", "close"]).exits(4).says(words);
    refused(&["it has no root cause", "refloat incident cause TEXT"]);
    project.run(&["validate"]).exits(0);
    refused(&["it has no root cause"]);
    project.run(&["incident", "cause", "the disk is full"]).exits(0);
    refused(&["was before its cause was recorded", "next: refloat validate"]);
    // What does not mind a failure proves nothing but what it saw; here it saw a pass.
    project.run(&["touch"]).exits(0);
    refused(&["refloat validate"]);
    project.run(&["validate"]).exits(0);
    project.run(&["touch"]).exits(0);
    refused(&["came after it", "refloat validate"]);
    project.run(&["deploy"]).exits(0);
    refused(&["came after it"]);
    project.run(&["validate"]).exits(0);
    let tools = tools.world("good", false);
    project.run(&["validate"]).exits(1);
    refused(&["came after it"]);
    project.run(&["tolerant"]).exits(0);
    refused(&["came after it"]);
    let _tools = tools.world("good", true);
    project.run(&["validate"]).exits(0);
    project.run(&["incident", "close"]).exits(0).answers(&["closed: the disk is full"]);
    project.run(&["incident"]).exits(0).answers(&["no incident is open; the last,", "the disk is full"]);
    project.run(&["incident", "close"]).exits(4).says(&["no incident is open"]);
    project.run(&["incident", "note", "late"]).exits(4).says(&["nothing was recorded"]);
    project.run(&["incident", "cause", "late"]).exits(4);
}

#[test]
fn a_task_that_validates_at_its_end_closes_as_well() {
    let tools = tools().world("good", true);
    let tasks = TASKS.replace("[[tasks.deploy.steps]]\nrun = [\"helm\", \"test\"]\n", "");
    let project = Project::new(&tasks).with_tools(&tools).env("REFLOAT_VAR_TOKEN", SECRET);
    project.run(&["incident", "open"]).exits(0);
    project.run(&["incident", "cause", "the disk is full"]).exits(0);
    project.run(&["deploy"]).exits(0);
    project.run(&["incident", "close"]).exits(0);
}

#[test]
fn what_our_own_hints_write_is_no_cause() {
    let (_tools, project) = failed();
    for text in ["TEXT", "unknown error", "no root cause found", "we have no idea why", "yes", "x"] {
        project.run(&["incident", "cause", text]).exits(4).says(&["that is no root cause", "nothing was recorded"]);
    }
    project.run(&["incident", "cause", "DNS"]).exits(0);
}

#[test]
fn a_failure_after_the_cause_asks_for_it_again() {
    let (tools, project) = failed();
    project.run(&["incident", "cause", "the image was never loaded"]).exits(0);
    project.run(&["deploy"]).exits(1);
    let before = lines(&tools);
    let question = "`deploy` failed again since the cause was recorded: is it another one?";
    project.run(&["deploy"]).exits(4).says(&[question, "refloat incident cause TEXT"]);
    project.run(&["check", "cause-documented"]).exits(1).says(&[question]);
    assert_eq!(lines(&tools), before);
    project.run(&["incident"]).exits(0).answers(&["; but `deploy` failed", "refloat incident cause TEXT"]);
    project.run(&["incident", "close"]).exits(4).says(&[question]);
    let next = told(&project, &[])["next"].clone();
    assert_eq!(next, json!(["refloat incident cause --accept", "refloat incident cause TEXT"]));
    // Going back is no new failure, and it does not make this one undone; nor does it when it fails itself.
    project.run(&["rollback"]).exits(0);
    project.run(&["deploy"]).exits(4).says(&[question]);
    project.run(&["incident", "cause", "the image was never loaded"]).exits(0);
    let tools = tools.world("stuck", true);
    project.run(&["rollback"]).exits(1);
    let _tools = tools.world("good", true);
    project.run(&["deploy"]).exits(0);
}

/// A project whose tasks hang on where they work.
fn two_places() -> (super::stub::Tools, Project) {
    let tools = super::incident::tools().world("good", true);
    let tasks = TASKS.replace("[vars]\n", "[vars]\nplace = \"here\"\npause = \"1s\"\n");
    assert_ne!(tasks, TASKS);
    let project = Project::new(&tasks).with_tools(&tools).env("REFLOAT_VAR_TOKEN", SECRET);
    (tools, project)
}

#[test]
fn a_validation_of_another_place_closes_nothing() {
    let (_tools, project) = two_places();
    project.run(&["incident", "open", "the page is slow"]).exits(0);
    project.run(&["incident", "cause", "the disk is full"]).exits(0);
    project.run(&["validate", "--set", "place=staging"]).exits(0);
    let answer = project.run(&["incident", "close"]).exits(4);
    answer
        .says(&["place was `staging` there, and as in the file where the incident happened", "next: refloat validate"]);
    // What is given as it stands in the file makes no difference, nor does who has which secret.
    project.run(&["validate", "--set", "place=here", "--set", "token=another"]).exits(0);
    project.run(&["incident", "close"]).exits(0);
}

#[test]
fn an_incident_of_another_place_is_validated_there() {
    let (tools, project) = two_places();
    let tools = tools.world("good", false);
    project.run(&["deploy", "--set", "place=staging"]).exits(1);
    project.run(&["incident", "cause", "the disk is full"]).exits(0);
    let _tools = tools.world("good", true);
    project.run(&["validate"]).exits(0);
    let there = "refloat validate --set place=staging";
    let answer = project.run(&["incident", "close"]).exits(4);
    answer.says(&["place was as in the file there, and `staging` where the incident happened", there]);
    assert_eq!(told(&project, &[])["next"], json!(["refloat deploy --set place=staging", there]));
    project.run(&["validate", "--set", "place=staging"]).exits(0);
    // A later one of another place takes nothing back.
    project.run(&["validate"]).exits(0);
    project.run(&["incident", "close"]).exits(0);
}

#[test]
fn what_was_not_verified_is_said_when_it_is_closed() {
    let tools = super::incident::tools().world("good", true);
    let ask = "[[tasks.validate.steps]]\nask = \"Does the page look as ever?\"\n\n[tasks.deploy]";
    let project = Project::new(&TASKS.replace("[tasks.deploy]", ask)).with_tools(&tools);
    let project = project.env("REFLOAT_VAR_TOKEN", SECRET);
    project.run(&["incident", "open", "the page is slow"]).exits(0);
    project.run(&["incident", "cause", "the disk is full"]).exits(0);
    project.run(&["validate"]).exits(0);
    let open = "1 thing was not verified: Does the page look as ever?";
    project.run(&["incident"]).exits(0).answers(&[open]);
    project.run(&["incident", "close"]).exits(0).answers(&[&format!("closed: the disk is full; {open}")]);
    let id = told(&project, &["list"])["incidents"][0]["id"].as_str().unwrap().to_owned();
    project.run(&["incident", "show", &id]).exits(0).answers(&[open]);
    let kept = timeline(&project);
    assert_eq!(kept.last().unwrap()["unverified"], json!(["Does the page look as ever?"]));
}

const PARTS: &str = r#"
version = 1
[app]
name = "app"
[tools.helm]
[incident]
closes = "validate"
[tasks.deploy]
summary = "Deploy, and validate"
danger  = "change"
[[tasks.deploy.steps]]
task = "look"
[[tasks.deploy.steps]]
run = ["helm", "upgrade", "-f", "values.yaml"]
[[tasks.deploy.steps]]
task = "validate"
[tasks.look]
summary = "Look"
[[tasks.look.steps]]
run = ["helm", "look"]
[tasks.validate]
summary = "Is it up?"
[[tasks.validate.steps]]
task = "validate-one"
[[tasks.validate.steps]]
task = "validate-two"
[tasks.validate-one]
summary = "One"
[[tasks.validate-one.steps]]
run = ["helm", "one"]
[tasks.validate-two]
summary = "Two"
[[tasks.validate-two.steps]]
run = ["helm", "two"]
"#;

#[test]
fn a_run_that_goes_on_validates_the_whole_again() {
    let rule = |argv: &[&str], more| super::steps::rule(argv, more);
    let tools = super::stub::Tools::new()
        .rule(rule(&["helm", "two"], json!({ "exit": 1, "once": true })))
        .rule(json!({ "argv": ["helm", "**"], "stdout": "fine\n" }));
    let project = Project::new(PARTS).with_tools(&tools);
    project.run(&["deploy"]).exits(1);
    project.run(&["incident", "cause", "the disk is full"]).exits(0);
    let before = lines(&tools).len();
    project.run(&["deploy", "--resume"]).exits(0);
    // What was looked at before anything changed may stand; what was found of the release before does not.
    assert_eq!(lines(&tools)[before..], ["helm upgrade -f values.yaml", "helm one", "helm two"]);
    project.run(&["incident", "close"]).exits(0);
}

#[test]
fn a_validation_that_left_out_what_it_destroyed_closes_nothing() {
    let tasks = r#"
version = 1
[app]
name = "app"
[tools.helm]
[incident]
closes = "validate"
[tasks.validate]
summary = "Is it up?"
danger  = "destroy"
confirm = "all"
[[tasks.validate.steps]]
run = ["helm", "destroy", "test-data"]
[[tasks.validate.steps]]
run    = ["helm", "two"]
danger = "read"
"#;
    let tools = super::stub::Tools::new()
        .rule(super::steps::rule(&["helm", "two"], json!({ "exit": 1, "once": true })))
        .rule(json!({ "argv": ["helm", "**"], "stdout": "fine\n" }));
    let project = Project::new(tasks).with_tools(&tools);
    project.run(&["incident", "open", "the page is slow"]).exits(0);
    project.run(&["validate", "--confirm", "all"]).exits(1);
    project.run(&["incident", "cause", "the disk is full"]).exits(0);
    project.run(&["validate", "--resume"]).exits(0);
    assert_eq!(lines(&tools).iter().filter(|line| *line == "helm destroy test-data").count(), 1);
    project.run(&["incident", "close"]).exits(4).says(&["no run of `validate` has passed"]);
    project.run(&["validate", "--confirm", "all"]).exits(0);
    project.run(&["incident", "close"]).exits(0);
}
