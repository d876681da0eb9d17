//! What a `tasks.toml` holds after checking: nothing in it dangles.

use super::exchange::{Operation, Parity, Rule, Target};
use super::finding::Symptom;
use super::pattern::Pattern;
use super::step::{Check, Task};
use super::template::{Part, Template};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The checked file, with the overrides of this machine applied.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// The file it was read from, absolute.
    pub path: PathBuf,
    /// `[app] name`.
    pub app: String,
    /// Variables by name, values final.
    pub vars: BTreeMap<String, Var>,
    /// Tools by name.
    pub tools: BTreeMap<String, Tool>,
    /// Tasks, in the file's order.
    pub tasks: Vec<Task>,
    /// Checks by name.
    pub checks: BTreeMap<String, Check>,
    /// The user's own symptoms; one with the id of a built-in replaces it.
    pub symptoms: Vec<Symptom>,
    /// `[diagnose] task`.
    pub diagnose: Option<String>,
    /// `[incident]`: failures open incidents.
    pub incident: Option<Incidents>,
    /// `[redact] secrets`: names of the Secrets whose values are hidden.
    pub redact: Vec<Template>,
    /// Where the app answers, by name.
    pub targets: BTreeMap<String, Target>,
    /// What it is asked, in the file's order.
    pub operations: Vec<Operation>,
    /// Which targets are compared.
    pub parity: Option<Parity>,
    /// Conditions of a rollback, in the file's order.
    pub rules: Vec<Rule>,
}

impl Catalog {
    /// A text for people with the variables filled in; secret ones stay `${name}`.
    pub fn say(&self, text: &str) -> String {
        let value = |name: &str| self.vars.get(name).filter(|var| !var.secret).map(|var| var.value.as_str());
        match Template::parse(text) {
            Ok(template) => template.fill(value).map_or_else(String::new, |filled| filled.to_string()),
            Err(_) => text.to_owned(),
        }
    }

    /// The secret without a value that `text` cannot do without.
    pub fn lacking(&self, text: &Template) -> Option<&str> {
        text.parts().iter().find_map(|part| match part {
            Part::Var { name, optional: false } => self.vars.get(name)?.lacks.as_deref(),
            _ => None,
        })
    }

    /// The task of that name.
    pub fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.name == name)
    }
}

/// `[incident]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Incidents {
    /// The task that must have passed before an incident is closed.
    pub closes: Option<String>,
}

/// A variable with its final value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Var {
    /// The value, variables in it filled.
    pub value: String,
    /// Where the value came from.
    pub origin: Origin,
    /// Never shown; learned by the redactor.
    pub secret: bool,
    /// The whole value matches this.
    pub pattern: Option<Pattern>,
    /// One line for people.
    pub help: String,
    /// The secret that nobody has given and that this value needs: itself, or one inside of it.
    #[serde(skip_serializing)]
    pub lacks: Option<String>,
}

/// Where a variable's value came from, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// `--set name=value`.
    Set,
    /// `REFLOAT_VAR_NAME`.
    Environment,
    /// `tasks.local.toml`.
    LocalFile,
    /// `tasks.toml`.
    File,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Set => "--set",
            Self::Environment => "environment",
            Self::LocalFile => "tasks.local.toml",
            Self::File => "tasks.toml",
        })
    }
}

/// A program that tasks may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tool {
    /// Its name in `run`.
    pub name: String,
    /// The program to look up; the name unless given.
    pub program: String,
    /// The programs to look up where that one is not, in order.
    pub others: Vec<String>,
    /// Arguments inserted on every call, right after the program.
    pub args: Vec<Template>,
    /// How to know its version.
    pub version: Option<VersionRule>,
    /// How to get it on this system; may be empty.
    pub install: String,
}

/// `version = { run, match, min }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionRule {
    /// Arguments that make the tool print its version; the pinned ones are not added.
    pub run: Vec<String>,
    /// Group 1 is the version.
    pub pattern: Pattern,
    /// Lowest accepted version.
    pub min: Version,
}

impl VersionRule {
    /// The version in what the tool printed.
    pub fn read(&self, printed: &[u8]) -> Option<Version> {
        let group = self.pattern.regex().captures(printed)?.get(1)?;
        Version::parse(&String::from_utf8_lossy(group.as_bytes()))
    }
}

/// `major.minor.patch`; anything behind it is ignored (`1.32.4-dispatcher`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(
    /// major, minor, patch
    pub [u32; 3],
);

impl Version {
    /// Reads one to three leading numbers, after an optional `v`. A number beyond all measure makes it none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('v');
        let mut numbers = [0; 3];
        let mut read = 0;
        for (slot, part) in numbers.iter_mut().zip(text.split('.')) {
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            if digits == 0 {
                break;
            }
            *slot = part[..digits].parse().ok()?;
            read += 1;
            if digits < part.len() {
                break;
            }
        }
        (read > 0).then_some(Self(numbers))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

impl Serialize for Version {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_as_tools_print_them() {
        assert_eq!(Version::parse("v1.32.4-dispatcher"), Some(Version([1, 32, 4])));
        assert_eq!(Version::parse("3.6.2+gee407bd"), Some(Version([3, 6, 2])));
        assert_eq!(Version::parse("20.10"), Some(Version([20, 10, 0])));
        assert_eq!(Version::parse("1.x"), Some(Version([1, 0, 0])));
        assert_eq!(Version::parse("none"), None);
        assert!(Version([3, 6, 0]) > Version([3, 5, 99]));
    }
}
