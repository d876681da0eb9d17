//! First words that tell the kind of a text: headers, manifests, programs that speak for themselves.

use super::sources::Mode;
use crate::model::finding::Source;

/// A header line of a table.
pub(crate) fn header(text: &str) -> Option<Mode> {
    const NAMES: [&str; 4] = ["NAME", "NAMESPACE", "REVISION", "REPOSITORY"];
    const COLUMNS: [&str; 4] = ["READY", "REASON", "Reason", "LAST SEEN"];
    let first = text.split_whitespace().next()?;
    // Most lines are no header; they are not worth a list of their words.
    if !NAMES.contains(&first) && !COLUMNS.iter().any(|column| text.contains(column)) {
        return None;
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let has = |word: &str| words.contains(&word);
    if has("READY") && has("STATUS") && has("NAME") {
        return Some(Mode::Pods);
    }
    if text.starts_with("LAST SEEN")
        || (has("REASON") && has("MESSAGE"))
        || (has("Reason") && has("Message") && has("Age"))
    {
        return Some(Mode::Events);
    }
    let shout = |word: &str| word.bytes().all(|byte| byte.is_ascii_uppercase() || b"-()/:".contains(&byte));
    (NAMES.contains(&first) && words.len() >= 3 && words.iter().all(|word| shout(word))).then_some(Mode::Other)
}

/// Does a manifest, or a file of values, begin here?
pub(crate) fn is_manifest_head(line: &str) -> bool {
    ["apiVersion:", "kind:", "USER-SUPPLIED VALUES:", "COMPUTED VALUES:", "# Source: ", "\"apiVersion\":"]
        .iter()
        .any(|head| line.trim_start_matches([' ', '{']).starts_with(head))
}

/// Lines whose first words say which program speaks.
pub(crate) fn spoken(text: &str) -> Option<Source> {
    let starts = |heads: &[&str]| heads.iter().any(|head| text.starts_with(head));
    if starts(&KUBECTL) {
        return Some(Source::Kubectl);
    }
    if starts(&HELM) || is_helm_debug(text) {
        return Some(Source::Helm);
    }
    if starts(&BROWSER) || BROWSER_INSIDE.iter().any(|part| text.contains(part)) {
        return Some(Source::Browser);
    }
    if starts(&MINIKUBE) || text.contains("Exiting due to ") || text.contains("\" not found. Run \"minikube") {
        return Some(Source::Minikube);
    }
    if starts(&DOCKER) || is_build(text) {
        return Some(Source::Docker);
    }
    None
}

const KUBECTL: [&str; 8] = [
    "Error from server",
    "Unable to connect to the server",
    "The connection to the server",
    "error: You must be logged in to the server",
    "error: timed out waiting for the condition",
    "error: the server doesn't have a resource type",
    "error: unable to upgrade connection",
    "error: no context exists with the name",
];

const HELM: [&str; 27] = [
    "Error: INSTALLATION FAILED",
    "Error: UPGRADE FAILED",
    "Error: ROLLBACK FAILED",
    "Error: uninstall:",
    "Error: uninstallation completed with",
    "Error: release ",
    "Error: release:",
    "Error: chart ",
    "Error: template:",
    "Error: parse error at (",
    "Error: execution error at (",
    "Error: YAML parse error on",
    "Error: values don't meet the specifications",
    "Error: found in Chart.yaml, but missing in charts/",
    "Error: An error occurred while checking for chart dependencies",
    "Error: an error occurred while checking for chart dependencies",
    "Error: failed to download",
    "Error: failed to fetch",
    "Error: failed pre-install:",
    "Error: pre-upgrade hooks failed",
    "Error: post-upgrade hooks failed",
    "Error: cannot re-use a name",
    "Error: cannot reuse a name",
    "Error: Kubernetes cluster unreachable",
    "Error: kubernetes cluster unreachable",
    "Error: query: failed to query with labels",
    "helm.go:",
];

const BROWSER: [&str; 6] = [
    "Access to fetch at",
    "Access to XMLHttpRequest at",
    "Access to script at",
    "Cross-Origin Request Blocked",
    "(index):",
    "Mixed Content: ",
];

/// Chrome and Safari put a method, a place or an icon before these.
const BROWSER_INSIDE: [&str; 5] = [
    "net::ERR_",
    "has been blocked by CORS policy",
    "is not allowed by Access-Control-Allow-Origin",
    "due to access control checks.",
    "Cross-Origin Request Blocked: ",
];

/// Behind its sign, which some terminals show as a letter, and some as nothing.
const MINIKUBE: [&str; 8] = [
    "minikube v",
    "* minikube v",
    "\u{1f604}  minikube v",
    "X Exiting due to",
    "\u{274c}  Exiting due to",
    "\u{1f4a3}  ",
    "\u{1f937}  ",
    "\u{1f63f}  ",
];

const DOCKER: [&str; 22] = [
    "ERROR: failed to solve",
    "ERROR: failed to build",
    "ERROR: Cannot connect to the Docker daemon",
    "ERROR: permission denied while trying to connect to the",
    "Error response from daemon:",
    "docker: ",
    "failed to solve",
    "failed to connect to the docker API at",
    "Cannot connect to the Docker daemon",
    "error during connect:",
    "Got permission denied while trying to connect to the Docker daemon",
    "permission denied while trying to connect to the Docker daemon",
    "permission denied while trying to connect to the docker API",
    "unable to get image '",
    "COPY failed:",
    "ADD failed:",
    "The command '/bin/sh -c",
    "The command '/bin/bash -",
    "Sending build context to Docker daemon",
    "Successfully tagged ",
    "Removing intermediate container ",
    "[+] Building ",
];

/// `upgrade.go:142: [debug] …`, `coalesce.go:220: warning: …`: helm with `--debug`.
fn is_helm_debug(text: &str) -> bool {
    let Some((file, rest)) = text.split_once(".go:") else { return false };
    let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    !file.is_empty()
        && file.len() <= 20
        && file.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        && behind.len() < rest.len()
        && (behind.starts_with(": [debug]") || behind.starts_with(": warning:"))
}

/// BuildKit's `#12 [3/6] RUN`, `#12 ERROR:`, ` => ERROR [3/6]`, ` > [3/6] RUN`; the classic builder's `Step 3/9 :`.
fn is_build(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix("Step ") {
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '/');
        return rest.starts_with(" :");
    }
    if let Some(rest) = text.strip_prefix("=> ") {
        let rest =
            ["ERROR ", "CACHED ", "CANCELED ", "=> "].iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
        return rest.starts_with('[')
            || ["exporting ", "extracting ", "resolve ", "transferring "].iter().any(|word| rest.starts_with(word));
    }
    if let Some(rest) = text.strip_prefix("> [") {
        return rest.split_once(']').is_some_and(|(stage, behind)| stage.contains('/') && behind.contains(':'));
    }
    // A `#` may have been taken for a comment mark.
    let rest = text.strip_prefix('#').unwrap_or(text);
    let behind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    if behind.len() == rest.len() {
        return false;
    }
    match behind.strip_prefix(' ') {
        Some(step) if step.starts_with('[') => {
            let stage = step.split(']').next().unwrap_or_default();
            stage.contains("internal") || stage.bytes().any(|byte| byte == b'/') && step.contains("] ")
        }
        Some(step) => {
            text.starts_with('#')
                && (step.starts_with("ERROR") || step == "CACHED" || step.starts_with("DONE ") || step == "CANCELED")
        }
        None => false,
    }
}

/// The kind of what `kubectl describe` describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Described {
    /// A pod.
    Pod,
    /// A node.
    Node,
    /// A Deployment, ReplicaSet, StatefulSet, DaemonSet or Job.
    Workload,
    /// A Service, an Ingress, a claim, a volume: anything else.
    Other,
}

/// What is described, told by a field that only that kind has. Fields stand at the start of their line.
pub(crate) fn described(line: &str) -> Option<Described> {
    const FIELDS: [(&str, Described); 33] = [
        ("Node", Described::Pod),
        ("Start Time", Described::Pod),
        ("QoS Class", Described::Pod),
        ("Containers", Described::Pod),
        ("Init Containers", Described::Pod),
        ("Node-Selectors", Described::Pod),
        ("IPs", Described::Pod),
        ("Roles", Described::Node),
        ("Taints", Described::Node),
        ("Unschedulable", Described::Node),
        ("Capacity", Described::Node),
        ("Allocatable", Described::Node),
        ("System Info", Described::Node),
        ("PodCIDR", Described::Node),
        ("Non-terminated Pods", Described::Node),
        ("Allocated resources", Described::Node),
        ("Replicas", Described::Workload),
        ("StrategyType", Described::Workload),
        ("Update Strategy", Described::Workload),
        ("OldReplicaSets", Described::Workload),
        ("NewReplicaSet", Described::Workload),
        ("Pods Status", Described::Workload),
        ("Pods Statuses", Described::Workload),
        ("Pod Template", Described::Workload),
        ("Parallelism", Described::Workload),
        ("Completions", Described::Workload),
        ("Desired Number of Nodes Scheduled", Described::Workload),
        ("Volume Claims", Described::Workload),
        ("Endpoints", Described::Other),
        ("Session Affinity", Described::Other),
        ("StorageClass", Described::Other),
        ("Default backend", Described::Other),
        ("Ingress Class", Described::Other),
    ];
    if !line.as_bytes().first()?.is_ascii_uppercase() {
        return None;
    }
    let (key, _) = line.split_once(':')?;
    FIELDS.iter().find(|(field, _)| *field == key).map(|(_, kind)| *kind)
}

/// The unit that `systemctl status` shows, or whose journal begins.
pub(crate) fn unit(line: &str) -> Option<&str> {
    let rest = line
        .strip_prefix("\u{25cf} ")
        .or(line.strip_prefix("\u{d7} "))
        .or(line.strip_prefix("\u{25cb} "))
        .or(line.strip_prefix("* "))?;
    let (name, behind) = rest.split_once(".service")?;
    let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_@.".contains(&byte));
    (named && (behind.is_empty() || behind.starts_with(" - "))).then_some(name)
}

/// What the lines of a service's journal are.
pub(crate) fn source_of_unit(name: &str) -> Source {
    match name {
        "docker" | "containerd" | "cri-docker" | "podman" => Source::Docker,
        "minikube" => Source::Minikube,
        _ => Source::Unknown,
    }
}

/// Files of manifests and values are known by their names.
pub(crate) fn kind_of_file(file: &str) -> Source {
    let name = file.to_ascii_lowercase();
    if [".yaml", ".yml", ".toml", ".tpl", "dockerfile"].iter().any(|end| name.ends_with(end)) {
        Source::Manifest
    } else {
        Source::Unknown
    }
}

#[cfg(test)]
#[path = "heads_tests.rs"]
mod tests;
