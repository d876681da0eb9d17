//! What an earlier run of the same task has done, as its journal tells it, and what a run that goes
//! on from there does with each step.
//!
//! The journal says what was asked of the tools, not what became of it: whatever a check can tell is
//! asked again. The one thing that the journal alone decides is what must not happen twice: a step
//! that destroys and is known to be over is never run again.

use crate::model::event::{Event, EventKind, RunOutcome, Status};
use crate::model::step::{Danger, DoneIf};
use crate::plan::{Block, Call, Plan, PlannedStep, Work};
use crate::text;
use std::collections::{BTreeMap, BTreeSet};

/// An earlier run, as far as its journal goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// Its id.
    pub run: String,
    /// Its task.
    pub task: String,
    /// The recording that answered it.
    pub replay: Option<String>,
    /// The run that it went on from.
    pub resumes: Option<String>,
    /// What came of it; `None`: it never told.
    pub outcome: Option<RunOutcome>,
    steps: BTreeMap<String, Trace>,
    /// Calls of tasks that only look and still speak of the world as it is, by their ids in the plan. None before
    /// [`Past::facing`] has held the plan against what happened.
    standing: BTreeSet<String>,
    /// Everything inside the task that closes an incident, by the ids in the plan.
    validating: BTreeSet<String>,
}

/// What is known of a step. The numbers are places in the order of what happened: no clock tells it, for that may
/// have been put back.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trace {
    began: usize,
    /// `None`: it began, and nobody knows how it ended; or it failed.
    over: Option<Over>,
}

/// It ended, and the run went on from there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Over {
    /// Its place in the order.
    place: usize,
    /// When: milliseconds since 1970-01-01 UTC.
    at: u64,
    /// In which run.
    run: String,
}

/// What a run that goes on does with a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Again {
    /// As if there had been no earlier run: its checks decide.
    Run,
    /// It is over; why that is known.
    Keep(String),
}

impl Past {
    /// Reads a journal's events; `None` when not even the start of the run was written.
    pub fn of(events: &[Event]) -> Option<Self> {
        let mut past = events.iter().find_map(|event| match &event.kind {
            EventKind::RunStarted { run, task, replay, resumes, .. } => Some(Self {
                run: run.clone(),
                task: task.clone(),
                replay: replay.clone(),
                resumes: resumes.clone(),
                ..Self::default()
            }),
            _ => None,
        })?;
        for (place, event) in events.iter().enumerate() {
            match &event.kind {
                EventKind::StepStarted { step, .. } => {
                    past.steps.insert(step.clone(), Trace { began: place, over: None });
                }
                EventKind::StepFinished { step, status, .. } => {
                    let over = match status {
                        Status::Ok | Status::AlreadyDone | Status::FailedAllowed | Status::NotVerified => {
                            Some(Over { place, at: event.at, run: past.run.clone() })
                        }
                        Status::Failed | Status::Interrupted => None,
                    };
                    past.steps.entry(step.clone()).or_insert(Trace { began: place, over: None }).over = over;
                }
                EventKind::RunFinished { outcome, .. } => past.outcome = Some(*outcome),
                _ => {}
            }
        }
        Some(past)
    }

    /// The same, with what an even earlier run did that this one went on from.
    #[must_use]
    pub fn after(mut self, earlier: Self) -> Self {
        let last = |trace: &Trace| trace.over.as_ref().map_or(trace.began, |over| over.place);
        let since = earlier.steps.values().map(last).max().map_or(0, |last| last + 1);
        for trace in self.steps.values_mut() {
            trace.began += since;
            trace.over.iter_mut().for_each(|over| over.place += since);
        }
        for (step, trace) in earlier.steps {
            self.steps.entry(step).or_insert(trace);
        }
        self.resumes = earlier.resumes;
        self
    }

    /// Holds the plan of the run that goes on against what was done: what only looked before something was changed, or
    /// will be changed again, is looked at again; and so is all of `closes`, the task that closes an incident, for a
    /// validation in parts is none.
    #[must_use]
    pub fn facing(mut self, plan: &Plan, closes: Option<&str>) -> Self {
        (self.standing, self.validating) = (BTreeSet::new(), BTreeSet::new());
        if let Some(closes) = closes {
            inside(&plan.root, closes, closes == plan.root.task, &mut self.validating);
        }
        let mut look = Look { past: &self, changes: false, changed: None, standing: BTreeSet::new() };
        look.block(&plan.root);
        self.standing = look.standing;
        self
    }

    /// Did any step of it begin? Gates are no steps.
    pub fn did_anything(&self) -> bool {
        self.steps.keys().any(|id| !is_gate(id))
    }

    /// Is there something to go on with? Not after a run that came to its end.
    pub fn is_unfinished(&self) -> bool {
        !matches!(self.outcome, Some(RunOutcome::Done | RunOutcome::Findings))
    }

    /// What to do with a step now. `id` is its place, with the item of its list.
    pub fn again(&self, step: &PlannedStep, id: &str) -> Again {
        let Some(Over { at, run, .. }) = self.over(id) else { return Again::Run };
        // What tidies up is done at the end of every run.
        if is_last(id) {
            return Again::Run;
        }
        let keep = || Again::Keep(format!("done at {} in run {run}", text::timestamp(*at)));
        let (asks_the_world, gives) = (has_check(step), step.spec.each.is_some() || has_groups(step));
        match (&step.work, step.danger) {
            (Work::Run(_), Danger::Destroy) => keep(),
            _ if self.validating.contains(&step.id) => Again::Run,
            (Work::Block(_), Danger::Read) if self.standing.contains(&step.id) => keep(),
            (Work::Run(call), Danger::Change) if !asks_the_world && !gives && !reads_values(call) => keep(),
            _ => Again::Run,
        }
    }

    fn over(&self, id: &str) -> Option<&Over> {
        self.steps.get(id)?.over.as_ref()
    }

    /// Why this past cannot be gone on from, if it cannot: its steps do not stand any more, or cannot
    /// give the later ones what they need.
    pub fn is_in_the_way(&self, plan: &Plan) -> Option<String> {
        self.blocked(&plan.root)
    }

    fn blocked(&self, block: &Block) -> Option<String> {
        let undone = |step: &&PlannedStep| step.danger > Danger::Read && self.began(&step.id);
        if let Some(step) = block.finally.iter().find(undone) {
            return Some(format!("its step {} has tidied up after the others", step.id));
        }
        block.steps.iter().find_map(|step| match &step.work {
            Work::Block(block) => self.blocked(block),
            Work::Run(_) if step.danger == Danger::Destroy && (step.spec.each.is_some() || has_groups(step)) => {
                let gives = || format!("its step {} found out what later steps need, and is not run again", step.id);
                (self.again(step, &step.id) != Again::Run).then(gives)
            }
            _ => None,
        })
    }

    fn began(&self, id: &str) -> bool {
        self.steps
            .keys()
            .any(|known| known == id || known.strip_prefix(id).is_some_and(|rest| rest.starts_with(['[', '.'])))
    }

    /// Will steps of this danger run again, or for the first time?
    pub fn leaves(&self, plan: &Plan, danger: Danger) -> bool {
        self.block_leaves(&plan.root, danger)
    }

    fn block_leaves(&self, block: &Block, danger: Danger) -> bool {
        block.steps.iter().chain(&block.finally).any(|step| match &step.work {
            Work::Block(block) => self.block_leaves(block, danger),
            // The items of a list are known to the run only.
            Work::Run(_) if step.danger == danger => {
                step.spec.for_each.is_some() || self.again(step, &step.id) == Again::Run
            }
            _ => false,
        })
    }
}

/// Goes through a plan in the order of its steps.
struct Look<'a> {
    past: &'a Past,
    /// A step so far changes something, or may.
    changes: bool,
    /// Where in the order the last of the steps so far that are kept was over.
    changed: Option<usize>,
    standing: BTreeSet<String>,
}

impl Look<'_> {
    fn block(&mut self, block: &Block) {
        for step in block.steps.iter().chain(&block.finally) {
            match &step.work {
                Work::Block(called) => {
                    if step.danger == Danger::Read && !self.changes && self.is_later(&step.id) {
                        self.standing.insert(step.id.clone());
                    }
                    self.block(called);
                }
                Work::Run(_) if step.danger > Danger::Read => self.change(step),
                _ => {}
            }
        }
    }

    fn change(&mut self, step: &PlannedStep) {
        // The items of a list are known to the run only.
        let kept = step.spec.for_each.is_none() && self.past.again(step, &step.id) != Again::Run;
        match self.past.over(&step.id).filter(|_| kept) {
            Some(over) => self.changed = self.changed.max(Some(over.place)),
            None => self.changes = true,
        }
    }

    /// Did it begin, for each of its items, when what was changed so far had been changed?
    fn is_later(&self, id: &str) -> bool {
        let of_it = self.past.steps.iter().filter(|(known, _)| planned(known) == id);
        of_it.map(|(_, trace)| trace.began).min().is_some_and(|began| self.changed.is_none_or(|last| began > last))
    }
}

/// The ids of all steps inside the task that is called so.
fn inside(block: &Block, task: &str, is_in: bool, found: &mut BTreeSet<String>) {
    for step in block.steps.iter().chain(&block.finally) {
        let called = match &step.work {
            Work::Block(called) => Some(called),
            _ => None,
        };
        let is_in = is_in || called.is_some_and(|called| called.task == task);
        if is_in {
            found.insert(step.id.clone());
        }
        if let Some(called) = called {
            inside(called, task, is_in, found);
        }
    }
}

/// The id in the plan: without the items of lists. `3[web].1` is `3.1`.
pub fn planned(step: &str) -> String {
    let mut out = String::new();
    let mut rest = step;
    while let Some((before, inside)) = rest.split_once('[') {
        out.push_str(before);
        // An item may hold a bracket itself; behind its own the id goes on or ends.
        rest = inside.find("].").and_then(|end| inside.get(end + 1..)).unwrap_or_default();
    }
    out + rest
}

/// `f1`, `2.f1`: a step of `finally`, or below one.
fn is_last(id: &str) -> bool {
    id.split('.').any(|part| part.starts_with('f'))
}

/// `helm upgrade … -f values.yaml`: what the file says may be another thing by now, and helm may be told
/// the same twice.
fn reads_values(call: &Call) -> bool {
    let words: Vec<String> = call.argv.iter().map(ToString::to_string).collect();
    let is = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    is(&["upgrade", "install"]) && (is(&["-f", "--values"]) || words.iter().any(|word| word.starts_with("--values=")))
}

/// `r1`, `2.v1`: a check at the border of a task.
fn is_gate(id: &str) -> bool {
    id.rsplit('.').next().is_some_and(|last| last.starts_with(['r', 'v', 'g']))
}

fn has_check(step: &PlannedStep) -> bool {
    step.done_if.is_some() || matches!(step.spec.done_if, Some(DoneIf::Check(_)))
}

fn has_groups(step: &PlannedStep) -> bool {
    step.spec.expect.as_ref().is_some_and(|expect| expect.groups().next().is_some())
}

#[cfg(test)]
#[path = "past_tests.rs"]
mod tests;
