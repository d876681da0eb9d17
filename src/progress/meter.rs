//! The meter of one call: fed with lines, it tells how far the call is.

use super::count::words;
use super::docker::Docker;
use super::minikube::{self, Minikube};
use super::pattern::Marks;
use super::rollout::Rollout;
use super::tool::{Known, known};
pub use crate::model::event::Unit;
use crate::model::pattern::Pattern;

/// A line longer than this says nothing of progress.
const LONGEST: usize = 64 << 10;

/// What is known of how far a call is.
///
/// `current` is what is done, not what is being done; it never exceeds `total`, and with a total it never
/// goes back within a call. That both are equal says that the counted things are done, not that the call
/// has succeeded: an image may still have to be exported. A total may grow while a tool finds out what
/// there is to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// What the tool does now, in its words.
    pub stage: Option<String>,
    /// Done so far.
    pub current: Option<u64>,
    /// Of how many.
    pub total: Option<u64>,
    /// What is counted; `None`: pieces or steps.
    pub unit: Option<Unit>,
}

/// The state of one call. Its memory is bounded, whatever it reads.
#[derive(Debug)]
pub struct Meter {
    source: Source,
    /// The tool's events are to be told in words.
    events: bool,
    last: Reading,
}

/// Where the readings come from.
#[derive(Debug)]
enum Source {
    Docker(Box<Docker>),
    Minikube(Minikube),
    Rollout(Rollout),
    Marks(Marks),
}

impl Meter {
    /// The meter for a call; `None` where its tool says nothing of its progress.
    ///
    /// `tool` is the program as `[tools]` has it (`docker`, `minikube.exe`), `args` are all of its arguments,
    /// pinned ones included. `pattern` is the step's own; it wins over what is known of the tool.
    pub fn of(tool: &str, args: &[&str], pattern: Option<&Pattern>) -> Option<Self> {
        let known = known(tool, args);
        let events = matches!(known, Some(Known::Minikube { .. }));
        let source = match (pattern, known) {
            (Some(pattern), _) => Source::Marks(Marks::new(pattern.clone())),
            (None, Some(Known::Build)) => Source::Docker(Box::default()),
            (None, Some(Known::Minikube { json })) => Source::Minikube(Minikube::new(json)),
            (None, Some(Known::Rollout)) => Source::Rollout(Rollout::default()),
            (None, None) => return None,
        };
        Some(Self { source, events, last: Reading::default() })
    }

    /// Takes a line without its end, of either stream, as the tool printed it. A reading when it changes
    /// what is known.
    pub fn line(&mut self, line: &[u8]) -> Option<Reading> {
        if line.len() > LONGEST {
            return None;
        }
        let is_told = match &mut self.source {
            Source::Docker(docker) => docker.line(line),
            Source::Minikube(minikube) => minikube.line(line),
            Source::Rollout(rollout) => rollout.line(line),
            Source::Marks(marks) => marks.line(line),
        };
        if is_told { self.changed() } else { None }
    }

    /// What a person reads instead of this line: the message of one of minikube's events. `None`: the
    /// line itself.
    pub fn words(&self, line: &[u8]) -> Option<String> {
        if self.events && line.len() <= LONGEST { minikube::words(line) } else { None }
    }

    /// The call is over, `ok` with exit code 0. A reading when that says more than the lines did.
    pub fn end(&mut self, ok: bool) -> Option<Reading> {
        if !ok {
            return None;
        }
        match &mut self.source {
            Source::Docker(docker) => docker.complete(),
            Source::Minikube(minikube) => minikube.complete(),
            // `--watch=false` ends well without the rollout; what an own pattern counts, nobody knows.
            Source::Rollout(_) | Source::Marks(_) => return None,
        }
        self.changed()
    }

    fn changed(&mut self) -> Option<Reading> {
        let reading = match &self.source {
            Source::Docker(docker) => docker.reading(),
            Source::Minikube(minikube) => minikube.reading(),
            Source::Rollout(rollout) => rollout.reading(),
            Source::Marks(marks) => marks.reading(),
        };
        let reading = Reading { stage: reading.stage.filter(|stage| !stage.is_empty()), ..reading };
        (reading != self.last).then(|| {
            self.last = reading.clone();
            reading
        })
    }
}

/// The stage of a call whose step `what` failed.
pub(super) fn failed(what: &str) -> String {
    words(format!("failed: {what}").as_bytes())
}
