//! The journal's measure: every event that matters, and no more of the tools' output than a person
//! will read. Output has its own place, the evidence files.

use crate::model::event::{Event, EventKind};
use crate::port::Reporter;
use std::collections::BTreeMap;
use std::io;

/// Bytes of output kept for one step.
const PER_STEP: usize = 256 * 1024;
/// Bytes of output kept for the whole run.
const PER_RUN: usize = 16 * 1024 * 1024;
/// What a line costs beside its text: time, step, stream.
const PER_LINE: usize = 128;

/// Hands events on, and of the output only the first part of each step.
pub struct Measured<R> {
    to: R,
    steps: BTreeMap<String, Kept>,
    run: usize,
}

#[derive(Debug, Default)]
struct Kept {
    bytes: usize,
    left_out: u64,
}

impl<R: Reporter> Measured<R> {
    /// Hands on to `to`.
    pub fn new(to: R) -> Self {
        Self { to, steps: BTreeMap::new(), run: 0 }
    }
}

impl<R: Reporter> Reporter for Measured<R> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::Output { step, line, .. } => {
                let size = line.len() + PER_LINE;
                let kept = self.steps.entry(step.clone()).or_default();
                if kept.left_out > 0 || kept.bytes + size > PER_STEP || self.run + size > PER_RUN {
                    kept.left_out += 1;
                    return Ok(());
                }
                kept.bytes += size;
                self.run += size;
            }
            EventKind::StepFinished { step, .. } => {
                if let Some(kept) = self.steps.remove(step).filter(|kept| kept.left_out > 0) {
                    let text = format!("step {step}: {} more lines of output are not in the journal", kept.left_out);
                    self.to.event(&Event { kind: EventKind::Notice { text, urgent: false }, ..event.clone() })?;
                }
            }
            _ => {}
        }
        self.to.event(event)
    }

    fn settle(&mut self) -> io::Result<()> {
        self.to.settle()
    }

    fn keeps(&self) -> bool {
        self.to.keeps()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::command::Stream;
    use crate::model::event::Status;
    use crate::report::jsonl::Jsonl;

    fn event(kind: EventKind) -> Event {
        Event { at: 0, elapsed_ms: 0, kind }
    }

    fn output(step: &str, line: &str) -> Event {
        event(EventKind::Output { step: step.to_owned(), stream: Stream::Stdout, line: line.to_owned() })
    }

    fn finished(step: &str) -> Event {
        event(EventKind::StepFinished {
            step: step.to_owned(),
            name: String::new(),
            status: Status::Ok,
            exit: None,
            took_ms: 0,
            note: None,
            saved: None,
            dropped: 0,
            leaked: false,
            tail: Vec::new(),
            hints: Vec::new(),
        })
    }

    #[test]
    fn a_flood_of_empty_lines_is_counted_and_not_kept() {
        let mut journal = Vec::new();
        let mut measured = Measured::new(Jsonl::new(&mut journal));
        for _ in 0..100_000 {
            measured.event(&output("1", "")).unwrap();
        }
        measured.event(&finished("1")).unwrap();
        measured.event(&output("2", "another step still is")).unwrap();
        drop(measured);
        let text = String::from_utf8(journal).unwrap();
        assert!(text.len() < 2 * PER_STEP, "{}", text.len());
        assert!(text.contains("97952 more lines of output are not in the journal"), "{}", &text[text.len() - 600..]);
        assert!(text.contains("another step still is"));
    }
}
