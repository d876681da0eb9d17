//! Ends a call that waits for what cannot come: while helm waits, pods and events are looked at, and when a
//! symptom with `final` holds, the evidence is saved and the call is ended as by a first Ctrl-C.

use super::attempt::{self, Tried, Unit};
use super::block::{self, Place};
use super::call::{Answer, Ask, perform};
use super::desk::Desk;
use super::judge::Verdict;
use super::scope::Values;
use crate::classify::rollout::{Ended, Looked, Rollout, When};
use crate::model::argv::{Arguments, Known};
use crate::model::command::{Exit, Invocation, RecordedCall};
use crate::model::finding::Document;
use crate::plan::limits::{self, Waits};
use crate::plan::{FailFast, PlannedStep};
use crate::port::{Beside, Rehearsal, Stop};
use crate::text;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How long one question of a look may take.
const MOST: Duration = Duration::from_secs(5);
/// Looks at a recorded call, whatever it says how long it took.
const LOOKS: u32 = 5000;
/// Of a recording: what was asked after the call was asked a little later.
const LATER: Duration = Duration::from_secs(5);

/// Runs the unit of a step, and looks meanwhile where the step says so. A call that was ended has failed.
pub(super) fn run(desk: &Desk<'_>, step: &PlannedStep, values: &Values, unit: Unit<'_>) -> Tried {
    let Some(declared) = step.fail_fast.as_deref() else { return attempt::run(desk, &unit) };
    let asks: Result<Vec<_>, _> =
        declared.ask.iter().map(|call| attempt::invocation(desk, call, None, values)).collect();
    let Ok(asks) = asks else { return attempt::run(desk, &unit) };
    let rehearsal = desk.world.runner.rehearse(&unit.call, &asks);
    let is_first = rehearsal.is_some() && is_install(desk, &unit.call);
    let watch = Watch {
        desk,
        declared,
        step,
        values,
        asks,
        waits: waits(desk, &unit.call),
        label: desk.redactor.argv(unit.call.asked().take(2)).join(" "),
        leaves: unit.call.leaves,
        over: Over { done: AtomicBool::new(false), stop: desk.world.stop },
        wish: Wish { ended: AtomicBool::new(false), stop: desk.world.stop },
        said: Mutex::new(None),
    };
    let state = State { rollout: Rollout::new(declared.of.clone(), is_first), looks: 0, last: Vec::new(), is_saved: false };
    match rehearsal {
        Some(rehearsal) if !rehearsal.is_paced => watch.rehearsed(state, &rehearsal, &unit),
        rehearsal => watch.live(state, rehearsal.as_ref(), unit),
    }
}

/// The step is over, or the person wants it to be: then a look ends at once.
struct Over<'a> {
    done: AtomicBool,
    stop: &'a dyn Stop,
}

impl Stop for Over<'_> {
    fn requested(&self) -> Option<i32> {
        if self.done.load(Ordering::Relaxed) { Some(15) } else { self.stop.requested() }
    }

    fn hard(&self) -> bool {
        self.requested().is_some()
    }
}

/// What ends the call: the person, or the wish not to wait any longer. That one is like a first Ctrl-C.
struct Wish<'a> {
    ended: AtomicBool,
    stop: &'a dyn Stop,
}

impl Stop for Wish<'_> {
    fn requested(&self) -> Option<i32> {
        const INTERRUPT: i32 = 2;
        self.stop.requested().or_else(|| self.ended.load(Ordering::Relaxed).then_some(INTERRUPT))
    }

    fn hard(&self) -> bool {
        self.stop.hard()
    }
}

/// Even if the work panics, nobody must look for ever.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A call that is looked at.
struct Watch<'a> {
    desk: &'a Desk<'a>,
    declared: &'a FailFast,
    step: &'a PlannedStep,
    values: &'a Values,
    asks: Vec<Invocation>,
    waits: Option<Waits>,
    /// `helm upgrade`
    label: String,
    /// What it may leave behind when it is ended.
    leaves: Option<&'static str>,
    over: Over<'a>,
    wish: Wish<'a>,
    /// Why the call was ended.
    said: Mutex<Option<String>>,
}

/// What the looks have come to.
struct State {
    rollout: Rollout,
    looks: u32,
    /// What the last look showed.
    last: Vec<Document>,
    /// The evidence has been saved.
    is_saved: bool,
}

impl Watch<'_> {
    /// Beside a call that takes its time, real or played.
    fn live(&self, mut state: State, rehearsal: Option<&Rehearsal>, unit: Unit<'_>) -> Tried {
        let is_asked = rehearsal.is_none_or(|rehearsal| rehearsal.beside.iter().any(is_answered));
        if rehearsal.is_none_or(|rehearsal| rehearsal.beside.iter().any(|beside| !beside.before.is_empty())) {
            self.before(&mut state, rehearsal, unit.id);
        }
        let unit = Unit { over: Some(&self.wish), ..unit };
        let id = unit.id;
        let tried = thread::scope(|threads| {
            if is_asked {
                threads.spawn(|| self.look_again_and_again(state, rehearsal, id));
            }
            let _end = End(&self.over.done);
            attempt::run(self.desk, &unit)
        });
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.ended(tried, said)
    }

    /// Against a recording that nobody waits for: the looks come first, in its own time.
    fn rehearsed(&self, mut state: State, rehearsal: &Rehearsal, unit: &Unit<'_>) -> Tried {
        let looks = rehearsal.took.as_millis() / self.declared.every.as_millis().max(1);
        let looks = u32::try_from(looks).unwrap_or(LOOKS).min(LOOKS);
        if looks > 0 && rehearsal.beside.iter().any(is_answered) {
            if rehearsal.beside.iter().any(|beside| !beside.before.is_empty()) {
                self.before(&mut state, Some(rehearsal), unit.id);
            }
            for look in 1..=looks {
                self.desk.world.clock.sleep(self.declared.every, self.desk.world.stop);
                let at = self.declared.every.saturating_mul(look);
                if self.over.requested().is_some() {
                    break;
                }
                if let Some(why) = self.step_of(&mut state, Some(rehearsal), at, unit.id) {
                    // Its answer is used up all the same.
                    self.desk.world.runner.run(&unit.call, &mut |_, _| {});
                    let tried = Tried { answer: unanswered(at), verdict: Verdict::Interrupted, saved: None, documents: Vec::new() };
                    return self.ended(tried, Some(why));
                }
            }
        }
        attempt::run(self.desk, unit)
    }

    /// What the step comes to. A call that was done before it could be ended has done its work.
    fn ended(&self, mut tried: Tried, said: Option<String>) -> Tried {
        let is_over = matches!(tried.verdict, Verdict::Ok | Verdict::AlreadyDone);
        if let Some(why) = said.filter(|_| !is_over && !self.desk.is_stopped()) {
            tried.verdict = Verdict::Failed(why);
        }
        tried
    }

    fn look_again_and_again(&self, mut state: State, rehearsal: Option<&Rehearsal>, id: &str) {
        let clock = self.desk.world.clock;
        let begun = clock.elapsed();
        loop {
            clock.sleep(self.declared.every, &self.over);
            if self.over.requested().is_some() {
                return;
            }
            let at = clock.elapsed().saturating_sub(begun);
            if let Some(why) = self.step_of(&mut state, rehearsal, at, id) {
                *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
                self.wish.ended.store(true, Ordering::Relaxed);
                return;
            }
        }
    }

    /// One look, and what it leads to. Returns why the call is to be ended, when it is; the evidence is
    /// saved by then.
    fn step_of(&self, state: &mut State, rehearsal: Option<&Rehearsal>, at: Duration, id: &str) -> Option<String> {
        let looked = self.look(state, rehearsal, at, id);
        match looked.ended {
            Some(ended) => {
                let why = self.why(&ended);
                if !state.is_saved {
                    self.desk.notice(format!("{}; `{}` waits for nothing", why, self.label));
                    self.save(state, id);
                    // Saving took its time. What has got well meanwhile is not ended.
                    if rehearsal.is_none() && self.look(state, None, at, id).ended.is_none() {
                        return None;
                    }
                }
                (self.over.requested().is_none()).then(|| self.note(&why))
            }
            None => {
                let is_late = |waits: &Waits| waits.takes_back && at >= waits.most.mul_f64(0.8);
                if looked.is_unwell && !state.is_saved && self.waits.as_ref().is_some_and(is_late) {
                    self.desk.notice(format!(
                        "not all is well yet, and `{}` removes what it made when its time is over",
                        self.label
                    ));
                    self.save(state, id);
                }
                None
            }
        }
    }

    fn look(&self, state: &mut State, rehearsal: Option<&Rehearsal>, at: Duration, id: &str) -> Looked {
        state.looks = state.looks.saturating_add(1);
        let documents = self.asked(rehearsal, state.looks, id);
        if documents.is_empty() {
            return Looked::default();
        }
        if rehearsal.is_none() && !state.rollout.has_before() {
            // Nobody answered before the call began: what is there now may be old.
            state.rollout.before(&documents);
            return Looked::default();
        }
        let late = rehearsal.filter(|rehearsal| rehearsal.beside.iter().all(|beside| beside.before.len() < 2));
        let young = late.map_or(at, |rehearsal| rehearsal.took + LATER);
        let looked = state.rollout.look(&documents, When { at, young }, self.desk.world.finals);
        state.last = documents;
        looked
    }

    fn before(&self, state: &mut State, rehearsal: Option<&Rehearsal>, id: &str) {
        let documents = self.asked(rehearsal, 0, id);
        if !documents.is_empty() {
            state.rollout.before(&documents);
        }
    }

    /// The answers of a look, redacted; the first is the one before the call.
    fn asked(&self, rehearsal: Option<&Rehearsal>, look: u32, id: &str) -> Vec<Document> {
        let mut documents = Vec::new();
        for (index, call) in self.asks.iter().enumerate() {
            let given = match rehearsal {
                None => None,
                Some(rehearsal) => match rehearsal.beside.get(index).and_then(|beside| nth(beside, look)) {
                    Some(answer) => Some(answer),
                    None => continue,
                },
            };
            let timeout = Some(call.timeout.map_or(MOST, |limit| limit.min(MOST)));
            let call = Invocation { timeout, grace: Duration::ZERO, ..call.clone() };
            let ask = Ask {
                id,
                quiet: true,
                to_end: false,
                sensitive: false,
                decode: false,
                filter: None,
                progress: None,
                record: true,
                over: Some(&self.over),
                given,
            };
            let answer = perform(self.desk, &call, &ask, None);
            if answer.exit.is_success() {
                let all = attempt::documents(self.desk, &call, &answer, None);
                documents.extend(all.into_iter().filter(|document| !document.is_stderr));
                // An empty table is an answer, too.
                if answer.shown_stdout.is_empty() {
                    documents.push(Document { argv: self.desk.redactor.argv(call.asked()), ..Document::default() });
                }
            }
        }
        documents
    }

    /// Saves the evidence while it is there. Where no task does, what the look showed names the cause.
    fn save(&self, state: &mut State, id: &str) {
        state.is_saved = true;
        let kept = self.desk.books().documents.len();
        if let Some(evidence) = &self.declared.evidence {
            let place = Place { planned: self.step.id.clone(), actual: id.to_owned(), cleanup: false };
            block::run(self.desk, evidence, self.values, &place);
        }
        let mut books = self.desk.books();
        if books.documents.len() == kept {
            books.keep(std::mem::take(&mut state.last));
        }
    }

    /// `taskflow-backend-x: The image … is not in the node`.
    fn why(&self, ended: &Ended) -> String {
        let name = ended.object.rsplit('/').next().unwrap_or_default();
        let lasted = match ended.lasted {
            Duration::ZERO => String::new(),
            time => format!(", for {}", text::duration(Duration::from_secs(time.as_secs()))),
        };
        format!("{name}: {} ({}{lasted})", ended.finding.cause, ended.finding.id)
    }

    fn note(&self, why: &str) -> String {
        let most = self.waits.map(|waits| format!("; `{}` would have waited {}", self.label, text::duration(waits.most)));
        let left = self.leaves.map(|left| format!("; it may have left {left}"));
        format!("ended early: {why}{}{}", most.unwrap_or_default(), left.unwrap_or_default())
    }
}

fn is_answered(beside: &Beside) -> bool {
    !beside.before.is_empty() || beside.after.is_some()
}

/// The answer of a look. Of those recorded beside the call the first is the look before it, and the last
/// repeats; one from behind the call is what all looks see.
fn nth(beside: &Beside, look: u32) -> Option<&RecordedCall> {
    let look = usize::try_from(look).unwrap_or(usize::MAX);
    match beside.before.as_slice() {
        [] | [_] if look > 0 => beside.after.as_ref().or(beside.before.last()),
        before => before.get(look).or(before.last()),
    }
}

fn unanswered(elapsed: Duration) -> Answer {
    Answer {
        exit: Exit::Interrupted,
        elapsed,
        leaked: false,
        stdout: Vec::new(),
        stderr: Vec::new(),
        shown_stdout: Vec::new(),
        shown_stderr: Vec::new(),
        dropped: 0,
        unfiled: 0,
        tail: Vec::new(),
        undecodable: None,
    }
}

fn program<'a>(desk: &'a Desk<'_>, call: &'a Invocation) -> &'a str {
    let tool = call.argv.first().map_or("", String::as_str);
    desk.plan.tools.get(tool).map_or(tool, |tool| tool.program.as_str())
}

fn waits(desk: &Desk<'_>, call: &Invocation) -> Option<Waits> {
    limits::waits(program(desk, call), call.argv.iter().skip(1).map(String::as_str))
}

/// `helm install`: whatever pods there are came with it.
fn is_install(desk: &Desk<'_>, call: &Invocation) -> bool {
    let known = Known::by(program(desk, call));
    let arguments = Arguments::of(known, call.argv.iter().skip(1).map(String::as_str));
    known == Some(Known::Helm) && arguments.word(0) == "install"
}
