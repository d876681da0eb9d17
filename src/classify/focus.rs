//! What a person was after: the release and the components whose logs, rollouts and descriptions were
//! asked for. A fault there is likelier meant than one of a stranger in the same cluster.

use super::command::{plain, stem};
use super::table;
use super::text::Text;
use std::collections::BTreeSet;

/// The release or component that a call is about; a single pod is looked at for many reasons.
pub(crate) fn asked(argv: &[&str]) -> Option<String> {
    let (program, rest) = argv.split_first()?;
    let words = plain(rest);
    let word = |index: usize| words.get(index).copied().unwrap_or_default();
    let name = match (stem(program), word(0)) {
        ("kubectl" | "k" | "oc", "logs" | "log") => word(1),
        ("kubectl" | "k" | "oc", "rollout") => word(2),
        ("kubectl" | "k" | "oc", "describe") => match word(1) {
            "deployment" | "deploy" | "statefulset" | "sts" | "service" | "svc" | "daemonset" | "ds" => word(2),
            other if !other.starts_with("pod") && !other.starts_with("no") => other.split_once('/')?.1,
            _ => return None,
        },
        ("helm", "install" | "upgrade" | "status" | "history" | "rollback" | "uninstall") => word(1),
        ("helm", "get") => word(2),
        _ => return None,
    };
    let name = name.rsplit('/').next().unwrap_or(name);
    table::is_name(name).then(|| name.to_owned())
}

/// A command typed at a prompt.
pub(crate) fn typed(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|word| matches!(stem(word), "kubectl" | "k" | "oc" | "helm"))?;
    asked(words.get(at..)?)
}

/// Names that were asked for; empty when nothing tells.
#[derive(Debug, Default)]
pub(crate) struct Focus {
    names: BTreeSet<String>,
}

impl Focus {
    /// Reads them off the calls and the typed commands of the texts.
    pub(crate) fn new(texts: &[Text]) -> Self {
        let asked = texts.iter().flat_map(|text| &text.asked);
        Self { names: asked.map(|name| table::workload(name).to_owned()).filter(|name| !name.is_empty()).collect() }
    }

    /// Is this workload one of them, or part of the release that is? What is about nobody in particular
    /// is; everything is where nothing tells.
    pub(crate) fn holds(&self, workload: &str) -> bool {
        self.names.is_empty()
            || workload.is_empty()
            || self.names.iter().any(|name| {
                let rest = workload.strip_prefix(name.as_str()).or_else(|| name.strip_prefix(workload));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for() {
        for (line, name) in [
            ("$ kubectl logs deployment/shop-api --tail=5", "shop-api"),
            ("kubectl -n x logs shop-api-6d5b8c7f9d-2xk7p", "shop-api-6d5b8c7f9d-2xk7p"),
            ("$ helm --kube-context m upgrade --install shop ./chart", "shop"),
            ("PS C:\\> kubectl rollout status deployment/shop-api", "shop-api"),
            ("kubectl describe svc shop-db", "shop-db"),
        ] {
            assert_eq!(typed(line).as_deref(), Some(name), "{line}");
        }
        for line in ["kubectl describe pod x", "kubectl describe node minikube", "kubectl get pods", "helm list", "x"] {
            assert_eq!(typed(line), None, "{line}");
        }
    }

    #[test]
    fn a_release_holds_its_components() {
        let focus = |names: &[&str]| {
            let mut text = Text::default();
            text.asked = names.iter().map(|name| (*name).to_owned()).collect();
            Focus::new(&[text])
        };
        let shop = focus(&["deployment/shop-api", "shop"]);
        for name in ["shop-api", "shop-db", "shop", ""] {
            assert!(shop.holds(name), "{name}");
        }
        assert!(!shop.holds("shopping") && !shop.holds("billing-worker"));
        assert!(focus(&[]).holds("anything"));
    }
}
