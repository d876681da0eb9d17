//! What is wrong with a symptom, before it misleads anybody.

use serde::{Serialize, Serializer};
use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The symptom does not do what it says.
    Error,
    /// It probably does not, or does it slowly.
    Warning,
}

/// The kinds of defects. Their names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An example that no pattern of its symptom finds.
    ExampleUnmatched,
    /// An example whose named groups hold something else than it expects.
    ExampleWrongCapture,
    /// A counter-example that is found.
    CounterMatched,
    /// An example by which the classifier names something else.
    ExampleGoesElsewhere,
    /// A pattern that no text, or no example, ever matches.
    Dead,
    /// A pattern or a symptom that another one always comes before.
    Shadowed,
    /// An example that an unrelated symptom finds too.
    Overlap,
    /// A pattern that must be tried everywhere.
    NoLiteral,
    /// A character that was probably meant as itself.
    Unescaped,
    /// A regular expression where `*` is the only wildcard.
    LiteralRegex,
    /// A fix for another system.
    WrongOs,
    /// A name of something that there is not.
    UnknownId,
    /// A family that there is not.
    UnknownFamily,
    /// `{name}` that no pattern captures.
    UnknownGroup,
    /// Symptoms that explain each other in a circle.
    Cycle,
    /// A fix that destroys more than it declares.
    Danger,
    /// Something that every symptom needs.
    Missing,
}

impl Kind {
    /// As reports write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ExampleUnmatched => "example-unmatched",
            Self::ExampleWrongCapture => "example-wrong-capture",
            Self::CounterMatched => "counter-matched",
            Self::ExampleGoesElsewhere => "example-goes-elsewhere",
            Self::Dead => "dead",
            Self::Shadowed => "shadowed",
            Self::Overlap => "overlap",
            Self::NoLiteral => "no-literal",
            Self::Unescaped => "unescaped",
            Self::LiteralRegex => "literal-regex",
            Self::WrongOs => "wrong-os",
            Self::UnknownId => "unknown-id",
            Self::UnknownFamily => "unknown-family",
            Self::UnknownGroup => "unknown-group",
            Self::Cycle => "cycle",
            Self::Danger => "danger",
            Self::Missing => "missing",
        }
    }
}

/// The part of a symptom that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Spot {
    /// The whole of it.
    Whole,
    /// A key.
    Key(&'static str),
    /// An element of the list under a key.
    Element(&'static str, usize),
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Key(key) => f.write_str(key),
            Self::Element(key, index) => write!(f, "{key}[{index}]"),
        }
    }
}

impl Serialize for Spot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One defect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Defect {
    /// The id of the symptom.
    pub symptom: String,
    /// Where in it.
    pub spot: Spot,
    /// How bad.
    pub level: Level,
    /// Of what kind.
    pub kind: Kind,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do about it, in one line.
    pub help: String,
    /// The ids of other symptoms that have to do with it.
    pub other: Vec<String>,
}

impl Defect {
    /// An error.
    pub fn error(kind: Kind, symptom: &str, spot: Spot, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            symptom: symptom.to_owned(),
            spot,
            level: Level::Error,
            kind,
            message: message.into(),
            help: help.into(),
            other: Vec::new(),
        }
    }

    /// A warning.
    pub fn warning(kind: Kind, symptom: &str, spot: Spot, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(kind, symptom, spot, message, help) }
    }

    /// Together with others.
    #[must_use]
    pub fn with<'a>(mut self, others: impl IntoIterator<Item = &'a str>) -> Self {
        self.other.extend(others.into_iter().map(str::to_owned));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_spots_have_names() {
        assert_eq!(Kind::ExampleGoesElsewhere.name(), "example-goes-elsewhere");
        assert_eq!(serde_json::to_value(Kind::WrongOs).unwrap(), Kind::WrongOs.name());
        assert_eq!(Spot::Element("any", 2).to_string(), "any[2]");
        assert_eq!(serde_json::to_value(Spot::Whole).unwrap(), "");
    }
}
