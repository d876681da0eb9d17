//! Ends a call that waits for what cannot come: while helm waits, pods and events are looked at, and when a
//! symptom with `final` holds, the evidence is saved and the call is ended as by a first Ctrl-C.

use super::attempt::{self, Tried, Unit};
use super::block::{self, Place};
use super::call::Answer;
use super::desk::Desk;
use super::fail_fast_look::{Looks, is_answered};
use super::judge::Verdict;
use super::scope::Values;
use super::watching::{End, Over};
use crate::classify::rollout::{Ended, Looked, Rollout};
use crate::model::argv::{Arguments, Known};
use crate::model::command::{Exit, Invocation};
use crate::model::finding::Document;
use crate::plan::limits::{self, Waits};
use crate::plan::{FailFast, PlannedStep};
use crate::port::{Rehearsal, Stop};
use crate::text;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Looks at a recorded call, whatever it says how long it took.
const LOOKS: u32 = 5000;
/// When so much of its time has passed, a call that will remove what it made is taken to fail.
const LATE: f64 = 0.8;

/// Runs the unit of a step, and looks meanwhile where the step says so. A call that was ended has failed.
pub(super) fn run(desk: &Desk<'_>, step: &PlannedStep, values: &Values, unit: Unit<'_>) -> Tried {
    let Some(declared) = step.fail_fast.as_deref() else { return attempt::run(desk, &unit) };
    let asks: Result<Vec<_>, _> =
        declared.ask.iter().map(|call| attempt::invocation(desk, call, None, values)).collect();
    let Ok(asks) = asks else { return attempt::run(desk, &unit) };
    let rehearsal = desk.world.runner.rehearse(&unit.call, &asks);
    let over = Over::new(desk.world.stop);
    let looks = Looks {
        desk,
        id: unit.id,
        asks: &asks,
        rehearsal: rehearsal.as_ref(),
        over: &over,
        rollout: Rollout::new(declared.of.clone(), rehearsal.is_some() && is_install(desk, &unit.call)),
        count: 0,
        last: Vec::new(),
    };
    let watch = Watch {
        desk,
        declared,
        step,
        values,
        id: unit.id,
        waits: limits::waits(program(desk, &unit.call), unit.call.argv.iter().skip(1).map(String::as_str)),
        label: desk.redactor.argv(unit.call.asked().take(2)).join(" "),
        leaves: unit.call.leaves,
        wish: Wish { ended: AtomicBool::new(false), stop: desk.world.stop },
        said: Mutex::new(None),
    };
    match &rehearsal {
        None => watch.live(looks, &over, unit),
        Some(rehearsal) => watch.rehearsed(looks, rehearsal, &over, unit),
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

/// What a look leads to.
enum Deed {
    /// Save the evidence and end the call.
    End(Box<Ended>),
    /// Save the evidence, for the call will soon remove what it stands on.
    Save,
}

/// A call that is looked at.
struct Watch<'a> {
    desk: &'a Desk<'a>,
    declared: &'a FailFast,
    step: &'a PlannedStep,
    values: &'a Values,
    /// The step's id.
    id: &'a str,
    waits: Option<Waits>,
    /// `helm upgrade`
    label: String,
    /// What it may leave behind when it is ended.
    leaves: Option<&'static str>,
    wish: Wish<'a>,
    /// Why the call was ended.
    said: Mutex<Option<String>>,
}

impl Watch<'_> {
    fn live(&self, mut looks: Looks<'_>, over: &Over<'_>, unit: Unit<'_>) -> Tried {
        looks.before();
        self.beside(over, unit, || self.look_again_and_again(looks, over))
    }

    /// Against a recording: what all looks come to is known before the call begins. Each does its deed in its
    /// time, which nobody waits for unless it is played at a pace.
    fn rehearsed(&self, mut looks: Looks<'_>, known: &Rehearsal, over: &Over<'_>, unit: Unit<'_>) -> Tried {
        let deeds = self.foreseen(&mut looks, known);
        let last = looks.last;
        let clock = self.desk.world.clock;
        if known.is_paced {
            let begun = clock.elapsed();
            return self.beside(over, unit, || {
                let mut is_saved = false;
                for (at, deed) in deeds {
                    clock.sleep((begun + at).saturating_sub(clock.elapsed()), over);
                    if over.requested().is_some() {
                        return;
                    }
                    self.act(deed, &last, &mut is_saved);
                }
            });
        }
        let (mut passed, mut is_saved) = (Duration::ZERO, false);
        for (at, deed) in deeds {
            clock.sleep(at.saturating_sub(passed), self.desk.world.stop);
            passed = at;
            if self.desk.is_stopped() {
                break;
            }
            if self.act(deed, &last, &mut is_saved) {
                // Its answer is used up all the same.
                self.desk.world.runner.run(&unit.call, &mut |_, _| {});
                return self.ended(unanswered(at));
            }
        }
        attempt::run(self.desk, &unit)
    }

    /// Runs the call, and `look` beside it until it is over.
    fn beside(&self, over: &Over<'_>, unit: Unit<'_>, look: impl FnOnce() + Send) -> Tried {
        let unit = Unit { over: Some(&self.wish), ..unit };
        let tried = thread::scope(|threads| {
            threads.spawn(look);
            // Even if the work panics, nobody must look for ever.
            let _end = End::of(over);
            attempt::run(self.desk, &unit)
        });
        self.ended(tried)
    }

    /// What the step comes to. A call that was done before it could be ended has done its work.
    fn ended(&self, mut tried: Tried) -> Tried {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner).take();
        let is_over = matches!(tried.verdict, Verdict::Ok | Verdict::AlreadyDone);
        if let Some(why) = said.filter(|_| !is_over && !self.desk.is_stopped()) {
            tried.verdict = Verdict::Failed(why);
        }
        tried
    }

    fn look_again_and_again(&self, mut looks: Looks<'_>, over: &Over<'_>) {
        let clock = self.desk.world.clock;
        let begun = clock.elapsed();
        let mut is_saved = false;
        loop {
            clock.sleep(self.declared.every, over);
            if over.requested().is_some() {
                return;
            }
            let at = clock.elapsed().saturating_sub(begun);
            let looked = looks.next(at);
            match self.deed(looked, at, is_saved) {
                None => {}
                Some(Deed::End(ended)) if is_saved => return self.end(&ended),
                Some(deed) => {
                    is_saved = true;
                    let is_end = matches!(deed, Deed::End(_));
                    self.tell(&deed);
                    self.save(std::mem::take(&mut looks.last));
                    // Saving took its time. What has got well meanwhile is not ended.
                    let again = if is_end { looks.next(clock.elapsed().saturating_sub(begun)).ended } else { None };
                    if let Some(ended) = again.filter(|_| over.requested().is_none()) {
                        return self.end(&ended);
                    }
                }
            }
        }
    }

    /// The deeds of all looks at a recorded call, and their times.
    fn foreseen(&self, looks: &mut Looks<'_>, known: &Rehearsal) -> Vec<(Duration, Deed)> {
        let every = self.declared.every;
        let most = u32::try_from(known.took.as_millis() / every.as_millis().max(1)).unwrap_or(LOOKS).min(LOOKS);
        let mut deeds = Vec::new();
        if most == 0 || !known.beside.iter().any(is_answered) {
            return deeds;
        }
        looks.before();
        for look in 1..=most {
            let at = every.saturating_mul(look);
            let looked = looks.next(at);
            if let Some(deed) = self.deed(looked, at, !deeds.is_empty()) {
                let is_end = matches!(deed, Deed::End(_));
                deeds.push((at, deed));
                if is_end {
                    break;
                }
            }
        }
        deeds
    }

    fn deed(&self, looked: Looked, at: Duration, is_saved: bool) -> Option<Deed> {
        if let Some(ended) = looked.ended {
            return Some(Deed::End(Box::new(ended)));
        }
        let is_late = |waits: Waits| waits.takes_back && at >= waits.most.mul_f64(LATE);
        (looked.is_unwell && !is_saved && self.waits.is_some_and(is_late)).then_some(Deed::Save)
    }
}

impl Watch<'_> {
    /// Does a deed, and saves once; is the call to be ended?
    fn act(&self, deed: Deed, shown: &[Document], is_saved: &mut bool) -> bool {
        if !std::mem::replace(is_saved, true) {
            self.tell(&deed);
            self.save(shown.to_vec());
        }
        let Deed::End(ended) = deed else { return false };
        self.end(&ended);
        true
    }

    fn end(&self, ended: &Ended) {
        let most =
            self.waits.map(|waits| format!("; `{}` would have waited {}", self.label, text::duration(waits.most)));
        let left = self.leaves.map(|left| format!("; it may have left {left}"));
        let said = format!("ended early: {}{}{}", why(ended), most.unwrap_or_default(), left.unwrap_or_default());
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
        self.wish.ended.store(true, Ordering::Relaxed);
    }

    fn tell(&self, deed: &Deed) {
        let label = &self.label;
        self.desk.notice(match deed {
            Deed::End(ended) => format!("{}; `{label}` waits for nothing", why(ended)),
            Deed::Save => format!("not all is well yet, and `{label}` removes what it made when its time is over"),
        });
    }

    /// Saves the evidence while it is there. Where no task does, what the look showed names the cause.
    fn save(&self, shown: Vec<Document>) {
        let kept = self.desk.books().kept();
        if let Some(evidence) = &self.declared.evidence {
            let place = Place { planned: self.step.id.clone(), actual: self.id.to_owned(), cleanup: false };
            block::run(self.desk, evidence, self.values, &place);
        }
        let mut books = self.desk.books();
        if books.kept() == kept {
            books.keep(self.id, shown);
        }
    }
}

/// `taskflow-backend-x: The image … is not in the node (image-never-pull)`.
fn why(ended: &Ended) -> String {
    let name = ended.object.rsplit('/').next().unwrap_or_default();
    let lasted = match ended.lasted.as_secs() {
        0 => String::new(),
        seconds => format!(", for {}", text::duration(Duration::from_secs(seconds))),
    };
    format!("{name}: {} ({}{lasted})", ended.finding.cause, ended.finding.id)
}

/// A recorded call that was ended before its answer.
fn unanswered(elapsed: Duration) -> Tried {
    let answer = Answer {
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
    };
    Tried { answer, verdict: Verdict::Interrupted, saved: None, documents: Vec::new() }
}

fn program<'a>(desk: &'a Desk<'_>, call: &'a Invocation) -> &'a str {
    let tool = call.argv.first().map_or("", String::as_str);
    desk.plan.tools.get(tool).map_or(tool, |tool| tool.program.as_str())
}

/// `helm install`: whatever pods there are came with it.
fn is_install(desk: &Desk<'_>, call: &Invocation) -> bool {
    let known = Known::by(program(desk, call));
    let arguments = Arguments::of(known, call.argv.iter().skip(1).map(String::as_str));
    known == Some(Known::Helm) && arguments.word(0) == "install"
}
