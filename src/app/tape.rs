//! The recording that answers, and the one that is made: one of each for all the runs of a command.

use super::context::Context;
use crate::adapter::chance;
use crate::adapter::record::Recording;
use crate::adapter::replay::Replay;
use crate::error::{Code, Failure};
use crate::plan::Plan;
use std::sync::OnceLock;

/// Stands for `${unique}` where a recording answers that has none.
const REPLAYED: &str = "replayed";

/// A diagnosis collects, and then asks: both runs are answered from, and kept in, one recording.
#[derive(Debug)]
pub(super) struct Tape {
    replay: Option<Replay>,
    recording: OnceLock<Recording>,
    unique: String,
}

impl Tape {
    /// Opens what `--replay` names; what `--record` names is made when there is something to keep.
    pub(super) fn open(context: &Context) -> Result<Self, Failure> {
        let replay = context.global.replay.as_ref().map(|path| Replay::open(path)).transpose();
        let replay = replay.map_err(|error| Failure::new(Code::Usage, error))?;
        // Asked with the recorded word, a recording knows the question again.
        let unique = match &replay {
            Some(replay) => replay.unique().unwrap_or(REPLAYED).to_owned(),
            None => chance::word(),
        };
        Ok(Self { replay, recording: OnceLock::new(), unique })
    }

    /// What stands for `${unique}`.
    pub(super) fn unique(&self) -> &str {
        &self.unique
    }

    /// What answers in place of the tools.
    pub(super) fn replay(&self) -> Option<&Replay> {
        self.replay.as_ref()
    }

    /// What keeps the calls; the first run that asks for it gives it its name.
    pub(super) fn recording(&self, context: &Context, plan: &Plan) -> Result<Option<&Recording>, Failure> {
        let Some(path) = &context.global.record else { return Ok(None) };
        if let Some(made) = self.recording.get() {
            return Ok(Some(made));
        }
        let note = format!("refloat {}", plan.root.task);
        let made = Recording::create(path, &plan.root.task, &note, &self.unique)
            .map_err(|error| Failure::new(Code::Unwritable, error.to_string()))?;
        Ok(Some(self.recording.get_or_init(|| made)))
    }
}
