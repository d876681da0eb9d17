//! A task while it runs: gates, steps one after the other or side by side, gates, `finally`.

use super::desk::{Desk, millis};
use super::gate::{self, Manner, Said};
use super::scope::{Scope, Values};
use super::step;
use crate::error::Code;
use crate::model::event::{EventKind, Status};
use crate::model::step::Danger;
use crate::plan::{Block, Gate, PlannedStep, Work};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError, mpsc};
use std::thread;

/// How a block or step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The run may go on.
    Done,
    /// It may not.
    Failed(Code),
    /// A `require` said no before anything of this block was done.
    Refused,
    /// The person stopped it.
    Interrupted,
}

impl End {
    /// Of two ends the one that counts: a step that did not start because another failed tells
    /// nothing new.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let weight = |end| match end {
            Self::Done => 0,
            Self::Interrupted => 1,
            // What was found is the answer, whatever failed on the way to it; unless it is nowhere on record.
            Self::Failed(Code::Findings) => 3,
            Self::Failed(Code::Unwritable) => 4,
            Self::Failed(_) | Self::Refused => 2,
        };
        if weight(other) > weight(self) { other } else { self }
    }
}

/// Where in the tree a block runs.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The id that the plan gave to the calling step; empty for the root.
    pub planned: String,
    /// The id it has now: with the item of its list.
    pub actual: String,
    /// Inside `finally`: a stop asked for once does not count.
    pub cleanup: bool,
}

impl Place {
    /// The id of a step of this block.
    pub fn id(&self, planned: &str) -> String {
        match planned.strip_prefix(&self.planned) {
            Some(rest) => format!("{}{rest}", self.actual),
            None => planned.to_owned(),
        }
    }

    /// The id of a gate of this block: `r1` for the first `require`, `v1` for the first `verify`.
    pub fn gate_id(&self, kind: &str, number: usize) -> String {
        let letter = if kind == "require" { 'r' } else { 'v' };
        let dot = if self.actual.is_empty() { "" } else { "." };
        format!("{}{dot}{letter}{number}", self.actual)
    }
}

/// A block's steps share this.
pub struct Running<'a> {
    /// The books and ports.
    pub desk: &'a Desk<'a>,
    /// The values.
    pub scope: &'a Scope,
    /// Where.
    pub place: &'a Place,
    /// How many calls may run at a time.
    pub parallel: usize,
    /// Asked right before each step that destroys.
    pub guard: &'a [Gate],
    /// A step that fails keeps no other from running.
    pub keep_going: bool,
    slots: Slots,
    halted: AtomicBool,
}

impl Running<'_> {
    /// Nothing new may start.
    pub fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Relaxed) || self.is_stopped()
    }

    /// The person wants it to end.
    pub fn is_stopped(&self) -> bool {
        if self.place.cleanup { self.desk.world.stop.hard() } else { self.desk.is_stopped() }
    }

    /// Nothing new will start after this, unless the block goes on after a failure.
    pub fn halt_after(&self, end: End) {
        if !self.goes_on(end) {
            self.halted.store(true, Ordering::Relaxed);
        }
    }

    fn goes_on(&self, end: End) -> bool {
        match end {
            End::Done => true,
            // Where nothing can be written any more nothing is worth going on for.
            End::Failed(code) => self.keep_going && code != Code::Unwritable,
            End::Refused | End::Interrupted => false,
        }
    }

    /// Waits for a free slot; it is free again when the answer is dropped.
    pub fn slot(&self) -> Slot<'_> {
        self.slots.take()
    }
}

/// Counts the calls that run at the same time.
struct Slots {
    free: Mutex<usize>,
    freed: Condvar,
}

/// One of the slots.
pub struct Slot<'a>(&'a Slots);

impl Slots {
    fn take(&self) -> Slot<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.freed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Slot(self)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

/// Runs a block.
pub fn run(desk: &Desk<'_>, block: &Block, caller: &Values, place: &Place) -> End {
    let scope = Scope::new(block, caller);
    match gates(desk, &block.require, &scope.values(), place, "require", block.asks) {
        End::Done => {}
        End::Failed(_) => {
            not_run(desk, &block.steps, &block.finally);
            return End::Refused;
        }
        other => {
            not_run(desk, &block.steps, &block.finally);
            return other;
        }
    }
    let guard = &block.guard;
    let manner = (block.parallel, block.keep_going);
    let mut end = steps(desk, &block.steps, guard, &scope, place, manner);
    let stopped = if place.cleanup { desk.world.stop.hard() } else { desk.is_stopped() };
    if stopped {
        end = End::Interrupted;
    }
    if end == End::Done {
        end = gates(desk, &block.verify, &scope.values(), place, "verify", block.asks);
    }
    if block.finally.is_empty() {
        return end;
    }
    let last = Place { cleanup: true, ..place.clone() };
    match (end, steps(desk, &block.finally, guard, &scope, &last, (1, block.keep_going))) {
        (End::Done, last) => last,
        (end, _) => end,
    }
}

/// Asks all gates, so that everything that is wrong is told at once; so many at the same time.
fn gates(desk: &Desk<'_>, gates: &[Gate], values: &Values, place: &Place, kind: &str, at_once: usize) -> End {
    let queue = Mutex::new(gates.iter().enumerate());
    let all = Mutex::new(End::Done);
    let work = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((index, gate)) = next else { return };
            let stopped = if place.cleanup { desk.world.stop.hard() } else { desk.is_stopped() };
            let end = match stopped {
                true => End::Interrupted,
                false => match ask(desk, gate, values, &place.gate_id(kind, index + 1), kind, place.cleanup).0 {
                    Status::Interrupted => End::Interrupted,
                    Status::Failed => End::Failed(Code::StepFailed),
                    _ => End::Done,
                },
            };
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            // A stop is what came of them all: the others that say no may say so for it.
            *all = if *all == End::Interrupted { *all } else { end_of(*all, end) };
            if *all == End::Interrupted {
                return;
            }
        }
    };
    let workers = at_once.min(gates.len());
    if workers > 1 {
        let since = desk.books().kept();
        thread::scope(|threads| (0..workers).for_each(|_| drop(threads.spawn(work))));
        desk.books().settle(since, &place.actual);
    } else {
        work();
    }
    all.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn end_of(all: End, next: End) -> End {
    if next == End::Interrupted { next } else { all.and(next) }
}

/// Asks a gate as a step of its own.
pub fn ask(
    desk: &Desk<'_>,
    gate: &Gate,
    values: &Values,
    id: &str,
    kind: &str,
    cleanup: bool,
) -> (Status, Vec<String>) {
    let name = gate::title(desk, gate, values);
    let started = desk.world.clock.elapsed();
    desk.emit(EventKind::StepStarted {
        step: id.to_owned(),
        name: name.clone(),
        kind: kind.to_owned(),
        argv: Vec::new(),
        shown: false,
        interactive: false,
    });
    let found = gate::ask(desk, gate, values, Manner { id, quiet: false, cleanup });
    let status = match found {
        _ if found.interrupted => Status::Interrupted,
        _ if found.yes => Status::Ok,
        _ => Status::Failed,
    };
    let hints = gate::fixes(desk, gate, values, &found);
    let note = found.note.map(|note| desk.redactor.line(&note));
    {
        let mut books = desk.books();
        match status {
            Status::Ok => books.counts.ok += 1,
            _ => books.counts.failed += 1,
        }
        books.fixes.extend(hints.iter().cloned());
        if !found.interrupted {
            books.said.push(Said {
                check: gate.check.clone(),
                title: name.clone(),
                yes: (!found.unasked).then_some(found.yes),
                note: note.clone(),
            });
        }
    }
    desk.emit(EventKind::StepFinished {
        step: id.to_owned(),
        name,
        status,
        exit: found.exit,
        took_ms: millis(desk.world.clock.elapsed().saturating_sub(started)),
        note,
        saved: found.saved,
        dropped: found.dropped,
        leaked: false,
        tail: found.tail,
        hints: hints.clone(),
    });
    (status, hints)
}

fn steps(
    desk: &Desk<'_>,
    steps: &[PlannedStep],
    guard: &[Gate],
    scope: &Scope,
    place: &Place,
    (parallel, keep_going): (usize, bool),
) -> End {
    let parallel = parallel.max(1);
    let slots = Slots { free: Mutex::new(parallel), freed: Condvar::new() };
    let running = Running { desk, scope, place, parallel, guard, keep_going, slots, halted: AtomicBool::new(false) };
    if parallel > 1 { side_by_side(&running, steps) } else { one_by_one(&running, steps) }
}

fn one_by_one(running: &Running<'_>, steps: &[PlannedStep]) -> End {
    let mut all = End::Done;
    for (index, step) in steps.iter().enumerate() {
        let end = if running.is_stopped() {
            not_run(running.desk, &steps[index..=index], &[]);
            End::Interrupted
        } else {
            step::run(running, step)
        };
        all = all.and(end);
        if !running.goes_on(end) {
            not_run(running.desk, &steps[index + 1..], &[]);
            return all;
        }
    }
    all
}

/// A step starts when the steps it needs are done and a slot is free, lowest number first.
fn side_by_side(running: &Running<'_>, steps: &[PlannedStep]) -> End {
    let since = running.desk.books().kept();
    let mut waiting: Vec<usize> = (0..steps.len()).collect();
    let mut done = vec![false; steps.len()];
    let mut end = End::Done;
    thread::scope(|threads| {
        let (sender, receiver) = mpsc::channel();
        let mut busy = 0;
        loop {
            while busy < running.parallel && !running.is_halted() {
                let ready = |index: &usize| steps[*index].after.iter().all(|needed| done.get(*needed) != Some(&false));
                let Some(at) = waiting.iter().position(ready) else { break };
                let index = waiting.remove(at);
                let sender = sender.clone();
                busy += 1;
                threads.spawn(move || {
                    // A panic must not leave the others waiting; it goes on in the thread above.
                    let work = std::panic::AssertUnwindSafe(|| step::run(running, &steps[index]));
                    let _ = sender.send((index, std::panic::catch_unwind(work)));
                });
            }
            if busy == 0 {
                break;
            }
            let Ok((index, ended)) = receiver.recv() else { break };
            busy -= 1;
            done[index] = true;
            match ended {
                Ok(End::Done) => {}
                Ok(other) => {
                    running.halt_after(other);
                    end = end.and(other);
                }
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    running.desk.books().settle(since, &running.place.actual);
    for index in &waiting {
        not_run(running.desk, &steps[*index..=*index], &[]);
    }
    if waiting.is_empty() { end } else { end.and(End::Interrupted) }
}

/// Books steps that were never reached.
pub fn not_run(desk: &Desk<'_>, steps: &[PlannedStep], finally: &[PlannedStep]) {
    let mut books = desk.books();
    books.counts.not_run += leaves(steps) + leaves(finally);
    books.left += changing(steps);
}

/// How many steps these come to that change something. Steps of `finally` belong to no progress.
pub fn changing(steps: &[PlannedStep]) -> usize {
    let of = |step: &PlannedStep| match &step.work {
        Work::Block(block) => changing(&block.steps),
        Work::Run(_) => usize::from(step.danger > Danger::Read),
        _ => 0,
    };
    steps.iter().map(of).sum()
}

/// How many steps these come to; a called task counts by its steps.
pub fn leaves(steps: &[PlannedStep]) -> usize {
    steps
        .iter()
        .map(|step| match &step.work {
            Work::Block(block) => leaves(&block.steps) + leaves(&block.finally),
            _ => 1,
        })
        .sum()
}
