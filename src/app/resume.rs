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
    let mut pasts = runs.iter().filter(|entry| of_task(entry)).filter_map(read);
    // A run that was refused, or found no tools, did nothing: the one before it counts.
    let last = pasts.find(|past| {
        let was_refused = matches!(past.outcome, Some(RunOutcome::Refused | RunOutcome::Unequipped));
        past.task == *task && past.replay == replay && (past.did_anything() || !was_refused)
    });
    let Some(last) = last else {
        return Err(refused(format!("no run of `{task}` is on record")).hint(format!("refloat {task}")));
    };
    if !last.is_unfinished() {
        return Err(refused(format!("the last run of `{task}` came to its end: {}", last.run))
            .hint(format!("refloat history {}", last.run))
            .hint(format!("refloat {task}   (all of it, anew)")));
    }
    same_plan(&runs, &last, plan, catalog)?;
    Ok(linked(&runs, last))
}

fn read(entry: &RunEntry) -> Option<Past> {
    let bytes = files::read_capped(&entry.journal, MAX_JOURNAL).ok()?;
    Past::of(&Journal::read(&bytes).events)
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
    let told = differences.join("\n  ");
    Err(refused(format!("the plan is not the one that the run {} followed:\n  {told}\n", last.run)))
}

/// With what the runs before did that this one went on from, and the one before that.
fn linked(runs: &[RunEntry], last: Past) -> Past {
    let mut past = last;
    for _ in 0..MOST_LINKS {
        let Some(earlier) = past.resumes.as_ref().and_then(|id| read(runs.iter().find(|entry| entry.id == *id)?))
        else {
            break;
        };
        past = past.after(earlier);
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
