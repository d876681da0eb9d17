//! One step: skipped, done already, or done now; once, or once for every item of its list.

use super::ask::{self, Said};
use super::attempt::{self, Tried, Unit};
use super::block::{self, End, Place, Running, leaves};
use super::clean::{clean, shorten};
use super::compare;
use super::desk::millis;
use super::exchange::{self, Asked};
use super::fail_fast;
use super::gate::{self, Manner};
use super::judge::{self, Verdict};
use super::past::Again;
use super::rounds::Watch;
use super::scope::{Item, Values};
use super::watching;
use crate::error::Code;
use crate::model::command::Exit;
use crate::model::comparison::Verdict as Alike;
use crate::model::event::{EventKind, Status};
use crate::model::finding::{Diagnosis, Role, Verdict as Health};
use crate::model::step::Danger;
use crate::plan::{Call, Exchange, Gate, PlannedStep, Work};
use crate::text;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Runs a step.
pub fn run(running: &Running<'_>, step: &PlannedStep) -> End {
    let values = running.scope.values();
    let id = running.place.id(&step.id);
    let Some(list) = &step.spec.for_each else {
        return One { running, step, id, values, in_list: false }.run();
    };
    let items = values.list(list);
    if items.is_empty() {
        let why = format!("no {list} found");
        let name = running.desk.redactor.line(&values.show(&step.name));
        running.desk.books().counts.skipped += leaves(std::slice::from_ref(step));
        running.desk.emit(EventKind::StepSkipped { step: id, name, why });
        return End::Done;
    }
    each(running, step, &values, list, items)
}

/// Runs a step for every item; side by side where the block allows it.
fn each(running: &Running<'_>, step: &PlannedStep, values: &Values, list: &str, items: &[Item]) -> End {
    let base = running.place.id(&step.id);
    let queue = Mutex::new(items.iter());
    let end = Mutex::new(End::Done);
    let work = || {
        loop {
            let item = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(item) = item else { return };
            let ended = if running.is_halted() {
                block::not_run(running.desk, std::slice::from_ref(step), &[]);
                End::Interrupted
            } else {
                let main = item.get(list).map(String::as_str).unwrap_or_default();
                let id = format!("{base}[{}]", running.desk.redactor.line(&shorten(clean(main.as_bytes()))));
                One { running, step, id, values: values.with_item(item), in_list: true }.run()
            };
            if ended != End::Done {
                running.halt_after(ended);
                let mut end = end.lock().unwrap_or_else(PoisonError::into_inner);
                *end = end.and(ended);
            }
        }
    };
    let workers = running.parallel.min(items.len());
    if workers > 1 {
        thread::scope(|threads| {
            for _ in 0..workers {
                threads.spawn(work);
            }
        });
    } else {
        work();
    }
    end.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// A step for one item, or for none.
struct One<'a> {
    running: &'a Running<'a>,
    step: &'a PlannedStep,
    id: String,
    values: Values,
    in_list: bool,
}

/// How a step ended, before it is told.
struct Result {
    status: Status,
    end: End,
    exit: Option<Exit>,
    note: Option<String>,
    saved: Option<String>,
    dropped: u64,
    leaked: bool,
    tail: Vec<String>,
    hints: Vec<String>,
    /// `allow_failure` does not cover it: it was not even begun, for a reason that concerns the run.
    is_firm: bool,
}

impl Result {
    fn new(status: Status, note: Option<String>) -> Self {
        let end = match status {
            Status::Failed => End::Failed(Code::StepFailed),
            Status::Interrupted => End::Interrupted,
            _ => End::Done,
        };
        Self {
            status,
            end,
            exit: None,
            note,
            saved: None,
            dropped: 0,
            leaked: false,
            tail: Vec::new(),
            hints: Vec::new(),
            is_firm: false,
        }
    }

    /// It did its work, and what it found is bad.
    fn found(note: Option<String>) -> Self {
        Self { end: End::Failed(Code::Findings), ..Self::new(Status::Failed, note) }
    }

    /// Not begun, and the run must not go on.
    fn held_back(code: Code, why: String) -> Self {
        Self { end: End::Failed(code), is_firm: true, ..Self::new(Status::Failed, Some(why)) }
    }
}

impl One<'_> {
    fn run(&self) -> End {
        let desk = self.running.desk;
        let name = self.name();
        // A called task takes slots for its own steps.
        let _slot = (!matches!(self.step.work, Work::Block(_))).then(|| self.running.slot());
        if self.running.is_halted() {
            block::not_run(desk, std::slice::from_ref(self.step), &[]);
            return End::Interrupted;
        }
        if let Some(Again::Keep(why)) = desk.world.past.as_ref().map(|past| past.again(self.step, &self.id)) {
            return self.keep(name, why);
        }
        if let (Work::Run(call), Some(planned)) = (&self.step.work, &self.step.exchange)
            && let Some(why) = exchange::lacks(desk, call, planned, &self.values)
        {
            desk.books().counts.skipped += 1;
            exchange::unasked(desk, planned, &why);
            let left = exchange::left_behind(desk, self.step, &planned.target, &self.values);
            let why = left.map_or_else(|| why.clone(), |left| format!("{why}; {left}"));
            desk.emit(EventKind::StepSkipped { step: self.id.clone(), name, why: desk.redactor.line(&why) });
            return End::Done;
        }
        let skip = self.asks(self.step.skip_if.as_ref());
        if let Ok(Some(gate)) = skip {
            desk.books().counts.skipped += leaves(std::slice::from_ref(self.step));
            let why = gate::title(desk, gate, &self.values);
            desk.emit(EventKind::StepSkipped { step: self.id.clone(), name, why });
            return End::Done;
        }
        let already = skip.and_then(|_| self.asks(self.step.done_if.as_ref()));
        if self.running.is_stopped() {
            block::not_run(desk, std::slice::from_ref(self.step), &[]);
            return End::Interrupted;
        }
        let started = desk.world.clock.elapsed();
        let result = match already {
            Ok(Some(gate)) => {
                self.start(&name, "run", Vec::new());
                Result::new(Status::AlreadyDone, Some(gate::title(desk, gate, &self.values)))
            }
            Ok(None) => self.guarded(&name).unwrap_or_else(|| self.work(&name)),
            Err(why) => {
                self.start(&name, "run", Vec::new());
                Result::new(Status::Failed, Some(why))
            }
        };
        self.finish(name, result, started)
    }

    fn name(&self) -> String {
        let desk = self.running.desk;
        let mut name = self.values.show(&self.step.name);
        if self.in_list && self.step.name.names().is_empty() {
            // Without the item, all of them would read the same.
            let item = self.id.rsplit_once('[').map_or("", |(_, item)| item.trim_end_matches(']'));
            name = format!("{name} ({item})");
        }
        desk.redactor.line(&clean(name.as_bytes()))
    }

    /// The gate, if its answer is yes. One that could not be asked decides nothing: that fails the
    /// step, with the reason.
    fn asks<'g>(&self, gate: Option<&'g Gate>) -> std::result::Result<Option<&'g Gate>, String> {
        let Some(gate) = gate else { return Ok(None) };
        let manner = Manner { id: &self.id, quiet: true, cleanup: self.running.place.cleanup };
        let found = gate::ask(self.running.desk, gate, &self.values, manner);
        match found.note {
            Some(why) if found.unasked => Err(format!("`{}`: {why}", gate.check)),
            _ => Ok(Some(gate).filter(|_| found.yes)),
        }
    }

    fn start(&self, name: &str, kind: &str, argv: Vec<String>) {
        self.running.desk.emit(EventKind::StepStarted {
            step: self.id.clone(),
            name: name.to_owned(),
            kind: kind.to_owned(),
            shown: kind == "run" && self.is_answer(),
            // A question has the terminal for itself, as a child has.
            interactive: kind == "ask" || kind == "run" && self.step.spec.interactive,
            argv,
        });
    }

    /// A step that is over since an earlier run.
    fn keep(&self, name: String, why: String) -> End {
        let desk = self.running.desk;
        let mut books = desk.books();
        books.counts.skipped += leaves(std::slice::from_ref(self.step));
        books.changed += block::changing(std::slice::from_ref(self.step));
        drop(books);
        // One event, and none that begins the step: should this run be cut off here, the earlier one's
        // word still stands.
        desk.emit(EventKind::StepSkipped { step: self.id.clone(), name, why });
        End::Done
    }

    /// Why a step that destroys is not begun: the world is not the one that the run was made for.
    fn guarded(&self, name: &str) -> Option<Result> {
        if self.step.danger != Danger::Destroy || !matches!(self.step.work, Work::Run(_)) {
            return None;
        }
        let (why, hints, interrupted) = self.unguarded()?;
        self.start(name, "run", Vec::new());
        if interrupted {
            return Some(Result::new(Status::Interrupted, None));
        }
        self.running.desk.books().fixes.extend(hints.iter().cloned());
        Some(Result { hints, ..Result::held_back(Code::Refused, format!("not begun, for this does not hold: {why}")) })
    }

    /// The first guard that does not hold, what to do about it, and whether the person stopped it.
    /// Asked right before each step: between two of them another terminal may have changed the world.
    fn unguarded(&self) -> Option<(String, Vec<String>, bool)> {
        let desk = self.running.desk;
        self.running.guard.iter().find_map(|gate| {
            let manner = Manner { id: &self.id, quiet: true, cleanup: self.running.place.cleanup };
            let found = gate::ask(desk, gate, &self.values, manner);
            if found.yes {
                return None;
            }
            let title = gate::title(desk, gate, &self.values);
            let hints = gate::fixes(desk, gate, &self.values, &found);
            let why = match found.note {
                Some(note) => format!("{title} ({note})"),
                None => title,
            };
            Some((why, hints, found.interrupted))
        })
    }

    /// Must the journal hold its beginning before it begins? What puts things right again at the end
    /// of a task is not kept from it by a full disk.
    fn must_be_on_record(&self) -> bool {
        let tidies = self.running.place.cleanup && self.step.danger < Danger::Destroy;
        self.step.danger > Danger::Read && !tidies
    }

    /// Before a step that destroys is tried once more.
    fn may_again(&self) -> std::result::Result<(), String> {
        if self.step.danger != Danger::Destroy {
            return Ok(());
        }
        if let Some(why) = self.unguarded() {
            return Err(why.0);
        }
        self.running.desk.settle().map_err(|why| format!("the journal cannot be written: {why}"))
    }

    /// Nothing reads or keeps the output, and the whole run only looks: then it is what the person
    /// asked for.
    fn is_answer(&self) -> bool {
        let spec = &self.step.spec;
        let is_read = spec.save.is_some() || spec.each.is_some() || spec.expect.is_some() || spec.until.is_some();
        let is_kept_back = self.step.exchange.is_some() || spec.sensitive || spec.decode.is_some() || spec.interactive;
        self.running.desk.plan.root.danger == Danger::Read && !is_read && !is_kept_back
    }

    fn work(&self, name: &str) -> Result {
        let desk = self.running.desk;
        let cleanup = self.running.place.cleanup;
        match &self.step.work {
            Work::Run(call) => match &self.step.exchange {
                Some(exchange) => self.exchange(name, call, exchange),
                None => self.call(name, call),
            },
            Work::Check(gate) => {
                self.start(name, "check", Vec::new());
                let found = gate::ask(desk, gate, &self.values, Manner { id: &self.id, quiet: false, cleanup });
                let status = match found {
                    _ if found.interrupted => Status::Interrupted,
                    _ if found.yes => Status::Ok,
                    _ => Status::Failed,
                };
                let hints = gate::fixes(desk, gate, &self.values, &found);
                desk.books().fixes.extend(hints.iter().cloned());
                let mut result = Result { hints, ..Result::new(status, found.note) };
                (result.exit, result.tail, result.saved) = (found.exit, found.tail, found.saved);
                result.dropped = found.dropped;
                result
            }
            Work::Block(block) => {
                self.start(name, "task", Vec::new());
                let place = Place { planned: self.step.id.clone(), actual: self.id.clone(), cleanup };
                match block::run(desk, block, &self.values, &place) {
                    End::Done => Result::new(Status::Ok, None),
                    End::Interrupted => Result::new(Status::Interrupted, None),
                    // Only a run whose own requirements say no has certainly done nothing. Before a
                    // called task others may have run, so its refusal is a failure like any other.
                    End::Refused => {
                        Result::new(Status::Failed, Some(format!("`{}` is refused: see above", block.task)))
                    }
                    End::Failed(code) => Result { end: End::Failed(code), ..Result::new(Status::Failed, None) },
                }
            }
            Work::Diagnose => {
                self.start(name, "diagnose", Vec::new());
                let documents = desk.books().documents();
                let diagnosis = (desk.world.diagnose)(&documents);
                let note = match diagnosis.verdict {
                    Health::Healthy => "nothing found".to_owned(),
                    Health::Unclassified => "something is wrong that no symptom names".to_owned(),
                    Health::Failing => named(&diagnosis),
                };
                let found = diagnosis.verdict != Health::Healthy;
                let fixes = root_fixes(&diagnosis);
                let mut books = desk.books();
                let before = books.diagnosed.take().is_some_and(|(found, _)| found);
                books.diagnosed = Some((found || before, fixes));
                drop(books);
                desk.emit(EventKind::Diagnosed { diagnosis });
                Result::new(Status::Ok, Some(note))
            }
            Work::Compare(planned) => {
                self.start(name, "compare", Vec::new());
                let comparison = compare::compare(desk, planned);
                let saved = compare::tell(desk, &self.id, &comparison).into_iter().next();
                let note = Some(comparison.in_words());
                let result = match comparison.verdict {
                    Alike::Valid => Result::new(Status::Ok, note),
                    Alike::Invalid => Result::found(note),
                };
                Result { saved, ..result }
            }
            Work::Ask(question) => {
                self.start(name, "ask", Vec::new());
                let question = desk.redactor.line(&clean(self.values.show(question).as_bytes()));
                match ask::ask(desk, &question) {
                    Said::Yes => Result::new(Status::Ok, Some("yes".to_owned())),
                    Said::No => Result::new(Status::Failed, Some("no".to_owned())),
                    Said::Nothing => Result::new(Status::NotVerified, Some(question)),
                    Said::Interrupted => Result::new(Status::Interrupted, Some("no answer".to_owned())),
                }
            }
            Work::Rounds(rounds) => {
                self.start(name, "rounds", Vec::new());
                let place = Place { planned: self.step.id.clone(), actual: self.id.clone(), cleanup };
                let watched = Watch { desk, place: &place, rounds, values: &self.values }.run();
                let status = match watched.end {
                    End::Done => Status::Ok,
                    End::Interrupted => Status::Interrupted,
                    End::Failed(_) | End::Refused => Status::Failed,
                };
                let (hints, saved) = (watched.hints, watched.saved);
                Result { end: watched.end, hints, saved, ..Result::new(status, Some(watched.note)) }
            }
        }
    }

    fn call(&self, name: &str, call: &Call) -> Result {
        let desk = self.running.desk;
        let spec = &self.step.spec;
        let prepared = attempt::invocation(desk, call, Some(spec), &self.values).and_then(|call| {
            let save = spec.save.as_ref().map_or(Ok(None), |name| self.values.file_name(name))?;
            Ok((call, save))
        });
        let (call, save) = match prepared {
            Ok(prepared) => prepared,
            Err(why) => {
                self.start(name, "run", Vec::new());
                return Result::new(Status::Failed, Some(why));
            }
        };
        self.start(name, "run", desk.redactor.argv(call.argv.iter().map(String::as_str)));
        if self.must_be_on_record()
            && let Err(why) = desk.settle()
        {
            return Result::held_back(Code::Unwritable, format!("not begun: the journal cannot be written: {why}"));
        }
        let cleanup = self.running.place.cleanup;
        // The guard and the journal took their time: nothing new begins after a stop.
        if self.running.is_stopped() {
            return Result::new(Status::Interrupted, Some("not begun".to_owned()));
        }
        let again = || self.may_again();
        let unit = Unit { id: &self.id, spec, call, save, quiet: false, cleanup, again: Some(&again), over: None };
        let watch = self.step.watch.as_ref();
        let work = || fail_fast::run(desk, self.step, &self.values, unit);
        let tried = watching::beside(desk, &self.id, watch, &self.values, work);
        self.found(&tried);
        let Tried { answer, verdict, saved, documents } = tried;
        let shown = spec.sensitive.then(|| format!("{}, not shown", text::count(answer.stdout.len(), "byte")));
        let is_late = matches!(verdict, Verdict::TimedOut(_));
        let (status, note) = match verdict {
            Verdict::Ok => (Status::Ok, shown),
            Verdict::AlreadyDone => (Status::AlreadyDone, shown),
            Verdict::Interrupted => (Status::Interrupted, Some(answer.exit.in_words())),
            Verdict::NotYet(why) | Verdict::Failed(why) | Verdict::Rejected(why) | Verdict::TimedOut(why) => {
                (Status::Failed, Some(why))
            }
        };
        let mut result = Result::new(status, note);
        if status == Status::Failed {
            result.tail = answer.tail;
            if is_late {
                result.end = End::Failed(Code::TimedOut);
            }
        }
        // "Already exists" is an error to the tool and none to us.
        if status != Status::AlreadyDone {
            desk.books().keep(&self.id, documents);
        }
        (result.exit, result.saved) = (Some(answer.exit), saved);
        (result.dropped, result.leaked) = (answer.dropped, answer.leaked);
        result
    }

    /// An HTTP exchange.
    fn exchange(&self, name: &str, call: &Call, planned: &Exchange) -> Result {
        let desk = self.running.desk;
        let call = match exchange::prepare(desk, call, self.step, planned, &self.values) {
            Ok(call) => call,
            Err(why) => {
                self.start(name, "run", Vec::new());
                exchange::unasked(desk, planned, &why);
                return Result::new(Status::Failed, Some(why));
            }
        };
        self.start(name, "run", desk.redactor.argv(call.argv.iter().map(String::as_str)));
        let cleanup = self.running.place.cleanup;
        let asked = Asked { id: &self.id, exchange: planned, call, values: &self.values, cleanup };
        let done = exchange::run(desk, &asked);
        self.running.scope.add(&done.captured);
        desk.books().fixes.extend(done.hints.iter().cloned());
        let note = match exchange::leaves_data(self.step) && !done.ok {
            true => format!("test data may be left: {}", done.note),
            false => done.note,
        };
        let status = match (done.interrupted, done.ok) {
            (true, _) => Status::Interrupted,
            (false, true) => Status::Ok,
            (false, false) => Status::Failed,
        };
        let mut result = Result { hints: done.hints, tail: done.tail, ..Result::new(status, Some(note)) };
        if done.late {
            result.end = End::Failed(Code::TimedOut);
        }
        (result.exit, result.dropped, result.leaked) = (done.exit, done.dropped, done.leaked);
        result
    }

    /// What the answer gives to later steps. A failure that is allowed may still have found
    /// something.
    fn found(&self, tried: &Tried) {
        let spec = &self.step.spec;
        let counts = match tried.verdict {
            Verdict::Ok | Verdict::AlreadyDone => true,
            Verdict::Interrupted => false,
            _ => spec.allow_failure,
        };
        if !counts {
            return;
        }
        if let Some(each) = &spec.each {
            self.running.scope.extend(&each.list, judge::items(each, &tried.answer));
        }
        if let Some(expect) = &spec.expect {
            // Of a sensitive output these are the facts that may leave; the whole is hidden as ever.
            self.running.scope.add(&judge::groups(expect, &tried.answer));
        }
    }

    fn finish(&self, name: String, mut result: Result, started: Duration) -> End {
        let desk = self.running.desk;
        if result.status == Status::Failed && self.step.spec.allow_failure && !result.is_firm {
            (result.status, result.end) = (Status::FailedAllowed, End::Done);
        }
        if !matches!(self.step.work, Work::Block(_)) {
            let mut books = desk.books();
            match result.status {
                Status::Ok | Status::AlreadyDone => books.counts.ok += 1,
                Status::NotVerified => books.counts.not_verified += 1,
                _ => books.counts.failed += 1,
            }
            if self.step.danger > Danger::Read && self.running.place.cleanup {
                books.tidied |= matches!(result.status, Status::Ok);
            } else if self.step.danger > Danger::Read {
                match result.status {
                    Status::Failed | Status::Interrupted => {
                        books.left += 1;
                        // Whatever it got done of it is gone for good.
                        books.destroying |= self.step.danger == Danger::Destroy && !result.is_firm;
                    }
                    Status::Ok | Status::AlreadyDone => books.changed += 1,
                    Status::FailedAllowed | Status::NotVerified => {}
                }
            }
        }
        self.running.halt_after(result.end);
        desk.emit(EventKind::StepFinished {
            step: self.id.clone(),
            name,
            status: result.status,
            exit: result.exit,
            took_ms: millis(desk.world.clock.elapsed().saturating_sub(started)),
            note: result.note.map(|note| desk.redactor.line(&note)),
            saved: result.saved,
            dropped: result.dropped,
            leaked: result.leaked,
            tail: result.tail,
            hints: result.hints,
        });
        result.end
    }
}

/// What has been told before the step ends, in few words.
fn named(diagnosis: &Diagnosis) -> String {
    let roots = diagnosis.findings.iter().filter(|finding| finding.role != Role::Consequence).count();
    match roots {
        0 => format!("{} without a root cause, named above", text::count(diagnosis.findings.len(), "finding")),
        roots => format!("{}, named above", text::count(roots, "root cause")),
    }
}

/// What to do about the root of a diagnosis.
pub fn root_fixes(diagnosis: &Diagnosis) -> Vec<String> {
    let root = diagnosis.findings.iter().find(|finding| finding.role == Role::Root).or(diagnosis.findings.first());
    root.map(|root| root.fixes.iter().map(|fix| fix.text.clone()).collect()).unwrap_or_default()
}
