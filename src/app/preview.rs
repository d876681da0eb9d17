//! What a task that asks for a name shows before it asks: what will be lost.

use crate::error::Failure;
use crate::plan::{Confirmation, Plan};
use crate::port::Person;
use std::io;

/// Shows what there is to know, once, before the first question.
pub(super) struct Showing<'a> {
    person: &'a mut dyn Person,
    show: &'a mut dyn FnMut() -> Result<(), Failure>,
    shown: Option<Result<(), Failure>>,
}

impl<'a> Showing<'a> {
    /// Asks `person`, after `show` has shown.
    pub(super) fn new(person: &'a mut dyn Person, show: &'a mut dyn FnMut() -> Result<(), Failure>) -> Self {
        Self { person, show, shown: None }
    }

    /// Shows it if nothing was asked: a script that agreed beforehand keeps it in its log. `answered` is what came of
    /// the questions.
    ///
    /// # Errors
    /// As `show`, which comes before any answer; else as `answered`.
    pub(super) fn finish(mut self, answered: Result<(), Failure>) -> Result<(), Failure> {
        if answered.is_ok() {
            self.show();
        }
        self.shown.unwrap_or(Ok(())).and(answered)
    }

    fn show(&mut self) -> bool {
        if self.shown.is_none() {
            self.shown = Some((self.show)());
        }
        matches!(self.shown, Some(Ok(())))
    }
}

impl Person for Showing<'_> {
    fn is_present(&self) -> bool {
        self.person.is_present()
    }

    fn ask(&mut self, prompt: &str) -> io::Result<Option<String>> {
        // Whoever could not see it, or stopped it, has not agreed.
        if self.show() { self.person.ask(prompt) } else { Ok(None) }
    }
}

/// The tasks to show, each once, in the order of the questions.
pub(super) fn of(plan: &Plan) -> Vec<&str> {
    let mut all: Vec<&str> = Vec::new();
    for Confirmation { preview, .. } in &plan.confirmations {
        all.extend(preview.as_deref().filter(|name| !all.contains(name)));
    }
    all
}
