//! What will be lost is shown before the question, and is not the answer.

use super::stub::Tools;
use super::support::Project;
use serde_json::{Value, json};

const TASKS: &str = r#"
version = 1
[app]
name = "app"
[tools.helm]
[tasks.losses]
summary = "What is lost"
[[tasks.losses.steps]]
name = "Releases"
run  = ["helm", "list"]
allow_failure = true
[tasks.wipe]
summary = "Lose everything"
danger  = "destroy"
preview = "losses"
confirm = "app"
[[tasks.wipe.steps]]
run = ["helm", "uninstall"]
"#;

fn wipe(list: Value) -> (Tools, Project) {
    let list = super::steps::rule(&["helm", "list"], list);
    let tools = Tools::new().rule(list).rule(super::steps::rule(&["helm", "uninstall"], json!({})));
    let project = Project::new(TASKS).with_tools(&tools);
    (tools, project)
}

#[test]
fn a_script_that_agreed_has_it_in_its_log_and_not_in_its_answer() {
    for format in ["human", "json", "jsonl"] {
        let (tools, project) = wipe(json!({ "stdout": "precious-release\n" }));
        let answer = project.run(&["--format", format, "wipe", "--confirm", "app"]).exits(0);
        let answer = answer.says(&["What is lost", "precious-release"]);
        assert!(!answer.out.contains("precious"), "{}", answer.out);
        assert_eq!(super::steps::lines(&tools), ["helm list", "helm uninstall"]);
        if format != "human" {
            let _: Vec<Value> =
                serde_json::Deserializer::from_str(&answer.out).into_iter().map(Result::unwrap).collect();
            assert_eq!(answer.out.matches("\"run-started\"").count(), usize::from(format == "jsonl"));
        }
    }
}

#[test]
fn what_cannot_be_found_out_is_told_and_stops_nobody() {
    let (tools, project) = wipe(json!({ "stderr": "Kubernetes cluster unreachable\n", "exit": 1 }));
    project.run(&["wipe", "--confirm", "app"]).exits(0).says(&["Releases", "cluster unreachable"]);
    assert_eq!(super::steps::lines(&tools), ["helm list", "helm uninstall"]);
}

#[test]
fn whoever_cannot_be_asked_is_shown_nothing() {
    let (tools, project) = wipe(json!({}));
    project.run(&["wipe"]).exits(4).says(&["there is no terminal", "nothing was done"]);
    project.run(&["wipe", "--confirm", "other"]).exits(4);
    project.run(&["wipe", "--dry-run"]).exits(0).answers(&["refloat losses"]);
    assert!(tools.calls().is_empty());
}

#[cfg(unix)]
#[test]
fn a_person_sees_it_before_the_name_is_asked_for() {
    for (typed, code, called) in [("app\r", 0, &["helm list", "helm uninstall"][..]), ("no\r", 4, &["helm list"])] {
        let (tools, project) = wipe(json!({ "stdout": "precious-release\n" }));
        let mut pty = super::pty::AtPty::start(project.command(&["wipe"]));
        pty.sees("Type app to go on");
        assert!(pty.screen().contains("precious-release"), "{}", pty.screen());
        pty.types(typed).exits(code);
        assert_eq!(super::steps::lines(&tools), called);
    }
}

#[cfg(unix)]
#[test]
fn a_preview_that_is_stopped_asks_nothing() {
    let (tools, project) = wipe(json!({ "stdout": "begun\n", "hang_ms": 600_000 }));
    let mut pty = super::pty::AtPty::start(project.command(&["wipe"]));
    pty.sees("begun").types("\u{3}").exits(130);
    assert!(!pty.screen().contains("Type app"), "{}", pty.screen());
    assert_eq!(super::steps::lines(&tools), ["helm list"]);
}

#[cfg(unix)]
#[test]
fn a_preview_without_its_tool_says_so_at_a_terminal_too() {
    let tools = Tools::new().tool("kubectl");
    let project = Project::new(TASKS).with_tools(&tools);
    let mut pty = super::pty::AtPty::start(project.command(&["wipe"]));
    pty.sees("helm").exits(5);
    assert!(!pty.screen().contains("no answer"), "{}", pty.screen());
}
