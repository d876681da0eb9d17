//! What only a person can judge is asked, and the answer is part of the record.

use super::desk::Desk;
use crate::model::command::{Exit, Invocation, RecordedCall, Stream};
use crate::plan::limits;
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// What a recording calls a question.
const ASK: &str = "ask";

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Nobody was there, or whoever was did not say.
    Nothing,
    /// The person stopped the run instead.
    Interrupted,
}

/// Asks; a recording answers as the person did who was asked when it was made.
pub fn ask(desk: &Desk<'_>, question: &str) -> Said {
    if desk.world.runner.is_replay() {
        return recorded(desk, question);
    }
    let Some(person) = desk.world.person else { return Said::Nothing };
    let mut person = person.lock().unwrap_or_else(PoisonError::into_inner);
    if !person.is_present() {
        return Said::Nothing;
    }
    // Whatever the view shows must be off the screen before the question stands there.
    if let Err(why) = desk.settle() {
        desk.notice(format!("not asked: {why}"));
        return Said::Nothing;
    }
    loop {
        let said = person.ask(&format!("{question} [y/n] "));
        if desk.is_stopped() {
            return Said::Interrupted;
        }
        let Ok(Some(said)) = said else { return Said::Nothing };
        let (said, word) = match said.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => (Said::Yes, "yes"),
            "n" | "no" => (Said::No, "no"),
            _ => continue,
        };
        desk.notice(format!("answered {word}: {question}"));
        record(desk, question, word);
        return said;
    }
}

fn record(desk: &Desk<'_>, question: &str, word: &str) {
    let Some(recorder) = desk.world.recorder else { return };
    let call = RecordedCall {
        argv: vec![ASK.to_owned(), question.to_owned()],
        exit_code: 0,
        elapsed_ms: 0,
        stdout: format!("{word}\n"),
        stderr: String::new(),
        marks: Vec::new(),
    };
    if let Err(error) = recorder.keep(&call) {
        desk.unwritable(format!("the recording: {error}"));
    }
}

fn recorded(desk: &Desk<'_>, question: &str) -> Said {
    let call = Invocation {
        argv: vec![ASK.to_owned(), question.to_owned()],
        label: ASK.to_owned(),
        pinned: 0..0,
        program: None,
        cwd: None,
        env: BTreeMap::new(),
        timeout: None,
        grace: limits::GRACE,
        leaves: None,
        interactive: false,
        input: None,
    };
    let mut said = Vec::new();
    let outcome = desk.world.runner.run(&call, &mut |stream, chunk| {
        if stream == Stream::Stdout {
            said.extend_from_slice(chunk);
        }
    });
    match (outcome.exit, said.trim_ascii()) {
        (Exit::Interrupted, _) => Said::Interrupted,
        (_, b"yes") => Said::Yes,
        (_, b"no") => Said::No,
        _ => Said::Nothing,
    }
}

#[cfg(test)]
#[path = "ask_tests.rs"]
mod tests;
