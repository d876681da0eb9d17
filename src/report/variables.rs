//! Variables: which a task uses, what they hold, where that came from. Secret values never.

use super::layout::{self, Piece};
use super::quoting::Mask;
use super::show::steps_of;
use super::style::Look;
use crate::model::catalog::{Catalog, Var};
use crate::model::step::{Action, CheckRef, Confirm, DoneIf, Question, Step, Task};
use crate::model::template::Template;
use owo_colors::Style;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What stands for a secret value.
const HIDDEN: &str = "(secret)";

/// All of them, for people.
pub fn text(catalog: &Catalog, look: &Look) -> String {
    let mut out = String::new();
    let names: Vec<&str> = catalog.vars.keys().map(String::as_str).collect();
    if names.is_empty() {
        out.push_str("no variables\n");
    }
    table(&mut out, catalog, &names, look);
    out
}

/// All of them, as data.
pub fn json(catalog: &Catalog) -> Value {
    let names: Vec<&str> = catalog.vars.keys().map(String::as_str).collect();
    json!({ "schema": 1, "variables": json_of(catalog, &names) })
}

/// These, as rows.
pub fn table(out: &mut String, catalog: &Catalog, names: &[&str], look: &Look) {
    let secrets = secrets(catalog);
    let rows: Vec<Vec<Piece>> = names
        .iter()
        .filter_map(|name| Some((name, catalog.vars.get(*name)?)))
        .map(|(name, var)| {
            vec![
                Piece::whole(look.styles.command, name),
                Piece::whole(Style::new(), &value(name, var, &secrets)),
                Piece::whole(look.styles.dim, &origin(name, var)),
                Piece::prose(look.styles.dim, &var.help),
            ]
        })
        .collect();
    layout::table(out, look, 2, &rows);
}

/// These, as data; `value` is null for a secret.
pub fn json_of(catalog: &Catalog, names: &[&str]) -> Value {
    let secrets = secrets(catalog);
    let all: Map<String, Value> = names
        .iter()
        .filter_map(|name| Some((name, catalog.vars.get(*name)?)))
        .map(|(name, var)| {
            let shown = (!var.secret).then(|| Mask::new(&secrets).hide(&var.value));
            let about = json!({
                "value": shown,
                "origin": var.origin,
                "secret": var.secret,
                "set": var.lacks.is_none(),
                "help": var.help,
            });
            ((*name).to_owned(), about)
        })
        .collect();
    Value::Object(all)
}

/// What has no value came from nowhere.
fn origin(name: &str, var: &Var) -> String {
    if var.lacks.as_deref() == Some(name) { String::new() } else { var.origin.to_string() }
}

fn value(name: &str, var: &Var, secrets: &[String]) -> String {
    match var.value.as_str() {
        _ if var.lacks.as_deref() == Some(name) => "not set".to_owned(),
        _ if var.lacks.is_some() => format!("{HIDDEN}, not whole"),
        _ if var.secret => HIDDEN.to_owned(),
        "" => "(empty)".to_owned(),
        value => Mask::new(secrets).hide(value),
    }
}

/// A variable that is no secret may have one inside of its value.
fn secrets(catalog: &Catalog) -> Vec<String> {
    catalog.vars.values().filter(|var| var.secret).map(|var| var.value.clone()).collect()
}

/// The declared variables that a run of `task` may read, by name.
pub fn used<'a>(catalog: &'a Catalog, task: &Task) -> Vec<&'a str> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut take = |text: &Template| names.extend(text.names().into_iter().map(str::to_owned));
    if let Some(Confirm::Type(name)) = &task.confirm {
        take(name);
    }
    walk(catalog, task, &mut |step| {
        templates(step, &mut take);
        if let Action::Run(argv) = &step.action
            && let Some(tool) = argv.first().and_then(Template::as_literal).and_then(|name| catalog.tools.get(&name))
        {
            tool.args.iter().for_each(&mut take);
        }
    });
    for check in checks(catalog, task) {
        take(&check.title);
        check.fix.iter().chain(&check.holds).for_each(&mut take);
        if let Question::Secrets { values, contains, .. } = &check.question {
            values.iter().for_each(|value| {
                take(&value.secret);
                take(&value.key);
            });
            contains.iter().for_each(&mut take);
            if let Some(tool) = catalog.tools.get("kubectl") {
                tool.args.iter().for_each(&mut take);
            }
        }
    }
    catalog.vars.keys().map(String::as_str).filter(|name| names.contains(*name)).collect()
}

fn templates(step: &Step, take: &mut impl FnMut(&Template)) {
    let plain = [&step.name, &step.cwd, &step.save];
    plain.into_iter().flatten().for_each(&mut *take);
    step.env.values().for_each(&mut *take);
    match &step.action {
        Action::Run(argv) => argv.iter().for_each(take),
        Action::Task { with, .. } => with.values().for_each(take),
        Action::Ask(question) => take(question),
        Action::Check(_) | Action::Diagnose | Action::Operations { .. } | Action::Parity { .. } | Action::Rounds(_) => {
        }
    }
}

/// Every step that a run of `task` may take: its own, those of the tasks it calls, and those by
/// which checks are asked. Each task and each check once.
pub fn walk(catalog: &Catalog, task: &Task, see: &mut dyn FnMut(&Step)) {
    for task in tasks(catalog, task) {
        for step in task.steps.iter().chain(&task.finally) {
            see(step);
            if let Some(watch) = &step.watch {
                see(&Step::of(Action::Run(watch.argv.clone())));
            }
            for argv in step.fail_fast.iter().flat_map(|fail_fast| &fail_fast.ask) {
                see(&Step::of(Action::Run(argv.clone())));
            }
        }
    }
    checks(catalog, task).into_iter().flat_map(steps_of).for_each(|step| see(&step));
}

/// `task` and every task under it, each once.
fn tasks<'a>(catalog: &'a Catalog, task: &'a Task) -> Vec<&'a Task> {
    let mut all = vec![task];
    let mut next = 0;
    while let Some(task) = all.get(next).copied() {
        for step in task.steps.iter().chain(&task.finally) {
            if let Action::Task { name, .. } = &step.action
                && let Some(called) = catalog.task(name)
                && !all.iter().any(|known| known.name == called.name)
            {
                all.push(called);
            }
        }
        next += 1;
    }
    all
}

/// Every check that a run of `task` may ask, each once.
fn checks<'a>(catalog: &'a Catalog, task: &'a Task) -> Vec<&'a crate::model::step::Check> {
    let mut names: Vec<&CheckRef> = Vec::new();
    for task in tasks(catalog, task) {
        names.extend(task.require.iter().chain(&task.guard).chain(&task.verify));
        for step in task.steps.iter().chain(&task.finally) {
            asked(step, &mut names);
        }
    }
    let mut all: Vec<&crate::model::step::Check> = Vec::new();
    while let Some(name) = names.pop() {
        let Some(check) = catalog.checks.get(&name.name) else { continue };
        if all.iter().any(|known| known.name == check.name) {
            continue;
        }
        all.push(check);
        match &check.question {
            Question::Run(step) => asked(step, &mut names),
            Question::Checks { of, .. } => names.extend(of),
            _ => {}
        }
    }
    all
}

fn asked<'a>(step: &'a Step, names: &mut Vec<&'a CheckRef>) {
    names.extend(&step.skip_if);
    if let Some(DoneIf::Check(check)) = &step.done_if {
        names.push(check);
    }
    if let Action::Check(check) = &step.action {
        names.push(check);
    }
}
