//! A call as its step wants it: resolved, repeated (`retry`, `until`), judged, kept as evidence.

use super::call::{Answer, Ask, perform};
use super::desk::{Desk, millis};
use super::evidence::Evidence;
use super::judge::{Verdict, judge};
use super::live::LiveCall;
use super::scope::Values;
use crate::model::command::{Exit, Invocation};
use crate::model::event::EventKind;
use crate::model::finding::Document;
use crate::model::step::{Decode, OnInterrupt, Step};
use crate::plan::{Call, limits};
use crate::port::Stop;
use crate::text;
use std::time::Duration;

/// A call at its place in the run.
pub struct Unit<'a> {
    /// The step's id.
    pub id: &'a str,
    /// How to take its answer.
    pub spec: &'a Step,
    /// The call, variables filled.
    pub call: Invocation,
    /// The evidence file's name.
    pub save: Option<String>,
    /// Asked on the side: no events, no evidence.
    pub quiet: bool,
    /// Cleaning up: runs although a stop has been asked for.
    pub cleanup: bool,
    /// Asked before every further try; an error ends them.
    pub again: Option<&'a dyn Fn() -> Result<(), String>>,
    /// Something else than the run may end it.
    pub over: Option<&'a dyn Stop>,
}

/// What came of a unit.
pub struct Tried {
    /// The last answer.
    pub answer: Answer,
    /// What it comes to.
    pub verdict: Verdict,
    /// The evidence file.
    pub saved: Option<String>,
    /// The output, for the diagnosis.
    pub documents: Vec<Document>,
}

/// While cleaning up only a second request counts.
struct HardOnly<'a>(&'a dyn Stop);

impl Stop for HardOnly<'_> {
    fn requested(&self) -> Option<i32> {
        self.0.requested().filter(|_| self.0.hard())
    }

    fn hard(&self) -> bool {
        self.0.hard()
    }
}

/// Fills the variables of a call.
///
/// # Errors
/// A variable without a value, or one that must not reach a tool.
pub fn invocation(desk: &Desk<'_>, call: &Call, spec: Option<&Step>, values: &Values) -> Result<Invocation, String> {
    let slots = values.argv(&call.argv)?;
    let gone_before = |index: usize| slots[..index.min(slots.len())].iter().filter(|slot| slot.is_none()).count();
    let (start, end) = (call.pinned.start, call.pinned.end);
    let pinned = start - gone_before(start)..end - gone_before(end);
    let mut env = std::collections::BTreeMap::new();
    for (name, template) in spec.iter().flat_map(|spec| &spec.env) {
        if let Some(value) = values.text(template)? {
            env.insert(name.clone(), value);
        }
    }
    let cwd = match spec.and_then(|spec| spec.cwd.as_ref()) {
        Some(template) => values.text(template)?.map(|relative| desk.world.directory(&relative)),
        None => Some(desk.world.base.clone()).filter(|base| !base.as_os_str().is_empty()),
    };
    let argv: Vec<String> = slots.into_iter().flatten().collect();
    let program = desk.plan.tools.get(&call.tool).map_or(call.tool.as_str(), |tool| tool.program.as_str());
    let timeout = spec.and_then(|spec| spec.timeout);
    let interactive = spec.is_some_and(|spec| spec.interactive);
    let limits = limits::of(program, argv.iter().skip(1).map(String::as_str), timeout);
    Ok(Invocation {
        argv,
        label: call.tool.clone(),
        pinned,
        program: desk.programs.get(&call.tool).cloned(),
        cwd,
        env,
        timeout: if interactive { timeout } else { limits.ours },
        grace: limits.grace,
        leaves: limits.leaves,
        interactive,
        input: None,
    })
}

/// The command as people know it: without pinned arguments, redacted.
pub fn label(desk: &Desk<'_>, call: &Invocation) -> String {
    desk.redactor.argv(call.asked()).join(" ")
}

/// Runs a unit until it is done, failed or stopped.
pub fn run(desk: &Desk<'_>, unit: &Unit<'_>) -> Tried {
    let spec = unit.spec;
    let streaming = spec.retry.is_none() && spec.until.is_none();
    let mut evidence = match &unit.save {
        Some(name) if !spec.sensitive && desk.world.store.keeps() => Some(Evidence::new(desk, name, streaming)),
        _ => None,
    };
    let hard = HardOnly(desk.world.stop);
    let stop: &dyn Stop = if unit.cleanup { &hard } else { desk.world.stop };
    let to_end = unit.cleanup || spec.on_interrupt == Some(OnInterrupt::Finish);
    let ask = Ask {
        id: unit.id,
        quiet: unit.quiet,
        to_end,
        sensitive: spec.sensitive,
        decode: spec.decode == Some(Decode::Base64),
        filter: spec.filter.as_ref(),
        progress: spec.progress.as_ref(),
        record: true,
        over: unit.over,
        given: None,
    };
    let started = desk.world.clock.elapsed();
    let mut retries = 0;
    let mut repeats = 0;
    let (answer, verdict) = loop {
        let short = desk.redactor.argv(unit.call.asked().take(2)).join(" ");
        let waited = desk.world.clock.elapsed().saturating_sub(started);
        let call = Invocation { label: short.clone(), ..limited(&unit.call, spec, waited) };
        let live = LiveCall {
            label: short,
            waits: to_end,
            interactive: call.interactive,
            grace: call.grace,
            limit: call.timeout,
            leaves: call.leaves,
        };
        desk.live().insert(unit.id.to_owned(), live.clone());
        let answer = perform(desk, &call, &ask, evidence.as_mut());
        desk.live().remove(unit.id);
        let is_broken = answer.exit == Exit::TimedOut || answer.exit == Exit::Interrupted && desk.world.stop.hard();
        if let Some(told) = live.broken().filter(|_| is_broken) {
            desk.notice(told);
        }
        let verdict = judge(spec, &answer);
        // A tool that was told to stop often says so by an ordinary exit code.
        if !matches!(verdict, Verdict::Ok | Verdict::AlreadyDone) && stop.requested().is_some() {
            break (answer, Verdict::Interrupted);
        }
        let (wait, why) = match &verdict {
            Verdict::NotYet(why) => {
                let Some(until) = &spec.until else { break (answer, verdict) };
                let waited = desk.world.clock.elapsed().saturating_sub(started);
                if waited + until.every > until.timeout {
                    let why = format!("not within {}: {why}", text::duration(until.timeout));
                    break (answer, Verdict::TimedOut(why));
                }
                (until.every, format!("not yet: {why}"))
            }
            Verdict::Failed(why) | Verdict::Rejected(why) | Verdict::TimedOut(why) => {
                match backoff(desk, unit, &answer, retries) {
                    Some(wait) => {
                        retries += 1;
                        (wait, why.clone())
                    }
                    None => break (answer, verdict),
                }
            }
            _ => break (answer, verdict),
        };
        repeats += 1;
        if !unit.quiet {
            desk.emit(EventKind::StepRetry { step: unit.id.to_owned(), attempt: repeats, wait_ms: millis(wait), why });
        }
        desk.world.clock.sleep(wait, stop);
        if stop.requested().is_some() {
            break (answer, Verdict::Interrupted);
        }
        if let Some(Err(why)) = unit.again.map(|again| again()) {
            break (answer, Verdict::Failed(format!("not tried again: {why}")));
        }
    };
    let failed = !matches!(verdict, Verdict::Ok | Verdict::AlreadyDone);
    let mut answer = answer;
    if let Some(file) = &evidence {
        answer.dropped = file.dropped(&answer);
    }
    let saved = evidence.and_then(|file| file.close(desk, &answer, failed));
    let documents = documents(desk, &unit.call, &answer, saved.as_deref());
    Tried { answer, verdict, saved, documents }
}

/// The call, with no more time than its poll has left: one that hangs must not outlast it. The last
/// one still gets as long as a pause is.
fn limited(call: &Invocation, spec: &Step, waited: Duration) -> Invocation {
    let left = spec.until.as_ref().map(|until| until.timeout.saturating_sub(waited).max(until.every));
    Invocation { timeout: call.timeout.into_iter().chain(left).min(), ..call.clone() }
}

/// How long to wait before the next try; `None` when there is none.
fn backoff(desk: &Desk<'_>, unit: &Unit<'_>, answer: &Answer, retries: u32) -> Option<Duration> {
    let retry = unit.spec.retry.as_ref().filter(|retry| retries < retry.times)?;
    if matches!(answer.exit, Exit::NotStarted(_)) {
        return None; // it would not start the next time either
    }
    if !retry.on.is_empty() {
        let found = (desk.world.symptom_in)(&documents(desk, &unit.call, answer, None));
        if !found.iter().any(|id| retry.on.contains(id)) {
            return None;
        }
    }
    Some(retry.first.saturating_mul(2_u32.saturating_pow(retries)).min(retry.max))
}

/// The two streams as texts to read. A quote names the evidence file only where its lines have
/// the same numbers.
pub fn documents(desk: &Desk<'_>, call: &Invocation, answer: &Answer, saved: Option<&str>) -> Vec<Document> {
    let argv = desk.redactor.argv(call.asked());
    let command = argv.join(" ");
    let out = saved.unwrap_or(&command);
    let err = saved.filter(|_| answer.shown_stdout.is_empty()).unwrap_or(&command);
    [(out, false, &answer.shown_stdout), (err, true, &answer.shown_stderr)]
        .into_iter()
        .filter(|(_, _, text)| !text.is_empty())
        .map(|(file, is_stderr, text)| Document {
            file: file.to_owned(),
            argv: argv.clone(),
            is_stderr,
            text: text.clone(),
        })
        .collect()
}
