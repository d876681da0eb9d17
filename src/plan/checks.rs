//! Checks asked by themselves: `refloat check`, and the command that confirms a finding.

use super::build::build;
use super::types::{Ask, Gate, Plan, Work};
use crate::error::{Code, Failure};
use crate::model::catalog::Catalog;
use crate::model::step::{Action, CheckRef, Danger, DoneIf, Question, Step, Task};
use crate::text;
use std::collections::BTreeSet;

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
        .filter(|name| open(catalog, name).is_empty() && !is_only_a_gate(catalog, name))
        .map(str::to_owned)
        .collect();
    let names = if names.is_empty() { all.as_slice() } else { names };
    plan(catalog, names)
}

/// Does the file use the check to decide what may run, and for nothing else? Then a no is no fault:
/// a first install has no revision to go back to.
fn is_only_a_gate(catalog: &Catalog, name: &str) -> bool {
    let is_it = |check: &CheckRef| check.name == name;
    let tasks = || catalog.tasks.iter();
    let own = || {
        catalog.checks.values().filter_map(|check| match &check.question {
            Question::Run(step) => Some(step.as_ref()),
            Question::Secrets { .. } => None,
        })
    };
    let steps = || tasks().flat_map(|task| task.steps.iter().chain(&task.finally)).chain(own());
    let decides = |step: &Step| {
        step.skip_if.as_ref().is_some_and(is_it) || matches!(&step.done_if, Some(DoneIf::Check(check)) if is_it(check))
    };
    let proves = |step: &Step| matches!(&step.action, Action::Check(check) if is_it(check));
    let is_gate = tasks().any(|task| task.require.iter().any(is_it)) || steps().any(decides);
    let is_proof = tasks().any(|task| task.verify.iter().any(is_it)) || steps().any(proves);
    let confirms = catalog.symptoms.iter().any(|symptom| symptom.confirm.iter().any(|check| check == name));
    is_gate && !is_proof && !confirms
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
    let names: BTreeSet<String> = plan.root.verify.iter().flat_map(names).collect();
    names.into_iter().filter(|name| !catalog.vars.contains_key(name)).collect()
}

fn names(gate: &Gate) -> BTreeSet<String> {
    let mut found = gate.title.names();
    match &gate.ask {
        Ask::Run(step) => {
            if let Work::Run(call) = &step.work {
                found.extend(call.argv.iter().flat_map(|argument| argument.names()));
            }
        }
        Ask::Secrets { reads, contains, .. } => {
            found.extend(reads.iter().flat_map(|read| &read.call.argv).flat_map(|argument| argument.names()));
            found.extend(contains.iter().flat_map(|text| text.names()));
        }
    }
    found.into_iter().map(str::to_owned).collect()
}

fn plan(catalog: &Catalog, names: &[String]) -> Result<Plan, Failure> {
    let task = Task {
        name: "check".to_owned(),
        summary: format!("Ask {}", text::count(names.len(), "check")),
        group: String::new(),
        danger: Danger::Read,
        confirm: None,
        params: Vec::new(),
        require: Vec::new(),
        // Gates are all asked, and every no is told; a step that fails would end the run.
        verify: names.iter().map(|name| CheckRef { name: name.clone(), negated: false }).collect(),
        parallel: 1,
        steps: Vec::new(),
        finally: Vec::new(),
        line: 0,
    };
    let mut single = catalog.clone();
    single.tasks = vec![task];
    build(&single, "check", &[])
}
