//! What must be agreed to, and how: by flags, by a person at a terminal, or not at all.

use super::steps::lines;
use super::stub::Tools;
use super::support::Project;
use serde_json::json;

const TASKS: &str = r#"
version = 1
[app]
name = "app"
[vars]
profile = "minikube"
release = "app"
[tools.minikube]
[tools.helm]

[tasks.reset]
summary = "Delete the cluster"
danger  = "destroy"
confirm = "${profile}"
[[tasks.reset.steps]]
run = ["minikube", "delete"]

[tasks.remove]
summary = "Remove the release"
danger  = "destroy"
confirm = "${release}"
[[tasks.remove.steps]]
run = ["helm", "uninstall", "${release}"]

[tasks.restart]
summary = "Restart the pods"
danger  = "change"
confirm = true
[[tasks.restart.steps]]
run = ["helm", "upgrade"]

[tasks.everything]
summary = "Remove all, build anew"
danger  = "destroy"
confirm = "${profile}"
[[tasks.everything.steps]]
run = ["helm", "status"]
[[tasks.everything.steps]]
task = "remove"
[[tasks.everything.steps]]
task = "restart"
"#;

fn project() -> (Tools, Project) {
    let tools = Tools::new()
        .rule(json!({ "argv": ["minikube", "**"], "stdout": "deleted\n" }))
        .rule(json!({ "argv": ["helm", "**"], "stdout": "fine\n" }));
    let project = Project::new(TASKS).with_tools(&tools);
    (tools, project)
}

/// Refused: exit code 4, no call, not even a folder for the run.
fn refused(args: &[&str], says: &[&str]) {
    let (tools, project) = project();
    let answer = project.run(args).exits(4).says(says).says(&["nothing was done"]);
    assert_eq!(answer.out, "", "{args:?}");
    assert!(tools.calls().is_empty(), "{args:?}: {:?}", tools.calls());
    assert!(project.runs().is_empty(), "{args:?}");
}

/// Runs, and makes these calls.
fn runs(args: &[&str], calls: &[&str]) {
    let (tools, project) = project();
    project.run(args).exits(0);
    assert_eq!(lines(&tools), calls, "{args:?}");
}

#[test]
fn what_destroys_is_refused_without_a_terminal_and_without_the_name() {
    refused(&["reset"], &["`minikube`", "no terminal", "refloat reset --confirm minikube", "refloat reset --dry-run"]);
}

#[test]
fn a_yes_is_not_enough_for_what_destroys() {
    refused(&["reset", "--yes"], &["`minikube`", "--confirm minikube"]);
}

#[test]
fn a_wrong_name_is_refused() {
    for name in ["minikub", "Minikube", "minikube ", "", "yes"] {
        refused(&["reset", "--confirm", name], &["`minikube`"]);
    }
}

#[test]
fn the_right_name_runs_it() {
    runs(&["reset", "--confirm", "minikube"], &["minikube delete"]);
}

#[test]
fn the_name_is_that_of_the_variable_that_counts() {
    runs(&["reset", "--set", "profile=other", "--confirm", "other"], &["minikube delete"]);
    refused(&["reset", "--set", "profile=other", "--confirm", "minikube"], &["`other`"]);
}

#[test]
fn a_question_is_answered_by_a_flag_or_refused() {
    refused(&["restart"], &["needs a yes", "refloat restart --yes"]);
    refused(&["restart", "--confirm", "restart"], &["needs a yes"]);
    runs(&["restart", "--yes"], &["helm upgrade"]);
}

#[test]
fn everything_is_agreed_to_before_anything_runs() {
    refused(&["everything", "--confirm", "minikube"], &["`app`", "remove"]);
    refused(&["everything", "--confirm", "app"], &["`minikube`"]);
    let all = ["helm status", "helm uninstall app", "helm upgrade"];
    // The names that were typed cover the plain question in the task below.
    runs(&["everything", "--confirm", "minikube", "--confirm", "app"], &all);
}

#[test]
fn a_recording_asks_as_the_world_does() {
    let (tools, project) = project();
    let project = project.file("r.jsonl", "{\"incident\": \"x\", \"note\": \"\"}\n");
    project.run(&["reset", "--replay", "r.jsonl"]).exits(4).says(&["nothing was done"]);
    assert!(tools.calls().is_empty());
}

#[test]
fn refusals_are_data_too() {
    let (_tools, project) = project();
    let answer = project.run(&["--format", "json", "reset"]).exits(4);
    let error: serde_json::Value = serde_json::from_str(&answer.err).unwrap();
    assert_eq!(error["error"]["code"], 4);
    assert_eq!(answer.out, "");
}

#[cfg(unix)]
mod at_a_terminal {
    use super::{lines, project};
    use crate::pty::AtPty;

    /// Asked at a terminal, answers with these keys. The calls that were made.
    fn typed(task: &str, keys: &str, code: i32) -> Vec<String> {
        let (tools, project) = project();
        let mut terminal = AtPty::start(project.command(&[task]));
        let prompt = if task == "reset" { "Type minikube to go on: " } else { "[y/N] " };
        terminal.sees(prompt).types(keys).exits(code);
        assert_eq!(project.runs().is_empty(), code != 0, "a run that was not agreed to leaves nothing");
        lines(&tools)
    }

    #[test]
    fn the_name_typed_runs_it() {
        assert_eq!(typed("reset", "minikube\n", 0), ["minikube delete"]);
    }

    #[test]
    fn any_other_answer_is_a_no() {
        for keys in ["minikub\n", "minikube \n", "yes\n", "\n", "\u{4}"] {
            assert!(typed("reset", keys, 4).is_empty(), "{keys:?}");
        }
    }

    #[test]
    fn a_question_takes_a_yes_and_nothing_else() {
        assert_eq!(typed("restart", "y\n", 0), ["helm upgrade"]);
        for keys in ["n\n", "\n", "sure\n", "\u{4}"] {
            assert!(typed("restart", keys, 4).is_empty(), "{keys:?}");
        }
    }

    #[test]
    fn ctrl_c_at_the_question_leaves_with_its_own_code() {
        assert!(typed("reset", "\u{3}", 130).is_empty());
        assert!(typed("restart", "\u{3}", 130).is_empty());
    }

    #[test]
    fn every_name_is_asked_for_before_the_first_step() {
        let (tools, project) = project();
        let mut terminal = AtPty::start(project.command(&["everything"]));
        terminal.sees("Type minikube to go on: ").types("minikube\n");
        terminal.sees("Type app to go on: ");
        assert!(tools.calls().is_empty());
        terminal.types("no\n").exits(4);
        assert!(tools.calls().is_empty());
    }

    #[test]
    fn the_story_is_told_at_a_terminal_too() {
        let (_tools, project) = project();
        let mut terminal = AtPty::start(project.command(&["reset", "--confirm", "minikube"]));
        terminal.sees("done").exits(0);
    }
}
