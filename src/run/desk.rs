//! What every part of a run shares: the ports, the redactor, the way to the reporters, the books.

use super::exchange::ExchangeResult;
use super::gate::Said;
use super::live::{Live, LiveCall};
use super::order::{Kept, settle};
use super::redact::Redactor;
use super::world::World;
use crate::model::event::{Counts, Event, EventKind};
use crate::model::finding::Document;
use crate::plan::Plan;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Bytes of output that are kept for the diagnosis.
const DOCUMENTS_MAX: usize = 64 << 20;

/// What goes to the thread that owns the reporter.
pub enum Message {
    /// Something happened.
    Event(Box<Event>),
    /// Asks whether everything sent so far is kept.
    Settle(SyncSender<Result<(), String>>),
}

/// Shared by the threads of one run.
pub struct Desk<'a> {
    /// The ports.
    pub world: &'a World<'a>,
    /// The plan.
    pub plan: &'a Plan,
    /// Removes secrets.
    pub redactor: Redactor,
    /// Where the looked-up tools are.
    pub programs: BTreeMap<String, PathBuf>,
    live: &'a Live,
    events: SyncSender<Message>,
    started: Duration,
    books: Mutex<Books>,
}

/// What the run leaves behind.
#[derive(Debug, Default)]
pub struct Books {
    /// Steps by status.
    pub counts: Counts,
    /// Evidence files, in the order written.
    pub files: Vec<String>,
    names: BTreeSet<String>,
    /// What could not be written.
    pub unwritable: Vec<String>,
    /// Output so far.
    kept: VecDeque<Kept>,
    bytes: usize,
    /// Documents that made room for later ones.
    pub forgotten: usize,
    /// What the gates said that were asked as steps of their own.
    pub said: Vec<Said>,
    /// What to do about the gates that said no.
    pub fixes: Vec<String>,
    /// Steps that change something and were run, here or in the run that this one goes on from.
    pub changed: usize,
    /// Steps that change something and did not come to their end, or never began.
    pub left: usize,
    /// A step of `finally` changed something: what the steps before it did may not stand any more.
    pub tidied: bool,
    /// A step that destroys began and did not come to its end.
    pub destroying: bool,
    /// The last answer to every operation, by target and operation.
    pub exchanges: BTreeMap<(String, String), ExchangeResult>,
    /// A diagnosis has been told, with these fixes; `true` when something was found.
    pub diagnosed: Option<(bool, Vec<String>)>,
}

impl<'a> Desk<'a> {
    /// A desk for one run.
    pub fn new(
        world: &'a World<'a>,
        plan: &'a Plan,
        redactor: Redactor,
        live: &'a Live,
        events: SyncSender<Message>,
        started: Duration,
    ) -> Self {
        Self { world, plan, redactor, programs: BTreeMap::new(), live, events, started, books: Mutex::default() }
    }

    /// A desk beside this one: the same run, in another world, with books of its own. What it learns stays with it.
    pub fn aside<'b>(&'b self, world: &'b World<'b>, events: SyncSender<Message>) -> Desk<'b> {
        let redactor = self.redactor.fork();
        let mut desk = Desk::new(world, self.plan, redactor, self.live, events, self.started);
        desk.programs = self.programs.clone();
        desk
    }

    /// Sends an event. The receiver drains until all senders are gone; when it is gone itself,
    /// nobody wants to know.
    pub fn emit(&self, kind: EventKind) {
        let _ = self.events.send(Message::Event(Box::new(event(self.world, self.started, kind))));
    }

    /// Waits until everything told so far is kept: what is about to change the world must be on
    /// record before it does.
    ///
    /// # Errors
    /// It could not be kept; why.
    pub fn settle(&self) -> Result<(), String> {
        let (answer, kept) = sync_channel(1);
        let gone = |_| "nobody keeps the journal any more".to_owned();
        self.events.send(Message::Settle(answer)).map_err(|_| gone(()))?;
        kept.recv().map_err(|_| gone(()))?
    }

    /// A line for the person.
    pub fn notice(&self, text: impl Into<String>) {
        self.emit(EventKind::Notice { text: text.into(), urgent: false });
    }

    /// Something could not be written: the run goes on and ends with a code of its own.
    pub fn unwritable(&self, what: String) {
        self.notice(format!("could not write {what}"));
        self.books().unwritable.push(what);
    }

    /// Has a stop been asked for?
    pub fn is_stopped(&self) -> bool {
        self.world.stop.requested().is_some()
    }

    /// The running calls.
    pub fn live(&self) -> MutexGuard<'_, BTreeMap<String, LiveCall>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The books.
    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The books at the end.
    pub fn close(self) -> Books {
        self.books.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An event, now.
pub fn event(world: &World<'_>, started: Duration, kind: EventKind) -> Event {
    let elapsed = world.clock.elapsed().saturating_sub(started);
    Event { at: world.clock.now(), elapsed_ms: millis(elapsed), kind }
}

/// Whole milliseconds.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Books {
    /// Keeps documents of a step for the diagnosis; the oldest go when there are too many.
    pub fn keep(&mut self, id: &str, documents: Vec<Document>) {
        for document in documents {
            self.bytes += document.text.len();
            self.kept.push_back(Kept { id: id.to_owned(), document });
        }
        while self.bytes > DOCUMENTS_MAX
            && let Some(oldest) = self.kept.pop_front()
        {
            self.bytes -= oldest.document.text.len();
            self.forgotten += 1;
        }
    }

    /// How many documents were kept so far, the forgotten ones included.
    pub fn kept(&self) -> usize {
        self.forgotten + self.kept.len()
    }

    /// Puts what was kept since then of the steps of a block in their order.
    pub fn settle(&mut self, since: usize, block: &str) {
        settle(&mut self.kept, since.saturating_sub(self.forgotten), block);
    }

    /// The output so far.
    pub fn documents(&self) -> Vec<Document> {
        self.kept.iter().map(|kept| kept.document.clone()).collect()
    }

    /// The output, when there will be no more.
    pub fn take_documents(&mut self) -> Vec<Document> {
        self.bytes = 0;
        self.kept.drain(..).map(|kept| kept.document).collect()
    }

    /// A name for an evidence file that no other file of this run has, on any file system.
    pub fn name(&mut self, wanted: &str) -> String {
        let (stem, ending) = match wanted.rsplit_once('.') {
            Some((stem, ending)) if !stem.is_empty() => (stem, format!(".{ending}")),
            _ => (wanted, String::new()),
        };
        let mut name = wanted.to_owned();
        let mut number = 1;
        while !self.names.insert(name.to_lowercase()) {
            number += 1;
            name = format!("{stem}-{number}{ending}");
        }
        name
    }
}
