//! The texts of the tools, version by version: read from `tests/drift/*.toml`.

use serde::Deserialize;
use std::fs;

/// The minors of Kubernetes whose sources the data was read from.
const KUBERNETES: [&str; 17] = [
    "1.19", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27", "1.28", "1.29", "1.30", "1.31", "1.32", "1.33",
    "1.34", "1.35", "1.36",
];

/// A file: what one tool says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sheet {
    pub(crate) tool: String,
    /// Empty: those of Kubernetes.
    #[serde(default)]
    versions: Vec<String>,
    pub(crate) cause: Vec<Cause>,
}

/// Something that goes wrong, with its texts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cause {
    pub(crate) name: String,
    /// What a diagnosis has to name first.
    pub(crate) family: String,
    /// Where the tool prints it.
    pub(crate) source: String,
    /// How Kubernetes shows it: `pod`, `volume`, `probe`, `scheduler`, `evicted`, `replicaset`, `claim`, `job`.
    #[serde(default)]
    pub(crate) kind: String,
    /// The command that prints it.
    #[serde(default)]
    pub(crate) call: String,
    /// The event's reason.
    #[serde(default)]
    pub(crate) reason: String,
    /// STATUS in `kubectl get pods`.
    #[serde(default)]
    pub(crate) status: String,
    /// The reason of the container's last end.
    #[serde(default)]
    pub(crate) terminated: String,
    #[serde(default)]
    pub(crate) exit: i32,
    /// No pod that goes away would help the scheduler.
    #[serde(default)]
    pub(crate) unhelpful: bool,
    /// The kubelet restarts the container for it.
    #[serde(default)]
    pub(crate) restarts: bool,
    pub(crate) texts: Vec<Wording>,
}

/// A text, and the versions that print it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wording {
    since: Option<String>,
    until: Option<String>,
    /// `unix` or `windows`; none: both.
    pub(crate) os: Option<String>,
    /// A line that the version prints in front.
    #[serde(default)]
    pub(crate) before: String,
    pub(crate) text: String,
}

/// All files, with their names.
pub(crate) fn sheets() -> Vec<Sheet> {
    let folder = super::support::root().join("tests").join("drift");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            toml::from_str(&fs::read_to_string(path).unwrap())
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        })
        .collect()
}

impl Sheet {
    pub(crate) fn versions(&self) -> Vec<&str> {
        match self.versions.as_slice() {
            [] => KUBERNETES.to_vec(),
            versions => versions.iter().map(String::as_str).collect(),
        }
    }
}

impl Cause {
    /// What a version says.
    pub(crate) fn at(&self, version: &str) -> impl Iterator<Item = &Wording> {
        let version = number(version);
        self.texts.iter().filter(move |wording| {
            wording.since.as_deref().is_none_or(|since| number(since) <= version)
                && wording.until.as_deref().is_none_or(|until| version <= number(until))
        })
    }
}

/// `1.36` as something that can be compared.
fn number(version: &str) -> (u32, u32) {
    let (major, minor) = version.split_once('.').unwrap_or((version, "0"));
    (major.parse().unwrap(), minor.parse().unwrap())
}

/// Is a version this one, or later?
pub(crate) fn is_since(version: &str, since: &str) -> bool {
    number(since) <= number(version)
}
