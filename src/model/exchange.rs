//! How the app is asked through its front door: targets, operations, what is compared, and the rules of a rollback.

use super::json_path::JsonPath;
use super::pattern::Pattern;
use super::step::{CheckRef, Step};
use super::template::Template;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The variable that is another word in every run: test data is named with it.
pub const UNIQUE: &str = "unique";

/// The variable that names a private folder of this run, removed at its end; beside `tasks.toml`.
pub const SCRATCH: &str = "scratch";

/// `[targets.NAME]`: a place where the app answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// What people call it; the name unless given.
    pub title: String,
    /// Calls that find out where it answers: the named groups of each `expect` are known to `vars`.
    pub before: Vec<Step>,
    /// Variables of the operations against this target.
    pub vars: BTreeMap<String, Template>,
}

/// `[[operations]]`: one HTTP exchange with the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operation {
    /// Its name.
    pub name: String,
    /// What the table of a comparison calls it; the name unless given.
    pub title: String,
    /// The HTTP method, in capitals.
    pub method: String,
    /// Where.
    pub url: Template,
    /// Request headers.
    pub headers: BTreeMap<String, Template>,
    /// The body: JSON in which the values of variables are filled, escaped as JSON wants it.
    pub json: Option<Template>,
    /// What the answer must be.
    pub answer: Answer,
    /// What of the answer later operations know.
    pub capture: Vec<Captured>,
    /// Runs at the end, whatever happened, when everything is known that it needs.
    pub cleanup: bool,
    /// Has a row in a comparison.
    pub compare: bool,
    /// Of its answer this is not compared.
    pub ignore: Vec<JsonPath>,
    /// How long to wait for the whole answer.
    pub timeout: Duration,
    /// 1-based line of its table in the file.
    pub line: usize,
}

/// What an answer must be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Answer {
    /// One of these; empty is any from 200 to 299.
    pub status: Vec<u16>,
    /// Header, in lower case → what it must be.
    pub headers: BTreeMap<String, HeaderRule>,
    /// What stands where in its JSON.
    pub fields: Vec<Field>,
    /// The longest it may take.
    pub within: Option<Duration>,
}

/// What a header of an answer must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum HeaderRule {
    /// One of these values.
    OneOf(Vec<Template>),
    /// It matches; of a header that is given several times its values as one list.
    Match {
        /// The pattern.
        #[serde(rename = "match")]
        pattern: Pattern,
    },
}

impl HeaderRule {
    /// What is filled in it.
    pub fn templates(&self) -> &[Template] {
        match self {
            Self::OneOf(values) => values,
            Self::Match { .. } => &[],
        }
    }

    /// The same, to be changed.
    pub fn templates_mut(&mut self) -> &mut [Template] {
        match self {
            Self::OneOf(values) => values,
            Self::Match { .. } => &mut [],
        }
    }
}

/// A rule for the values at one path of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Where.
    pub path: JsonPath,
    /// Of one of these types; empty is any.
    pub kinds: Vec<JsonKind>,
    /// The text of every value there: of a string its content, of a number or a boolean how JSON writes it.
    pub equals: Option<Template>,
    /// The text of every value there matches.
    pub pattern: Option<Pattern>,
    /// At least one value has this text.
    pub any: Option<Template>,
    /// No value has this text.
    pub none: Option<Template>,
    /// It need not be there.
    pub optional: bool,
}

/// The types of JSON; a whole number is told from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JsonKind {
    /// A text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// true or false.
    Boolean,
    /// A list.
    Array,
    /// An object.
    Object,
    /// null.
    Null,
}

impl JsonKind {
    /// All, by the words of the file.
    pub const WORDS: [(&'static str, Self); 7] = [
        ("string", Self::String),
        ("integer", Self::Integer),
        ("number", Self::Number),
        ("boolean", Self::Boolean),
        ("array", Self::Array),
        ("object", Self::Object),
        ("null", Self::Null),
    ];

    /// The word of the file.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// What a value is, at its narrowest.
    pub fn of(value: &serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::String(_) => Self::String,
            Value::Number(number) if number.is_i64() || number.is_u64() => Self::Integer,
            Value::Number(_) => Self::Number,
            Value::Bool(_) => Self::Boolean,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
            Value::Null => Self::Null,
        }
    }

    /// Is a value of kind `found` one of this kind?
    pub fn takes(self, found: Self) -> bool {
        self == found || self == Self::Number && found == Self::Integer
    }
}

/// Something of an answer that later operations know as `${name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Captured {
    /// The variable.
    pub name: String,
    /// Where it stands; the first value there.
    pub path: JsonPath,
    /// Hidden everywhere from then on.
    pub secret: bool,
}

/// `[parity]`: which targets are compared, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parity {
    /// The one that is judged, then the one that it is held against.
    pub targets: [String; 2],
    /// Response headers that matter, in lower case.
    pub headers: Vec<String>,
    /// What is not compared.
    pub ignore: Vec<JsonPath>,
}

/// `[[rules]]`: a condition that calls for a rollback at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// The condition, in words.
    pub name: String,
    /// What is asked.
    pub of: RuleOf,
    /// It holds when the answer was a no so many times in a row.
    pub failures: u32,
}

/// What a rule asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleOf {
    /// A check.
    Check(CheckRef),
    /// Operations against a target; names, `*` stands for any text.
    Operations {
        /// The target.
        target: String,
        /// Which.
        only: Vec<String>,
    },
    /// The comparison of these operations.
    Parity {
        /// Which.
        only: Vec<String>,
    },
    /// A task that only looks.
    Task(String),
}

/// `rounds = { every, for }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rounds {
    /// From the end of a round to the start of the next: a duration.
    pub every: Template,
    /// No round begins later than this: a duration.
    #[serde(rename = "for")]
    pub limit: Template,
}
