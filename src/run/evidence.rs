//! An evidence file on its way to the store.

use super::call::Answer;
use super::desk::Desk;
use std::io::{BufWriter, Write};

/// A file being written. The first error is kept and ends the writing, never the step.
pub struct Evidence {
    name: String,
    writer: Option<BufWriter<Box<dyn Write + Send>>>,
    /// Lines go to the file as they come.
    streaming: bool,
    error: Option<String>,
}

impl Evidence {
    /// Opens a file that takes lines as they come. A step that may run several times waits
    /// instead, so that the file holds the answer that counted.
    pub fn open(desk: &Desk<'_>, wanted: &str, streaming: bool) -> Self {
        let name = desk.books().name(wanted);
        let mut evidence = Self { name, writer: None, streaming, error: None };
        match desk.world.store.create(&evidence.name) {
            Ok(writer) => evidence.writer = Some(BufWriter::new(writer)),
            Err(error) => evidence.error = Some(error.to_string()),
        }
        evidence
    }

    /// Takes a line of standard output while it streams.
    pub fn stream(&mut self, line: &[u8], end: &[u8]) {
        if self.streaming {
            self.write(line);
            self.write(end);
        }
    }

    /// Completes the file: what did not stream, and standard error where it says why. Returns the
    /// file's name when all of it was written.
    pub fn close(mut self, desk: &Desk<'_>, answer: &Answer, failed: bool) -> Option<String> {
        let (stdout, stderr) = (&answer.shown_stdout, &answer.shown_stderr);
        if !self.streaming {
            self.write(stdout);
        }
        if !stderr.is_empty() && (stdout.is_empty() || failed) {
            if !stdout.is_empty() && !stdout.ends_with(b"\n") {
                self.write(b"\n");
            }
            self.write(stderr);
        }
        if failed && stdout.is_empty() && stderr.is_empty() {
            let words = desk.redactor.line(&answer.exit.in_words());
            self.write(format!("[the command {words} and printed nothing]\n").as_bytes());
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

    fn write(&mut self, bytes: &[u8]) {
        if let Some(writer) = &mut self.writer
            && let Err(error) = writer.write_all(bytes)
        {
            self.error.get_or_insert(error.to_string());
            self.writer = None;
        }
    }
}
