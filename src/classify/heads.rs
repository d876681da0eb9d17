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
    if starts(&["Error from server", "Unable to connect to the server", "The connection to the server"]) {
        return Some(Source::Kubectl);
    }
    if starts(&["Error: INSTALLATION FAILED", "Error: UPGRADE FAILED", "Error: uninstall:", "helm.go:"]) {
        return Some(Source::Helm);
    }
    if starts(&["Access to fetch at", "Access to XMLHttpRequest at", "Cross-Origin Request Blocked"]) {
        return Some(Source::Browser);
    }
    if text.contains("Exiting due to ") || text.contains("\" not found. Run \"minikube") {
        return Some(Source::Minikube);
    }
    if starts(&["ERROR: failed to solve", "docker: ", "failed to solve", "COPY failed:", "The command '/bin/sh -c"]) {
        return Some(Source::Docker);
    }
    None
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
