//! A group of matches in words: cause, fixes, confidence, the lines to quote.

use super::group::{Group, strength};
use super::scan::Hit;
use super::text::Text;
use crate::model::finding::{Advice, Confidence, Finding, Os, Quote, Role, Source};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// So many lines of evidence are quoted for a finding.
pub(crate) const QUOTES: usize = 4;

/// A group as a finding.
pub(crate) fn finding(
    texts: &[Text],
    groups: &[Group<'_>],
    index: usize,
    effects: &BTreeSet<usize>,
    role: Role,
    os: Os,
) -> Finding {
    let group = &groups[index];
    let symptom = group.symptom;
    let best = group.hits.iter().max_by_key(|hit| (hit.groups.len(), strength(hit.source)));
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for hit in &group.hits {
        for (name, value) in &hit.groups {
            names.entry(name).or_insert(value);
        }
    }
    if let Some(best) = best {
        names.extend(best.groups.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    }
    let subject =
        group.hits.iter().map(|hit| hit.subject.as_str()).find(|subject| !subject.is_empty()).unwrap_or_default();
    let bare = subject.rsplit('/').next().unwrap_or(subject);
    if !bare.is_empty() {
        // `kubectl logs` takes `deployment/web`, but not the bare name of a deployment.
        let is_owner =
            subject.starts_with("deploy") || subject.starts_with("statefulset/") || subject.starts_with("sts/");
        names.entry("pod").or_insert(if is_owner { subject } else { bare });
        names.entry("subject").or_insert(bare);
    }
    let sources: BTreeSet<Source> = effects
        .iter()
        .map(|at| &groups[*at])
        .chain([group])
        .flat_map(|group| &group.hits)
        .map(|hit| hit.source)
        .collect();
    let explains: BTreeSet<String> = effects.iter().map(|at| groups[*at].symptom.id.clone()).collect();
    Finding {
        id: symptom.id.clone(),
        family: symptom.family.clone(),
        role,
        subject: if bare.is_empty() || is_about_the_cluster(&symptom.family) { named(&names) } else { bare.to_owned() },
        cause: fill(&symptom.cause, &names),
        fixes: symptom.fix.iter().map(|fix| Advice { text: fill(fix.on(os), &names), danger: fix.danger }).collect(),
        confidence: match (explains.is_empty(), sources.len()) {
            (true, _) => Confidence::Low,
            (false, 0 | 1) => Confidence::Medium,
            (false, _) => Confidence::High,
        },
        explains: explains.into_iter().collect(),
        confirm: symptom.confirm.clone(),
        confirmed: Vec::new(),
        rollback: symptom.rollback,
        fields: symptom.fields.clone(),
        since: group.hits.iter().filter_map(|hit| hit.event.as_ref()?.age).max(),
        evidence: quotes(texts, &group.hits),
    }
}

/// Families in which the whole cluster (or the machine under it) is what fails, whatever pod or
/// deployment the failing command was about.
fn is_about_the_cluster(family: &str) -> bool {
    matches!(
        family,
        "cluster-unreachable"
            | "auth-to-cluster"
            | "minikube-start-failed"
            | "minikube-profile-missing"
            | "docker-daemon-down"
    )
}

/// What the text is about when no pod is named.
fn named(names: &BTreeMap<&str, &str>) -> String {
    ["release", "image", "context", "profile", "server", "name", "host", "node"]
        .iter()
        .find_map(|name| names.get(name))
        .map_or_else(String::new, |name| (*name).to_owned())
}

/// Fills `{name}` and `{name|otherwise}`.
pub(crate) fn fill(template: &str, names: &BTreeMap<&str, &str>) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, tail)) = rest.split_once('{') {
        out.push_str(before);
        let Some((inner, after)) = tail.split_once('}') else {
            out.push('{');
            rest = tail;
            continue;
        };
        let (name, otherwise) = inner.split_once('|').map_or((inner, None), |(name, other)| (name, Some(other)));
        match (crate::model::template::is_name(name), names.get(name), otherwise) {
            (false, ..) => out.push_str(&format!("{{{inner}}}")),
            (true, Some(value), _) => out.push_str(value),
            (true, None, Some(otherwise)) => out.push_str(otherwise),
            (true, None, None) => out.push_str(&format!("<{name}>")),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The lines to quote: strongest source first, each text once.
fn quotes(texts: &[Text], hits: &[Hit]) -> Vec<Quote> {
    let mut hits: Vec<&Hit> = hits.iter().collect();
    hits.sort_by_key(|hit| (Reverse(strength(hit.source)), Reverse(hit.groups.len()), hit.document, hit.line));
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for hit in hits {
        let Some(quote) = texts.get(hit.document).map(|text| text.quote(hit)) else { continue };
        if seen.insert(quote.text.trim().to_owned()) {
            out.push(quote);
        }
        if out.len() == QUOTES {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates() {
        let names = BTreeMap::from([("user", "app")]);
        assert_eq!(fill("login of {user}", &names), "login of app");
        assert_eq!(fill("{host|the database} {host} {.data.x} {", &names), "the database <host> {.data.x} {");
    }
}
