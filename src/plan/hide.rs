//! What the run must not let out, beside the secret variables.

use super::types::{Call, PlannedTool};
use crate::model::catalog::Catalog;
use crate::model::template::Template;
use std::collections::BTreeSet;

/// Values to hide wherever they stand, and the call that finds out more of them. Never shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hide {
    /// Key and value: what the values files and the arguments of the plan hold.
    pub values: Vec<(String, String)>,
    /// Reads the Secrets that `[redact]` names.
    pub read: Option<ReadSecrets>,
}

/// The call that reads the values of Secrets, all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadSecrets {
    /// `kubectl get secret A B -o json`, pinned arguments inserted.
    pub call: Call,
    /// The tool: the plan itself may do without it.
    pub tool: PlannedTool,
    /// The Secrets' names.
    pub names: Vec<String>,
}

/// The call for a plan with these tools; `None` where no tool can print a Secret, or none is named.
pub(super) fn read(catalog: &Catalog, tools: &BTreeSet<String>) -> Option<ReadSecrets> {
    if !["helm", "kubectl"].iter().any(|tool| tools.contains(*tool)) {
        return None;
    }
    let tool = catalog.tools.get("kubectl")?;
    let value = |name: &str| catalog.vars.get(name).map(|var| var.value.as_str());
    let fill = |text: &Template| text.fill(value).and_then(|text| text.as_literal());
    let mut names: Vec<String> = Vec::new();
    for name in catalog.redact.iter().filter_map(fill) {
        // An option is no name; a name that nobody has given yet is none either.
        if !name.is_empty() && !name.starts_with('-') && !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() {
        return None;
    }
    let mut argv = vec!["kubectl".to_owned()];
    argv.extend(tool.args.iter().filter_map(fill));
    let pinned = 1..argv.len();
    argv.extend(["get", "secret"].map(str::to_owned));
    argv.extend(names.iter().cloned());
    argv.extend(["-o", "json", "--ignore-not-found", "--request-timeout=10s"].map(str::to_owned));
    let argv = argv.into_iter().map(Template::literal).collect();
    let planned = PlannedTool {
        program: tool.program.clone(),
        others: tool.others.clone(),
        version: None,
        install: tool.install.clone(),
    };
    Some(ReadSecrets { call: Call { tool: "kubectl".to_owned(), argv, pinned }, tool: planned, names })
}
