//! Something done beside the story of a run: with books of its own, its events heard by nobody but who asked for it, its
//! files kept nowhere, and the secrets it learns forgotten with it.

use super::desk::{Books, Desk, Message};
use super::world::World;
use crate::model::event::{Event, EventKind, Status};
use crate::port::Store;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

/// Events on their way; whoever listens does nothing that takes long.
const IN_FLIGHT: usize = 256;

/// Most failures that are remembered.
const MOST: usize = 100;

/// What came of it.
pub struct Aside<T> {
    /// The answer.
    pub answer: T,
    /// Its books.
    pub books: Books,
    /// What failed.
    pub heard: Heard,
}

/// Does `work` at a desk beside this one.
pub fn of<T>(desk: &Desk<'_>, work: impl FnOnce(&Desk<'_>) -> T) -> Aside<T> {
    let world = World { store: &Nowhere, past: None, person: None, ..desk.world.clone() };
    let (sender, receiver) = sync_channel(IN_FLIGHT);
    thread::scope(|threads| {
        let listener = threads.spawn(move || Heard::from(&receiver));
        let inner = desk.aside(&world, sender);
        let answer = work(&inner);
        // With the desk the way to the listener goes, who then has heard everything.
        let books = inner.close();
        match listener.join() {
            Ok(heard) => Aside { answer, books, heard },
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// The steps that failed, and why.
#[derive(Debug, Default)]
pub struct Heard {
    failed: Vec<Failed>,
    calls: BTreeSet<String>,
}

#[derive(Debug)]
struct Failed {
    step: String,
    name: String,
    note: Option<String>,
    hints: Vec<String>,
}

impl Heard {
    fn from(events: &Receiver<Message>) -> Self {
        let mut heard = Self::default();
        while let Ok(message) = events.recv() {
            match message {
                Message::Settle(answer) => drop(answer.send(Ok(()))),
                Message::Event(event) => heard.hear(*event),
            }
        }
        heard
    }

    fn hear(&mut self, event: Event) {
        match event.kind {
            EventKind::StepStarted { step, kind, .. } if kind == "task" => {
                self.calls.insert(step);
            }
            EventKind::StepFinished { step, name, status: Status::Failed, note, hints, .. } => {
                // A called task fails because of one of its steps, unless it says why itself.
                let is_told = note.is_some() || !self.calls.contains(&step);
                if is_told && self.failed.len() < MOST {
                    self.failed.push(Failed { step, name, note, hints });
                }
            }
            _ => {}
        }
    }

    /// Why the step with this id failed, or one inside of it. `statement` is what it is about.
    pub fn why(&self, id: &str, statement: &str) -> String {
        let mut of = self.of(id);
        match of.next() {
            Some(Failed { step, note: Some(note), .. }) if step == id => note.clone(),
            Some(Failed { step, .. }) if step == id && !statement.is_empty() => format!("not so: {statement}"),
            Some(Failed { name, note: Some(note), .. }) => format!("{name}: {note}"),
            Some(Failed { name, .. }) => name.clone(),
            None => "it did not come to its end".to_owned(),
        }
    }

    /// What to do about it.
    pub fn hints(&self, id: &str) -> Vec<String> {
        self.of(id).flat_map(|failed| failed.hints.iter().cloned()).collect()
    }

    fn of(&self, id: &str) -> impl Iterator<Item = &Failed> {
        let is_inside =
            move |step: &str| step.strip_prefix(id).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.failed.iter().filter(move |failed| is_inside(&failed.step))
    }
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
