//! What a task promises, seen from outside: gates, lists, called tasks, `finally`, side by side.

use super::steps::{lines, project, rule};
use super::stub::Tools;
use serde_json::{Value, json};

/// A step that runs this, with these further keys.
fn run(argv: &str, keys: &str) -> String {
    let argv: Vec<&str> = argv.split(' ').collect();
    format!("[[tasks.t.steps]]\nrun = {}\n{keys}\n", json!(argv))
}

fn finally(argv: &str) -> String {
    run(argv, "").replace("tasks.t.steps", "tasks.t.finally")
}

/// helm answers every call with its words, kubectl as the rules say.
fn tools(rules: &[(&str, Value)]) -> Tools {
    let tools = rules.iter().fold(Tools::new(), |tools, (call, answer)| {
        tools.rule(rule(&call.split(' ').collect::<Vec<_>>(), answer.clone()))
    });
    tools.rule(json!({ "argv": ["helm", "**"], "stdout": "fine\n" }))
}

fn no() -> Value {
    json!({ "exit": 1, "stderr": "no\n" })
}

#[test]
fn a_list_is_run_item_by_item_with_its_named_groups() {
    let table = "NAME   READY   STATUS\napp-a  1/1     Running\napp-b  0/1     Pending\nother  1/1     Running\n";
    let tools = tools(&[("kubectl get pods", json!({ "stdout": table }))]);
    let steps = [
        run("kubectl get pods", "each = { as = \"pod\", match = '^(?P<pod>app-\\S+)\\s+\\S+\\s+(?P<state>\\w+)' }"),
        run("helm ask ${pod} ${state}", "for = \"pod\"\nsave = \"${pod}.txt\""),
    ];
    let project = project(&steps.concat(), &tools);
    project.run(&["t"]).exits(0).says(&["app-a", "app-b"]);
    assert_eq!(lines(&tools), ["kubectl get pods", "helm ask app-a Running", "helm ask app-b Pending"]);
    assert_eq!(project.evidence().keys().collect::<Vec<_>>(), ["app-a.txt", "app-b.txt"]);
    assert_eq!(project.finished("2[app-b]")["status"], "ok");
}

#[test]
fn an_empty_list_is_said_and_is_no_failure() {
    let tools = tools(&[("kubectl get pods", json!({ "stdout": "", "stderr": "No resources found\n" }))]);
    let steps = [
        run("kubectl get pods", "each = { as = \"pod\", match = '^(?P<pod>app-\\S+)' }"),
        run("helm ask ${pod}", "for = \"pod\""),
    ];
    project(&steps.concat(), &tools).run(&["t"]).exits(0).says(&["skip", "no pod found"]);
    assert_eq!(lines(&tools), ["kubectl get pods"]);
}

#[test]
fn the_groups_of_an_expect_become_variables() {
    let tools = tools(&[("kubectl get svc", json!({ "stdout": "port 30080/TCP\n" }))]);
    let steps = [run("kubectl get svc", "expect = 'port (?P<port>\\d+)'"), run("helm ask http://x:${port}/", "")];
    project(&steps.concat(), &tools).run(&["t"]).exits(0);
    assert_eq!(lines(&tools)[1], "helm ask http://x:30080/");
}

#[test]
fn finally_runs_after_success_and_after_failure() {
    for (answer, code, ran) in [
        (json!({ "stdout": "x\n" }), 0, &["kubectl go", "helm next", "helm tidy", "helm leave"][..]),
        (no(), 1, &["kubectl go", "helm tidy", "helm leave"]),
    ] {
        let tools = tools(&[("kubectl go", answer)]);
        let steps = [run("kubectl go", ""), run("helm next", ""), finally("helm tidy"), finally("helm leave")];
        project(&steps.concat(), &tools).run(&["t"]).exits(code);
        assert_eq!(lines(&tools), ran);
    }
}

#[test]
fn a_failure_in_finally_fails_a_run_that_was_well_and_hides_no_other() {
    let late = json!({ "hang_ms": 600_000 });
    let steps = [run("kubectl go", "timeout = \"1s\""), finally("kubectl tidy")];
    for (answer, code) in [(json!({ "stdout": "x\n" }), 1), (late, 124)] {
        let tools = tools(&[("kubectl go", answer), ("kubectl tidy", no())]);
        // Only the hanging one needs its limit; the other must not meet it on a slow machine.
        let steps = if code == 1 { steps.concat().replace("\"1s\"", "\"10m\"") } else { steps.concat() };
        project(&steps, &tools).run(&["t"]).exits(code);
        assert_eq!(lines(&tools), ["kubectl go", "kubectl tidy"]);
    }
}

const CHECKS: &str = r#"
[checks.one]
title = "The first holds"
run   = ["kubectl", "one"]
fix   = "refloat first"
[checks.two]
title = "The second holds"
run   = ["kubectl", "two"]
fix   = ["refloat second", "refloat third"]
"#;

#[test]
fn every_gate_that_says_no_is_told_with_its_fix_and_nothing_is_done() {
    let tools = tools(&[("kubectl one", no()), ("kubectl two", no())]);
    let task = format!(
        "require = [\"one\", \"two\"]\ndanger = \"change\"\n{}{}{CHECKS}",
        run("helm go", ""),
        finally("helm tidy")
    );
    let project = project(&task, &tools);
    project.run(&["t", "--yes"]).exits(4).says(&[
        "The first holds",
        "refloat first",
        "The second holds",
        "refloat second",
        "refloat third",
        "nothing was changed",
    ]);
    assert_eq!(lines(&tools), ["kubectl one", "kubectl two"]);
}

#[test]
fn a_gate_can_ask_for_the_opposite() {
    let tools = tools(&[("kubectl one", no()), ("kubectl two", json!({}))]);
    let task = format!("require = [\"!one\"]\n{}{CHECKS}", run("helm go", ""));
    project(&task, &tools).run(&["t"]).exits(0);
    let task = format!("require = [\"!two\"]\n{}{CHECKS}", run("helm go", ""));
    project(&task, &tools).run(&["t"]).exits(4).says(&["not: The second holds"]);
    assert_eq!(lines(&tools), ["kubectl one", "helm go", "kubectl two"]);
}

#[test]
fn a_task_whose_proof_fails_has_failed() {
    let tools = tools(&[("kubectl one", no()), ("kubectl two", json!({}))]);
    let task = format!("verify = [\"two\", \"one\"]\n{}{CHECKS}", run("helm go", ""));
    let project = project(&task, &tools);
    project.run(&["t"]).exits(1).says(&["The first holds", "refloat first"]);
    assert_eq!(lines(&tools), ["helm go", "kubectl two", "kubectl one"]);
    assert_eq!(project.finished("v2")["status"], "failed");
}

#[test]
fn a_check_step_stops_the_task_on_a_no() {
    let tools = tools(&[("kubectl one", no())]);
    let task = format!("[[tasks.t.steps]]\ncheck = \"one\"\n{}{CHECKS}", run("helm go", ""));
    project(&task, &tools).run(&["t"]).exits(1).says(&["The first holds", "refloat first"]);
    assert_eq!(lines(&tools), ["kubectl one"]);
}

#[test]
fn checks_can_be_asked_by_name() {
    let tools = tools(&[("kubectl one", no()), ("kubectl two", json!({}))]);
    let project = project(&format!("{}{CHECKS}", run("helm go", "")), &tools);
    project.run(&["check", "two"]).exits(0);
    project.run(&["check", "one", "two"]).exits(1).says(&["The first holds", "refloat first", "The second holds"]);
    assert_eq!(lines(&tools), ["kubectl two", "kubectl one", "kubectl two"]);
}

const SAY: &str = r#"
[tasks.say]
summary = "Say it"
params  = [{ name = "what", match = '[a-z]+' }, { name = "how", default = "softly" }]
[[tasks.say.steps]]
run = ["helm", "say", "${what}", "${how}"]
"#;

#[test]
fn a_called_task_gets_its_values_and_its_failure_stops_the_caller() {
    let calls = "[[tasks.t.steps]]\ntask = \"say\"\nwith = { what = \"hello\" }\n\
                 [[tasks.t.steps]]\ntask = \"say\"\nwith = { what = \"bye\", how = \"loud; rm -rf /\" }\n";
    let tools = tools(&[]);
    let project = project(&format!("{calls}{SAY}"), &tools);
    project.run(&["t"]).exits(0);
    assert_eq!(tools.calls(), [["helm", "say", "hello", "softly"], ["helm", "say", "bye", "loud; rm -rf /"]]);
    assert_eq!(project.finished("2.1")["status"], "ok");

    let tools = Tools::new().rule(json!({ "argv": ["helm", "**"], "exit": 1, "stderr": "cannot speak\n" }));
    let project = super::steps::project(&format!("{calls}{SAY}"), &tools);
    project.run(&["t"]).exits(1).says(&["cannot speak"]);
    assert_eq!(tools.calls().len(), 1);
}

#[test]
fn a_limit_that_passes_in_a_called_task_is_the_run_s_code_unless_it_may() {
    let late =
        "\n[tasks.late]\nsummary = \"Late\"\n[[tasks.late.steps]]\nrun = [\"kubectl\", \"hang\"]\ntimeout = \"1s\"\n";
    for (keys, code, calls) in [("", 124, 1), ("allow_failure = true", 0, 2)] {
        let tools = tools(&[("kubectl hang", json!({ "hang_ms": 600_000 }))]);
        let steps = format!("[[tasks.t.steps]]\ntask = \"late\"\n{keys}\n{}{late}", run("helm next", ""));
        project(&steps, &tools).run(&["t"]).exits(code);
        assert_eq!(tools.calls().len(), calls, "{keys}");
    }
}

/// Five calls that each take a while; how many ran at the same time, by the order of the log:
/// a call is logged when it begins, and its child when it ends.
fn most_at_once(parallel: usize) -> (usize, usize) {
    let steps: String = (1..=5).map(|number| run(&format!("helm go {number}"), "")).collect();
    let tools = Tools::new().rule(json!({ "argv": ["helm", "**"], "stdout": "x\n", "hang_ms": 300 }));
    let project = project(&format!("parallel = {parallel}\n{steps}"), &tools);
    project.run(&["t"]).exits(0);
    let (mut now, mut most) = (0, 0);
    for event in project.journal() {
        match event["type"].as_str().unwrap() {
            "step-started" => now += 1,
            "step-finished" => now -= 1,
            _ => {}
        }
        most = most.max(now);
    }
    (most, tools.calls().len())
}

#[test]
fn as_many_steps_run_at_a_time_as_the_task_allows() {
    assert_eq!(most_at_once(1), (1, 5));
    let (most, calls) = most_at_once(3);
    assert!((2..=3).contains(&most), "{most} at the same time");
    assert_eq!(calls, 5);
}

#[test]
fn a_step_waits_for_the_list_that_it_needs_and_lists_are_bounded_too() {
    let names: String = (1..=6).map(|number| format!("app-{number}\n")).collect();
    let tools = tools(&[("kubectl get pods", json!({ "stdout": names, "delay_ms": 200 }))]);
    let steps = [
        run("kubectl get pods", "each = { as = \"pod\", match = '^(?P<pod>app-\\S+)' }"),
        run("helm ask ${pod}", "for = \"pod\""),
        run("helm free", ""),
    ];
    let project = project(&format!("parallel = 2\n{}", steps.concat()), &tools);
    project.run(&["t"]).exits(0);
    let calls = lines(&tools);
    assert_eq!(calls.len(), 8);
    let place = |call: &str| calls.iter().position(|line| line == call).unwrap();
    for number in 1..=6 {
        assert!(place("kubectl get pods") < place(&format!("helm ask app-{number}")));
    }
}

#[test]
fn side_by_side_a_failure_starts_nothing_new_and_lets_the_others_end() {
    let tools =
        tools(&[("kubectl fails", no()), ("kubectl slow", json!({ "stdout": "slow is done\n", "hang_ms": 2000 }))]);
    let steps = [
        run("kubectl slow", "save = \"slow.txt\""),
        run("kubectl fails", ""),
        run("helm three", ""),
        run("helm four", ""),
    ];
    let project = project(&format!("parallel = 2\n{}{}", steps.concat(), finally("helm tidy")), &tools);
    project.run(&["t"]).exits(1);
    assert_eq!(project.evidence()["slow.txt"], "slow is done\n");
    let calls = lines(&tools);
    assert_eq!(calls.last().unwrap(), "helm tidy");
    assert!(!calls.contains(&"helm four".to_owned()), "{calls:?}");
}
