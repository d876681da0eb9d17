//! A run as one JSON document: `--format json`.

use crate::model::event::{Event, EventKind};
use crate::port::Reporter;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// Collects a run, and writes it when it is over.
pub struct Summary<W: Write> {
    to: W,
    head: Map<String, Value>,
    steps: Vec<Value>,
    notices: Vec<Value>,
    answers: Vec<Value>,
    diagnosis: Value,
    comparisons: Vec<Value>,
    last_round: Value,
    shown: Vec<String>,
}

impl<W: Write> Summary<W> {
    /// Writes to `to`.
    pub fn new(to: W) -> Self {
        Self {
            to,
            head: Map::new(),
            steps: Vec::new(),
            notices: Vec::new(),
            answers: Vec::new(),
            diagnosis: Value::Null,
            comparisons: Vec::new(),
            last_round: Value::Null,
            shown: Vec::new(),
        }
    }
}

impl<W: Write> Reporter for Summary<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match &event.kind {
            EventKind::RunStarted { schema, run, task, danger, replay, .. } => {
                self.head = Map::from_iter([
                    ("schema".to_owned(), json!(schema)),
                    ("run".to_owned(), json!(run)),
                    ("task".to_owned(), json!(task)),
                    ("danger".to_owned(), json!(danger)),
                    ("replay".to_owned(), json!(replay)),
                ]);
            }
            EventKind::StepStarted { step, shown: true, .. } => self.shown.push(step.clone()),
            EventKind::Output { step, stream, line } if self.shown.contains(step) => {
                self.answers.push(json!({ "step": step, "stream": stream, "line": line }));
            }
            EventKind::StepFinished { .. } | EventKind::StepSkipped { .. } => {
                self.steps.push(serde_json::to_value(&event.kind)?);
            }
            EventKind::Diagnosed { diagnosis } => self.diagnosis = serde_json::to_value(diagnosis)?,
            EventKind::Compared { comparison, .. } => self.comparisons.push(serde_json::to_value(comparison)?),
            // Of hours of rounds the last one says how it stands.
            EventKind::Round { number, rules, .. } => self.last_round = json!({ "number": number, "rules": rules }),
            EventKind::Notice { text, .. } => self.notices.push(json!(text)),
            EventKind::RunFinished { outcome, exit_code, counts, evidence, files, next } => {
                let mut whole = std::mem::take(&mut self.head);
                whole.extend([
                    ("outcome".to_owned(), json!(outcome)),
                    ("exit_code".to_owned(), json!(exit_code)),
                    ("took_ms".to_owned(), json!(event.elapsed_ms)),
                    ("counts".to_owned(), json!(counts)),
                    ("steps".to_owned(), Value::Array(std::mem::take(&mut self.steps))),
                    ("output".to_owned(), Value::Array(std::mem::take(&mut self.answers))),
                    ("notices".to_owned(), Value::Array(std::mem::take(&mut self.notices))),
                    ("diagnosis".to_owned(), self.diagnosis.take()),
                    ("comparisons".to_owned(), Value::Array(std::mem::take(&mut self.comparisons))),
                    ("last_round".to_owned(), self.last_round.take()),
                    ("evidence".to_owned(), json!(evidence)),
                    ("files".to_owned(), json!(files)),
                    ("next".to_owned(), json!(next)),
                ]);
                writeln!(self.to, "{:#}", Value::Object(whole))?;
                self.to.flush()?;
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::{Counts, RunOutcome, SCHEMA};
    use crate::model::step::Danger;

    #[test]
    fn a_run_is_one_document() {
        let mut out = Vec::new();
        let mut summary = Summary::new(&mut out);
        let kinds = [
            EventKind::RunStarted {
                schema: SCHEMA,
                run: "1-status".to_owned(),
                task: "status".to_owned(),
                summary: String::new(),
                danger: Danger::Read,
                steps: 1,
                replay: None,
                resumes: None,
                outline: Vec::new(),
                usual_ms: None,
            },
            EventKind::StepSkipped { step: "1".to_owned(), name: "Pods".to_owned(), why: "no pods".to_owned() },
            EventKind::RunFinished {
                outcome: RunOutcome::Done,
                exit_code: 0,
                counts: Counts { skipped: 1, ..Counts::default() },
                evidence: None,
                files: Vec::new(),
                next: Vec::new(),
            },
        ];
        for kind in kinds {
            summary.event(&Event { at: 0, elapsed_ms: 7, kind }).unwrap();
        }
        let read: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((&read["task"], &read["exit_code"], &read["took_ms"]), (&json!("status"), &json!(0), &json!(7)));
        assert_eq!(read["steps"][0]["why"], "no pods");
    }
}
