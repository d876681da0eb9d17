//! When a run may be gone on with, when not, and what is asked before.

use super::stub::Tools;
use super::support::Project;
use proptest::prelude::*;
use refloat::report::history::Journal;
use refloat::run::past::Past;
use serde_json::json;
use std::fs;

const TASKS: &str = r#"
version = 1
[app]
name = "x"
[vars]
size = "small"
[tools.helm]
[checks.old-is-gone]
title = "The old one is gone"
run   = ["helm", "old"]
[checks.ours]
title = "It is ours"
run   = ["helm", "ours"]
fix   = "helm take"
[tasks.look]
summary = "Look"
[[tasks.look.steps]]
run = ["helm", "look"]
[tasks.renew]
summary = "Renew"
danger  = "destroy"
confirm = "all"
guard   = ["ours"]
[[tasks.renew.steps]]
name = "Destroy"
run  = ["helm", "destroy"]
[[tasks.renew.steps]]
name   = "Build"
danger = "change"
run    = ["helm", "build", "${size}"]
[[tasks.renew.steps]]
name   = "Polish"
danger = "change"
run    = ["helm", "polish"]
"#;

fn fine(argv: &[&str]) -> serde_json::Value {
    json!({ "argv": argv, "stdout": "fine\n" })
}

/// `build` fails the first time.
fn project() -> (Tools, Project) {
    let tools = Tools::new()
        .rule(json!({ "argv": ["helm", "build", "**"], "exit": 1, "stderr": "no room\n", "once": true }))
        .rule(fine(&["helm", "**"]));
    let project = Project::new(TASKS).with_tools(&tools);
    (tools, project)
}

fn called(tools: &Tools) -> Vec<String> {
    tools.calls().iter().map(|call| call[1..].join(" ")).collect()
}

#[test]
fn a_run_that_stopped_half_way_exits_with_7_and_names_the_command_that_goes_on() {
    let (tools, project) = project();
    let answer = project.run(&["renew", "--set", "size=my size", "--confirm", "all"]);
    answer.exits(7).says(&["next", "refloat renew --set 'size=my size' --resume"]);
    assert_eq!(called(&tools), ["ours", "destroy", "build my size"]);
    let told = project.journal().pop().unwrap();
    assert_eq!((&told["exit_code"], &told["outcome"]), (&json!(7), &json!("failed")));
}

#[test]
fn nothing_is_typed_again_when_nothing_is_left_to_destroy() {
    let (tools, project) = project();
    project.run(&["renew", "--confirm", "all"]).exits(7);
    let first = project.runs().pop().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    let answer = project.run(&["renew", "--resume"]).exits(0);
    let answer = answer.says(&[&format!("goes on from run {first}"), &format!("in run {first}")]);
    assert!(answer.err.contains("done at "), "{}", answer.err);
    assert_eq!(called(&tools), ["ours", "destroy", "build small", "build small", "polish"]);
    assert_eq!(project.journal()[0]["resumes"], json!(first));
}

#[test]
fn what_destroys_and_was_begun_is_not_begun_again_unasked() {
    let tools = Tools::new()
        .rule(json!({ "argv": ["helm", "destroy"], "kill_parent": "before", "once": true }))
        .rule(fine(&["helm", "**"]));
    let project = Project::new(TASKS).with_tools(&tools);
    if cfg!(windows) {
        return; // the stand-in cannot kill its parent there
    }
    assert_eq!(project.run(&["renew", "--confirm", "all"]).code, -1);
    project.run(&["renew", "--resume"]).exits(4).says(&["nothing was done", "refloat renew --resume --confirm all"]);
    assert_eq!(called(&tools), ["ours", "destroy"]);
    project.run(&["renew", "--resume", "--confirm", "all"]).exits(0);
    assert_eq!(called(&tools)[2..], ["ours", "destroy", "build small", "polish"]);
}

#[test]
fn a_resume_can_be_resumed() {
    let tools = Tools::new()
        .rule(json!({ "argv": ["helm", "build", "**"], "exit": 1, "once": true }))
        .rule(json!({ "argv": ["helm", "polish"], "exit": 1, "once": true }))
        .rule(fine(&["helm", "**"]));
    let project = Project::new(TASKS).with_tools(&tools);
    project.run(&["renew", "--confirm", "all"]).exits(7);
    project.run(&["renew", "--resume"]).exits(7).says(&["refloat renew --resume"]);
    project.run(&["renew", "--resume"]).exits(0);
    assert_eq!(called(&tools), ["ours", "destroy", "build small", "build small", "polish", "polish"]);
}

#[test]
fn a_plan_that_has_changed_is_not_gone_on_with_and_the_difference_is_shown() {
    let (tools, project) = project();
    project.run(&["renew", "--confirm", "all"]).exits(7);
    let answer = project.run(&["renew", "--resume", "--set", "size=large"]).exits(4);
    answer.says(&["step 2: argv:", "- helm build small", "+ helm build large", "nothing was done", "refloat history"]);
    assert_eq!(called(&tools), ["ours", "destroy", "build small"]);
    let run = project.runs().pop().unwrap();
    fs::remove_file(run.join("plan.json")).unwrap();
    project.run(&["renew", "--resume"]).exits(4).says(&["left no plan"]);
}

#[test]
fn there_must_be_something_to_go_on_with() {
    let (_tools, project) = project();
    project.run(&["renew", "--resume"]).exits(4).says(&["no run of `renew` is on record", "refloat renew"]);
    project.run(&["look", "--resume"]).exits(4).says(&["only looks"]);
    project.run(&["renew", "--confirm", "all"]).exits(7);
    project.run(&["renew", "--resume"]).exits(0);
    project.run(&["renew", "--resume"]).exits(4).says(&["came to its end", "nothing was done"]);
    project.run(&["renew", "--resume", "--dry-run"]).exits(2);
}

#[test]
fn each_step_that_destroys_is_guarded_anew() {
    let tools = Tools::new()
        .rule(json!({ "argv": ["helm", "ours"], "exit": 1, "stderr": "somebody else's\n" }))
        .rule(fine(&["helm", "**"]));
    let project = Project::new(TASKS).with_tools(&tools);
    let answer = project.run(&["renew", "--confirm", "all"]).exits(4);
    answer.says(&["not begun", "It is ours", "somebody else's", "helm take"]);
    assert_eq!(called(&tools), ["ours"]);
}

#[test]
fn a_journal_cut_anywhere_never_lets_a_finished_destruction_happen_again() {
    let (_tools, project) = project();
    project.run(&["renew", "--confirm", "all"]).exits(7);
    let journal = fs::read(project.runs().pop().unwrap().join("journal.jsonl")).unwrap();
    let catalog = super::scripted::catalog(TASKS);
    let plan = refloat::plan::build(&catalog, "renew", &[]).unwrap();
    let ends = "\"step-finished\",\"step\":\"1\"";
    let text = String::from_utf8(journal.clone()).unwrap();
    let at = text.find(ends).unwrap();
    let whole = at + text[at..].find('\n').unwrap() + 1;
    let mut kept = 0;
    for cut in 0..=journal.len() {
        let read = Journal::read(&journal[..cut]);
        let Some(past) = Past::of(&read.events) else { continue };
        let step = &plan.root.steps[0];
        let again = past.again(step, &step.id);
        assert_eq!(again != refloat::run::past::Again::Run, cut >= whole, "cut at {cut} of {}", journal.len());
        kept += usize::from(cut >= whole);
        assert!(past.leaves(&plan, refloat::model::step::Danger::Change), "there is always something left");
    }
    assert!(kept > 0);
}

proptest! {
    #[test]
    fn no_journal_however_broken_breaks_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Past::of(&Journal::read(&bytes).events);
    }
}
