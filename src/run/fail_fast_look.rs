//! One look at what a waiting call is about: the questions, their answers, what they come to.

use super::attempt;
use super::call::{Ask, perform};
use super::desk::Desk;
use super::watching::Over;
use crate::classify::rollout::{Looked, Rollout, When};
use crate::model::command::{Invocation, RecordedCall};
use crate::model::finding::Document;
use crate::port::{Beside, Rehearsal};
use std::time::Duration;

/// How long one question of a look may take.
const MOST: Duration = Duration::from_secs(5);
/// Of a recording: what was asked after the call was asked a little later.
const LATER: Duration = Duration::from_secs(5);

/// Looks, again and again.
pub(super) struct Looks<'a> {
    pub(super) desk: &'a Desk<'a>,
    /// The step's id.
    pub(super) id: &'a str,
    /// What is asked.
    pub(super) asks: &'a [Invocation],
    /// What a recording holds of it; `None`: the cluster is asked.
    pub(super) rehearsal: Option<&'a Rehearsal>,
    /// Ends a look.
    pub(super) over: &'a Over<'a>,
    pub(super) rollout: Rollout,
    /// How many there were.
    pub(super) count: usize,
    /// What the last one showed.
    pub(super) last: Vec<Document>,
}

impl Looks<'_> {
    /// Before the call begins. A recording may hold only what was asked when it was over.
    pub(super) fn before(&mut self) {
        if self.rehearsal.is_none_or(|known| known.beside.iter().any(|beside| !beside.before.is_empty())) {
            let documents = self.asked();
            if !documents.is_empty() {
                self.rollout.before(&documents);
            }
        }
    }

    /// The next look, so long after the call began.
    pub(super) fn next(&mut self, at: Duration) -> Looked {
        self.count = self.count.saturating_add(1);
        let documents = self.asked();
        if documents.is_empty() {
            return Looked::default();
        }
        if self.rehearsal.is_none() && !self.rollout.has_before() {
            // Nobody answered before the call began: what is there now may be old.
            self.rollout.before(&documents);
            return Looked::default();
        }
        let is_afterwards = |known: &&Rehearsal| known.beside.iter().all(|beside| beside.before.len() < 2);
        let young = self.rehearsal.filter(is_afterwards).map_or(at, |known| known.took + LATER);
        let looked = self.rollout.look(&documents, When { at, young }, self.desk.world.finals);
        self.last = documents;
        looked
    }

    /// The answers, redacted. They are calls like all others when the run is recorded, and nothing of them
    /// is told.
    fn asked(&self) -> Vec<Document> {
        let mut documents = Vec::new();
        for (index, call) in self.asks.iter().enumerate() {
            let given = self.rehearsal.map(|known| known.beside.get(index).and_then(|beside| nth(beside, self.count)));
            if given == Some(None) {
                continue;
            }
            let timeout = Some(call.timeout.map_or(MOST, |limit| limit.min(MOST)));
            let call = Invocation { timeout, grace: Duration::ZERO, ..call.clone() };
            let ask = Ask {
                id: self.id,
                quiet: true,
                to_end: false,
                sensitive: false,
                decode: false,
                filter: None,
                progress: None,
                record: true,
                over: Some(self.over),
                given: given.flatten(),
            };
            let answer = perform(self.desk, &call, &ask, None);
            if answer.exit.is_success() {
                // An empty table is an answer, too.
                let argv = self.desk.redactor.argv(call.asked());
                let empty = Document { file: argv.join(" "), argv, ..Document::default() };
                let all = attempt::documents(self.desk, &call, &answer, None);
                documents.push(all.into_iter().find(|document| !document.is_stderr).unwrap_or(empty));
            }
        }
        documents
    }
}

/// Does a recording hold an answer?
pub(super) fn is_answered(beside: &Beside) -> bool {
    !beside.before.is_empty() || beside.after.is_some()
}

/// The answer of a look. Of those recorded beside the call the first is from before it, and the last
/// repeats; one from behind the call is what all looks see.
fn nth(beside: &Beside, look: usize) -> Option<&RecordedCall> {
    match beside.before.as_slice() {
        [] | [_] if look > 0 => beside.after.as_ref().or(beside.before.last()),
        before => before.get(look).or(before.last()),
    }
}
