//! The only contract between running and reporting.
//!
//! Events carry no secrets (the engine redacts before it builds one) and nothing of the operating
//! system they came from: a journal written on Windows replays on Linux. Their JSON form is the
//! journal, `--format jsonl`, and what `history` reads; no field is removed within a schema.

use super::command::{Exit, Stream};
use super::comparison::Comparison;
use super::finding::Diagnosis;
use super::step::Danger;
use serde::{Deserialize, Serialize};

/// Version of the JSON form.
pub const SCHEMA: u32 = 1;

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Milliseconds since 1970-01-01 UTC.
    pub at: u64,
    /// Milliseconds since the run started, by a clock that never jumps.
    pub elapsed_ms: u64,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened. `step` is the place in the plan's tree: "2", "2.1", "f1" for `finally`; a step
/// that ran for an item of a list has the item behind it: "3[taskflow-backend-x]".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum EventKind {
    /// First event.
    RunStarted {
        /// [`SCHEMA`].
        schema: u32,
        /// The run's id: its folder's name.
        run: String,
        /// The task.
        task: String,
        /// The task's summary.
        summary: String,
        /// What it may do.
        danger: Danger,
        /// How many steps the plan has at its top level.
        steps: usize,
        /// Answers come from this recording.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        replay: Option<String>,
        /// The id of the run that this one goes on from.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        resumes: Option<String>,
        /// What is about to happen, in the plan's order; a called task stands before its own steps.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        outline: Vec<Outlined>,
        /// How long earlier runs of this task took, in milliseconds: their median.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        usual_ms: Option<u64>,
    },
    /// A step began.
    StepStarted {
        /// Its place.
        step: String,
        /// What people read.
        name: String,
        /// What kind: `run`, `task`, `check`, `require`, `verify`, `diagnose`.
        kind: String,
        /// The argv, redacted, pinned arguments included; empty unless it runs a tool.
        argv: Vec<String>,
        /// Its output is the answer: nothing else reads or keeps it, and it only looks.
        #[serde(skip_serializing_if = "is_false", default)]
        shown: bool,
        /// The child owns the terminal until the step ends.
        #[serde(skip_serializing_if = "is_false", default)]
        interactive: bool,
    },
    /// A line of output, without its line end. Lossy text; evidence files keep the bytes.
    Output {
        /// Its place.
        step: String,
        /// Which stream.
        stream: Stream,
        /// The line, redacted, terminal controls removed.
        line: String,
    },
    /// The step's own progress, as its tool tells it or its `progress` pattern reads it.
    Progress {
        /// Its place.
        step: String,
        /// What it does now.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        stage: Option<String>,
        /// Done so far.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        current: Option<u64>,
        /// Of how many.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        total: Option<u64>,
        /// What is counted; `None`: pieces or steps.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        unit: Option<Unit>,
    },
    /// Still running: after 5 s, and then every 30 s, whatever it prints. Of a step whose output is shown as the
    /// answer its lines say so: only after 30 s without one.
    StepSlow {
        /// Its place.
        step: String,
        /// Its name.
        name: String,
        /// How long it has been running, in milliseconds.
        running_ms: u64,
    },
    /// About to try again.
    StepRetry {
        /// Its place.
        step: String,
        /// 1 is the first retry.
        attempt: u32,
        /// Pause before it, in milliseconds.
        wait_ms: u64,
        /// Why: "exited with code 1", "not yet: …".
        why: String,
    },
    /// A step ended.
    StepFinished {
        /// Its place.
        step: String,
        /// Its name.
        name: String,
        /// What came of it.
        status: Status,
        /// How the child ended; `None` for steps without one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        exit: Option<Exit>,
        /// How long it took, in milliseconds.
        took_ms: u64,
        /// One line: why it failed, why it was skipped, what a check found.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        note: Option<String>,
        /// Evidence file written.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        saved: Option<String>,
        /// Bytes of output that were not kept.
        #[serde(skip_serializing_if = "is_zero", default)]
        dropped: u64,
        /// A grandchild still holds its output open.
        #[serde(skip_serializing_if = "is_false", default)]
        leaked: bool,
        /// The last lines of output of a failed step.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        tail: Vec<String>,
        /// What to do about it.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        hints: Vec<String>,
    },
    /// A step that will not run.
    StepSkipped {
        /// Its place.
        step: String,
        /// Its name.
        name: String,
        /// Why, in words.
        why: String,
    },
    /// What the text of the run says.
    Diagnosed {
        /// The answer.
        diagnosis: Diagnosis,
    },
    /// The answers of two targets, held against each other.
    Compared {
        /// Its place.
        step: String,
        /// What it came to.
        comparison: Comparison,
    },
    /// Rules that are asked again and again have been asked once more.
    Round {
        /// Its place.
        step: String,
        /// Which round, from 1.
        number: u64,
        /// How long it took, in milliseconds.
        took_ms: u64,
        /// The rules, in order.
        rules: Vec<RuleState>,
    },
    /// A line for the person.
    Notice {
        /// The text.
        text: String,
        /// The person asked to stop, and this is what the stop waits for: told even to those who want to hear less.
        #[serde(skip_serializing_if = "is_false", default)]
        urgent: bool,
    },
    /// Last event.
    RunFinished {
        /// What came of it.
        outcome: RunOutcome,
        /// The exit code this run will have.
        exit_code: u8,
        /// Steps by status.
        counts: Counts,
        /// Where the evidence lies, when there is any.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        evidence: Option<String>,
        /// Names of the evidence files, in the order written.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        files: Vec<String>,
        /// The commands to type next.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        next: Vec<String>,
    },
}

/// A step that is about to happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlined {
    /// Its place; of a step that runs for every item of a list, without the items.
    pub step: String,
    /// What people read; what only the run can know stays as `${name}`.
    pub name: String,
    /// What kind, as [`EventKind::StepStarted`] says it.
    pub kind: String,
    /// How long it took in earlier runs, in milliseconds: their median.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub usual_ms: Option<u64>,
}

/// What a round says of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleState {
    /// The condition, in words.
    pub name: String,
    /// What this round says.
    pub said: RuleSaid,
    /// Failures in a row, this round included.
    pub failures: u32,
    /// It holds after so many.
    pub of: u32,
    /// Why it failed, or could not be judged; one line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
}

impl RuleState {
    /// Does the rule hold?
    pub fn holds(&self) -> bool {
        self.said == RuleSaid::Failed && self.failures >= self.of
    }
}

/// What a round says of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleSaid {
    /// Nothing is wrong.
    Well,
    /// What it looks for is there.
    Failed,
    /// It cannot be said: what the app is held against is out of order itself. Such a round counts neither way.
    Unjudged,
}

/// What progress is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Of a hundred.
    Percent,
    /// Bytes.
    Bytes,
}

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Done.
    Ok,
    /// It had been done before.
    AlreadyDone,
    /// It failed, and so does the task.
    Failed,
    /// It failed, and was allowed to.
    FailedAllowed,
    /// Stopped by the person.
    Interrupted,
    /// Only a person can judge it, and nobody was there to be asked.
    NotVerified,
}

/// What came of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// Everything done.
    Done,
    /// A step failed.
    Failed,
    /// Our limit for a step passed.
    TimedOut,
    /// A required check said no: nothing was changed.
    Refused,
    /// The person stopped it.
    Interrupted,
    /// Evidence or the journal could not be written.
    Unwritable,
    /// A tool is missing or too old.
    Unequipped,
    /// Done, and a diagnosis named something.
    Findings,
}

/// Steps by status; steps inside called tasks count, the call itself does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Done, or done before.
    pub ok: usize,
    /// Failed, allowed or not.
    pub failed: usize,
    /// Skipped.
    pub skipped: usize,
    /// Never reached.
    pub not_run: usize,
    /// Questions for a person that nobody answered: the run says nothing of these.
    #[serde(skip_serializing_if = "is_none_of_them", default)]
    pub not_verified: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none_of_them(count: &usize) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
