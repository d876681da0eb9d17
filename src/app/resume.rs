//! `--resume`: which run is gone on from, whether it may be, and what must be agreed to again.

use super::context::Context;
use super::learn;
use super::load;
use crate::adapter::files;
use crate::adapter::state::RunEntry;
use crate::error::{Code, Failure};
use crate::model::catalog::Catalog;
use crate::model::event::RunOutcome;
use crate::model::step::Danger;
use crate::plan::{Confirmation, Plan};
use crate::report::history::Journal;
use crate::report::plan_diff;
use crate::run::past::Past;

/// A journal holds at most 16 MiB of output, and what the events themselves take.
const MAX_JOURNAL: u64 = 64 << 20;
/// A plan is smaller than its task file, times the calls between tasks.
const MAX_PLAN: u64 = 64 << 20;
/// Runs that went on from one another; more is a circle.
const MOST_LINKS: usize = 1000;

/// The last unfinished run of the plan's task, with everything that it went on from.
///
/// # Errors
/// [`Code::Refused`]: there is none, or the plan is not the one that it followed.
pub(super) fn find(context: &Context, catalog: &Catalog, plan: &Plan) -> Result<Past, Failure> {
    let task = &plan.root.task;
    let refused = |why: String| Failure::new(Code::Refused, format!("{why}; nothing was done"));
    if plan.root.danger == Danger::Read {
        return Err(
            refused(format!("`{task}` only looks: there is nothing to go on with")).hint(format!("refloat {task}"))
        );
    }
    // Runs that others could have put there are not believed.
    let state = load::state(catalog);
    state.claim().map_err(|error| refused(error.to_string()))?;
    let runs = state.list_runs().map_err(|error| refused(format!("the earlier runs cannot be read: {error}")))?;
    let replay = context.global.replay.as_ref().map(|path| path.display().to_string());
    let of_task = |entry: &RunEntry| entry.id.ends_with(&format!("-{task}"));
    let mut pasts = Vec::new();
    for entry in runs.iter().filter(|entry| of_task(entry)) {
        pasts.extend(read(entry).map_err(|why| refused(why).hint(format!("refloat history {}", entry.id)))?);
    }
    // A run that was refused, or found no tools, did nothing: the one before it counts.
    let counts = |past: &&Past| {
        let was_refused = matches!(past.outcome, Some(RunOutcome::Refused | RunOutcome::Unequipped));
        past.task == *task && past.replay == replay && (past.did_anything() || !was_refused)
    };
    let Some(last) = pasts.iter().find(counts).map(|newest| end_of(newest, &pasts, &counts)) else {
        return Err(refused(format!("no run of `{task}` is on record")).hint(format!("refloat {task}")));
    };
    if !last.is_unfinished() {
        return Err(refused(format!("the last run of `{task}` came to its end: {}", last.run))
            .hint(format!("refloat history {}", last.run))
            .hint(format!("refloat {task}   (all of it, anew)")));
    }
    same_plan(&runs, &last, plan, catalog)?;
    let closes = catalog.incident.as_ref().and_then(|incident| incident.closes.as_deref());
    let (run, past) = (last.run.clone(), linked(&pasts, last).facing(plan, closes));
    match past.is_in_the_way(plan) {
        None => Ok(past),
        Some(why) => Err(refused(format!("the run {run} cannot be gone on with: {why}"))
            .hint(format!("refloat history {run}"))
            .hint(format!("refloat {task}   (all of it, anew)"))),
    }
}

/// Says so when the last run of the plan's task was cut off: whoever starts afresh should know that one can go on.
pub(super) fn remind(context: &Context, catalog: &Catalog, plan: &Plan, again: &str) {
    if plan.root.danger == Danger::Read || context.global.replay.is_some() {
        return;
    }
    let ending = format!("-{}", plan.root.task);
    let runs = load::state(catalog).list_runs().unwrap_or_default();
    let Some(last) = runs.iter().find(|entry| entry.id.ends_with(&ending)) else { return };
    let row = files::read_capped(&last.journal, MAX_JOURNAL).ok().and_then(|bytes| Journal::read_steps(&bytes).row());
    let was_cut = row.is_some_and(|row| row.task == plan.root.task && row.outcome.is_none() && row.replay.is_none());
    if was_cut && !last.is_running() {
        context.tell(&format!("note: the run {} was cut off; to go on from it: {again}", last.id));
    }
}

/// A run's past; `None` when it died before it wrote a line.
fn read(entry: &RunEntry) -> Result<Option<Past>, String> {
    let bytes = match files::read_capped(&entry.journal, MAX_JOURNAL) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let journal = Journal::read(&bytes);
    match Past::of(&journal.events) {
        // What it did is not known, and it may have done anything.
        None if journal.unknown > 0 || !journal.events.is_empty() => {
            Err(format!("the journal `{}` cannot be understood", entry.journal.display()))
        }
        past => Ok(past),
    }
}

/// The clock on the wall may have been put back: of runs that went on from one another the last counts.
fn end_of(newest: &Past, pasts: &[Past], counts: &dyn Fn(&&Past) -> bool) -> Past {
    let mut last = newest;
    for _ in 0..MOST_LINKS {
        let goes_on = |past: &&Past| past.resumes.as_ref() == Some(&last.run) && counts(past);
        let Some(next) = pasts.iter().find(goes_on) else { break };
        last = next;
    }
    last.clone()
}

/// What was done then is known step by step; in another plan those numbers mean other steps.
fn same_plan(runs: &[RunEntry], last: &Past, plan: &Plan, catalog: &Catalog) -> Result<(), Failure> {
    let refused = |why: String| {
        Failure::new(Code::Refused, format!("{why}; nothing was done"))
            .hint(format!("refloat history {}   (what it did)", last.run))
            .hint(format!("refloat {}   (all of it, anew)", plan.root.task))
    };
    let then = runs
        .iter()
        .find(|entry| entry.id == last.run)
        .and_then(|entry| files::read_capped(&entry.plan, MAX_PLAN).ok())
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let Some(then) = then else {
        return Err(refused(format!("the run {} left no plan: its steps cannot be told from those of now", last.run)));
    };
    let differences = plan_diff::differences(&then, &learn::kept(plan, catalog));
    if differences.is_empty() {
        return Ok(());
    }
    let mut failure = refused(format!("the plan is not the one that the run {} followed", last.run));
    failure.message.push_str(&format!(":\n  {}", differences.join("\n  ")));
    failure
        .hints
        .insert(0, format!("refloat {} --resume   (with what was typed, and was in the file, then)", plan.root.task));
    Err(failure)
}

/// With what the runs before did that this one went on from, and the one before that.
fn linked(pasts: &[Past], last: Past) -> Past {
    let mut past = last;
    for _ in 0..MOST_LINKS {
        let earlier = past.resumes.as_ref().and_then(|id| pasts.iter().find(|earlier| earlier.run == *id));
        let Some(earlier) = earlier else { break };
        past = past.after(earlier.clone());
    }
    past
}

/// What must be agreed to before the rest is run: a name is typed again where something would still
/// be destroyed, a yes is given again where something would still be changed.
pub(super) fn confirmations(plan: &Plan, past: &Past) -> Vec<Confirmation> {
    let destroys = past.leaves(plan, Danger::Destroy);
    let changes = destroys || past.leaves(plan, Danger::Change);
    let is_left = |ask: &&Confirmation| if ask.name.is_some() { destroys } else { changes };
    plan.confirmations.iter().filter(is_left).cloned().collect()
}
