//! Where a run is kept: its folder, its journal, its evidence.

use super::context::Context;
use super::learn;
use crate::adapter::state::{Journal, RunDir, Running, State};
use crate::error::{Code, Failure};
use crate::model::catalog::Catalog;
use crate::model::step::Danger;
use crate::plan::{Block, Plan, Work};
use crate::port::Store;
use crate::text;
use std::io::{self, Write};

/// As many runs of one task may start in the same millisecond.
const MOST_AT_ONCE: u64 = 1000;

/// Where a run is kept.
pub(super) struct Keeping {
    /// The run's id.
    pub(super) run_id: String,
    /// `None`: nothing is kept of this run, and the person knows.
    pub(super) journal: Option<Journal>,
    /// Where evidence goes.
    pub(super) store: Box<dyn Store>,
    /// Says that the run is going on, as long as it is there.
    pub(super) running: Option<Running>,
}

/// Opens a place for a run that starts `now`. `resumable`: it may be gone on with. A run that only looks, and whose
/// answer is not the evidence itself (`looks`), is not kept from answering by a disk that is full or closed.
///
/// # Errors
/// [`Code::Unwritable`], when the run must be kept and cannot be.
pub(super) fn open(
    context: &Context,
    catalog: &Catalog,
    plan: &Plan,
    state: &State,
    now: u64,
    (resumable, looks): (bool, bool),
) -> Result<Keeping, Failure> {
    let opened = run_dir(state, now, &plan.root.task).and_then(|(run_id, dir)| {
        if resumable {
            dir.keep_plan(learn::kept(plan, catalog).to_string().as_bytes())?;
        }
        let running = dir.running().ok();
        Ok(Keeping { run_id, journal: Some(dir.journal()?), store: Box::new(dir.evidence()), running })
    });
    opened.or_else(|error| {
        let told = needless(plan, looks, error)?;
        context.tell(&format!("warning: nothing of this run is kept: {told}"));
        Ok(Keeping { run_id: run_id(now, &plan.root.task), journal: None, store: Box::new(Nowhere), running: None })
    })
}

/// Fails as [`open`] would, as far as that can be told without leaving anything of a run.
///
/// # Errors
/// As [`open`].
pub(super) fn possible(plan: &Plan, state: &State, looks: bool) -> Result<(), Failure> {
    state.prepare().map(drop).or_else(|error| needless(plan, looks, error).map(drop))
}

/// What is in the way of keeping a run that need not be kept.
fn needless(plan: &Plan, looks: bool, error: io::Error) -> Result<io::Error, Failure> {
    if is_no_room(&error) && plan.root.danger == Danger::Read && (looks || !saves(&plan.root)) {
        return Ok(error);
    }
    Err(Failure::new(Code::Unwritable, format!("the run cannot be kept: {error}")).hint("nothing was done"))
}

/// The disk takes nothing more. A link in the place, or somebody else's folder, is another matter: that is refused.
fn is_no_room(error: &io::Error) -> bool {
    use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull)
}

/// Is evidence what somebody wants of it?
fn saves(block: &Block) -> bool {
    block.steps.iter().chain(&block.finally).any(|step| match &step.work {
        Work::Block(called) => saves(called),
        // The answers are kept beside the table that compares them.
        Work::Compare(_) => true,
        _ => step.spec.save.is_some(),
    })
}

/// Keeps nothing.
struct Nowhere;

impl Store for Nowhere {
    fn create(&self, _: &str) -> io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(io::sink()))
    }

    fn place(&self) -> String {
        String::new()
    }

    fn keeps(&self) -> bool {
        false
    }
}

/// A folder of its own. Of runs that start in the same millisecond, one has the name and the others
/// take the next that is free.
fn run_dir(state: &State, now: u64, task: &str) -> io::Result<(String, RunDir)> {
    let mut at = now;
    loop {
        let id = run_id(at, task);
        match RunDir::create(state, &id) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && at - now < MOST_AT_ONCE => at += 1,
            made => return made.map(|dir| (id, dir)),
        }
    }
}

/// `20261123-060512-123-rollback`: sorts by time, and says what.
fn run_id(now: u64, task: &str) -> String {
    let time: String = text::timestamp(now).chars().filter(char::is_ascii_digit).collect();
    let (day, clock) = time.split_at(time.len().min(8));
    format!("{day}-{clock}-{:03}-{task}", now % 1000)
}
