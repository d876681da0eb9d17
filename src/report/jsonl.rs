//! One event, one line of JSON: `--format jsonl` and the journal.

use crate::model::event::{Event, EventKind};
use crate::port::Reporter;
use std::io::{self, Write};

/// Makes what was written survive a power cut (`File::sync_data`).
pub type Sync<W> = Box<dyn FnMut(&mut W) -> io::Result<()>>;

/// Writes events as JSON Lines.
pub struct Jsonl<W: Write> {
    to: W,
    sync: Option<Sync<W>>,
}

impl<W: Write> Jsonl<W> {
    /// Writes to `to`; every line is flushed.
    pub fn new(to: W) -> Self {
        Self { to, sync: None }
    }

    /// Calls `sync` after every step that ended and at the end of the run.
    #[must_use]
    pub fn synced(mut self, sync: Sync<W>) -> Self {
        self.sync = Some(sync);
        self
    }

    /// Gives the place back.
    pub fn into_inner(self) -> W {
        self.to
    }
}

impl<W: Write> Reporter for Jsonl<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        // One write per line: what a crash leaves is whole lines and at most one torn one.
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.to.write_all(&line)?;
        self.to.flush()?;
        let is_milestone = matches!(event.kind, EventKind::StepFinished { .. } | EventKind::RunFinished { .. });
        match &mut self.sync {
            Some(sync) if is_milestone => sync(&mut self.to),
            _ => Ok(()),
        }
    }

    fn settle(&mut self) -> io::Result<()> {
        self.sync.as_mut().map_or(Ok(()), |sync| sync(&mut self.to))
    }

    fn keeps(&self) -> bool {
        self.sync.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::Status;
    use std::cell::Cell;
    use std::rc::Rc;

    fn finished() -> Event {
        Event {
            at: 5,
            elapsed_ms: 1,
            kind: EventKind::StepFinished {
                step: "1".into(),
                name: "a\nb".into(),
                status: Status::Ok,
                exit: None,
                took_ms: 1,
                note: None,
                saved: None,
                dropped: 0,
                leaked: false,
                tail: vec![],
                hints: vec![],
            },
        }
    }

    #[test]
    fn an_event_is_one_line_and_milestones_are_synced() {
        let count = Rc::new(Cell::new(0));
        let seen = Rc::clone(&count);
        let mut journal = Jsonl::new(Vec::new()).synced(Box::new(move |_| {
            seen.set(seen.get() + 1);
            Ok(())
        }));
        journal.event(&finished()).unwrap();
        let notice = EventKind::Notice { text: "x".into(), urgent: false };
        journal.event(&Event { at: 6, elapsed_ms: 2, kind: notice }).unwrap();
        assert_eq!(count.get(), 1);
        assert_eq!(
            String::from_utf8(journal.into_inner()).unwrap(),
            "{\"at\":5,\"elapsed_ms\":1,\"type\":\"step-finished\",\"step\":\"1\",\"name\":\"a\\nb\",\"status\":\"ok\",\
             \"took_ms\":1}\n{\"at\":6,\"elapsed_ms\":2,\"type\":\"notice\",\"text\":\"x\"}\n"
        );
    }
}
