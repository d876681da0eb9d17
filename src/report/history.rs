//! Runs of the past, read from their journals.

use super::layout::{Piece, flow, line_per_row, visible};
use super::render::{Story, Told, Verbosity, in_words, took};
use super::style::Look;
use crate::model::event::{Counts, Event, EventKind, RunOutcome, SCHEMA, Status};
use crate::model::step::Danger;
use crate::text::timestamp;
use owo_colors::Style;
use serde::Serialize;
use serde_json::{Value, json};

/// Columns that the counts of a run need to say anything; what is more is cut off first.
const STEPS: usize = 16;

/// How an event of output begins to say what it is; a line of output that quotes it has its quotes escaped.
const OUTPUT: &[u8] = br#""type":"output""#;

/// A journal as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Journal {
    /// The events, in order.
    pub events: Vec<Event>,
    /// The last line was cut off: the program or the machine died while writing it.
    pub torn: bool,
    /// Lines in the middle that are no event known to this version.
    pub unknown: usize,
    /// The run is still going on, as whoever read it knows from elsewhere.
    pub running: bool,
}

impl Journal {
    /// Reads the bytes of `journal.jsonl`. Never fails: what a crash left is worth showing.
    pub fn read(bytes: &[u8]) -> Self {
        let mut journal = Self::default();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (line, is_whole) = match rest.iter().position(|byte| *byte == b'\n') {
                Some(at) => {
                    let (line, behind) = rest.split_at(at);
                    rest = behind.get(1..).unwrap_or_default();
                    (line, true)
                }
                None => (std::mem::take(&mut rest), false),
            };
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice(line) {
                // A line without its end may be whole JSON by chance; it was never finished.
                _ if !is_whole => journal.torn = true,
                Ok(event) => journal.events.push(event),
                Err(_) => journal.unknown += 1,
            }
        }
        journal
    }

    /// The same without what the tools printed: all that is needed to know what was done and how long it took, and of
    /// a long journal the smaller part.
    pub fn read_steps(bytes: &[u8]) -> Self {
        let is_kept = |line: &&[u8]| memchr::memmem::find(line, OUTPUT).is_none();
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').filter(is_kept).collect();
        Self::read(&lines.concat())
    }

    /// The run in one row; `None` when not even its start was written.
    pub fn row(&self) -> Option<Row> {
        let first = self.events.iter().find_map(|event| match &event.kind {
            EventKind::RunStarted { run, task, replay, .. } => Some((event.at, run, task, replay)),
            _ => None,
        });
        let (at, run, task, replay) = first?;
        let end = self.events.iter().rev().find_map(|event| match &event.kind {
            EventKind::RunFinished { outcome, exit_code, counts, evidence, .. } => {
                Some((*outcome, *exit_code, *counts, evidence.clone()))
            }
            _ => None,
        });
        let end_is_open = end.is_none();
        let took_ms = self.events.last().map_or(0, |event| event.elapsed_ms);
        let counts = end.as_ref().map_or_else(|| self.counted(), |(_, _, counts, _)| *counts);
        Some(Row {
            run: run.clone(),
            at,
            task: task.clone(),
            outcome: end.as_ref().map(|(outcome, ..)| *outcome),
            exit_code: end.as_ref().map(|(_, code, ..)| *code),
            took_ms,
            counts,
            evidence: end.and_then(|(.., evidence)| evidence),
            replay: replay.clone(),
            running: end_is_open && self.running,
        })
    }

    /// Steps by status for a run that never told its end. Calls are no steps of their own.
    fn counted(&self) -> Counts {
        let mut counts = Counts::default();
        let mut calls = Vec::new();
        for event in &self.events {
            match &event.kind {
                EventKind::StepStarted { step, kind, .. } if kind == "task" => calls.push(step),
                EventKind::StepFinished { step, status, .. } if !calls.contains(&step) => match status {
                    Status::Ok | Status::AlreadyDone => counts.ok += 1,
                    Status::NotVerified => counts.not_verified += 1,
                    Status::Failed | Status::FailedAllowed | Status::Interrupted => counts.failed += 1,
                },
                EventKind::StepSkipped { .. } => counts.skipped += 1,
                _ => {}
            }
        }
        counts
    }

    /// The command that goes on from a run that changes something.
    fn resume(&self) -> Option<String> {
        self.events.iter().find_map(|event| match &event.kind {
            EventKind::RunStarted { task, danger, .. } if *danger > Danger::Read => {
                Some(format!("refloat {} --resume", visible(task)))
            }
            _ => None,
        })
    }

    /// The run, told again.
    pub fn story(&self, look: Look, verbosity: Verbosity) -> Told {
        let mut story = Story::new(look, verbosity);
        let mut all = Told::default();
        for event in &self.events {
            let Told { err, out } = story.tell(event);
            all.err.push_str(&err);
            // What went to standard output stands in the story where it was printed.
            all.err.push_str(&out);
            all.out.push_str(&out);
        }
        if let Some(row) = self.row().filter(|row| row.outcome.is_none()) {
            let (verb, why, next) = match row.running {
                true => ("running", "the run is still going on", None),
                false => ("cut off", "the journal ends here: the run was killed", self.resume()),
            };
            let mut pieces = vec![Piece::prose(Style::new(), why)];
            pieces.extend(next.map(|command| Piece::whole(look.styles.command, &command)));
            super::layout::told(&mut all.err, &look, (look.styles.warn, verb), &pieces);
        }
        all
    }
}

/// A run, in short. Its JSON form is that of `history --format json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The run's id.
    pub run: String,
    /// When it started: milliseconds since 1970-01-01 UTC.
    pub at: u64,
    /// The task.
    pub task: String,
    /// What came of it; `None` when the journal ends before the run did.
    pub outcome: Option<RunOutcome>,
    /// Its exit code.
    pub exit_code: Option<u8>,
    /// How long it took, as far as the journal goes.
    pub took_ms: u64,
    /// Steps by status.
    pub counts: Counts,
    /// Where its evidence lies.
    pub evidence: Option<String>,
    /// The recording that answered.
    pub replay: Option<String>,
    /// It is still going on.
    pub running: bool,
}

/// What came of a run, in a word or two.
pub fn outcome(row: &Row) -> &'static str {
    match row.outcome {
        None if row.running => "running",
        None => "cut off",
        Some(RunOutcome::Done) => "done",
        Some(RunOutcome::Failed) => "failed",
        Some(RunOutcome::TimedOut) => "timed out",
        Some(RunOutcome::Refused) => "refused",
        Some(RunOutcome::Interrupted) => "stopped",
        Some(RunOutcome::Unwritable) => "unwritten",
        Some(RunOutcome::Unequipped) => "unequipped",
        Some(RunOutcome::Findings) => "findings",
    }
}

/// A run in one line, for the end of the list of tasks.
pub fn last_run(row: &Row) -> String {
    let replay = if row.replay.is_some() { " (replayed)" } else { "" };
    format!("{}{replay}: {}, {}", row.task, outcome(row), timestamp(row.at))
}

/// The table, in the order given. A run's id says when it was.
pub fn text(rows: &[Row], look: &Look) -> String {
    let mut out = String::new();
    if rows.is_empty() {
        out.push_str("no runs yet\n");
        return out;
    }
    let styles = look.styles;
    // An id ends with the task's name; only one of another making does not say it.
    let says_task = rows.iter().all(|row| row.run.ends_with(&row.task));
    let cells: Vec<Vec<Piece>> = rows
        .iter()
        .map(|row| {
            let style = match row.outcome {
                Some(RunOutcome::Done) => styles.good,
                Some(RunOutcome::Findings | RunOutcome::Interrupted) | None => styles.warn,
                Some(_) => styles.bad,
            };
            let replay = if row.replay.is_some() { " (replayed)" } else { "" };
            let mut cells = vec![Piece::whole(styles.strong, &row.run)];
            if !says_task {
                cells.push(Piece::whole(Style::new(), &row.task));
            }
            cells.push(Piece::whole(style, &format!("{}{replay}", outcome(row))));
            cells.push(Piece::whole(Style::new(), &took(row.took_ms)));
            cells.push(Piece::prose(Style::new(), &in_words(row.counts)));
            cells
        })
        .collect();
    let task: &[&str] = if says_task { &[] } else { &["task"] };
    let heading = [&["run"], task, &["outcome", "took", "steps"]].concat();
    let heading = heading.iter().map(|word| Piece::whole(styles.dim, word)).collect();
    let whole: Vec<Vec<Piece>> = std::iter::once(heading).chain(cells.iter().cloned()).collect();
    if !line_per_row(&mut out, look, &whole, STEPS) {
        for row in &cells {
            let (run, rest) = row.split_at(1);
            flow(&mut out, 0, 0, run, look.width);
            out.push_str("  ");
            flow(&mut out, 2, 2, rest, look.width);
        }
    }
    out
}

/// The same as data.
pub fn json(rows: &[Row]) -> Value {
    json!({ "schema": SCHEMA, "runs": rows })
}

#[cfg(test)]
mod tests;
