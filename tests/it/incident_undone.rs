//! What a failed run of an incident's kind leaves to be undone, and who is asked.

use super::incident::{SECRET, TASKS, folders, lines, project, told, tools};
use super::support::Project;

#[test]
fn a_failure_is_rolled_back_unasked_when_the_command_line_says_so() {
    let tools = tools();
    let project = project(&tools);
    let answer = project.run(&["deploy", "--rollback-on-failure"]).exits(1);
    assert!(!answer.err.contains("--resume"), "{}", answer.err);
    answer.says(&["rollback: done, in run"]);
    assert_eq!(
        lines(&tools),
        ["helm lint", "helm upgrade", "kubectl get events", "helm status", "helm rollback"],
        "the evidence comes before what removes it"
    );
    let ids: Vec<_> = project.runs().iter().map(|run| run.file_name().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 3, "each has a journal of its own: {ids:?}");
    let known = &told(&project, &[])["incident"];
    assert_eq!(known["decisions"][0]["text"], "to run `rollback` (--rollback-on-failure)");
    assert_eq!(known["runs"][2]["task"], "rollback");
    assert_eq!(known["runs"][2]["outcome"], "done");
    project.run(&["touch", "--rollback-on-failure"]).exits(2).says(&["has no `on_failure`"]);
    assert_eq!(lines(&tools).len(), 5);
}

#[test]
fn a_rollback_that_fails_is_told_even_to_the_quiet() {
    for args in [&["deploy", "--rollback-on-failure"][..], &["--quiet", "deploy", "--rollback-on-failure"]] {
        let tools = tools().world("stuck", true);
        let project = project(&tools);
        project
            .run(args)
            .exits(1)
            .says(&["`rollback` was NOT done to its end (failed, exit code 1)", "refloat history"]);
        let runs = &told(&project, &[])["incident"]["runs"];
        assert_eq!(runs[2]["outcome"], "failed");
    }
    let tools = tools().world("release", false);
    let project = project(&tools);
    let answer = project.run(&["deploy", "--rollback-on-failure"]).exits(1);
    answer.says(&["`rollback` was NOT done to its end (refused, exit code 4): it changed nothing"]);
    assert!(!lines(&tools).contains(&"helm rollback".to_owned()));
}

#[test]
fn what_changed_nothing_is_not_rolled_back() {
    let tools = tools().world("unlinted", true);
    let project = project(&tools);
    let answer = project.run(&["deploy", "--rollback-on-failure"]).exits(1);
    let answer = answer.says(&["nothing was changed: `rollback` is not run"]);
    assert!(!answer.err.contains("refloat rollback"), "{}", answer.err);
    assert_eq!(lines(&tools), ["helm lint"]);
}

#[test]
fn without_the_table_failures_open_none_and_are_offered_all_the_same() {
    let tools = tools();
    let tasks = TASKS.replace("[incident]\ncloses = \"validate\"", "").replace("incident = true\n", "");
    let project = Project::new(&tasks).with_tools(&tools).env("REFLOAT_VAR_TOKEN", SECRET);
    project.run(&["deploy", "--rollback-on-failure"]).exits(1).says(&["rollback: done"]);
    assert_eq!(lines(&tools), ["helm lint", "helm upgrade", "helm status", "helm rollback"]);
    assert!(folders(&project, "incidents").is_empty());
    project.run(&["incident", "open"]).exits(2).says(&["has no [incident]"]);
}

#[cfg(unix)]
#[test]
fn a_person_is_asked() {
    for (typed, called) in [("y\r", true), ("\r", false), ("n\r", false)] {
        let tools = tools();
        let project = project(&tools);
        let mut pty = super::pty::AtPty::start(project.command(&["deploy"]));
        pty.sees("Roll back now (refloat rollback)? [y/N]");
        assert!(!pty.screen().contains("deploy --resume"), "{}", pty.screen());
        pty.types(typed).exits(1);
        assert_eq!(lines(&tools).contains(&"helm rollback".to_owned()), called, "{typed:?}");
        assert_eq!(pty.screen().contains("to run it later: refloat rollback"), !called, "{}", pty.screen());
        let decision = told(&project, &[])["incident"]["decisions"][0]["text"].clone();
        assert_eq!(decision, if called { "to run `rollback`" } else { "not to run `rollback` now" });
    }
}
