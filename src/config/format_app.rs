//! The part of the format that concerns the app itself: where it answers, what it is asked, what is compared.

use super::format::{FACT, TEXTS};
use super::shape::{Field, Kind, Shape};

/// The values of `method`.
pub(super) const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"];

/// `[targets.NAME]`.
pub(super) static TARGET: Shape = Shape {
    name: "target",
    doc: "A place where the app answers",
    fields: &[
        Field::new("title", Kind::Line, "What people call it; the name unless given"),
        Field::new(
            "before",
            Kind::List(&Kind::Table(&FACT)),
            "Calls that find out where it is; the named groups of their `expect` are known to `vars`",
        )
        .aka(&["needs"]),
        Field::new("vars", Kind::Map(&Kind::Template), "Variables of the operations against this target").required(),
    ],
    overrides: None,
    partial: false,
};

/// `[[operations]]`.
pub(super) static OPERATION: Shape = Shape {
    name: "operation",
    doc: "One HTTP exchange with the app, made with the declared tool `curl`",
    fields: &[
        Field::new("name", Kind::Text, "Its name").required(),
        Field::new("title", Kind::Line, "What a comparison calls it; the name unless given").aka(&["summary"]),
        Field::new("method", Kind::Choice(METHODS), "GET unless given"),
        Field::new("url", Kind::Template, "Where").required(),
        Field::new("headers", Kind::Map(&Kind::Template), "Request headers"),
        Field::new("json", Kind::Template, "The body, in JSON; what variables hold is escaped").aka(&["body", "data"]),
        Field::new("timeout", Kind::Duration, "How long to wait for the whole answer; 30s unless given"),
        Field::new("answer", Kind::Table(&ANSWER), "What the answer must be").aka(&["expect", "response"]),
        Field::new(
            "capture",
            Kind::Map(&Kind::Either(&[Kind::Text, Kind::Table(&CAPTURE)])),
            "What of the answer later operations know as `${name}`: its path",
        ),
        Field::new("cleanup", Kind::Flag, "true: runs at the end, whatever happened, when all is known that it needs"),
        Field::new("compare", Kind::Flag, "false: has no row in a comparison"),
        Field::new("ignore", TEXTS, "Paths whose values are not compared, beside those of [parity]"),
    ],
    overrides: None,
    partial: false,
};

static ANSWER: Shape = Shape {
    name: "answer",
    doc: "What an answer must be",
    fields: &[
        Field::new(
            "status",
            Kind::Either(&[Kind::Number(100, 599), Kind::Some(&Kind::Number(100, 599))]),
            "The status, or several; any from 200 to 299 unless given",
        ),
        Field::new(
            "headers",
            Kind::Map(&Kind::Either(&[Kind::Template, Kind::Some(&Kind::Template), Kind::Table(&HEADER)])),
            "Response headers: the value, several of which it must be one, or what it must match",
        ),
        Field::new(
            "fields",
            Kind::Map(&Kind::Either(&[Kind::Text, Kind::Table(&FIELD)])),
            "Paths in the JSON, with a type (`string`, `integer|null`) or a rule. `a.b`, `a[0]`, `a[*]`, `**.a`, `$`",
        ),
        Field::new("within", Kind::Duration, "The longest that it may take"),
    ],
    overrides: None,
    partial: false,
};

static HEADER: Shape = Shape {
    name: "header-rule",
    doc: "A rule for a response header",
    fields: &[
        Field::new("match", Kind::FilledPattern, "It must match; sent several times, all of it as one list").required()
    ],
    overrides: None,
    partial: false,
};

static FIELD: Shape = Shape {
    name: "field",
    doc: "A rule for the values at one path of an answer",
    fields: &[
        Field::new("type", Kind::Text, "One type, or several: string, integer, number, boolean, array, object, null"),
        Field::new("equals", Kind::Template, "The text of every value there"),
        Field::new("match", Kind::FilledPattern, "Every value there must match"),
        Field::new("any", Kind::Template, "At least one value there has this text"),
        Field::new("none", Kind::Template, "No value there has this text"),
        Field::new("optional", Kind::Flag, "true: it need not be there"),
    ],
    overrides: None,
    partial: false,
};

static CAPTURE: Shape = Shape {
    name: "capture",
    doc: "Something of an answer that later operations know",
    fields: &[
        Field::new("path", Kind::Text, "Where it stands").required(),
        Field::new("secret", Kind::Flag, "true: never shown, and hidden wherever it turns up"),
    ],
    overrides: None,
    partial: false,
};

/// `[parity]`.
pub(super) static PARITY: Shape = Shape {
    name: "parity",
    doc: "Which two targets are compared, and by what",
    fields: &[
        Field::new("targets", Kind::Some(&Kind::Text), "The one that is judged, and the one it is held against")
            .required(),
        Field::new("headers", TEXTS, "Response headers that matter; content-type unless given"),
        Field::new("ignore", TEXTS, "Paths whose values are not compared: ids, times"),
    ],
    overrides: None,
    partial: false,
};

/// `[[rules]]`.
pub(super) static RULE: Shape = Shape {
    name: "rule",
    doc: "A condition that calls for a rollback at once: exactly one of check, operations, parity, task",
    fields: &[
        Field::new("name", Kind::Line, "The condition, in words").required().aka(&["title"]),
        Field::new("check", Kind::Text, "A check; `!name` for the opposite"),
        Field::new("operations", Kind::Some(&Kind::Text), "Operations; `*` stands for any text"),
        Field::new("target", Kind::Text, "Against which target").only(&["operations"]),
        Field::new("parity", Kind::Some(&Kind::Text), "Operations whose answers are compared; `*` stands for any text"),
        Field::new("task", Kind::Text, "A task that only looks"),
        Field::new("failures", Kind::Number(1, 100), "It holds after so many failures in a row; 1 unless given"),
    ],
    overrides: None,
    partial: false,
};

/// `rounds = { every, for }`.
pub(super) static ROUNDS: Shape = Shape {
    name: "rounds",
    doc: "Asks the rules again and again",
    fields: &[
        Field::new("every", Kind::Template, "Pause between two rounds, a duration; 30s unless given"),
        Field::new("for", Kind::Template, "How long to go on, a duration").required(),
    ],
    overrides: None,
    partial: false,
};
