//! A symptom: a named pattern in the tools' text, with its cause, its fixes and what it explains.

use super::step::Danger;
use crate::text;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a symptom can be in a chain of causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Can be the cause of all the rest.
    Root,
    /// Always follows from something else.
    Consequence,
    /// Passes by itself; a root only when it persists.
    Transient,
}

/// The kind of text a line stands in. Recognised from the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// `kubectl get pods` (or the pod part of `get all`).
    PodTable,
    /// `kubectl get` of anything else, `helm list`, `helm history`.
    OtherTable,
    /// `kubectl describe pod`, without its events.
    DescribePod,
    /// `kubectl describe` of anything else, without its events.
    DescribeOther,
    /// Events: `kubectl get events` or the tail of a describe.
    Events,
    /// What a container printed.
    PodLog,
    /// What `kubectl` says itself.
    Kubectl,
    /// What `helm` says itself.
    Helm,
    /// What `minikube` says itself.
    Minikube,
    /// What `docker` says itself, builds included.
    Docker,
    /// A browser's console.
    Browser,
    /// YAML or JSON: manifests, values. Read for facts, never for symptoms.
    Manifest,
    /// Not recognised.
    Unknown,
}

/// Something to do about a cause. In a file `"text"`, `{ do = "text", danger = "destroy" }` or
/// `{ windows = "…", unix = "…", danger = "change" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "FixForm", into = "FixForm")]
pub struct Fix {
    /// On Windows.
    pub windows: String,
    /// Everywhere else.
    pub unix: String,
    /// What following it does to the world.
    pub danger: Danger,
}

impl Fix {
    /// The same everywhere; its danger is read off the command.
    pub fn all(text: &str) -> Self {
        Self { windows: text.to_owned(), unix: text.to_owned(), danger: super::danger::of(text) }
    }

    /// As it reads on `os`.
    pub fn on(&self, os: Os) -> &str {
        match os {
            Os::Windows => &self.windows,
            Os::Unix => &self.unix,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum FixForm {
    All(String),
    Same {
        #[serde(rename = "do")]
        text: String,
        danger: Danger,
    },
    ByOs {
        windows: String,
        unix: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        danger: Option<Danger>,
    },
}

impl From<FixForm> for Fix {
    fn from(form: FixForm) -> Self {
        match form {
            FixForm::All(text) => Self::all(&text),
            FixForm::Same { text, danger } => Self { windows: text.clone(), unix: text, danger },
            FixForm::ByOs { windows, unix, danger } => {
                let danger = danger.unwrap_or_else(|| super::danger::of(&windows).max(super::danger::of(&unix)));
                Self { windows, unix, danger }
            }
        }
    }
}

impl From<Fix> for FixForm {
    fn from(fix: Fix) -> Self {
        if fix.windows == fix.unix {
            return Self::Same { text: fix.unix, danger: fix.danger };
        }
        Self::ByOs { windows: fix.windows, unix: fix.unix, danger: Some(fix.danger) }
    }
}

/// A text that a symptom must find. In a file `"text"` or `{ text = "…", expect = { user = "app" } }`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "SampleForm", into = "SampleForm")]
pub struct Sample {
    /// The text, as the tool prints it.
    pub text: String,
    /// What the named groups must hold: group → value.
    pub expect: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum SampleForm {
    Text(String),
    Full {
        text: String,
        #[serde(default)]
        expect: BTreeMap<String, String>,
    },
}

impl From<SampleForm> for Sample {
    fn from(form: SampleForm) -> Self {
        match form {
            SampleForm::Text(text) => Self { text, expect: BTreeMap::new() },
            SampleForm::Full { text, expect } => Self { text, expect },
        }
    }
}

impl From<Sample> for SampleForm {
    fn from(sample: Sample) -> Self {
        if sample.expect.is_empty() {
            Self::Text(sample.text)
        } else {
            Self::Full { text: sample.text, expect: sample.expect }
        }
    }
}

/// Does going back to the last good revision help against a cause?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rollback {
    /// Yes: the cause lies in what the release deploys.
    Helps,
    /// No: the cause lies outside the release.
    Useless,
    /// Only when the release changed what the cause is about.
    #[default]
    Depends,
}

/// When a symptom ends a wait: what it tells of will not change by waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "FinalForm", into = "FinalForm")]
pub enum Final {
    /// `final = true`: at once.
    Now,
    /// `final = "1m"`: when it has lasted so long without a break.
    After(Duration),
}

impl Final {
    /// How long it must have lasted.
    pub fn lasted(self) -> Duration {
        match self {
            Self::Now => Duration::ZERO,
            Self::After(time) => time,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum FinalForm {
    Flag(bool),
    Time(String),
}

impl TryFrom<FinalForm> for Final {
    type Error = String;

    fn try_from(form: FinalForm) -> Result<Self, String> {
        match form {
            FinalForm::Flag(true) => Ok(Self::Now),
            FinalForm::Flag(false) => Err("`final` can only be true, or a duration".to_owned()),
            FinalForm::Time(text) => text::parse_duration(&text).map(Self::After).map_err(|error| error.to_string()),
        }
    }
}

impl From<Final> for FinalForm {
    fn from(when: Final) -> Self {
        match when {
            Final::Now => Self::Flag(true),
            Final::After(time) => Self::Time(text::duration(time)),
        }
    }
}

/// `"name"` or `["name", "other"]`.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        One(String),
        More(Vec<String>),
    }
    Ok(match Form::deserialize(deserializer)? {
        Form::One(name) => vec![name],
        Form::More(names) => names,
    })
}

/// A named pattern in the tools' text, with its cause, its fixes and what it explains.
///
/// The built-in ones (`src/catalog/*.toml`) and a user's `[symptoms.ID]` have the same form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Symptom {
    /// The key of its table; stable, kebab-case.
    #[serde(default)]
    pub id: String,
    /// The family that scripts rely on: one of [`FAMILIES`].
    pub family: String,
    /// What it can be in a chain of causes.
    pub role: Role,
    /// 0 tools … 12 rollout. A lower layer stands nearer to the ground.
    #[serde(default)]
    pub layer: u8,
    /// Ends a wait that watches for it; `None`: it may pass, however long it lasts.
    #[serde(rename = "final", default, skip_serializing_if = "Option::is_none")]
    pub is_final: Option<Final>,
    /// The kinds of text it may be read from; empty means any but manifests.
    #[serde(default)]
    pub sources: Vec<Source>,
    /// Regexes; one match is enough. Named groups fill `{name}` in `cause` and `fix`.
    pub any: Vec<String>,
    /// Regexes on the matched line that take the match back.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Symptom ids that this one explains; `*` stands for any text.
    #[serde(default)]
    pub explains: Vec<String>,
    /// One sentence; `{name}` is the named group, `{name|words}` has words for when it took no part.
    pub cause: String,
    /// What to do, first choice first.
    #[serde(default)]
    pub fix: Vec<Fix>,
    /// Names of the checks that prove it: one of them says no where the cause is there.
    #[serde(default, deserialize_with = "one_or_more")]
    pub confirm: Vec<String>,
    /// Does a rollback help?
    #[serde(default)]
    pub rollback: Rollback,
    /// Fields of the values or the manifest whose change is likely to be behind it; `*` stands for any
    /// text: `*DATABASE_URL*`, `*.image*`.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Where the text comes from: tool, file, version.
    #[serde(default)]
    pub origin: Option<String>,
    /// Texts that must match.
    #[serde(default)]
    pub examples: Vec<Sample>,
    /// Texts that must not match.
    #[serde(default)]
    pub counter: Vec<String>,
}

/// The operating system that fixes are worded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Os {
    /// Windows.
    Windows,
    /// Everything else.
    Unix,
}

/// Every family, in the order of the layers they belong to.
pub const FAMILIES: [&str; 30] = [
    "docker-daemon-down",
    "minikube-start-failed",
    "minikube-profile-missing",
    "cluster-unreachable",
    "auth-to-cluster",
    "docker-build-failed",
    "port-conflict",
    "image-pull",
    "image-never-pull",
    "image-name-invalid",
    "helm-release-conflict",
    "helm-chart-error",
    "helm-not-found",
    "quota-or-admission",
    "insufficient-resources",
    "unschedulable-other",
    "disk-pressure",
    "volume-mount",
    "config-error",
    "container-start-error",
    "network-cni",
    "oom-killed",
    "database-connection",
    "jwt-mismatch",
    "cors",
    "api-key-invalid",
    "dns-failure",
    "probe-failure",
    "crash-loop",
    "helm-timeout",
];
