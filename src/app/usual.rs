//! What earlier runs of a task took.

use crate::adapter::files;
use crate::adapter::state::State;
use crate::model::usual::Usual;
use crate::plan::Plan;
use crate::report::history::Journal;
use crate::report::usual;

/// So many whole runs are enough for a median.
const MOST_RUNS: usize = 5;
/// So many runs are looked at to find them.
const MOST_READ: usize = 12;
/// A longer journal is full of output, and reading it would keep the person waiting.
const MAX_JOURNAL: u64 = 2 << 20;

/// The medians. Whatever cannot be read is passed over: nothing depends on an estimate.
pub(super) fn of(state: &State, plan: &Plan) -> Usual {
    let steps = plan.root.steps.len() + plan.root.verify.len();
    if steps < 2 {
        return Usual::default();
    }
    let ending = format!("-{}", plan.root.task);
    let runs = state.list_runs().unwrap_or_default();
    let of_task = runs.iter().filter(|entry| entry.id.ends_with(&ending)).take(MOST_READ);
    let journals: Vec<Journal> = of_task
        .filter_map(|entry| files::read_capped(&entry.journal, MAX_JOURNAL).ok())
        .map(|bytes| Journal::read_steps(&bytes))
        .filter(|journal| usual::counts(journal) && journal.row().is_some_and(|row| row.task == plan.root.task))
        .take(MOST_RUNS)
        .collect();
    usual::of(&journals)
}
