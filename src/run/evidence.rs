//! An evidence file on its way to the store.

use super::call::Answer;
use super::desk::Desk;
use crate::model::command::Exit;
use crate::text;
use std::collections::VecDeque;
use std::io::{BufWriter, Write};

/// Most bytes of a file that takes lines as they come: so many from the beginning …
pub const HEAD: u64 = 60 << 20;
/// … and so many from the end, which wait in memory.
pub const TAIL: usize = 4 << 20;

/// A file being written. The first error is kept and ends the writing, never the step.
pub struct Evidence {
    name: String,
    /// Made with the first byte: a call that never started leaves no file.
    writer: Option<BufWriter<Box<dyn Write + Send>>>,
    /// Lines go to the file as they come.
    streaming: bool,
    /// Bytes of lines in the file.
    head: u64,
    /// The last bytes, once the head is full.
    tail: VecDeque<u8>,
    /// Bytes between head and tail.
    dropped: u64,
    error: Option<String>,
}

impl Evidence {
    /// A file that takes lines as they come. A step that may run several times waits instead, so
    /// that the file holds the answer that counted.
    pub fn new(desk: &Desk<'_>, wanted: &str, streaming: bool) -> Self {
        // A value that a tool printed may stand in the name.
        let name = desk.books().name(&desk.redactor.line(wanted));
        Self { name, writer: None, streaming, head: 0, tail: VecDeque::new(), dropped: 0, error: None }
    }

    /// Takes a line of standard output while it streams.
    pub fn stream(&mut self, desk: &Desk<'_>, line: &[u8], end: &[u8]) {
        if !self.streaming {
            return;
        }
        let size = (line.len() + end.len()) as u64;
        if self.tail.is_empty() && self.dropped == 0 && self.head + size <= HEAD {
            self.head += size;
            self.write(desk, line);
            self.write(desk, end);
            return;
        }
        self.tail.extend(line);
        self.tail.extend(end);
        let excess = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..excess);
        self.dropped += excess as u64;
    }

    /// Bytes of the answer that are not in the file.
    pub fn dropped(&self, answer: &Answer) -> u64 {
        if self.streaming { self.dropped + answer.unfiled } else { answer.dropped }
    }

    /// Writes what waits in memory, and how much of the middle is gone.
    fn write_tail(&mut self, desk: &Desk<'_>) {
        if self.dropped > 0 {
            let gone = text::count(usize::try_from(self.dropped).unwrap_or(usize::MAX), "byte");
            self.write(desk, format!("\n[{gone} not kept]\n").as_bytes());
        }
        let tail = std::mem::take(&mut self.tail);
        let (one, two) = tail.as_slices();
        self.write(desk, one);
        self.write(desk, two);
    }

    /// Completes the file: what did not stream, and standard error where it says why. Returns the
    /// file's name when all of it was written. Where no tool said anything because none started,
    /// there is no evidence: our own words must not be read for symptoms later.
    pub fn close(mut self, desk: &Desk<'_>, answer: &Answer, failed: bool) -> Option<String> {
        let (stdout, stderr) = (&answer.shown_stdout, &answer.shown_stderr);
        let is_silent = stdout.is_empty() && stderr.is_empty();
        if is_silent && matches!(answer.exit, Exit::NotStarted(_)) {
            return None;
        }
        // A call that printed nothing has a file all the same, an empty one.
        self.write(desk, if self.streaming { b"" } else { stdout });
        self.write_tail(desk);
        if !stderr.is_empty() && (stdout.is_empty() || failed) {
            if !stdout.is_empty() && !stdout.ends_with(b"\n") {
                self.write(desk, b"\n");
            }
            self.write(desk, stderr);
        }
        if failed && is_silent {
            let words = desk.redactor.line(&answer.exit.in_words());
            self.write(desk, format!("[the command {words} and printed nothing]\n").as_bytes());
        }
        if let Some(mut writer) = self.writer.take()
            && let Err(error) = writer.flush()
        {
            self.error.get_or_insert(error.to_string());
        }
        match self.error {
            Some(error) => {
                desk.unwritable(format!("{}: {error}", self.name));
                None
            }
            None => {
                desk.books().files.push(self.name.clone());
                Some(self.name)
            }
        }
    }

    fn write(&mut self, desk: &Desk<'_>, bytes: &[u8]) {
        if self.error.is_some() {
            return;
        }
        let writer = match self.writer.take() {
            Some(writer) => Ok(writer),
            None => desk.world.store.create(&self.name).map(BufWriter::new),
        };
        let written = writer.and_then(|mut writer| {
            writer.write_all(bytes)?;
            Ok(writer)
        });
        match written {
            Ok(writer) => self.writer = Some(writer),
            Err(error) => self.error = Some(error.to_string()),
        }
    }
}
