//! Symptoms, and what was found of them.

use serde::{Deserialize, Serialize};

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

/// Text that helps one operating system only, or all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fix {
    /// The same everywhere.
    All(String),
    /// By system.
    ByOs {
        /// On Windows.
        windows: String,
        /// Everywhere else.
        unix: String,
    },
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
    /// Name of the check that proves it.
    #[serde(default)]
    pub confirm: Option<String>,
    /// Where the text comes from: tool, file, version.
    #[serde(default)]
    pub origin: Option<String>,
    /// Texts that must match.
    #[serde(default)]
    pub examples: Vec<String>,
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

/// One text to be read: a file, or one stream of one call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    /// How a quote names it: a path, or "helm status taskflow".
    pub file: String,
    /// The call that printed it, when known (a recording, a live run): a strong hint at the source.
    pub argv: Vec<String>,
    /// Standard error of that call?
    pub is_stderr: bool,
    /// The bytes as captured.
    pub text: Vec<u8>,
}

/// A quoted line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The document's name.
    pub file: String,
    /// 1-based line number in that document.
    pub line: usize,
    /// The line as it stands there, redacted, without its line end.
    pub text: String,
    /// The telling part of `text`, as a byte range.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub span: Option<(usize, usize)>,
}

/// How sure a diagnosis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A root alone.
    Low,
    /// A root and a consequence that it explains.
    Medium,
    /// A root, a consequence, and two independent sources.
    High,
}

/// One symptom, found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The symptom's id.
    pub id: String,
    /// Its family.
    pub family: String,
    /// `root` or `consequence` in this diagnosis.
    pub role: Role,
    /// Pod, release, node, image …: whatever the text says it is about; may be empty.
    pub subject: String,
    /// One sentence, its groups filled.
    pub cause: String,
    /// For this operating system, its groups filled.
    pub fixes: Vec<String>,
    /// Ids of the findings of this diagnosis that it explains.
    pub explains: Vec<String>,
    /// How sure.
    pub confidence: Confidence,
    /// What proves it, when there is a way: the check's name, or the command that asks it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub confirm: Option<String>,
    /// The lines it stands on, best first.
    pub evidence: Vec<Quote>,
}

impl Diagnosis {
    /// An answer that names nothing.
    pub fn naming_nothing(verdict: Verdict) -> Self {
        Self { schema: 1, verdict, findings: Vec::new(), telling: None }
    }
}

/// What a diagnosis comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing found, and what was read says that all is well.
    Healthy,
    /// At least one finding.
    Failing,
    /// Something is wrong that no symptom names: the last telling line is quoted, nothing guessed.
    Unclassified,
}

/// The whole answer; its JSON form is stable within a schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Version of this form: 1.
    pub schema: u32,
    /// What it comes to.
    pub verdict: Verdict,
    /// Most likely root first.
    pub findings: Vec<Finding>,
    /// For `unclassified`: the last telling line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub telling: Option<Quote>,
}
