//! Lines, for files, pipes, CI and quiet terminals. Emits no escapes unless its look has colours.

use super::parity::Form;
use super::render::{Story, Told, Verbosity};
use super::style::Look;
use crate::model::event::Event;
use crate::port::Reporter;
use std::io::{self, Write};

/// A place to write to that may go away. When its reader has left, the rest is dropped in silence:
/// `refloat status | head` must not take the error lines with it.
pub struct Pen {
    to: Option<Box<dyn Write + Send>>,
}

impl Pen {
    /// Writes to `to`.
    pub fn new(to: Box<dyn Write + Send>) -> Self {
        Self { to: Some(to) }
    }

    /// Has the reader left?
    pub fn is_gone(&self) -> bool {
        self.to.is_none()
    }

    /// Writes all of `text`, flushed.
    ///
    /// # Errors
    /// The place is full or broken; not that its reader has left.
    pub fn write(&mut self, text: &str) -> io::Result<()> {
        let Some(to) = self.to.as_mut().filter(|_| !text.is_empty()) else { return Ok(()) };
        match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.to = None;
                Ok(())
            }
            result => result,
        }
    }
}

/// Tells a run in lines: the story to one place, answers to the other.
pub struct Plain {
    story: Story,
    err: Pen,
    out: Pen,
}

impl Plain {
    /// The story goes to `err`, answers to `out`.
    pub fn new(err: Box<dyn Write + Send>, out: Box<dyn Write + Send>, look: Look, verbosity: Verbosity) -> Self {
        Self { story: Story::new(look, verbosity), err: Pen::new(err), out: Pen::new(out) }
    }

    /// Tells comparisons in this form.
    #[must_use]
    pub fn answering(mut self, form: Form) -> Self {
        self.story.answer_in(form);
        self
    }
}

impl Reporter for Plain {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let Told { err, out } = self.story.tell(event);
        let told = self.err.write(&err);
        self.out.write(&out)?;
        told?;
        if self.err.is_gone() && self.out.is_gone() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
