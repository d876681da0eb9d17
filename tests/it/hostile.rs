//! Values that would be dangerous in a shell: refused, or one literal argument.

use super::stub::Tools;
use super::support::Project;
use serde_json::json;

const TASKS: &str = r#"
version = 1
[app]
name = "app"
[vars]
release   = { value = "app", match = '[a-z0-9]([-a-z0-9.]{0,51}[a-z0-9])?' }
namespace = { value = "default", match = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?' }
note      = "none"
[tools.helm]
args = ["--namespace", "${namespace}"]
[tasks.say]
summary = "Say something"
params  = [{ name = "what", help = "anything" }]
[[tasks.say.steps]]
run = ["helm", "status", "${release}", "${what}", "--note=${note}"]
[tasks.digits]
summary = "Take a number"
params  = [{ name = "revision", match = '\d+', default = "", help = "a number" }]
[[tasks.digits.steps]]
run = ["helm", "rollback", "${release}", "${revision?}"]
"#;

fn project() -> (Tools, Project) {
    let tools = Tools::new().rule(json!({ "argv": ["helm", "**"], "stdout": "fine\n" }));
    let project = Project::new(TASKS).with_tools(&tools);
    (tools, project)
}

/// What no shell ever sees stays as it is.
#[test]
fn shell_text_arrives_as_one_literal_argument() {
    for value in [
        "; rm -rf /",
        "$(touch x)",
        "`id`",
        "a b\t c",
        "%PATH%",
        "\"quoted\" 'text'",
        "日本語 ✓",
        "&& exit 1 | cat > y",
    ] {
        let (tools, project) = project();
        // A tab is a control character: the only one of these that is refused.
        let expected = if value.contains('\t') { 2 } else { 0 };
        project.run(&["say", value]).exits(expected);
        if expected == 0 {
            let argv = ["helm", "--namespace", "default", "status", "app", value, "--note=none"];
            assert_eq!(tools.calls(), [argv], "{value:?}");
        } else {
            assert!(tools.calls().is_empty());
        }
    }
}

#[test]
fn a_variable_stays_inside_its_argument() {
    let (tools, project) = project();
    project.run(&["say", "x", "--set", "note=--kubeconfig evil; $(x)"]).exits(2);
    assert!(tools.calls().is_empty());
    project.run(&["say", "x", "--set", "note=a --kubeconfig=evil; $(x)"]).exits(0);
    assert_eq!(tools.calls()[0][6], "--note=a --kubeconfig=evil; $(x)");
}

#[test]
fn release_and_namespace_are_held_to_their_rule_before_any_call() {
    let long = "a".repeat(10_240);
    for value in ["; rm -rf /", "$(x)", "--kubeconfig=evil", "a\nb", "", "UPPER", " app", "app ", &long] {
        for name in ["release", "namespace"] {
            let (tools, project) = project();
            let answer = project.run(&["say", "x", "--set", &format!("{name}={value}")]).exits(2);
            assert!(answer.err.contains(name) && answer.err.contains("--set"), "{value:?}: {}", answer.err);
            assert!(!answer.err.contains(&"a".repeat(500)), "an endless value is not repeated");
            assert!(tools.calls().is_empty(), "{name}={value:?} reached a tool");
        }
    }
}

#[test]
fn the_environment_is_held_to_the_same_rule() {
    let (tools, project) = project();
    let project = project.env("REFLOAT_VAR_RELEASE", "--kubeconfig=evil");
    project.run(&["say", "x"]).exits(2).says(&["release", "REFLOAT_VAR_RELEASE"]);
    assert!(tools.calls().is_empty());
}

#[test]
fn parameters_are_held_to_their_rule_before_any_call() {
    let long = "9".repeat(10_240);
    for (task, value) in [
        ("digits", "1; rm -rf /"),
        ("digits", "--kubeconfig=evil"),
        ("digits", "1\n2"),
        ("digits", "one"),
        ("say", "--kubeconfig=evil"),
        ("say", "a\nb"),
        ("say", "\u{1b}[2J"),
        ("say", &long),
    ] {
        let (tools, project) = project();
        let answer = project.run(&[task, "--", value]).exits(2);
        assert!(!answer.err.contains('\u{1b}'), "no escape reaches the terminal");
        assert!(tools.calls().is_empty(), "{task} {value:?} reached a tool");
    }
}

#[test]
fn an_empty_optional_argument_goes_away() {
    let (tools, project) = project();
    project.run(&["digits"]).exits(0);
    project.run(&["digits", "3"]).exits(0);
    project.run(&["digits", "revision=4"]).exits(0);
    let calls = tools.calls();
    let base = ["helm", "--namespace", "default", "rollback", "app"];
    assert_eq!(calls[0], base);
    assert_eq!(calls[1], [&base[..], &["3"]].concat());
    assert_eq!(calls[2], [&base[..], &["4"]].concat());
}

/// A name that a tool printed is foreign text too.
#[test]
fn what_a_tool_printed_cannot_become_an_option() {
    let tasks = format!(
        "{TASKS}\n{}",
        r#"
[tasks.each]
summary = "For every pod"
[[tasks.each.steps]]
run  = ["helm", "list"]
each = { as = "pod", match = '^(?P<pod>\S.*)$' }
[[tasks.each.steps]]
for = "pod"
run = ["helm", "status", "${pod}"]
"#
    );
    let tools = Tools::new()
        .rule(json!({ "argv": ["helm", "--namespace", "default", "list"], "stdout": "good one; rm -rf /\n--kubeconfig=evil\n" }))
        .rule(json!({ "argv": ["helm", "**"], "stdout": "fine\n" }));
    let project = Project::new(&tasks).with_tools(&tools);
    project.run(&["each"]).exits(1).says(&["--kubeconfig=evil"]);
    let calls = tools.calls();
    assert!(
        calls.contains(&["helm", "--namespace", "default", "status", "good one; rm -rf /"].map(str::to_owned).to_vec())
    );
    assert!(!calls.iter().any(|call| call.contains(&"--kubeconfig=evil".to_owned())), "{calls:?}");
}
