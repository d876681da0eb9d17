//! What the engine is given.

use super::past::Past;
use crate::classify::rollout::Finals;
use crate::model::finding::{Diagnosis, Document};
use crate::model::incident::OpenIncident;
use crate::model::usual::Usual;
use crate::port::{Clock, Locate, Person, Recorder, Runner, Stop, Store};
use std::path::PathBuf;
use std::sync::Mutex;

/// Names the cause in texts.
pub type Diagnose<'a> = dyn Fn(&[Document]) -> Diagnosis + Sync + 'a;
/// The ids of the symptoms in texts.
pub type SymptomIn<'a> = dyn Fn(&[Document]) -> Vec<String> + Sync + 'a;

/// The ports of one run.
#[derive(Clone)]
pub struct World<'a> {
    /// Runs tools.
    pub runner: &'a dyn Runner,
    /// Finds programs.
    pub locate: &'a dyn Locate,
    /// Tells the time.
    pub clock: &'a dyn Clock,
    /// Has somebody asked us to stop?
    pub stop: &'a dyn Stop,
    /// Who can be asked what only a person can judge; `None`: nobody, whoever sits there.
    pub person: Option<&'a Mutex<dyn Person + Send>>,
    /// Where evidence goes.
    pub store: &'a dyn Store,
    /// Keeps the calls, for `--record`.
    pub recorder: Option<&'a dyn Recorder>,
    /// The directory of `tasks.toml`.
    pub base: PathBuf,
    /// The run's id.
    pub run_id: String,
    /// A short word that is another one in every run: test data is named with it (`${unique}`).
    pub unique: String,
    /// The recording that answers, as a person would type it.
    pub replay: Option<String>,
    /// What an earlier run of the task did, when this one goes on from it.
    pub past: Option<Past>,
    /// The command that goes on from this run, should it stop half-way.
    pub resume: Option<String>,
    /// The incident that is open; why nobody can tell, where that is so.
    pub incident: Result<Option<OpenIncident>, String>,
    /// What earlier runs of the task took.
    pub usual: Usual,
    /// The command to type after a failure that nothing explains; not every file can be diagnosed.
    pub after_failure: Option<String>,
    /// Names the cause.
    pub diagnose: &'a Diagnose<'a>,
    /// Finds symptoms, for `retry.on`.
    pub symptom_in: &'a SymptomIn<'a>,
    /// Finds what ends a wait, in texts that are redacted.
    pub finals: &'a Finals<'a>,
}

impl World<'_> {
    /// A directory of `tasks.toml`, made absolute.
    pub fn directory(&self, relative: &str) -> PathBuf {
        self.base.join(relative)
    }
}
