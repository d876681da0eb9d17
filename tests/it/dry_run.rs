//! `--dry-run`: everything that would run, to the last argument, and nothing runs.
//!
//! `tests/plans/NAME.txt` is the exact text. After a wanted change of the runbook or the words:
//! `UPDATE_EXPECTED=1 cargo test --test it dry_run`, then read the difference.

use super::stub::Tools;
use super::support::{Project, root};
use serde_json::{Value, json};
use std::fs;

/// This repository's project with tools on its PATH that must not be called.
fn taskflow() -> (Tools, Project) {
    let tools = Tools::new().tool("helm").tool("kubectl").tool("minikube").tool("docker");
    let project = Project::taskflow().with_tools(&tools);
    (tools, project)
}

fn is_as_written(name: &str, args: &[&str]) -> String {
    let (tools, project) = taskflow();
    let answer = project.run(args).exits(0);
    assert_eq!(answer.err, "");
    assert!(tools.calls().is_empty(), "something ran: {:?}", tools.calls());
    assert!(project.runs().is_empty(), "a dry run leaves nothing");
    // Without any tool the answer is the same: nothing is looked up.
    let bare = Project::taskflow().env("PATH", "");
    assert_eq!(bare.run(args).exits(0).out, answer.out);

    let place = root().join("tests").join("plans").join(name);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&place, &answer.out).unwrap();
    }
    let expected = fs::read_to_string(&place).unwrap().replace("\r\n", "\n");
    assert_eq!(answer.out, expected, "{} differs", place.display());
    answer.out
}

#[test]
fn a_reset_is_shown_whole() {
    let text = is_as_written("reset.txt", &["reset", "--dry-run"]);
    for part in [
        "type `minikube` (reset)",
        "minikube --profile minikube delete",
        "kubectl --context minikube --namespace default --request-timeout=22s logs deployment/taskflow-backend --previous",
        "helm --kube-context minikube --namespace default install taskflow",
        "skip unless: Helm knows the release taskflow",
        "verify",
    ] {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn a_rollback_is_shown_whole() {
    let text = is_as_written("rollback.txt", &["rollback", "3", "--dry-run"]);
    assert!(text.contains("rollback taskflow 3 --wait"));
}

#[test]
fn no_line_of_it_depends_on_who_reads_it() {
    let (_tools, project) = taskflow();
    let plain = project.run(&["rollback", "3", "--dry-run"]).out;
    assert!(!plain.contains('\u{1b}'));
    let coloured = project.run(&["rollback", "3", "--dry-run", "--color", "always"]).exits(0).out;
    assert!(coloured.contains('\u{1b}'));
    assert_eq!(without_escapes(&coloured), plain);
}

fn without_escapes(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |all, part| all + part.split_once('m').unwrap().1)
}

/// Every argv in a plan.
fn argvs(plan: &Value, into: &mut Vec<Vec<String>>) {
    match plan {
        Value::Object(map) => {
            if let Some(argv) = map.get("argv") {
                into.push(serde_json::from_value(argv.clone()).unwrap());
            }
            map.values().for_each(|value| argvs(value, into));
        }
        Value::Array(list) => list.iter().for_each(|value| argvs(value, into)),
        _ => {}
    }
}

#[test]
fn the_plan_as_data_holds_the_same_calls() {
    for (name, args) in [("reset.txt", &["reset"][..]), ("rollback.txt", &["rollback", "3"])] {
        let (tools, project) = taskflow();
        let answer = project.run(&[args, &["--dry-run", "--format", "json"]].concat()).exits(0);
        let plan: Value = serde_json::from_str(&answer.out).unwrap();
        assert_eq!((&plan["schema"], &plan["task"]), (&json!(1), &json!(args[0])));
        let text = fs::read_to_string(root().join("tests").join("plans").join(name)).unwrap();
        let mut calls = Vec::new();
        argvs(&plan, &mut calls);
        assert!(calls.len() > 15);
        for argv in &calls {
            // On the page an argument is in quotes that a shell would need.
            let shown = argv.join(" ");
            let bare = |text: &str| text.replace(['\'', '\\', '"'], "");
            assert!(bare(&text).contains(&bare(&shown)), "{shown} is not in {name}");
        }
        let pinned = [
            "helm --kube-context",
            "kubectl --context",
            "minikube --profile",
            "docker i",
            "git --no",
            "curl --disable",
            "browser --headless",
        ];
        let shown = text.lines().filter(|line| pinned.iter().any(|call| line.contains(call))).count();
        assert_eq!(calls.len(), shown, "{name}");
        assert!(tools.calls().is_empty());
    }
}

#[test]
fn what_must_be_agreed_to_is_data() {
    let (_tools, project) = taskflow();
    let answer = project.run(&["reset", "--dry-run", "--format", "json", "--set", "profile=other"]).exits(0);
    let plan: Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(plan["confirmations"][0]["type"], "other");
    assert_eq!(plan["confirmations"][0]["preview"], "losses");
    assert_eq!(plan["danger"], "destroy");
    assert_eq!(plan["steps"][4]["argv"], json!(["minikube", "--profile", "other", "delete", "--output=json"]));
    assert_eq!(plan["steps"][4]["pinned"], json!([1, 2]));
}

#[test]
fn a_secret_variable_stays_its_name() {
    let tasks = "version = 1\n[app]\nname = \"app\"\n[vars]\npassword = { secret = true }\n[tools.helm]\n\
        [tasks.login]\nsummary = \"Log in\"\nparams = [{ name = \"who\", default = \"me\" }]\n\
        [[tasks.login.steps]]\nrun = [\"helm\", \"login\", \"--password=${password}\", \"${who}\"]\n\
        env = { PASSWORD = \"${password}\" }\n";
    let tools = Tools::new().rule(json!({ "argv": ["helm", "**"], "stdout": "hello Sw0rdfish-of-the-deep\n" }));
    let project = Project::new(tasks).with_tools(&tools).env("REFLOAT_VAR_PASSWORD", "Sw0rdfish-of-the-deep");
    for args in [
        &["login", "--dry-run"][..],
        &["login", "--dry-run", "--format", "json"],
        // Even where somebody gives it as an argument.
        &["login", "Sw0rdfish-of-the-deep", "--dry-run"],
        &["login", "Sw0rdfish-of-the-deep", "--dry-run", "--format", "json"],
        &["show", "login"],
        &["doctor"],
        &["-v", "login"],
    ] {
        let answer = project.run(args).exits(0);
        assert!(!(answer.out + &answer.err).contains("Sw0rdfish"), "{args:?}");
    }
    assert_eq!(tools.calls()[0], ["helm", "login", "--password=Sw0rdfish-of-the-deep", "me"], "the tool gets it");
}

#[test]
fn a_wrong_argument_is_told_by_a_dry_run_too() {
    let (_tools, project) = taskflow();
    project.run(&["rollback", "three", "--dry-run"]).exits(2).says(&["cannot be the revision of"]);
}
