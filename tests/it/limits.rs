//! Every call is given its tool's own limit, ours stands behind it, and both are shown before they hold.

use super::steps::{lines, project, rule};
use super::stub::Tools;
use super::support::Project;
use serde_json::{Value, json};

const FILE: &str = r#"
version = 1
[app]
name = "app"
[vars]
wait = "7m"
[tools.helm]
args = ["--kube-context", "c"]
[tools.k]
program = "kubectl"
[tools.docker]
[checks.there]
title = "It is there"
run   = ["k", "get", "pods"]
[tasks.t]
summary = "Try it"
danger = "change"
require = ["there"]
[[tasks.t.steps]]
run = ["helm", "upgrade", "a", "b"]
[[tasks.t.steps]]
run = ["helm", "upgrade", "a", "b", "--timeout=${wait}"]
[[tasks.t.steps]]
run = ["helm", "uninstall", "a"]
timeout = "2m"
[[tasks.t.steps]]
run = ["k", "rollout", "status", "deploy/x"]
[[tasks.t.steps]]
run = ["k", "exec", "x", "--", "ls"]
[[tasks.t.steps]]
run = ["docker", "build", "."]
"#;

fn tools() -> Tools {
    ["helm", "kubectl", "docker"]
        .into_iter()
        .fold(Tools::new(), |tools, tool| tools.rule(json!({ "argv": [tool, "**"] })))
}

const CALLS: [&str; 7] = [
    "kubectl --request-timeout=30s get pods",
    "helm --kube-context c --timeout=5m upgrade a b",
    "helm --kube-context c upgrade a b --timeout=7m",
    "helm --kube-context c --timeout=1m30s uninstall a",
    "kubectl --timeout=15m rollout status deploy/x",
    "kubectl exec x -- ls",
    "docker build .",
];

#[test]
fn a_tool_is_called_with_its_own_limit() {
    let tools = tools();
    let project = Project::new(FILE).with_tools(&tools);
    project.run(&["t"]).exits(0);
    let calls: Vec<String> = tools.whole_calls().iter().map(|call| call.join(" ")).collect();
    assert_eq!(calls, CALLS);
    // The same limits stand in the plan; only the tool has the name that the file gives it.
    let plan = project.run(&["t", "--dry-run"]).exits(0).out;
    for call in CALLS {
        let call = call.replace("kubectl ", "k ");
        assert!(plan.contains(&call), "{call} is missing:\n{plan}");
    }
    assert!(plan.contains("uninstall a  # timeout 2m; finishes before Ctrl-C stops"), "{plan}");
}

#[test]
fn a_limit_is_no_part_of_a_label_or_of_what_is_recorded() {
    let tools = tools();
    let project = Project::new(FILE).with_tools(&tools);
    project.run(&["t", "--record", "r.jsonl"]).exits(0);
    let names: Vec<Value> = project
        .journal()
        .into_iter()
        .filter(|event| event["type"] == "step-finished")
        .map(|event| event["name"].clone())
        .collect();
    assert_eq!(names[1], "helm upgrade a b");
    let tape = std::fs::read_to_string(project.path().join("r.jsonl")).unwrap();
    assert!(tape.contains("[\"k\",\"get\",\"pods\"]"), "{tape}");
    project.run(&["t", "--replay", "r.jsonl"]).exits(0);
}

#[test]
fn a_rollback_is_not_broken_off_by_a_first_wish_unless_the_step_says_so() {
    for (keys, shown) in [("", true), ("on_interrupt = \"forward\"", false)] {
        let tools = Tools::new().rule(rule(&["helm", "rollback"], json!({})));
        let project = project(&format!("[[tasks.t.steps]]\nrun = [\"helm\", \"rollback\"]\n{keys}\n"), &tools);
        let plan = project.run(&["t", "--dry-run"]).exits(0).out;
        assert_eq!(plan.contains("finishes before Ctrl-C stops"), shown, "{plan}");
        project.run(&["t"]).exits(0);
        assert_eq!(lines(&tools), ["helm rollback"]);
    }
}
