//! Checks asked by themselves: `refloat check`, and the command that confirms a finding.

use super::build::{Scope, of_task};
use super::types::{Ask, Gate, Plan, PlannedStep, WantedBy, Work};
use crate::error::{Code, Failure};
use crate::model::catalog::Catalog;
use crate::model::step::{Action, Check, CheckRef, Danger, DoneIf, Question, Step, Task};
use crate::model::template::Template;
use crate::text;
use std::collections::BTreeSet;
use std::time::Duration;

/// The named checks as one plan; all that can be asked alone when none is named.
///
/// # Errors
/// [`Code::Usage`]: no such check, or one that needs what only a task finds out.
pub fn build_check(catalog: &Catalog, names: &[String]) -> Result<Plan, Failure> {
    let known = || catalog.checks.keys().map(String::as_str);
    if let Some(name) = names.iter().find(|name| !catalog.checks.contains_key(*name)) {
        let failure = Failure::new(Code::Usage, format!("there is no check `{name}`"));
        return Err(match text::suggest(name, known()) {
            Some(near) => failure.hint(format!("did you mean `{near}`?  refloat check {near}")),
            None => failure.hint(format!("the checks are: {}", known().collect::<Vec<_>>().join(", "))),
        });
    }
    if let Some((name, open)) = names.iter().map(|name| (name, open(catalog, name))).find(|(_, open)| !open.is_empty())
    {
        let open: Vec<String> = open.into_iter().collect();
        let failure = Failure::new(
            Code::Usage,
            format!("the check `{name}` cannot be asked alone: it needs {}", open.join(", ")),
        );
        return Err(match asking_task(catalog, name) {
            Some(task) => failure.hint(format!("refloat {task}   (finds it out and asks)")),
            None => failure,
        });
    }
    let all: Vec<String> = known()
        .filter(|name| open(catalog, name).is_empty() && !is_only_a_gate(catalog, name) && !is_part(catalog, name))
        .map(str::to_owned)
        .collect();
    let names = if names.is_empty() { all.as_slice() } else { names };
    plan(catalog, names)
}

/// These checks as one plan that only looks and takes no longer than `limit` for a call that has no
/// limit of its own: what a diagnosis asks about its findings.
///
/// # Errors
/// In words: what a check needs that only a task finds out, or that lacks a value.
pub fn build_confirming(catalog: &Catalog, names: &[String], limit: Duration) -> Result<Plan, String> {
    for name in names {
        let open: Vec<String> = open(catalog, name).into_iter().collect();
        if !open.is_empty() {
            return Err(format!("it needs {}, which only a task finds out", open.join(", ")));
        }
    }
    let mut bounded = catalog.clone();
    bounded.checks.values_mut().for_each(|check| bound(check, limit));
    let mut plan = plan(&bounded, names).map_err(|failure| failure.message)?;
    "confirm".clone_into(&mut plan.root.task);
    plan.root.summary = format!("Confirm with {}", text::count(names.len(), "check"));
    Ok(plan)
}

/// Gives a limit to every call of a check that has none.
fn bound(check: &mut Check, limit: Duration) {
    let own = match &mut check.question {
        Question::Run(step) => Some(step.as_mut()),
        _ => None,
    };
    for step in check.before.iter_mut().chain(own) {
        step.timeout.get_or_insert(limit);
    }
}

/// Does the file use the check to decide what may run, and for nothing else? Then a no is no fault:
/// a first install has no revision to go back to.
fn is_only_a_gate(catalog: &Catalog, name: &str) -> bool {
    let is_it = |check: &CheckRef| check.name == name;
    let tasks = || catalog.tasks.iter();
    let own = || {
        catalog.checks.values().filter_map(|check| match &check.question {
            Question::Run(step) => Some(step.as_ref()),
            _ => None,
        })
    };
    let steps = || tasks().flat_map(|task| task.steps.iter().chain(&task.finally)).chain(own());
    let decides = |step: &Step| {
        step.skip_if.as_ref().is_some_and(is_it) || matches!(&step.done_if, Some(DoneIf::Check(check)) if is_it(check))
    };
    // Asked only whether its opposite holds: there a yes is the fault.
    let proves = |step: &Step| matches!(&step.action, Action::Check(check) if is_it(check) && !check.negated);
    let refutes = |step: &Step| matches!(&step.action, Action::Check(check) if is_it(check) && check.negated);
    let is_gate = tasks().any(|task| task.require.iter().chain(&task.guard).any(is_it))
        || steps().any(decides)
        || steps().any(refutes);
    let is_proof = tasks().any(|task| task.verify.iter().any(is_it)) || steps().any(proves);
    let confirms = catalog.symptoms.iter().any(|symptom| symptom.confirm.iter().any(|check| check == name));
    is_gate && !is_proof && !confirms
}

/// Does another check ask it? Then it is not asked a second time by itself.
fn is_part(catalog: &Catalog, name: &str) -> bool {
    catalog.checks.values().any(|check| match &check.question {
        Question::Checks { of, .. } => of.iter().any(|part| part.name == name),
        _ => false,
    })
}

/// The command that asks this check: alone where it can be, else with the task that asks it.
pub fn command(catalog: &Catalog, name: &str) -> Option<String> {
    catalog.checks.get(name)?;
    if open(catalog, name).is_empty() {
        return Some(format!("refloat check {name}"));
    }
    asking_task(catalog, name).map(|task| format!("refloat {task}"))
}

fn asking_task<'a>(catalog: &'a Catalog, name: &str) -> Option<&'a str> {
    let asks = |step: &Step| matches!(&step.action, Action::Check(check) if check.name == name);
    let in_task = |task: &&Task| {
        task.params.iter().all(|param| param.default.is_some())
            && (task.steps.iter().any(asks) || task.verify.iter().any(|check| check.name == name))
    };
    catalog.tasks.iter().find(in_task).map(|task| task.name.as_str())
}

/// The names that the check needs and the file alone does not give.
fn open(catalog: &Catalog, name: &str) -> BTreeSet<String> {
    let Ok(plan) = plan(catalog, &[name.to_owned()]) else { return BTreeSet::new() };
    let names: BTreeSet<String> = plan.root.verify.iter().flat_map(open_names).collect();
    names.into_iter().filter(|name| !catalog.vars.contains_key(name)).collect()
}

/// The names in a planned check that neither the plan nor the check itself gives a value.
pub(super) fn open_names(gate: &Gate) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut own: BTreeSet<&str> = BTreeSet::new();
    let mut add = |text: &Template, own: &BTreeSet<&str>| {
        found.extend(text.names().into_iter().filter(|name| !own.contains(name)).map(str::to_owned));
    };
    for step in &gate.before {
        calls_of(step).for_each(|text| add(text, &own));
        own.extend(step.spec.expect.iter().flat_map(|pattern| pattern.groups()));
    }
    add(&gate.title, &own);
    gate.holds.iter().for_each(|text| add(text, &own));
    match &gate.ask {
        Ask::Run(step) => calls_of(step).for_each(|text| add(text, &own)),
        Ask::Secrets { reads, contains, .. } => {
            reads.iter().flat_map(|read| &read.call.argv).chain(contains).for_each(|text| add(text, &own));
        }
        Ask::Room { node, wanted } => {
            node.argv.iter().for_each(|text| add(text, &own));
            own.insert("pod");
            wanted.calls().into_iter().flat_map(|(_, call)| &call.argv).for_each(|text| add(text, &own));
            if let WantedBy::Chart { own: Some(pods), .. } = wanted {
                add(pods, &own);
            }
        }
        Ask::Incident => {}
        Ask::Checks { of, .. } => {
            let parts: BTreeSet<String> = of.iter().flat_map(open_names).collect();
            found.extend(parts.into_iter().filter(|name| !own.contains(name.as_str())));
        }
    }
    found
}

fn calls_of(step: &PlannedStep) -> impl Iterator<Item = &Template> {
    let argv: &[Template] = if let Work::Run(call) = &step.work { &call.argv } else { &[] };
    argv.iter().chain(&step.spec.cwd).chain(step.spec.env.values())
}

fn plan(catalog: &Catalog, names: &[String]) -> Result<Plan, Failure> {
    let task = Task {
        name: "check".to_owned(),
        summary: format!("Ask {}", text::count(names.len(), "check")),
        group: String::new(),
        danger: Danger::Read,
        confirm: None,
        preview: None,
        params: Vec::new(),
        require: Vec::new(),
        // Gates are all asked, and every no is told; a step that fails would end the run.
        guard: Vec::new(),
        verify: names.iter().map(|name| CheckRef { name: name.clone(), negated: false }).collect(),
        parallel: 1,
        incident: false,
        on_failure: None,
        steps: Vec::new(),
        finally: Vec::new(),
        line: 0,
    };
    of_task(catalog, &task, &Scope::new())
}
