//! How far a run is: every step weighs what it usually takes.
//!
//! Three things hold whatever happens (the properties below): the share never goes back, it stays between
//! 0 and 1, and it is 1 only when the run has ended well.

use super::amount::Amount;
use crate::model::event::{EventKind, Outlined, RunOutcome, Status};
use crate::model::usual::place;
use std::collections::BTreeMap;

/// What a step that still runs counts at most, of its own weight.
const RUNNING: f64 = 0.95;
/// What a run that still runs has reached at most.
const UNFINISHED: f64 = 0.99;

/// A step that calls no others.
#[derive(Debug, Clone)]
struct Leaf {
    place: String,
    weight: f64,
    usual_ms: Option<u64>,
    /// The share of it that is done; never less than before.
    share: f64,
    /// How often it runs now: once for every item of a list.
    open: usize,
    /// How often it has ended.
    ended: usize,
    /// When it began, in milliseconds of the run.
    since: u64,
    /// It runs for the items of a list, and nobody has said how many there are.
    is_list: bool,
}

impl Leaf {
    fn grow(&mut self, share: f64) {
        self.share = self.share.max(share);
    }

    fn now(&self, now: u64) -> f64 {
        let by_time = self
            .usual_ms
            .filter(|_| self.open > 0 && !self.is_list)
            .map_or(0.0, |usual| (now.saturating_sub(self.since) as f64 / usual.max(1) as f64).min(RUNNING));
        self.share.max(by_time)
    }
}

/// How far a run is.
#[derive(Debug, Clone, Default)]
pub struct Overall {
    leaves: Vec<Leaf>,
    places: BTreeMap<String, usize>,
    /// What a step weighs of which nothing is known.
    common: f64,
    reached: f64,
    is_done: bool,
    /// What is to happen was told before it began.
    is_foreseen: bool,
}

impl Overall {
    /// Takes one event of the run, `now` milliseconds into it.
    pub fn event(&mut self, kind: &EventKind, now: u64) {
        match kind {
            EventKind::RunStarted { outline, .. } => *self = Self::of(outline),
            EventKind::StepStarted { step, kind, .. } if kind != "task" => self.started(step, now),
            EventKind::Progress { step, .. } => {
                let share = Amount::of(kind).and_then(|amount| amount.share());
                if let (Some(share), Some(leaf)) = (share, self.leaf(&place(step)))
                    && leaf.open > 0
                    && !leaf.is_list
                {
                    leaf.grow(share * RUNNING);
                }
            }
            EventKind::StepFinished { step, status, .. } => {
                self.ended(step, !matches!(status, Status::Failed | Status::Interrupted));
            }
            EventKind::StepSkipped { step, .. } => self.ended(step, true),
            EventKind::RunFinished { outcome, .. } => {
                self.is_done = matches!(outcome, RunOutcome::Done | RunOutcome::Findings);
            }
            _ => {}
        }
    }

    /// The share that is done, 0 to 1, `now` milliseconds into the run.
    pub fn share(&mut self, now: u64) -> f64 {
        if self.is_done {
            self.reached = 1.0;
            return 1.0;
        }
        let whole: f64 = self.leaves.iter().map(|leaf| leaf.weight).sum();
        let done: f64 = self.leaves.iter().map(|leaf| leaf.weight * leaf.now(now)).sum();
        let share = if whole > 0.0 { done / whole } else { 0.0 };
        // What was not foreseen makes the whole larger: the bar waits until the rest has caught up.
        self.reached = share.min(UNFINISHED).max(self.reached);
        self.reached
    }

    /// Steps that are done, and all of them; a call is no step, its own steps are.
    pub fn steps(&self) -> (usize, usize) {
        (self.leaves.iter().filter(|leaf| leaf.share >= 1.0).count(), self.leaves.len())
    }

    /// Was told what is to happen? Else nobody knows how much is left.
    pub fn is_foreseen(&self) -> bool {
        self.is_foreseen
    }

    fn of(outline: &[Outlined]) -> Self {
        let leaves = || outline.iter().filter(|step| step.kind != "task");
        let known: Vec<f64> = leaves().filter_map(|step| step.usual_ms).map(weight).collect();
        let common = if known.is_empty() { 1.0 } else { known.iter().sum::<f64>() / known.len() as f64 };
        let mut all = Self { common, is_foreseen: !outline.is_empty(), ..Self::default() };
        leaves().for_each(|step| all.add(step.step.clone(), step.usual_ms));
        all
    }

    fn add(&mut self, place: String, usual_ms: Option<u64>) {
        if self.places.contains_key(&place) {
            return;
        }
        self.places.insert(place.clone(), self.leaves.len());
        let weight = usual_ms.map_or(self.common.max(1.0), weight);
        self.leaves.push(Leaf { place, weight, usual_ms, share: 0.0, open: 0, ended: 0, since: 0, is_list: false });
    }

    fn leaf(&mut self, place: &str) -> Option<&mut Leaf> {
        self.places.get(place).and_then(|index| self.leaves.get_mut(*index))
    }

    fn started(&mut self, step: &str, now: u64) {
        let place = place(step);
        self.add(place.clone(), None);
        let index = self.places.get(&place).copied().unwrap_or_default();
        // A list is through when what follows it has begun.
        for leaf in self.leaves.iter_mut().take(index).filter(|leaf| leaf.is_list && leaf.open == 0 && leaf.ended > 0) {
            leaf.grow(1.0);
        }
        if let Some(leaf) = self.leaves.get_mut(index) {
            leaf.is_list |= place != step;
            if leaf.open == 0 {
                leaf.since = now;
            }
            leaf.open += 1;
        }
    }

    fn ended(&mut self, step: &str, is_done: bool) {
        let place = place(step);
        if let Some(leaf) = self.leaf(&place) {
            leaf.open = leaf.open.saturating_sub(1);
            leaf.ended += 1;
            if is_done {
                // With every item of a list of unknown length half of what was left is done.
                let share = if leaf.is_list { 1.0 - 1.0 / (leaf.ended as f64 + 1.0) } else { 1.0 };
                leaf.grow(share);
            }
        } else if is_done && place == step {
            // A call: whatever it had left to do will not be done any more.
            let inside = format!("{place}.");
            self.leaves.iter_mut().filter(|leaf| leaf.place.starts_with(&inside)).for_each(|leaf| leaf.grow(1.0));
        }
    }
}

fn weight(usual_ms: u64) -> f64 {
    usual_ms.max(1) as f64
}

#[cfg(test)]
mod tests;
