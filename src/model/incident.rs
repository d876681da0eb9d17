//! A failure that is being worked on. Everything known of it is derived from its timeline, which only ever grows:
//! what opened it, the runs with their findings, what the cluster said, what people found out and decided.

use super::event::RunOutcome;
use super::finding::{Diagnosis, Quote, Role};
use super::step::Danger;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Version of the timeline's form.
pub const SCHEMA: u32 = 1;

/// A line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was written: milliseconds since 1970-01-01 UTC.
    pub at: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What happened. Nothing of it holds a secret: it is redacted before it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum What {
    /// The first entry.
    Opened {
        /// [`SCHEMA`].
        schema: u32,
        /// Why, in a few words: "redeploy failed".
        why: String,
        /// The run that opened it; none when a person did.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        run: Option<String>,
        /// The recording that it is played from: a drill.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        replay: Option<String>,
        /// Who: user@host, where known.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        by: Option<String>,
        /// The variables that were another than in the file: where it happened.
        #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
        given: Given,
    },
    /// A run ended.
    Run(Attached),
    /// The roots that a diagnosis named, likeliest first.
    Diagnosed {
        /// The run whose output was read.
        run: String,
        /// The roots.
        findings: Vec<Root>,
    },
    /// The cluster warned.
    Cluster(Warning),
    /// Somebody wrote something down.
    Note {
        /// What.
        text: String,
        /// Who, where known.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        by: Option<String>,
    },
    /// The root cause, as a person confirmed it. A later one replaces it.
    Cause {
        /// In words.
        text: String,
        /// The symptom whose finding was accepted.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        finding: Option<String>,
        /// Who, where known.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        by: Option<String>,
    },
    /// Something was decided: to roll back, or not to.
    Decision {
        /// What, in a few words.
        text: String,
        /// Who, where known.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        by: Option<String>,
    },
    /// It is over.
    Closed {
        /// Why, when not because it was solved: a drill that was dropped.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        why: Option<String>,
        /// What the validation that closed it could ask of nobody.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        unverified: Vec<String>,
        /// Who, where known.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        by: Option<String>,
    },
}

/// Variables with the values that `--set` or the environment gave them, where those are others than the files say; no
/// secret among them.
pub type Given = BTreeMap<String, String>;

/// A run that belongs to an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// Its id.
    pub run: String,
    /// Its task.
    pub task: String,
    /// What the task may do.
    pub danger: Danger,
    /// What came of it.
    pub outcome: RunOutcome,
    /// Its exit code.
    pub exit_code: u8,
    /// A step of it that changes something began.
    #[serde(default)]
    pub changed: bool,
    /// It validated: `true` when that passed and nothing was changed behind it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub validation: Option<bool>,
    /// What its validation could ask of nobody, as the questions.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unverified: Vec<String>,
    /// Its variables that were another than in the file.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub given: Given,
    /// Its task is what follows the failure of another: that it fails says nothing new of the cause.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub undoes: bool,
    /// Where its evidence lies.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence: Option<String>,
    /// How many files that is.
    #[serde(default)]
    pub files: usize,
}

/// A root cause that a diagnosis named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// The symptom.
    pub id: String,
    /// Its family.
    pub family: String,
    /// What it is about; may be empty.
    pub subject: String,
    /// One sentence.
    pub cause: String,
    /// It follows from something else by nature, and nothing that was read says from what.
    #[serde(default)]
    pub unexplained: bool,
    /// The lines that it stands on.
    pub quotes: Vec<Quote>,
}

/// A warning among the cluster's events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// When it was last seen, in milliseconds since 1970-01-01 UTC; `None` where the text does not tell.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seen: Option<u64>,
    /// `BackOff`.
    pub reason: String,
    /// `pod/web-1`.
    pub object: String,
    /// What it says.
    pub message: String,
    /// How often.
    pub count: u64,
    /// `Warning`, as all of these.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Who wrote a text down, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// When.
    pub at: u64,
    /// What.
    pub text: String,
    /// The symptom whose finding was accepted, of a cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    /// Who, where known.
    pub by: Option<String>,
}

/// A validation that passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// When.
    pub at: u64,
    /// In which run.
    pub run: String,
    /// What it could ask of nobody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unverified: Vec<String>,
    /// Why it proves nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outdated: Option<Outdated>,
}

/// A validation that passed in another place than where the incident happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Elsewhere {
    /// In which run.
    pub run: String,
    /// The variables that differ: the name, what the validation was given, what the incident was opened with.
    pub differs: Vec<(String, Option<String>, Option<String>)>,
}

/// Why a cause that is on record may not be the one any more: a run failed since that changed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// The run.
    pub run: String,
    /// Its task.
    pub task: String,
}

/// What a validation does not speak for any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outdated {
    /// The cause was recorded after it.
    Cause,
    /// This run changed something after it, or failed to validate.
    Run(String),
}

/// What keeps an incident from being closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack<'a> {
    /// No cause stands.
    Cause(CauseLack),
    /// No validation passed since the cause was recorded; the last that passed at all.
    Validation(Option<&'a Passed>),
    /// The validation that passed since was one of another place.
    Elsewhere(&'a Elsewhere),
}

/// An incident, as its timeline tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Incident {
    /// Its id: its folder's name.
    pub id: String,
    /// When it was opened.
    pub opened: u64,
    /// Why.
    pub why: String,
    /// Who opened it, where known.
    pub by: Option<String>,
    /// The run that opened it.
    pub run: Option<String>,
    /// The recording that it is played from.
    pub replay: Option<String>,
    /// The variables that were another than in the file when it was opened.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub given: Given,
    /// The root cause.
    pub cause: Option<Said>,
    /// Why the cause must be recorded anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// The last validation that passed.
    pub validated: Option<Passed>,
    /// A later one that passed in another place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<Elsewhere>,
    /// When it was closed, by whom, and why when it was not solved (`text`, else empty).
    pub closed: Option<Said>,
    /// Its runs, in order.
    pub runs: Vec<Attached>,
    /// The roots of the newest diagnosis.
    pub findings: Vec<Root>,
    /// The cluster's warnings, each once, by the time at which they were seen last.
    pub cluster: Vec<Warning>,
    /// What people wrote down.
    pub notes: Vec<Said>,
    /// What was decided.
    pub decisions: Vec<Said>,
}

/// What the checks of a run know of the incident that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIncident {
    /// Its id.
    pub id: String,
    /// Why its root cause is not on record; `None`: it is.
    pub lacks: Option<CauseLack>,
}

/// Why an incident has no cause that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CauseLack {
    /// Nobody has recorded one.
    Missing,
    /// It failed again since.
    Doubt(Doubt),
}

impl fmt::Display for CauseLack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it has no root cause"),
            Self::Doubt(doubt) => f.write_str(&doubt.question()),
        }
    }
}

impl Doubt {
    /// In words, and as a question to whoever knows.
    pub fn question(&self) -> String {
        format!("`{}` failed again since the cause was recorded: is it another one?", self.task)
    }
}

impl Incident {
    /// Folds a timeline; `None` when it is empty. A beginning that was lost is made up for by the first entry.
    pub fn of(id: &str, entries: &[Entry]) -> Option<Self> {
        let mut incident = Self {
            id: id.to_owned(),
            opened: entries.first()?.at,
            why: String::new(),
            by: None,
            run: None,
            replay: None,
            given: Given::new(),
            cause: None,
            doubt: None,
            validated: None,
            elsewhere: None,
            closed: None,
            runs: Vec::new(),
            findings: Vec::new(),
            cluster: Vec::new(),
            notes: Vec::new(),
            decisions: Vec::new(),
        };
        let mut warnings: BTreeMap<(String, String, String), Warning> = BTreeMap::new();
        for Entry { at, what } in entries {
            match what {
                What::Cluster(warning) => merge(&mut warnings, warning),
                what => incident.take(*at, what),
            }
        }
        incident.cluster = warnings.into_values().collect();
        incident.cluster.sort_by_key(|warning| warning.seen);
        Some(incident)
    }

    fn take(&mut self, at: u64, what: &What) {
        let said = |text: &str, by: &Option<String>| Said { at, text: text.to_owned(), finding: None, by: by.clone() };
        match what {
            What::Opened { why, run, replay, by, given, .. } => {
                self.opened = at;
                self.given.clone_from(given);
                why.clone_into(&mut self.why);
                self.run.clone_from(run);
                self.replay.clone_from(replay);
                self.by.clone_from(by);
            }
            What::Run(run) => self.ran(at, run),
            What::Diagnosed { findings, .. } => self.findings.clone_from(findings),
            What::Cluster(_) => {}
            What::Note { text, by } => self.notes.push(said(text, by)),
            What::Cause { text, finding, by } => {
                self.cause = Some(Said { finding: finding.clone(), ..said(text, by) });
                self.doubt = None;
                self.elsewhere = None;
                // What passed before the cause was known proves nothing of the fix.
                self.outdate(Outdated::Cause);
            }
            What::Decision { text, by } => self.decisions.push(said(text, by)),
            What::Closed { why, by, .. } => {
                self.closed.get_or_insert(said(why.as_deref().unwrap_or_default(), by));
            }
        }
    }

    fn ran(&mut self, at: u64, run: &Attached) {
        let passed = run.validation == Some(true) && run.outcome == RunOutcome::Done;
        let differs = self.differs(run);
        let is_here = differs.is_empty();
        if passed && is_here {
            let unverified = run.unverified.clone();
            self.validated = Some(Passed { at, run: run.run.clone(), unverified, outdated: None });
            self.elsewhere = None;
        } else if run.changed || run.validation.is_some() && is_here {
            self.outdate(Outdated::Run(run.run.clone()));
        }
        if passed && !is_here {
            self.elsewhere = Some(Elsewhere { run: run.run.clone(), differs });
        }
        let failed = matches!(run.outcome, RunOutcome::Failed | RunOutcome::TimedOut | RunOutcome::Findings);
        if failed && run.changed && !run.undoes && self.cause.is_some() {
            self.doubt = Some(Doubt { run: run.run.clone(), task: run.task.clone() });
        }
        self.runs.push(run.clone());
    }

    /// The variables in which a run was of another place than this incident.
    fn differs(&self, run: &Attached) -> Vec<(String, Option<String>, Option<String>)> {
        let names: BTreeSet<&String> = self.given.keys().chain(run.given.keys()).collect();
        let both = names.into_iter().map(|name| (name, run.given.get(name), self.given.get(name)));
        let others = both.filter(|(_, here, there)| here != there);
        others.map(|(name, here, there)| (name.clone(), here.cloned(), there.cloned())).collect()
    }

    /// The first reason counts.
    fn outdate(&mut self, why: Outdated) {
        if let Some(passed) = &mut self.validated {
            passed.outdated.get_or_insert(why);
        }
    }

    /// Is it still being worked on?
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// Why no cause stands, if none does.
    pub fn lacks_cause(&self) -> Option<CauseLack> {
        match (&self.cause, &self.doubt) {
            (None, _) => Some(CauseLack::Missing),
            (Some(_), Some(doubt)) => Some(CauseLack::Doubt(doubt.clone())),
            (Some(_), None) => None,
        }
    }

    /// What keeps it from being closed; `validates`: a validation is asked for at all.
    pub fn lacks(&self, validates: bool) -> Option<Lack<'_>> {
        if let Some(lack) = self.lacks_cause() {
            return Some(Lack::Cause(lack));
        }
        let stands = self.validated.as_ref().is_some_and(|passed| passed.outdated.is_none());
        if !validates || stands {
            return None;
        }
        let elsewhere = self.elsewhere.as_ref().map(Lack::Elsewhere);
        Some(elsewhere.unwrap_or(Lack::Validation(self.validated.as_ref())))
    }

    /// Is this warning known, as far as it is no news?
    pub fn knows(&self, warning: &Warning) -> bool {
        self.cluster.iter().any(|known| {
            let same =
                known.reason == warning.reason && known.object == warning.object && known.message == warning.message;
            same && match (known.seen, warning.seen) {
                // An age is told in whole minutes or hours: the same event read twice differs by as much.
                (Some(known), Some(new)) => new <= known.saturating_add(BLUR),
                _ => true,
            }
        })
    }
}

/// Ages are whole minutes after ten minutes, whole hours after some hours: less is no difference.
const BLUR: u64 = 60_000;

fn merge(warnings: &mut BTreeMap<(String, String, String), Warning>, new: &Warning) {
    let key = (new.object.clone(), new.reason.clone(), new.message.clone());
    let known = warnings.entry(key).or_insert_with(|| new.clone());
    known.seen = known.seen.max(new.seen);
    known.count = known.count.max(new.count);
}

impl Root {
    /// The roots of a diagnosis.
    pub fn of(diagnosis: &Diagnosis) -> Vec<Self> {
        let roots = diagnosis.findings.iter().filter(|finding| finding.role == Role::Root);
        let root = |finding: &super::finding::Finding| Self {
            id: finding.id.clone(),
            family: finding.family.clone(),
            subject: finding.subject.clone(),
            cause: finding.cause.clone(),
            unexplained: diagnosis.unexplained.contains(&finding.id),
            quotes: finding.evidence.iter().take(QUOTES).cloned().collect(),
        };
        roots.map(root).collect()
    }
}

/// As many lines of a finding are enough to know it by.
const QUOTES: usize = 3;

/// A timeline as far as it can be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timeline {
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// The last line was cut off: the program or the machine died while writing it.
    pub torn: bool,
    /// Lines that are no entry known to this version.
    pub unknown: usize,
}

impl Timeline {
    /// Reads the bytes of `timeline.jsonl`. Never fails: what a crash left is worth showing.
    pub fn read(bytes: &[u8]) -> Self {
        let mut timeline = Self::default();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            // A line without its end may be whole JSON by chance; it was never finished.
            let Some(line) = line.strip_suffix(b"\n") else {
                timeline.torn = true;
                break;
            };
            if line.trim_ascii().is_empty() {
                continue;
            }
            match serde_json::from_slice(line) {
                Ok(entry) => timeline.entries.push(entry),
                Err(_) => timeline.unknown += 1,
            }
        }
        timeline
    }
}

#[cfg(test)]
mod tests;
