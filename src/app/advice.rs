//! Fixes, fitted to where they are read: a command names the cluster that the task file pins, and
//! no task is recommended that is not there.

use crate::model::catalog::Catalog;

/// What the built-in fixes call the runbook's tasks, and what stands for them where there is none.
const TASKS: [(&str, &str); 6] = [
    ("refloat redeploy", "deploy again"),
    ("refloat rebuild", "build the images again"),
    ("refloat rollback", "roll the release back"),
    ("refloat uninstall", "uninstall the release"),
    ("refloat evidence", "save the evidence"),
    ("refloat reset", "delete the cluster and create it anew"),
];
/// Commands of ours that need no task file of their own kind.
const BUILT_IN: [&str; 4] = ["refloat diagnose", "refloat doctor", "refloat explain", "refloat history"];

/// The fix as it can be followed here; `None` when it says nothing here.
pub(super) fn fit(fix: &str, catalog: Option<&Catalog>) -> Option<String> {
    let fix = without_missing_tasks(fix, catalog)?;
    // A command may stand behind words: "For an image built here: minikube image load web:1".
    let pin = |catalog: &Catalog| fix.split(": ").map(|part| pinned(part, catalog)).collect::<Vec<_>>().join(": ");
    Some(catalog.map_or(fix.clone(), pin))
}

fn without_missing_tasks(fix: &str, catalog: Option<&Catalog>) -> Option<String> {
    let is_there = |command: &str| {
        let name = command.trim_start_matches("refloat ");
        catalog.is_some_and(|catalog| catalog.task(name).is_some())
    };
    let mut fitted = fix.to_owned();
    for (command, words) in TASKS.iter().filter(|(command, _)| fix.contains(command) && !is_there(command)) {
        if fix.starts_with("refloat ") {
            // The whole fix is that command: said in words it still is the next thing to do.
            return Some(sentence(words));
        }
        fitted = fitted.replace(command, words);
    }
    let Some(at) = fitted.find("refloat ") else { return Some(fitted) };
    let rest: String = fitted[at..].split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let word = rest.trim_start_matches("refloat ");
    let is_known = BUILT_IN.contains(&rest.as_str()) || word == "\u{2026}" || word == "check" || is_there(&rest);
    // `refloat check NAME` needs the check; anything else of ours that is not there is left out.
    let check = fitted[at..].split_whitespace().nth(2).unwrap_or_default();
    let has_check = catalog.is_some_and(|catalog| catalog.checks.contains_key(check));
    (is_known && (word != "check" || has_check)).then_some(fitted)
}

fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// `kubectl get pods` becomes `kubectl --context minikube get pods`: what a person types goes where
/// the tasks go, whatever another terminal made the current context.
fn pinned(fix: &str, catalog: &Catalog) -> String {
    let Some((program, rest)) = fix.split_once(' ') else { return fix.to_owned() };
    let Some(tool) = catalog.tools.get(program) else { return fix.to_owned() };
    // Prose that begins with a tool's name is none of its commands.
    if !rest.starts_with(|c: char| c.is_ascii_lowercase()) {
        return fix.to_owned();
    }
    let pins: Vec<String> = tool.args.iter().map(|argument| catalog.say(&argument.to_string())).collect();
    let said: Vec<&str> = rest.split_whitespace().collect();
    let mut line = program.to_owned();
    let mut index = 0;
    while let Some(pin) = pins.get(index) {
        let value =
            pins.get(index + 1).filter(|next| pin.starts_with('-') && !pin.contains('=') && !next.starts_with('-'));
        let flag = pin.split('=').next().unwrap_or(pin);
        if !is_said(flag, &said) {
            for word in std::iter::once(pin).chain(value) {
                line.push(' ');
                line.push_str(word);
            }
        }
        index += 1 + usize::from(value.is_some());
    }
    format!("{line} {rest}")
}

/// Does the command choose this itself?
fn is_said(flag: &str, said: &[&str]) -> bool {
    let same = match flag {
        "--namespace" | "-n" => &["--namespace", "-n", "-A", "--all-namespaces"][..],
        "--context" | "--kube-context" => &["--context", "--kube-context", "config"],
        "--profile" | "-p" => &["--profile", "-p"],
        other => &[other][..],
    };
    said.iter().any(|word| same.contains(&word.split('=').next().unwrap_or(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::catalog::Tool;
    use crate::model::step::{Danger, Task};
    use crate::model::template::Template;
    use std::collections::BTreeMap;

    fn catalog(tasks: &[&str]) -> Catalog {
        let task = |name: &&str| Task {
            name: (*name).to_owned(),
            summary: String::new(),
            group: String::new(),
            danger: Danger::Read,
            confirm: None,
            preview: None,
            params: Vec::new(),
            require: Vec::new(),
            guard: Vec::new(),
            verify: Vec::new(),
            parallel: 1,
            incident: false,
            on_failure: None,
            steps: Vec::new(),
            finally: Vec::new(),
            line: 0,
        };
        let args = ["--context", "minikube", "--namespace=shop"].map(|text| Template::parse(text).unwrap()).to_vec();
        let tool = Tool {
            name: "kubectl".to_owned(),
            program: "kubectl".to_owned(),
            others: Vec::new(),
            args,
            version: None,
            install: String::new(),
        };
        Catalog {
            tasks: tasks.iter().map(task).collect(),
            tools: BTreeMap::from([("kubectl".to_owned(), tool)]),
            ..Catalog::default()
        }
    }

    #[test]
    fn a_command_goes_where_the_tasks_go() {
        let catalog = catalog(&[]);
        let fit = |fix: &str| fit(fix, Some(&catalog)).unwrap();
        assert_eq!(fit("kubectl get pods"), "kubectl --context minikube --namespace=shop get pods");
        assert_eq!(fit("kubectl get pods -A"), "kubectl --context minikube get pods -A");
        assert_eq!(fit("kubectl config get-contexts"), "kubectl --namespace=shop config get-contexts");
        assert_eq!(
            fit("Or, for good: kubectl delete pod web"),
            "Or, for good: kubectl --context minikube --namespace=shop delete pod web"
        );
        assert_eq!(fit("helm list"), "helm list", "not a tool of this file");
        assert_eq!(fit("kubectl: is it there?"), "kubectl: is it there?");
        assert_eq!(super::fit("kubectl get pods", None).unwrap(), "kubectl get pods");
    }

    #[test]
    fn no_task_is_recommended_that_is_not_there() {
        let with = catalog(&["redeploy"]);
        assert_eq!(fit("refloat redeploy", Some(&with)).as_deref(), Some("refloat redeploy"));
        assert_eq!(fit("refloat redeploy", None).as_deref(), Some("Deploy again"));
        assert_eq!(fit("Correct it, then: refloat redeploy", None).as_deref(), Some("Correct it, then: deploy again"));
        assert_eq!(fit("refloat logs-previous backend", Some(&with)), None);
        assert_eq!(fit("refloat check jwt-secrets-equal", Some(&with)), None);
        assert_eq!(fit("refloat diagnose", None).as_deref(), Some("refloat diagnose"));
        assert_eq!(fit("minikube start", None).as_deref(), Some("minikube start"));
    }
}
