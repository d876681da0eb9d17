//! What is read, and what was found in it.

use super::step::Danger;
use serde::{Deserialize, Serialize};

pub use super::symptom::{FAMILIES, Final, Fix, Os, Role, Rollback, Sample, Source, Symptom};

/// What is known of a text before it is read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// How a quote names it: a path, or "helm status taskflow".
    pub file: String,
    /// The call that printed it, when known (a recording, a live run): a strong hint at the source.
    pub argv: Vec<String>,
    /// Standard error of that call?
    pub is_stderr: bool,
}

/// One text to be read: a file, or one stream of one call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// How a quote names it: a path, or "helm status taskflow".
    pub file: String,
    /// The call that printed it, when known (a recording, a live run): a strong hint at the source.
    pub argv: Vec<String>,
    /// Standard error of that call?
    pub is_stderr: bool,
    /// The bytes as captured.
    pub text: Vec<u8>,
}

impl Document {
    /// What is known of it before it is read.
    pub fn head(&self) -> Head {
        Head { file: self.file.clone(), argv: self.argv.clone(), is_stderr: self.is_stderr }
    }
}

/// A quoted line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The document's name.
    pub file: String,
    /// 1-based line number in that document.
    pub line: usize,
    /// The line as it stands there, redacted, without its line end.
    pub text: String,
    /// The telling part of `text`, as a byte range.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub span: Option<(usize, usize)>,
}

/// How sure a diagnosis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A root alone.
    Low,
    /// A root and a consequence that it explains.
    Medium,
    /// A root, a consequence, and two independent sources.
    High,
}

/// One symptom, found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The symptom's id.
    pub id: String,
    /// Its family.
    pub family: String,
    /// `root` or `consequence` in this diagnosis.
    pub role: Role,
    /// Pod, release, node, image …: whatever the text says it is about; may be empty.
    pub subject: String,
    /// One sentence, its groups filled.
    pub cause: String,
    /// For this operating system, its groups filled.
    pub fixes: Vec<Advice>,
    /// Ids of the findings of this diagnosis that it explains.
    pub explains: Vec<String>,
    /// How sure.
    pub confidence: Confidence,
    /// What proves it, when there is a way: the checks' names, or the commands that ask them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub confirm: Vec<String>,
    /// What those checks said, when they were asked.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub confirmed: Vec<Confirmation>,
    /// Does a rollback help?
    #[serde(default)]
    pub rollback: Rollback,
    /// Fields whose change is likely to be behind it, as patterns.
    #[serde(skip)]
    pub fields: Vec<String>,
    /// How long ago it was first seen, in seconds, where the text tells.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<u64>,
    /// The lines it stands on, best first.
    pub evidence: Vec<Quote>,
}

/// Something to do, worded for one system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    /// A command, or a sentence.
    #[serde(rename = "do")]
    pub text: String,
    /// What following it does to the world.
    pub danger: Danger,
}

/// What a check said about a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The check's name.
    pub check: String,
    /// Its answer, seen from the finding.
    pub answer: Answer,
    /// What was found, or why it could not be asked; no secret in it.
    pub detail: String,
}

/// The answer of a check, seen from the finding that it is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The check said no: the cause is there.
    Confirmed,
    /// The check said yes: what the finding says is broken works now.
    Refuted,
    /// It could not be asked.
    CouldNotCheck,
}

/// A symptom that was seen and let go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuledOut {
    /// The symptom's id.
    pub id: String,
    /// Its family.
    pub family: String,
    /// What it was about; may be empty.
    pub subject: String,
    /// Why it says nothing about now.
    pub why: String,
    /// The line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub evidence: Option<Quote>,
}

/// What the last revision changed, against the one before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The earlier revision; `None` where no text tells its number.
    pub from: Option<u32>,
    /// The later one.
    pub to: Option<u32>,
    /// The changed fields, those that a root is about first.
    pub fields: Vec<Change>,
    /// As many more changed and are not told.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub more: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// A field that differs between two revisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// `values: backend.image.tag`, `Deployment/web: spec.template.spec.containers[web].image`.
    pub field: String,
    /// Before; `None`: it was not there. A secret is its tag.
    pub before: Option<String>,
    /// After; `None`: it is gone. A secret is its tag.
    pub after: Option<String>,
    /// Ids of the roots that the field is likely behind, likeliest first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub relates: Vec<String>,
}

/// Whether going back to an earlier revision helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackAdvice {
    /// The short answer.
    pub helps: Helps,
    /// The reason, in one sentence.
    pub why: String,
    /// The revision to go back to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revision: Option<u32>,
    /// What to type.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command: Option<String>,
}

/// Does a rollback help?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Helps {
    /// The earlier revision did not have what is broken now.
    Yes,
    /// The earlier revision meets the same cause.
    No,
    /// It depends on what is not known here.
    Perhaps,
    /// There is nothing to go back to.
    Impossible,
}

impl Diagnosis {
    /// An answer that names nothing.
    pub fn naming_nothing(verdict: Verdict) -> Self {
        Self { schema: 1, verdict, ..Self::default() }
    }
}

/// What a diagnosis comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing found, and what was read says that all is well.
    Healthy,
    /// At least one finding.
    Failing,
    /// Something is wrong that no symptom names: the last telling line is quoted, nothing guessed.
    Unclassified,
}

/// The whole answer; its JSON form is stable within a schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Version of this form: 1.
    pub schema: u32,
    /// What it comes to.
    pub verdict: Verdict,
    /// Most likely root first.
    pub findings: Vec<Finding>,
    /// Ids of the roots that follow from something else by nature: nothing that was read says from what.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unexplained: Vec<String>,
    /// For `unclassified`: the last telling line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub telling: Option<Quote>,
    /// What was seen and says nothing about now.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub ruled_out: Vec<RuledOut>,
    /// What the last revision changed, where both revisions are known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub changes: Option<Changes>,
    /// Why it is not known what the last revision changed, where a release was looked at.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub no_changes: Option<String>,
    /// Whether going back to an earlier revision helps, where that can be said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rollback: Option<RollbackAdvice>,
}

impl Default for Diagnosis {
    fn default() -> Self {
        Self {
            schema: 1,
            verdict: Verdict::Unclassified,
            findings: Vec::new(),
            unexplained: Vec::new(),
            telling: None,
            ruled_out: Vec::new(),
            changes: None,
            no_changes: None,
            rollback: None,
        }
    }
}
