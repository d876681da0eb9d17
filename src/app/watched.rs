//! Looks over a run's shoulder: what an incident must know of it, and what is said of it next.

use crate::model::catalog::Catalog;
use crate::model::event::{Event, EventKind, RunOutcome, Status};
use crate::model::finding::{Diagnosis, Document};
use crate::model::step::Danger;
use crate::plan::{Block, Plan, Work};
use crate::port::Reporter;
use crate::run::past::planned;
use std::collections::BTreeSet;
use std::io;

/// What was seen of a run.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Its id.
    pub(super) run: String,
    /// The last diagnosis that was told.
    pub(super) diagnosis: Option<Diagnosis>,
    /// A step began that changes something.
    pub(super) changed: bool,
    /// It validated: passed, whole and with nothing changed behind it; or failed to.
    pub(super) validation: Option<bool>,
    /// What the validation could ask of nobody.
    pub(super) unverified: Vec<String>,
    /// A part of the validation was left out, for an earlier run had done it.
    is_partial: bool,
    /// It goes on from an earlier run.
    goes_on: bool,
    /// Where its evidence lies.
    pub(super) evidence: Option<String>,
    /// Evidence was saved after the last change began.
    pub(super) is_fresh: bool,
    /// When the calls ended whose output is read later: argv, milliseconds since 1970-01-01 UTC.
    calls: Vec<(Vec<String>, u64)>,
    last: u64,
}

impl Seen {
    /// When a text was printed, as near as the run tells.
    pub(super) fn captured(&self, document: &Document) -> u64 {
        let rest = document.argv.get(1..).unwrap_or_default();
        // Of the whole argv what is pinned stands in front.
        let is_it = |(argv, _): &&(Vec<String>, u64)| argv.ends_with(rest) && argv.first() == document.argv.first();
        self.calls.iter().rev().find(is_it).map_or(self.last, |(_, at)| *at)
    }
}

/// What the steps of a plan are to an incident, by their ids.
#[derive(Debug, Default)]
pub(super) struct Meaning {
    /// Change something.
    changing: BTreeSet<String>,
    /// Call the task that validates.
    validating: BTreeSet<String>,
    /// Call a task that opens an incident.
    opening: BTreeSet<String>,
    /// The run itself is the validation.
    is_validation: bool,
    /// The run itself opens an incident.
    opens: bool,
}

impl Meaning {
    pub(super) fn of(plan: &Plan, catalog: &Catalog) -> Self {
        let closes = catalog.incident.as_ref().and_then(|incident| incident.closes.as_deref());
        let is_on = catalog.incident.is_some();
        let opens = |task: &str| is_on && catalog.task(task).is_some_and(|task| task.incident);
        let mut meaning = Self {
            is_validation: closes == Some(plan.root.task.as_str()),
            opens: opens(&plan.root.task),
            ..Self::default()
        };
        meaning.block(&plan.root, closes, &opens);
        meaning
    }

    /// Is this step a part of a validation?
    fn validates(&self, step: &str) -> bool {
        let is_in = |call: &String| step.strip_prefix(call.as_str()).is_some_and(|rest| rest.starts_with('.'));
        self.is_validation || self.validating.iter().any(is_in)
    }

    fn block(&mut self, block: &Block, closes: Option<&str>, opens: &dyn Fn(&str) -> bool) {
        for step in block.steps.iter().chain(&block.finally) {
            match &step.work {
                Work::Block(called) => {
                    if closes == Some(called.task.as_str()) {
                        self.validating.insert(step.id.clone());
                    }
                    if opens(&called.task) {
                        self.opening.insert(step.id.clone());
                    }
                    self.block(called, closes, opens);
                }
                _ if step.danger > Danger::Read => drop(self.changing.insert(step.id.clone())),
                _ => {}
            }
        }
    }
}

/// Told the id of a run that opens an incident.
pub(super) type Open<'a> = Box<dyn FnOnce(&str) + 'a>;
/// What is said next, after a run that ended so; the second is what the engine says.
pub(super) type Next<'a> = dyn Fn(&Seen, RunOutcome, Vec<String>) -> Vec<String> + 'a;

/// Hands everything on, and notes what matters.
pub(super) struct Watched<'a, R> {
    to: R,
    meaning: Meaning,
    /// Called once, with the run's id, before the first step of what opens an incident.
    open: Option<Open<'a>>,
    next: &'a Next<'a>,
    /// The argv of the running calls, by step.
    running: Vec<(String, Vec<String>)>,
    pub(super) seen: Seen,
}

impl<'a, R: Reporter> Watched<'a, R> {
    pub(super) fn new(to: R, meaning: Meaning, open: Open<'a>, next: &'a Next<'a>) -> Self {
        Self { to, meaning, open: Some(open), next, running: Vec::new(), seen: Seen::default() }
    }

    fn began(&mut self, step: &str, kind: &str, argv: &[String]) {
        let planned = planned(step);
        let is_gate = kind == "require" || kind == "verify";
        if (self.meaning.opens && !is_gate || self.meaning.opening.contains(&planned))
            && let Some(open) = self.open.take()
        {
            open(&self.seen.run);
        }
        if self.meaning.changing.contains(&planned) {
            self.seen.changed = true;
            self.seen.is_fresh = false;
            // What was validated is not what is there now.
            self.seen.validation = None;
        }
        if self.meaning.validating.contains(&planned) {
            self.seen.is_partial = false;
            self.seen.unverified.clear();
        }
        if !argv.is_empty() {
            self.running.push((step.to_owned(), argv.to_vec()));
        }
    }

    fn ended(&mut self, at: u64, step: &str, status: Status, saved: bool) {
        let planned = planned(step);
        if let Some(index) = self.running.iter().position(|(running, _)| running == step) {
            // What was made of answers, like a comparison, is no evidence of the cluster.
            self.seen.is_fresh |= saved;
            let (_, argv) = self.running.swap_remove(index);
            self.seen.calls.push((argv, at));
        }
        if self.meaning.validating.contains(&planned) {
            self.seen.validation = self.validated(status == Status::Ok);
        }
    }

    /// A pass of which a part was left out says nothing of the whole.
    fn validated(&self, passed: bool) -> Option<bool> {
        (!passed || !self.seen.is_partial).then_some(passed)
    }

    fn left_out(&mut self, step: &str) {
        let planned = planned(step);
        // In a run that goes on it may have been done by the earlier one: what destroys is done once.
        let is_kept = self.seen.goes_on && self.meaning.changing.contains(&planned);
        self.seen.is_partial |= is_kept && self.meaning.validates(&planned);
    }

    fn not_verified(&mut self, step: &str, what: &str) {
        if self.meaning.validates(&planned(step)) && !self.seen.unverified.iter().any(|known| known == what) {
            self.seen.unverified.push(what.to_owned());
        }
    }
}

impl<R: Reporter> Reporter for Watched<'_, R> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.seen.last = event.at;
        match &event.kind {
            EventKind::RunStarted { run, resumes, .. } => {
                self.seen.run.clone_from(run);
                self.seen.goes_on = resumes.is_some();
            }
            EventKind::StepSkipped { step, .. } => self.left_out(step),
            EventKind::StepStarted { step, kind, argv, .. } => self.began(step, kind, argv),
            EventKind::StepFinished { step, name, status, saved, note, .. } => {
                if *status == Status::NotVerified {
                    self.not_verified(step, note.as_ref().unwrap_or(name));
                }
                self.ended(event.at, step, *status, saved.is_some());
            }
            EventKind::Diagnosed { diagnosis } => self.seen.diagnosis = Some(diagnosis.clone()),
            EventKind::RunFinished { outcome, exit_code, counts, evidence, files, next } => {
                self.seen.evidence.clone_from(evidence);
                if self.meaning.is_validation && counts.ok + counts.failed > 0 {
                    self.seen.validation = self.validated(*outcome == RunOutcome::Done);
                }
                let kind = EventKind::RunFinished {
                    outcome: *outcome,
                    exit_code: *exit_code,
                    counts: *counts,
                    evidence: evidence.clone(),
                    files: files.clone(),
                    next: (self.next)(&self.seen, *outcome, next.clone()),
                };
                return self.to.event(&Event { kind, ..event.clone() });
            }
            _ => {}
        }
        self.to.event(event)
    }

    fn settle(&mut self) -> io::Result<()> {
        self.to.settle()
    }

    fn keeps(&self) -> bool {
        self.to.keeps()
    }
}
