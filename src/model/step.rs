//! Tasks, steps and checks, as checked: every name resolves, every pattern compiles.

use super::exchange::Rounds;
use super::pattern::Pattern;
use super::template::Template;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a task may do to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Danger {
    /// Looks only.
    #[default]
    Read,
    /// Changes something that can be changed back.
    Change,
    /// Loses something for good. Needs a name typed.
    Destroy,
}

/// A named list of steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Task {
    /// The name that the command line takes.
    pub name: String,
    /// One line for the list.
    pub summary: String,
    /// Heading in the list; may be empty.
    pub group: String,
    /// What it may do. Never lower than that of a task it calls.
    pub danger: Danger,
    /// What must be agreed to before anything runs.
    pub confirm: Option<Confirm>,
    /// A task that only looks, whose answers are shown before `confirm` asks.
    pub preview: Option<String>,
    /// Parameters, in the order in which the command line takes them.
    pub params: Vec<Param>,
    /// Checks that must hold before the first step. No flag skips them.
    pub require: Vec<CheckRef>,
    /// Checks that are asked again right before each step that destroys. No flag skips them.
    pub guard: Vec<CheckRef>,
    /// Checks that must hold after the last step, or the task has failed.
    pub verify: Vec<CheckRef>,
    /// How many steps may run at the same time; 1 is one after the other.
    pub parallel: usize,
    /// A run of it opens an incident, whatever becomes of it.
    pub incident: bool,
    /// The task that is offered after a failure.
    pub on_failure: Option<String>,
    /// The steps.
    pub steps: Vec<Step>,
    /// Steps that run at the end whatever happened.
    pub finally: Vec<Step>,
    /// 1-based line of its table in the file.
    pub line: usize,
}

/// How a task is agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirm {
    /// `confirm = true`: a yes or no; `--yes` says yes.
    Yes,
    /// `confirm = "${profile}"`: the name must be typed; `--confirm NAME` types it. The only form
    /// that a `destroy` task accepts.
    Type(Template),
}

/// A parameter of a task. Inside the task's steps it is a variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// The whole value must match this.
    pub pattern: Option<Pattern>,
    /// Its value when not given; without one the parameter must be given.
    pub default: Option<String>,
    /// One line for `show`.
    pub help: String,
}

/// `name`, or `!name` for its opposite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRef {
    /// The check's name.
    pub name: String,
    /// The answer is turned round.
    pub negated: bool,
}

/// What a step does: exactly one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Runs a tool; the first argument is the tool's name.
    Run(Vec<Template>),
    /// Calls a task, with values for its parameters.
    Task {
        /// The task.
        name: String,
        /// Parameter → value.
        with: BTreeMap<String, Template>,
    },
    /// Asks a check; a no fails the step.
    Check(CheckRef),
    /// Names the cause from the output of the run so far.
    Diagnose,
    /// Runs operations against a target.
    Operations {
        /// The target.
        target: String,
        /// Which, `*` stands for any text; empty is all.
        only: Vec<String>,
        /// Removes the test data at the end.
        cleanup: bool,
    },
    /// Runs operations against both targets of `[parity]`, and compares the answers.
    Parity {
        /// Which, `*` stands for any text; empty is all.
        only: Vec<String>,
    },
    /// Asks the person yes or no.
    Ask(Template),
    /// Asks the rules again and again.
    Rounds(Rounds),
}

/// One thing to do, and how to take its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What people read; `None` shows the argv.
    pub name: Option<Template>,
    /// What it does.
    pub action: Action,
    /// What it may do to the world; `None` is what its task may do.
    pub danger: Option<Danger>,
    /// Directory to run in, relative to `tasks.toml`.
    pub cwd: Option<Template>,
    /// Environment added.
    pub env: BTreeMap<String, Template>,
    /// Our limit; the tool's own is an argument of `run`.
    #[serde(serialize_with = "as_duration")]
    pub timeout: Option<Duration>,
    /// Try again on failure.
    pub retry: Option<Retry>,
    /// Poll: run again until the output matches.
    pub until: Option<Until>,
    /// Exit codes that count as success beside 0: some tools answer with them.
    pub codes: Vec<i32>,
    /// The output must match, whatever the exit code says about the rest. Its named groups become
    /// variables for later steps.
    pub expect: Option<Pattern>,
    /// The output must not match.
    pub reject: Option<Pattern>,
    /// Already done counts as success.
    pub done_if: Option<DoneIf>,
    /// Skip when this check says yes.
    pub skip_if: Option<CheckRef>,
    /// Leave the step out when this parameter of the task has a value.
    pub unless_given: Option<String>,
    /// Left out when this parameter of the task has none.
    pub if_given: Option<String>,
    /// A failure is told and does not stop the task.
    pub allow_failure: bool,
    /// The matches become a list for later `for` steps.
    pub each: Option<Each>,
    /// Run once for every item of this list.
    pub for_each: Option<String>,
    /// Keep only the lines of standard output that match.
    pub filter: Option<Pattern>,
    /// Decode standard output before anything reads it.
    pub decode: Option<Decode>,
    /// Write the output to this evidence file.
    pub save: Option<Template>,
    /// The output is a secret: nothing of it is shown or kept but its length.
    pub sensitive: bool,
    /// The child owns the terminal.
    pub interactive: bool,
    /// Reads progress from the output: groups `stage`, `current`, `total`, `percent`.
    pub progress: Option<Pattern>,
    /// What is asked again and again while it runs, for a tool that does not tell how far it is.
    pub watch: Option<Watch>,
    /// What is asked meanwhile, to end it as soon as waiting is of no use.
    pub fail_fast: Option<FailFast>,
    /// What the first Ctrl-C does to it. In the file `None` leaves it to what is known of the tool; in
    /// a plan that has been decided, and `None` is [`OnInterrupt::Forward`].
    pub on_interrupt: Option<OnInterrupt>,
    /// It is a browser whose console must be silent but for lines that match one of these.
    pub console: Option<Vec<Pattern>>,
    /// 1-based line in the file.
    pub line: usize,
}

impl Step {
    /// A step that does `action` and nothing else.
    pub fn of(action: Action) -> Self {
        Self {
            name: None,
            action,
            danger: None,
            cwd: None,
            env: BTreeMap::new(),
            timeout: None,
            retry: None,
            until: None,
            codes: Vec::new(),
            expect: None,
            reject: None,
            done_if: None,
            skip_if: None,
            unless_given: None,
            if_given: None,
            allow_failure: false,
            each: None,
            for_each: None,
            filter: None,
            decode: None,
            save: None,
            sensitive: false,
            interactive: false,
            progress: None,
            watch: None,
            fail_fast: None,
            on_interrupt: None,
            console: None,
            line: 0,
        }
    }
}

/// `watch = { run, match, every }`: a call that only looks, beside the step's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Watch {
    /// The argv; its first element is a declared tool.
    pub argv: Vec<Template>,
    /// Each match is one part of the whole: named groups `stage`, `current`, `total`.
    pub pattern: Pattern,
    /// The pause before each call.
    pub every: Duration,
}

/// `fail_fast = { ask, match, every }`: calls that only look, beside a call that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailFast {
    /// The argvs; the first element of each is a declared tool.
    pub ask: Vec<Vec<Template>>,
    /// Only objects whose names match count; `None`: all that are new.
    pub of: Option<Pattern>,
    /// The pause before each look.
    pub every: Duration,
}

/// `retry = { times, backoff, on }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retry {
    /// How often to try again, after the first time.
    pub times: u32,
    /// Wait before the first retry; doubles up to `max`.
    #[serde(serialize_with = "duration")]
    pub first: Duration,
    /// Longest wait.
    #[serde(serialize_with = "duration")]
    pub max: Duration,
    /// Only when one of these symptoms is found in the output; empty means on any failure.
    pub on: Vec<String>,
}

/// `until = { match, every, timeout }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Until {
    /// The output to wait for.
    pub pattern: Pattern,
    /// Pause between two runs.
    #[serde(serialize_with = "duration")]
    pub every: Duration,
    /// How long to go on.
    #[serde(serialize_with = "duration")]
    pub timeout: Duration,
}

/// How to know that a step's work is done already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoneIf {
    /// `done_if = 'regex'`: the output says so, whatever the exit code.
    Output(Pattern),
    /// `done_if = { check = "name" }`: asked before the step; a yes skips it as done.
    Check(CheckRef),
}

/// `each = { as = "pod", match = '^(?P<pod>\S+) …' }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Each {
    /// Name of the list, and of the variable that holds an item's main value.
    pub list: String,
    /// Every match is an item; every named group is a variable of it.
    pub pattern: Pattern,
}

/// How standard output is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decode {
    /// Standard base64, white space ignored.
    Base64,
}

/// What the first Ctrl-C does to a running step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnInterrupt {
    /// Hand the signal on.
    #[default]
    Forward,
    /// Let it finish first: breaking it off would leave a mess (`helm rollback`).
    Finish,
}

/// A yes/no question about the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// The statement that a yes confirms.
    pub title: Template,
    /// Calls that find out what the question needs: each is a run whose `expect` has named groups.
    pub before: Vec<Step>,
    /// How it is asked.
    pub question: Question,
    /// Of a run: only output that matches is a no; any other failure means that it could not be asked.
    pub no: Option<Pattern>,
    /// Of a run: one of these must stand in the output as a whole word.
    pub holds: Vec<Template>,
    /// What to do on a no.
    pub fix: Vec<Template>,
    /// 1-based line of its table in the file.
    pub line: usize,
}

/// How a check is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// Run something: success (with `expect`, `reject`, `until` …) is a yes.
    Run(Box<Step>),
    /// Look at secret values in memory; only lengths and equal/different leave this place.
    Secrets {
        /// The values; two or more must be equal.
        values: Vec<SecretRef>,
        /// Prints the manifest in which `rendered:` values stand.
        render: Vec<Template>,
        /// Shortest accepted value, in bytes.
        min_len: Option<usize>,
        /// Every value must match this.
        pattern: Option<Pattern>,
        /// Every value must contain this text.
        contains: Option<Template>,
    },
    /// Has the node what is wanted of it?
    Room(Room),
    /// Is no incident open whose root cause is not on record?
    Incident,
    /// Ask other checks.
    Checks {
        /// What their answers come to.
        join: Join,
        /// Which, and whether their answers are turned round.
        of: Vec<CheckRef>,
        /// Where a task requires it, each is asked and told by itself, so many at the same time; 1 is none of that.
        parallel: usize,
    },
}

/// What the answers of several checks come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Join {
    /// Yes when all say yes; no when one says no.
    All,
    /// The answer of the first that can be asked.
    First,
}

/// Calls whose texts tell whether there is room: each an argv.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Room {
    /// `kubectl describe node NODE`: what can be had, and what is taken.
    pub node: Vec<Template>,
    /// Who wants it.
    pub wanted: Wanted,
}

/// Whose wishes are held against a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// Those of the pods that wait.
    Waiting {
        /// `kubectl get pods`: which pods wait.
        pods: Vec<Template>,
        /// `kubectl describe pod ${pod}`: what one of them wants.
        pod: Vec<Template>,
    },
    /// Those of the workloads of a chart.
    Chart {
        /// `helm template …`: prints them.
        chart: Vec<Template>,
        /// `NAMESPACE/PREFIX` of the pods that make room for the new ones.
        own: Option<Template>,
    },
}

/// Where a secret value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretFrom {
    /// `secret:NAME/KEY`: in the cluster, with the declared `kubectl`.
    Cluster,
    /// `rendered:NAME/KEY`: in what the check's `render` prints.
    Rendered,
}

/// `secret:NAME/KEY`, `rendered:NAME/KEY`: one key of one Kubernetes Secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretRef {
    /// Where it is read.
    pub from: SecretFrom,
    /// The Secret.
    pub secret: Template,
    /// The key in its data.
    pub key: Template,
}

/// Durations show as people write them.
pub(super) fn duration<S: serde::Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&crate::text::duration(*value))
}

fn as_duration<S: serde::Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => duration(value, serializer),
        None => serializer.serialize_none(),
    }
}
