//! The run as a whole: a plan and ports in, events and an exit code out.
//!
//! The work is done on threads of its own. The thread that called owns the reporter and does
//! nothing but hand events to it, so a slow terminal slows the run and never loses a line.

use super::block::{self, End, Place};
use super::compare;
use super::desk::{Books, Desk, Message, event};
use super::exchange::ExchangeResult;
use super::gate::Said;
use super::learn;
use super::listen::{Complaint, listen};
use super::live::Live;
use super::outline;
use super::redact::Redactor;
use super::scope::Values;
use super::step::root_fixes;
use super::tools;
use crate::error::Code;
use crate::model::event::{Counts, EventKind, RunOutcome, SCHEMA};
use crate::model::exchange::{SCRATCH, UNIQUE};
use crate::model::finding::{Document, Verdict};
use crate::plan::Plan;
use crate::port::Reporter;
use crate::text;
use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

pub use super::world::World;

/// Events on their way to the reporter; a flood of output waits here and nowhere else.
const IN_FLIGHT: usize = 256;

/// What a run leaves to its caller.
#[derive(Debug)]
pub struct RunReport {
    /// The exit code.
    pub code: Code,
    /// What came of it.
    pub outcome: RunOutcome,
    /// Steps by status.
    pub counts: Counts,
    /// What the tools printed, redacted.
    pub documents: Vec<Document>,
    /// The evidence files, in the order written.
    pub files: Vec<String>,
    /// What the gates said that were asked as steps of their own, in order.
    pub said: Vec<Said>,
    /// The last answer to every operation, by target and operation: real, so hidden where it is shown.
    pub exchanges: BTreeMap<(String, String), ExchangeResult>,
    /// Why not everything that was told reached its place; a reader who left is no reason.
    pub untold: Option<String>,
}

/// How the work ended.
struct Ended {
    end: Ending,
    books: Books,
    next: Vec<String>,
    /// The command that goes on from here, secrets hidden.
    resume: Option<String>,
}

enum Ending {
    Block(End),
    Unequipped,
}

/// Runs a plan.
pub fn execute(plan: &Plan, world: &World<'_>, reporter: &mut dyn Reporter) -> RunReport {
    let started = world.clock.elapsed();
    let live = Live::default();
    let (sender, receiver) = sync_channel(IN_FLIGHT);
    let (complaint, ended) = thread::scope(|threads| {
        let worker = threads.spawn(|| work(plan, world, &live, sender, started));
        let complaint = listen(world, &live, started, &receiver, reporter);
        match worker.join() {
            Ok(ended) => (complaint, ended),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
    finish(world, started, complaint, ended, reporter)
}

fn work(plan: &Plan, world: &World<'_>, live: &Live, events: SyncSender<Message>, started: Duration) -> Ended {
    let public = plan.root.scope.values().filter(|value| !plan.secrets.contains(value)).map(String::as_str);
    let redactor = Redactor::with_public(&plan.secrets, public);
    learn::given(&redactor, &plan.hide);
    let mut desk = Desk::new(world, plan, redactor, live, events, started);
    desk.emit(EventKind::RunStarted {
        schema: SCHEMA,
        run: world.run_id.clone(),
        task: plan.root.task.clone(),
        summary: plan.root.summary.clone(),
        danger: plan.root.danger,
        steps: plan.root.steps.len(),
        replay: world.replay.clone(),
        resumes: world.past.as_ref().map(|past| past.run.clone()),
        outline: outline::of(&desk, &plan.root),
        usual_ms: world.usual.whole,
    });
    if let Some(past) = &world.past {
        desk.notice(format!("goes on from run {}", past.run));
    }
    if !world.runner.is_replay() {
        let (programs, problems) = tools::look_up(&desk);
        desk.programs = programs;
        if !problems.lines.is_empty() {
            problems.lines.iter().for_each(|line| desk.notice(line.clone()));
            block::not_run(&desk, &plan.root.steps, &plan.root.finally);
            return Ended { end: Ending::Unequipped, books: desk.close(), next: problems.installs, resume: None };
        }
    }
    learn::secrets(&desk);
    let end = block::run(&desk, &plan.root, &given(world), &Place::default());
    let next = match end {
        // Before anything else there must be room again.
        End::Failed(Code::Unwritable) => Vec::new(),
        End::Failed(_) => after_failure(&desk),
        End::Refused => after_refusal(&desk),
        End::Interrupted if desk.books().left > 0 && world.resume.is_some() => Vec::new(),
        End::Interrupted => vec!["refloat history".to_owned()],
        End::Done => desk.books().diagnosed.clone().map(|(_, fixes)| fixes).unwrap_or_default(),
    };
    let forgotten = desk.books().forgotten;
    if forgotten > 0 {
        desk.notice(format!(
            "{} of output came too early to be kept for the diagnosis",
            text::count(forgotten, "text")
        ));
    }
    let resume = world.resume.as_ref().map(|command| desk.redactor.line(command));
    Ended { end: Ending::Block(end), books: desk.close(), next, resume }
}

/// What every step knows.
fn given(world: &World<'_>) -> Values {
    // Named without the place where `tasks.toml` is: a recording is replayed elsewhere.
    let scratch = format!(".refloat/scratch/{}", world.unique);
    Values::default().with_own(UNIQUE, &world.unique).with_own(SCRATCH, &scratch)
}

/// Names the cause that the output tells, if it tells one; returns what to do about it.
fn name_the_cause(desk: &Desk<'_>) -> Vec<String> {
    let documents: Vec<Document> = desk.books().documents();
    let diagnosis = (desk.world.diagnose)(&documents);
    let fixes = root_fixes(&diagnosis);
    if diagnosis.verdict == Verdict::Failing && !diagnosis.findings.is_empty() {
        desk.emit(EventKind::Diagnosed { diagnosis });
    }
    fixes
}

/// A requirement that says no, or that nobody could ask, often has a cause of its own: a cluster
/// out of reach. What to do about that comes before what the requirement advises.
fn after_refusal(desk: &Desk<'_>) -> Vec<String> {
    let fixes = name_the_cause(desk);
    if fixes.is_empty() { desk.books().fixes.clone() } else { fixes }
}

/// Names the cause, unless a step has done so, and says what to type next.
fn after_failure(desk: &Desk<'_>) -> Vec<String> {
    let told = desk.books().diagnosed.clone();
    let fixes = told.map_or_else(|| name_the_cause(desk), |(_, fixes)| fixes);
    let books = desk.books();
    let is_evidence = |file: &String| !compare::is_comparison(file);
    match (fixes.is_empty(), books.fixes.is_empty(), !books.files.iter().any(is_evidence)) {
        (false, ..) => fixes,
        (true, false, _) => books.fixes.clone(),
        (true, true, false) => vec![format!("refloat diagnose {}", text::quote_path(&desk.world.store.place()))],
        (true, true, true) => desk.world.after_failure.iter().cloned().collect(),
    }
}

fn finish(
    world: &World<'_>,
    started: Duration,
    mut complaint: Complaint,
    ended: Ended,
    reporter: &mut dyn Reporter,
) -> RunReport {
    let Ended { end, mut books, mut next, resume } = ended;
    let is_done = matches!(end, Ending::Block(End::Done));
    // Something was changed, and something that would have been was not: the task can be gone on with.
    let is_halfway = books.changed > 0 && books.left > 0 && !books.tidied && resume.is_some();
    let (mut outcome, mut code) = match end {
        Ending::Unequipped => (RunOutcome::Unequipped, Code::ToolMissing),
        Ending::Block(End::Interrupted) => {
            (RunOutcome::Interrupted, Code::of_signal(world.stop.requested().unwrap_or(2)))
        }
        Ending::Block(End::Refused) => (RunOutcome::Refused, Code::Refused),
        Ending::Block(End::Failed(Code::TimedOut)) => (RunOutcome::TimedOut, Code::TimedOut),
        Ending::Block(End::Failed(Code::Unwritable)) => (RunOutcome::Unwritable, Code::Unwritable),
        Ending::Block(End::Failed(Code::Findings)) => (RunOutcome::Findings, Code::Findings),
        Ending::Block(End::Failed(Code::StepFailed)) if is_halfway => (RunOutcome::Failed, Code::Resumable),
        Ending::Block(End::Failed(code)) => (RunOutcome::Failed, code),
        Ending::Block(End::Done) if !books.unwritable.is_empty() || complaint.is_some() => {
            (RunOutcome::Unwritable, Code::Unwritable)
        }
        Ending::Block(End::Done) => match &books.diagnosed {
            Some((true, _)) => (RunOutcome::Findings, Code::Findings),
            _ => (RunOutcome::Done, Code::Done),
        },
    };
    let begun = matches!(outcome, RunOutcome::Interrupted) && books.left > 0 || books.destroying;
    let failed = matches!(outcome, RunOutcome::Failed | RunOutcome::TimedOut | RunOutcome::Unwritable);
    if begun && !books.tidied && !is_done || is_halfway && failed {
        next.extend(resume);
    }
    let last = EventKind::RunFinished {
        outcome,
        exit_code: code as u8,
        counts: books.counts,
        evidence: (!books.files.is_empty()).then(|| world.store.place()),
        files: books.files.clone(),
        next,
    };
    if let Err(error) = reporter.event(&event(world, started, last))
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        // A run told as one document is written here and nowhere else.
        complaint.get_or_insert(error);
        if is_done {
            (outcome, code) = (RunOutcome::Unwritable, Code::Unwritable);
        }
    }
    let untold = complaint.map(|error| error.to_string());
    let counts = books.counts;
    let documents = books.take_documents();
    let exchanges = books.exchanges;
    RunReport { code, outcome, counts, documents, files: books.files, said: books.said, exchanges, untold }
}
