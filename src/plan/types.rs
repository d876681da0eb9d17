//! A task made concrete, before anything runs.
//!
//! Planning fills every variable whose value is known, inserts the tools' pinned arguments, nests
//! the called tasks, and gathers what must be agreed to. What only the run can know (the items of
//! a list, the named groups of an earlier `expect`) stays open as `${name}`; `--dry-run` shows it
//! so. The engine receives nothing that dangles.

use super::hide::Hide;
use crate::model::exchange::{Answer, Captured};
use crate::model::json_path::JsonPath;
use crate::model::pattern::Pattern;
use crate::model::step::{Danger, Join, SecretRef, Step};
use crate::model::template::Template;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;

/// One run of one task, to the last argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The task and everything under it.
    pub root: Block,
    /// Everything that must be agreed to, outermost first, no name twice.
    pub confirmations: Vec<Confirmation>,
    /// The tools that it will call, by name.
    pub tools: BTreeMap<String, PlannedTool>,
    /// Values of secret variables: for the redactor, never shown.
    #[serde(skip)]
    pub secrets: Vec<String>,
    /// What else is hidden.
    #[serde(skip)]
    pub hide: Hide,
}

/// A task with its gates; the top of a plan, or a called task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Block {
    /// The task's name.
    pub task: String,
    /// Its summary.
    pub summary: String,
    /// What it may do.
    pub danger: Danger,
    /// Values of the variables and parameters that its steps may still need at run time.
    #[serde(skip)]
    pub scope: BTreeMap<String, String>,
    /// Gates before the first step.
    pub require: Vec<Gate>,
    /// The steps.
    pub steps: Vec<PlannedStep>,
    /// Gates right before each step that destroys.
    pub guard: Vec<Gate>,
    /// Gates after the last step.
    pub verify: Vec<Gate>,
    /// How many gates may be asked at the same time.
    #[serde(skip_serializing_if = "is_one")]
    pub asks: usize,
    /// Steps that run at the end whatever happened.
    pub finally: Vec<PlannedStep>,
    /// How many steps may run at the same time.
    pub parallel: usize,
    /// A step that fails keeps no other from running; the block fails at its end.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keep_going: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(asks: &usize) -> bool {
    *asks <= 1
}

/// A step, concrete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedStep {
    /// Its place in the tree: "2", "2.1"; "f1" in `finally`.
    pub id: String,
    /// What people read; may hold open variables.
    pub name: Template,
    /// What it may do: of a call, what it or its task says; of a called task, what that says; the
    /// rest only looks.
    pub danger: Danger,
    /// What it does.
    pub work: Work,
    /// Indexes of earlier steps of the same block whose lists or variables it needs.
    pub after: Vec<usize>,
    /// Asked again and again while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watched>,
    /// Its call is an HTTP exchange, whose answer is judged as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exchange: Option<Box<Exchange>>,
    /// Asked while it waits, to end it as soon as waiting is of no use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_fast: Option<Box<FailFast>>,
    /// Asked before the step: a yes skips it.
    pub skip_if: Option<Gate>,
    /// Asked before the step: a yes means that it is done already.
    pub done_if: Option<Gate>,
    /// How to take its answer: the step as declared, its templates filled as far as is known. Its
    /// `action`, `skip_if` and a check in its `done_if` are superseded by the fields above.
    #[serde(skip)]
    pub spec: Step,
}

/// A call beside a step's own, that tells how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Watched {
    /// The call; it only looks.
    pub call: Call,
    /// Each match is one part of the whole.
    pub pattern: Pattern,
    /// The pause before each call.
    pub every: std::time::Duration,
}

/// Calls beside a step's own, whose answers may end it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailFast {
    /// The calls of one look; they only look.
    pub ask: Vec<Call>,
    /// Only objects whose names match count.
    pub of: Option<Pattern>,
    /// The pause before each look.
    pub every: std::time::Duration,
    /// Saves the evidence before the step is ended; `None` where no task is declared for it.
    #[serde(skip)]
    pub evidence: Option<Block>,
}

/// What a planned step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Runs a tool.
    Run(Call),
    /// Runs a called task.
    Block(Box<Block>),
    /// Asks a check.
    Check(Box<Gate>),
    /// Names the cause from the output so far.
    Diagnose,
    /// Compares the answers that two targets gave.
    Compare(Box<Comparison>),
    /// Asks the person yes or no.
    Ask(Template),
    /// Asks rules again and again.
    Rounds(Box<PlannedRounds>),
}

/// One HTTP exchange; variables that only the run knows stay open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exchange {
    /// The operation's name.
    pub operation: String,
    /// The target's name.
    pub target: String,
    /// The HTTP method.
    pub method: String,
    /// The address, where it may hold a secret; else it stands in the call.
    pub url: Option<Template>,
    /// Request headers: never in the call.
    pub headers: BTreeMap<String, Template>,
    /// The body: never in the call. Values are filled as JSON wants them.
    pub json: Option<Template>,
    /// What the answer must be.
    pub answer: Answer,
    /// What later operations know of it.
    pub capture: Vec<Captured>,
}

/// Two targets' answers to the same operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The target that is judged, and the one that it is held against.
    pub targets: [String; 2],
    /// What people call them.
    pub titles: [String; 2],
    /// Response headers that matter, in lower case.
    pub headers: Vec<String>,
    /// The operations.
    pub rows: Vec<Row>,
}

/// One operation of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its name.
    pub operation: String,
    /// What people call it.
    pub title: String,
    /// What of its answer is not compared.
    pub ignore: Vec<JsonPath>,
}

/// Rules that are asked again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedRounds {
    /// From the end of a round to the start of the next.
    pub every: std::time::Duration,
    /// No round begins later than this.
    pub limit: std::time::Duration,
    /// The operations that the rules need, against each target once: blocks that run at the same time.
    pub asked: Vec<PlannedStep>,
    /// The rules.
    pub rules: Vec<PlannedRule>,
}

/// A rule at its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedRule {
    /// The condition, in words.
    pub name: String,
    /// It holds after so many failures in a row.
    pub failures: u32,
    /// How a round is judged.
    pub by: JudgedBy,
}

/// How a rule judges a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum JudgedBy {
    /// A step that fails on a no.
    Step(Box<PlannedStep>),
    /// What these operations came to, of those that the round asks.
    Answers {
        /// The target.
        target: String,
        /// Their names.
        operations: Vec<String>,
    },
    /// What two targets answered, of what the round asks.
    Compared(Box<Comparison>),
}

impl PlannedRounds {
    /// The steps of a round.
    pub fn steps(&self) -> impl Iterator<Item = &PlannedStep> {
        let rules = self.rules.iter().filter_map(|rule| match &rule.by {
            JudgedBy::Step(step) => Some(step.as_ref()),
            JudgedBy::Answers { .. } | JudgedBy::Compared(_) => None,
        });
        self.asked.iter().chain(rules)
    }
}

/// A tool's call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The tool's name in [`Plan::tools`]; also `argv[0]`.
    pub tool: String,
    /// The whole argv, pinned arguments inserted. A template that resolves to nothing goes away.
    pub argv: Vec<Template>,
    /// Which of `argv` are pinned.
    pub pinned: Range<usize>,
}

/// A check at its place, ready to be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// The check's name.
    pub check: String,
    /// The answer is turned round.
    pub negated: bool,
    /// The statement that a yes confirms.
    pub title: Template,
    /// What to do on a no.
    pub fix: Vec<Template>,
    /// Calls that come first; the named groups of their `expect` are known to what follows.
    pub before: Vec<PlannedStep>,
    /// How to ask.
    pub ask: Ask,
    /// Only output that matches is a no; any other failure of the run means: could not ask.
    pub no: Option<Pattern>,
    /// One of these must stand in the output of the run as a whole word.
    pub holds: Vec<Template>,
}

/// How a gate is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// Success is a yes.
    Run(Box<PlannedStep>),
    /// Secret values, compared in memory.
    Secrets {
        /// The calls that read them (`kubectl get secret … -o jsonpath={.data.KEY}`, base64).
        reads: Vec<SecretRead>,
        /// Shortest accepted value, in bytes.
        min_len: Option<usize>,
        /// Every value must match.
        pattern: Option<Pattern>,
        /// Every value must contain this.
        contains: Option<Template>,
    },
    /// Has the node what is wanted of it?
    Room {
        /// Describes the node.
        node: Call,
        /// Who wants it.
        wanted: WantedBy,
    },
    /// Is no incident open without a root cause?
    Incident,
    /// Other checks, and what their answers come to.
    Checks {
        /// How they are joined.
        join: Join,
        /// The checks.
        of: Vec<Gate>,
    },
}

/// Whose wishes are held against a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WantedBy {
    /// Those of the pods that wait.
    Waiting {
        /// Lists the pods.
        pods: Call,
        /// Describes one that waits: `${pod}` is its name.
        pod: Call,
    },
    /// Those of the workloads of a chart.
    Chart {
        /// Prints them.
        chart: Call,
        /// `NAMESPACE/PREFIX` of the pods that make room for the new ones.
        own: Option<Template>,
    },
}

impl WantedBy {
    /// Its calls, by what they are called in the file.
    pub fn calls(&self) -> Vec<(&'static str, &Call)> {
        match self {
            Self::Waiting { pods, pod } => vec![("pods", pods), ("pod", pod)],
            Self::Chart { chart, .. } => vec![("chart", chart)],
        }
    }
}

/// Reading one secret value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretRead {
    /// Which.
    pub of: SecretRef,
    /// The call. In the cluster its standard output is base64, and else the manifest in which the value stands.
    pub call: Call,
}

/// Something to agree to before anything runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confirmation {
    /// The task that asks for it.
    pub task: String,
    /// Its summary.
    pub summary: String,
    /// The name to type; `None` is a yes or no.
    pub name: Option<String>,
    /// The task whose answers are shown before it is asked.
    pub preview: Option<String>,
}

/// A tool that the plan calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedTool {
    /// The program to look up.
    pub program: String,
    /// The programs to look up where that one is not, in order.
    pub others: Vec<String>,
    /// How to know its version: arguments, pattern (group 1), lowest version.
    pub version: Option<crate::model::catalog::VersionRule>,
    /// How to get it.
    pub install: String,
}
