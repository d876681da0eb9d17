//! The format of `tasks.toml`, as data.

use super::format_app as app;
use super::shape::{Field, Kind, Shape};
use crate::model::finding::FAMILIES;

pub(super) const TEMPLATES: Kind = Kind::List(&Kind::Template);
pub(super) const TEXTS: Kind = Kind::List(&Kind::Text);
const PATTERNS: Kind = Kind::List(&Kind::Pattern);

/// The values of `danger`.
pub const DANGERS: &[&str] = &["read", "change", "destroy"];
/// The values of `role`.
pub const ROLES: &[&str] = &["root", "consequence", "transient"];
/// The values of `rollback`.
pub const ROLLBACKS: &[&str] = &["helps", "useless", "depends"];
/// The values of `sources`.
pub const SOURCES: &[&str] = &[
    "pod-table",
    "other-table",
    "describe-pod",
    "describe-other",
    "events",
    "pod-log",
    "kubectl",
    "helm",
    "minikube",
    "docker",
    "browser",
    "manifest",
    "unknown",
];

/// The whole file.
pub static FILE: Shape = Shape {
    name: "tasks.toml",
    doc: "The runbook of one app: its tools, tasks, checks and symptoms",
    fields: &[
        Field::new("version", Kind::Number(1, u64::MAX), "Version of the format: version = 1").required(),
        Field::new("app", Kind::Table(&APP), "The app that the tasks operate"),
        Field::new(
            "vars",
            Kind::Map(&Kind::Either(&[Kind::Template, Kind::Table(&VAR)])),
            "Variables: `${name}` in most strings. Precedence: --set, REFLOAT_VAR_NAME, tasks.local.toml, here",
        )
        .aka(&["variables", "env"]),
        Field::new("tools", Kind::Map(&Kind::Table(&TOOL)), "The programs that tasks may run"),
        Field::new("tasks", Kind::Map(&Kind::Table(&TASK)), "The tasks, by name").aka(&["task"]),
        Field::new("checks", Kind::Map(&Kind::Table(&CHECK)), "Named yes/no questions about the world"),
        Field::new("diagnose", Kind::Table(&DIAGNOSE), "What a live `refloat diagnose` does"),
        Field::new("redact", Kind::Table(&REDACT), "What is hidden beside the secret variables"),
        Field::new("targets", Kind::Map(&Kind::Table(&app::TARGET)), "Where the app answers, by name").aka(&["target"]),
        Field::new("operations", Kind::List(&Kind::Table(&app::OPERATION)), "HTTP exchanges with the app, in order")
            .aka(&["operation", "requests"]),
        Field::new("parity", Kind::Table(&app::PARITY), "Which two targets are compared, and by what"),
        Field::new("rules", Kind::List(&Kind::Table(&app::RULE)), "Conditions that call for a rollback at once"),
        Field::new("incident", Kind::Table(&INCIDENT), "Failures are worked on as incidents: what ends one"),
        Field::new("symptoms", Kind::Map(&Kind::Table(&SYMPTOM)), "Your own symptoms, beside the built-in ones"),
    ],
    overrides: None,
    partial: false,
};

/// `tasks.local.toml`.
pub static LOCAL: Shape = Shape {
    name: "tasks.local.toml",
    doc: "This machine's values of the variables",
    fields: &[
        Field::new("version", Kind::Number(1, u64::MAX), "Version of the format: 1"),
        Field::new("vars", Kind::Map(&Kind::Text), "Values of variables that tasks.toml declares"),
    ],
    overrides: None,
    partial: false,
};

static APP: Shape = Shape {
    name: "app",
    doc: "The app that the tasks operate",
    fields: &[Field::new("name", Kind::Line, "Its name").required()],
    overrides: None,
    partial: false,
};

static VAR: Shape = Shape {
    name: "variable",
    doc: "A variable with more than a value",
    fields: &[
        Field::new("value", Kind::Template, "Its value; may use other variables").aka(&["default"]),
        Field::new("match", Kind::Pattern, "The whole value must match this").aka(&["pattern", "regex"]),
        Field::new("secret", Kind::Flag, "Never shown; its value may not stand in tasks.toml"),
        Field::new("help", Kind::Line, "One line for people").aka(&["description"]),
    ],
    overrides: None,
    partial: false,
};

static TOOL: Shape = Shape {
    name: "tool",
    doc: "A program that tasks may run",
    fields: &[
        Field::new(
            "program",
            Kind::Either(&[Kind::Text, Kind::Some(&Kind::Text)]),
            "The program to look up, or several, of which the first that is found is run; the tool's name unless given",
        )
        .aka(&["command", "path"]),
        Field::new("args", TEMPLATES, "Arguments inserted on every call, right after the program"),
        Field::new("version", Kind::Table(&TOOL_VERSION), "How to know its version, and the lowest accepted"),
        Field::new("install", Kind::Either(&[Kind::Line, Kind::Table(&INSTALL)]), "How to get it"),
    ],
    overrides: None,
    partial: false,
};

static TOOL_VERSION: Shape = Shape {
    name: "tool-version",
    doc: "How to know a tool's version",
    fields: &[
        Field::new("run", Kind::Some(&Kind::Text), "Arguments that make the tool print its version").required(),
        Field::new("match", Kind::Pattern, "Finds the version in the output: group 1").required(),
        Field::new("min", Kind::Text, "Lowest accepted version").required(),
    ],
    overrides: None,
    partial: false,
};

static INSTALL: Shape = Shape {
    name: "install",
    doc: "How to get a tool, by system",
    fields: &[
        Field::new("windows", Kind::Line, "On Windows"),
        Field::new("macos", Kind::Line, "On macOS"),
        Field::new("linux", Kind::Line, "On Linux"),
    ],
    overrides: None,
    partial: false,
};

static TASK: Shape = Shape {
    name: "task",
    doc: "A named list of steps",
    fields: &[
        Field::new("summary", Kind::Line, "One line for the list").required().aka(&["description", "desc", "help"]),
        Field::new("group", Kind::Line, "Heading in the list").aka(&["category"]),
        Field::new("danger", Kind::Choice(DANGERS), "What it may do to the world; read unless given"),
        Field::new(
            "confirm",
            Kind::Either(&[Kind::Flag, Kind::Template]),
            "true asks yes or no; a string must be typed. `destroy` needs the string",
        )
        .aka(&["prompt"]),
        Field::new("preview", Kind::Text, "A task that only looks; its answers are shown before `confirm` asks"),
        Field::new("params", Kind::List(&Kind::Table(&PARAM)), "Parameters, in the order of the command line")
            .aka(&["args"]),
        Field::new("require", TEXTS, "Checks that must hold before the first step; `!name` for the opposite")
            .aka(&["requires", "preconditions"]),
        Field::new("guard", TEXTS, "Checks asked again right before each step that destroys; `!name` for the opposite"),
        Field::new("verify", TEXTS, "Checks that must hold after the last step, or the task has failed"),
        Field::new("parallel", Kind::Number(1, 32), "How many steps may run at the same time; 1 unless given"),
        Field::new("incident", Kind::Flag, "true: a run of it opens an incident, unless one is open; needs [incident]"),
        Field::new(
            "on_failure",
            Kind::Text,
            "A task that is offered after a failure; --rollback-on-failure runs it unasked",
        ),
        Field::new("steps", Kind::Some(&Kind::Table(&STEP)), "The steps").required().aka(&["step", "cmds", "run"]),
        Field::new("finally", Kind::List(&Kind::Table(&STEP)), "Steps that run at the end whatever happened")
            .aka(&["defer", "cleanup"]),
    ],
    overrides: None,
    partial: false,
};

static PARAM: Shape = Shape {
    name: "param",
    doc: "A parameter; inside the task it is a variable",
    fields: &[
        Field::new("name", Kind::Text, "Its name").required(),
        Field::new("match", Kind::Pattern, "The whole value must match this").aka(&["pattern", "regex"]),
        Field::new("default", Kind::Text, "Its value when not given; without one it must be given"),
        Field::new("help", Kind::Line, "One line for people").aka(&["description"]),
    ],
    overrides: None,
    partial: false,
};

const RUN: Field = Field::new("run", Kind::Argv, "Tool and arguments; no shell stands between")
    .aka(&["command", "cmd", "argv", "shell", "script"]);
const CWD: Field =
    Field::new("cwd", Kind::Template, "Directory to run in, relative to tasks.toml").only(&["run"]).aka(&["dir"]);
const ENV: Field = Field::new("env", Kind::Map(&Kind::Template), "Environment added").only(&["run"]);
const TIMEOUT: Field = Field::new("timeout", Kind::Duration, "Limit behind the tool's own").only(&["run"]);
const RETRY: Field = Field::new("retry", Kind::Table(&RETRY_TABLE), "Try again on failure").only(&["run"]);
const UNTIL: Field =
    Field::new("until", Kind::Table(&UNTIL_TABLE), "Run again until the output matches").only(&["run"]);
const CODES: Field =
    Field::new("codes", Kind::List(&Kind::Number(0, 255)), "Exit codes that count as success beside 0")
        .only(&["run"])
        .aka(&["exit_codes"]);
const EXPECT: Field = Field::new(
    "expect",
    Kind::FilledPattern,
    "The output must match; its named groups become variables of later steps",
)
.only(&["run"]);
const REJECT: Field = Field::new("reject", Kind::FilledPattern, "The output must not match").only(&["run"]);
const DECODE: Field = Field::new("decode", Kind::Choice(&["base64"]), "Decode standard output first").only(&["run"]);
const FILTER: Field =
    Field::new("filter", Kind::FilledPattern, "Keep only the lines of standard output that match").only(&["run"]);
const SENSITIVE: Field =
    Field::new("sensitive", Kind::Flag, "The output is a secret: only its length is shown").only(&["run"]);

static STEP_FIELDS: &[Field] = &[
    Field::new("name", Kind::Template, "What people read; the argv unless given"),
    RUN,
    Field::new("task", Kind::Text, "Calls a task").aka(&["call"]),
    Field::new("with", Kind::Map(&Kind::Template), "Values for the called task's parameters")
        .only(&["task"])
        .aka(&["params", "args", "vars"]),
    Field::new("check", Kind::Text, "Asks a check; a no fails the step. `!name` for the opposite"),
    Field::new("diagnose", Kind::Flag, "true: names the cause from the output so far"),
    Field::new("operations", Kind::Text, "Runs the operations against this target; all are run, whatever fails"),
    Field::new("parity", Kind::Flag, "true: runs the operations against both targets and compares the answers"),
    Field::new("only", TEXTS, "These operations, and what they need of others; `*` stands for any text")
        .only(&["operations", "parity"]),
    Field::new("cleanup", Kind::Flag, "false: leaves the test data to a later step").only(&["operations"]),
    Field::new("ask", Kind::Template, "Asks the person yes or no; without a terminal: not verified"),
    Field::new("rounds", Kind::Table(&app::ROUNDS), "Asks the rules again and again; one that holds ends it"),
    Field::new("danger", Kind::Choice(DANGERS), "What this step may do; what its task may do unless given")
        .only(&["run"]),
    CWD,
    ENV,
    TIMEOUT,
    RETRY,
    UNTIL,
    CODES,
    EXPECT,
    REJECT,
    Field::new(
        "done_if",
        Kind::Either(&[Kind::FilledPattern, Kind::Table(&DONE_IF)]),
        "Already done counts as success: the output says so, or a check before the step",
    ),
    Field::new("skip_if", Kind::Text, "Skip when this check says yes; `!name` for the opposite").aka(&["if", "when"]),
    Field::new("unless_given", Kind::Text, "Leave the step out when this parameter of the task has a value"),
    Field::new("if_given", Kind::Text, "Leave the step out when this parameter of the task has none"),
    Field::new("allow_failure", Kind::Flag, "A failure is told and does not stop the task")
        .aka(&["ignore_error", "continue_on_error"]),
    Field::new("each", Kind::Table(&EACH), "The matches in the output become a list for later steps").only(&["run"]),
    Field::new("for", Kind::Text, "Run once for every item of this list").only(&["run", "task", "check"]),
    FILTER,
    DECODE,
    Field::new("save", Kind::Template, "Write the output to this evidence file").only(&["run"]),
    SENSITIVE,
    Field::new("progress", Kind::FilledPattern, "Reads progress: groups stage, current, total, percent").only(&["run"]),
    Field::new("watch", Kind::Table(&WATCH), "Asked again and again beside a tool that does not tell how far it is")
        .only(&["run"]),
    Field::new("fail_fast", Kind::Table(&FAIL_FAST), "Ends a call that waits as soon as a symptom with `final` holds")
        .only(&["run"]),
    Field::new("interactive", Kind::Flag, "The child owns the terminal; nothing is captured").only(&["run"]),
    Field::new("on_interrupt", Kind::Choice(&["forward", "finish"]), "What the first Ctrl-C does").only(&["run"]),
    Field::new(
        "console",
        Kind::List(&Kind::Pattern),
        "It is Chromium, Chrome or Edge, whose console must be silent but for lines that match one of these",
    )
    .only(&["run"]),
];

static STEP: Shape = Shape {
    name: "step",
    doc: "One thing to do: exactly one of run, task, check, diagnose, operations, parity, ask, rounds",
    fields: STEP_FIELDS,
    overrides: Some(&STEP_OVERRIDE),
    partial: false,
};

static STEP_OVERRIDE: Shape = Shape {
    name: "step-override",
    doc: "What differs on this system",
    fields: STEP_FIELDS,
    overrides: None,
    partial: true,
};

static RETRY_TABLE: Shape = Shape {
    name: "retry",
    doc: "Try again on failure",
    fields: &[
        Field::new("times", Kind::Number(1, 100), "How often to try again").required(),
        Field::new("backoff", Kind::Backoff, "Pause; `5s..60s` doubles from 5s up to 60s. 1s..30s unless given"),
        Field::new("on", TEXTS, "Only when one of these symptoms is found in the output; `*` stands for any text"),
    ],
    overrides: None,
    partial: false,
};

static UNTIL_TABLE: Shape = Shape {
    name: "until",
    doc: "Run again until the output matches",
    fields: &[
        Field::new("match", Kind::FilledPattern, "The output to wait for").required(),
        Field::new("every", Kind::Duration, "Pause between two runs; 2s unless given"),
        Field::new("timeout", Kind::Duration, "How long to go on").required(),
    ],
    overrides: None,
    partial: false,
};

static WATCH: Shape = Shape {
    name: "watch",
    doc: "A call that only looks, made again and again while the step runs; what it says is the step's progress",
    fields: &[
        RUN,
        Field::new("match", Kind::FilledPattern, "Each match is a part: named groups stage, current, total").required(),
        Field::new("every", Kind::Duration, "Pause before each call; 3s unless given"),
    ],
    overrides: None,
    partial: false,
};

static FAIL_FAST: Shape = Shape {
    name: "fail-fast",
    doc: "Calls that only look, made again and again while the step waits: what they show may end the wait",
    fields: &[
        Field::new("ask", Kind::Some(&Kind::Argv), "Tool and arguments of each call: pods and events").required(),
        Field::new("match", Kind::FilledPattern, "Only objects whose names match count; all new ones unless given"),
        Field::new("every", Kind::Duration, "Pause before each look; 3s unless given"),
    ],
    overrides: None,
    partial: false,
};

static DONE_IF: Shape = Shape {
    name: "done-if",
    doc: "A check that says whether the step's work is done already",
    fields: &[Field::new("check", Kind::Text, "The check; `!name` for its opposite").required()],
    overrides: None,
    partial: false,
};

static EACH: Shape = Shape {
    name: "each",
    doc: "The matches become a list",
    fields: &[
        Field::new("as", Kind::Text, "Name of the list: one of the pattern's named groups").required(),
        Field::new("match", Kind::FilledPattern, "Every match is an item, every named group a variable of it")
            .required(),
    ],
    overrides: None,
    partial: false,
};

/// What a call can take that only finds something out.
pub(super) static FACT: Shape = Shape {
    name: "fact",
    doc: "A call that finds out what a check needs",
    fields: &[
        RUN.required(),
        CWD,
        ENV,
        TIMEOUT,
        RETRY,
        UNTIL,
        CODES,
        EXPECT.required(),
        REJECT,
        FILTER,
        DECODE,
        SENSITIVE,
        Field::new("name", Kind::Line, "What people read when it cannot be found out; the argv unless given"),
    ],
    overrides: None,
    partial: false,
};

static ROOM: Shape = Shape {
    name: "room",
    doc: "Calls that tell whether a node has room: for the pods that wait (pods, pod), or for what a chart wants (chart)",
    fields: &[
        Field::new("node", Kind::Argv, "Describes the node: kubectl describe node NODE").required(),
        Field::new("pods", Kind::Argv, "Lists the pods: kubectl get pods"),
        Field::new("pod", Kind::Argv, "Describes one that waits; `${pod}` is its name").only(&["pods"]),
        Field::new("chart", Kind::Argv, "Prints the manifest: helm template RELEASE CHART -f VALUES"),
        Field::new("own", Kind::Template, "NAMESPACE/PREFIX of the pods that make room for the new ones")
            .only(&["chart"]),
    ],
    overrides: None,
    partial: false,
};

static CHECK_FIELDS: &[Field] = &[
    Field::new("title", Kind::Template, "The statement that a yes confirms").required().aka(&["summary"]),
    Field::new("fix", Kind::Either(&[Kind::Template, TEMPLATES]), "What to do on a no").aka(&["hint"]),
    Field::new(
        "before",
        Kind::List(&Kind::Table(&FACT)),
        "Calls that come first; the named groups of their `expect` are variables of the check",
    )
    .aka(&["needs"]),
    RUN,
    CWD,
    ENV,
    TIMEOUT,
    RETRY,
    UNTIL,
    CODES,
    EXPECT,
    REJECT,
    Field::new("no", Kind::FilledPattern, "Only output that matches is a no; any other failure means: could not ask")
        .only(&["run"]),
    Field::new(
        "holds",
        Kind::Either(&[Kind::Template, Kind::Some(&Kind::Template)]),
        "One of these texts must stand in the output as a whole word",
    )
    .only(&["run"]),
    FILTER,
    DECODE,
    SENSITIVE,
    Field::new("room", Kind::Table(&ROOM), "Has the node what the pods that wait, or those of a chart, want?"),
    Field::new("incident", Kind::Choice(&["cause"]), "\"cause\": no incident is open, or its root cause is on record"),
    Field::new("all", Kind::Some(&Kind::Text), "Other checks: yes when all say yes, no when one says no"),
    Field::new("parallel", Kind::Number(1, 32), "Where a task requires it each is told by itself, so many at a time")
        .only(&["all"]),
    Field::new("first", Kind::Some(&Kind::Text), "Other checks: the answer of the first that can be asked"),
    Field::new(
        "compare",
        Kind::Some(&Kind::Template),
        "Secret values, \"secret:NAME/KEY\" or \"rendered:NAME/KEY\"; they must be equal. Only lengths and equal/different are shown",
    ),
    Field::new("render", Kind::Argv, "Prints the manifest in which `rendered:` values stand: helm template ...")
        .only(&["compare"]),
    Field::new("min_len", Kind::Number(1, 1 << 20), "Shortest accepted value, in bytes").only(&["compare"]),
    Field::new("match", Kind::FilledPattern, "Every value must match this").only(&["compare"]),
    Field::new("contains", Kind::Template, "Every value must contain this text").only(&["compare"]),
];

static CHECK: Shape = Shape {
    name: "check",
    doc: "A yes/no question about the world: exactly one of run, compare, room, incident, all, first",
    fields: CHECK_FIELDS,
    overrides: Some(&CHECK_OVERRIDE),
    partial: false,
};

static CHECK_OVERRIDE: Shape = Shape {
    name: "check-override",
    doc: "What differs on this system",
    fields: CHECK_FIELDS,
    overrides: None,
    partial: true,
};

static DIAGNOSE: Shape = Shape {
    name: "diagnose",
    doc: "What a live `refloat diagnose` does",
    fields: &[Field::new("task", Kind::Text, "The task that gathers what is classified").required()],
    overrides: None,
    partial: false,
};

static REDACT: Shape = Shape {
    name: "redact",
    doc: "What is hidden beside the secret variables",
    fields: &[Field::new(
        "secrets",
        Kind::Some(&Kind::Template),
        "Names of Kubernetes Secrets: their values are read in memory before the first step, and hidden",
    )
    .required()],
    overrides: None,
    partial: false,
};

static INCIDENT: Shape = Shape {
    name: "incident",
    doc: "A run that changes something and fails opens an incident; `refloat incident` shows and closes it",
    fields: &[Field::new(
        "closes",
        Kind::Text,
        "The task whose success, after the cause is on record, `refloat incident close` needs; none unless given",
    )],
    overrides: None,
    partial: false,
};

static SYMPTOM: Shape = Shape {
    name: "symptom",
    doc: "A named pattern in the tools' text, with its cause and its fixes",
    fields: &[
        Field::new("family", Kind::Choice(&FAMILIES), "The family that scripts rely on").required(),
        Field::new("role", Kind::Choice(ROLES), "What it can be in a chain of causes").required(),
        Field::new("layer", Kind::Number(0, 12), "0 tools … 12 rollout; a lower one stands nearer to the ground"),
        Field::new(
            "final",
            Kind::Either(&[Kind::Flag, Kind::Duration]),
            "Ends a wait with `fail_fast`: true at once, a duration when it has lasted so long without a break",
        ),
        Field::new("sources", Kind::List(&Kind::Choice(SOURCES)), "The kinds of text it may be read from"),
        Field::new("any", Kind::Some(&Kind::Pattern), "Patterns; one match is enough").required().aka(&["match"]),
        Field::new("unless", PATTERNS, "Patterns on the matched line that take the match back"),
        Field::new("explains", TEXTS, "Symptoms that this one explains; `*` stands for any text"),
        Field::new("cause", Kind::Template, "One sentence; `${name}` is a variable or a named group").required(),
        Field::new(
            "fix",
            Kind::List(&Kind::Either(&[Kind::Template, Kind::Table(&FIX)])),
            "What to do, first choice first",
        ),
        Field::new(
            "confirm",
            Kind::Either(&[Kind::Text, TEXTS]),
            "Checks that prove it: one says no where the cause is there",
        ),
        Field::new("rollback", Kind::Choice(ROLLBACKS), "Does a rollback help? \"depends\" unless given"),
        Field::new(
            "fields",
            TEXTS,
            "Fields of the values or the manifest that are likely behind it; `*` stands for any text",
        ),
        Field::new("origin", Kind::Line, "Where the text comes from: tool, file, version"),
        Field::new("examples", Kind::List(&Kind::Either(&[Kind::Text, Kind::Table(&SAMPLE)])), "Texts that must match")
            .aka(&["example"]),
        Field::new("counter", TEXTS, "Texts that must not match"),
    ],
    overrides: None,
    partial: false,
};

static FIX: Shape = Shape {
    name: "fix",
    doc: "A fix with its danger, or one that differs by system",
    fields: &[
        Field::new("do", Kind::Template, "The same everywhere"),
        Field::new("windows", Kind::Template, "On Windows"),
        Field::new("unix", Kind::Template, "Everywhere else"),
        Field::new("danger", Kind::Choice(DANGERS), "What following it does; read off the command unless given"),
    ],
    overrides: None,
    partial: false,
};

static SAMPLE: Shape = Shape {
    name: "example",
    doc: "A text that must match, and what it must tell",
    fields: &[
        Field::new("text", Kind::Text, "The text, as the tool prints it").required(),
        Field::new("expect", Kind::Map(&Kind::Text), "What the named groups must hold"),
    ],
    overrides: None,
    partial: false,
};
