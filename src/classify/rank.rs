//! Roots before consequences, the likeliest root first.

use super::facts::Text;
use super::rules::Rules;
use super::scan::Hit;
use super::table;
use crate::model::finding::{Confidence, Finding, Fix, Os, Quote, Role, Source, Symptom};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// So many lines of evidence are quoted for a finding.
const QUOTES: usize = 4;
/// So many findings are told.
const FINDINGS: usize = 40;

/// All matches of one symptom about one workload.
struct Group<'r> {
    symptom: &'r Symptom,
    order: usize,
    workload: String,
    hits: Vec<Hit>,
}

impl Group<'_> {
    fn places(&self) -> BTreeSet<(usize, usize)> {
        self.hits.iter().map(|hit| (hit.document, hit.line)).collect()
    }

    fn strength(&self) -> u8 {
        self.hits.iter().map(|hit| strength(hit.source)).max().unwrap_or(0)
    }

    /// About a node, a service, a claim: something that many pods depend on.
    fn is_shared(&self) -> bool {
        self.workload.is_empty()
            || self.hits.iter().any(|hit| matches!(hit.source, Source::DescribeOther | Source::OtherTable))
            || self.hits.iter().any(|hit| {
                let subject = hit.subject.to_ascii_lowercase();
                subject.starts_with("node/") || subject.starts_with("persistentvolumeclaim/")
            })
    }

    fn is_about(&self, other: &Group<'_>) -> bool {
        let near = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
        self.is_shared()
            || other.is_shared()
            || near(&self.workload, &other.workload)
            // An app that cannot reach the database pod names it as its host.
            || other.hits.iter().flat_map(|hit| hit.groups.values()).any(|value| value.starts_with(&self.workload))
    }

    fn explains(&self, other: &Group<'_>) -> bool {
        self.order != other.order
            && self.symptom.explains.iter().any(|pattern| is_like(pattern, &other.symptom.id))
            && self.is_about(other)
    }
}

/// A state outlasts an event, an event is nearer to the pod than a log, a tool's message says least.
fn strength(source: Source) -> u8 {
    match source {
        Source::PodTable | Source::OtherTable | Source::DescribePod | Source::DescribeOther => 4,
        Source::Events => 3,
        Source::PodLog | Source::Browser => 2,
        Source::Kubectl | Source::Helm | Source::Minikube | Source::Docker => 1,
        Source::Manifest | Source::Unknown => 0,
    }
}

/// `*` stands for any text.
pub(crate) fn is_like(pattern: &str, id: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(head) = parts.next() else { return false };
    let Some(mut rest) = id.strip_prefix(head) else { return false };
    let mut tail = None;
    for part in parts {
        if let Some(before) = tail.replace(part) {
            let Some(at) = rest.find(before) else { return false };
            rest = &rest[at + before.len()..];
        }
    }
    match tail {
        None => rest.is_empty(),
        Some(tail) => rest.ends_with(tail),
    }
}

/// Makes findings of the matches.
pub(crate) fn rank(rules: &Rules, texts: &[Text<'_>], hits: Vec<Hit>, os: Os) -> Vec<Finding> {
    let groups = without_shadows(grouped(rules, hits));
    let explained: Vec<BTreeSet<usize>> = groups
        .iter()
        .map(|group| (0..groups.len()).filter(|other| group.explains(&groups[*other])).collect())
        .collect();
    let is_effect = |index: usize| explained.iter().any(|effects| effects.contains(&index));
    let mut free: Vec<usize> = (0..groups.len()).filter(|index| !is_effect(*index)).collect();
    if free.is_empty() {
        // Only a user's own symptoms can explain each other; the one nearest to the ground leads.
        free.extend((0..groups.len()).min_by_key(|index| (groups[*index].symptom.layer, *index)));
    }
    let causes: Vec<usize> =
        free.iter().copied().filter(|index| groups[*index].symptom.role != Role::Consequence).collect();
    // A consequence leads only where nothing deeper is known of its subject.
    let is_root = |index: usize| {
        free.contains(&index)
            && (groups[index].symptom.role != Role::Consequence
                || !causes.iter().any(|cause| groups[*cause].is_about(&groups[index])))
    };
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|index| {
        let group = &groups[*index];
        let covered: BTreeSet<&str> = explained[*index].iter().map(|at| groups[*at].symptom.id.as_str()).collect();
        let told: usize = group.hits.iter().map(|hit| hit.groups.len()).max().unwrap_or(0);
        let count: u64 = group.hits.iter().map(|hit| hit.count).max().unwrap_or(0);
        (
            !is_root(*index),
            group.symptom.role == Role::Consequence,
            Reverse(covered.len()),
            Reverse(group.strength()),
            group.symptom.layer,
            Reverse(told),
            Reverse(count),
            group.order,
        )
    });
    let mut findings: Vec<Finding> = Vec::new();
    for index in order {
        let role = if is_root(index) { Role::Root } else { Role::Consequence };
        let is_vaguer = groups[index].symptom.role != Role::Consequence
            && (0..groups.len()).any(|other| {
                explained[other].contains(&index) && groups[other].symptom.family == groups[index].symptom.family
            });
        // The same again in vaguer words is no news.
        if !is_vaguer || role == Role::Root {
            add(&mut findings, finding(texts, &groups, index, &explained[index], role, os));
        }
    }
    findings.truncate(FINDINGS);
    findings
}

/// Adds a finding; one that says the same of another pod joins the first.
fn add(findings: &mut Vec<Finding>, new: Finding) {
    let Some(same) = findings.iter_mut().find(|old| old.id == new.id && old.cause == new.cause && old.role == new.role)
    else {
        findings.push(new);
        return;
    };
    same.explains.extend(new.explains);
    same.explains.sort_unstable();
    same.explains.dedup();
    same.confidence = same.confidence.max(new.confidence);
    let room = QUOTES.saturating_sub(same.evidence.len());
    same.evidence.extend(new.evidence.into_iter().take(room));
}

fn grouped(rules: &Rules, hits: Vec<Hit>) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<(usize, String), Vec<Hit>> = BTreeMap::new();
    for hit in hits {
        let workload = table::workload(&hit.subject).to_owned();
        groups.entry((hit.rule, workload)).or_default().push(hit);
    }
    // What one text says of nobody in particular belongs to what another says of somebody.
    let nameless: Vec<(usize, String)> = groups
        .keys()
        .filter(|(rule, workload)| {
            workload.is_empty() && groups.keys().any(|(other, name)| other == rule && !name.is_empty())
        })
        .cloned()
        .collect();
    for key in nameless {
        let Some(hits) = groups.remove(&key) else { continue };
        if let Some((_, first)) = groups.range_mut((key.0, String::new())..).find(|((rule, _), _)| *rule == key.0) {
            first.extend(hits);
        }
    }
    groups
        .into_iter()
        .filter_map(|((order, workload), hits)| {
            Some(Group { symptom: &rules.rule(order)?.symptom, order, workload, hits })
        })
        .collect()
}

/// A general symptom goes where a special one stands on the same lines.
fn without_shadows(groups: Vec<Group<'_>>) -> Vec<Group<'_>> {
    let places: Vec<BTreeSet<(usize, usize)>> = groups.iter().map(Group::places).collect();
    let shadowed: Vec<bool> = (0..groups.len())
        .map(|index| {
            (0..groups.len())
                .any(|other| groups[other].explains(&groups[index]) && places[index].is_subset(&places[other]))
        })
        .collect();
    groups.into_iter().zip(shadowed).filter_map(|(group, gone)| (!gone).then_some(group)).collect()
}

fn finding(
    texts: &[Text<'_>],
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
        subject: if bare.is_empty() { named(&names) } else { bare.to_owned() },
        cause: fill(&symptom.cause, &names),
        fixes: symptom.fix.iter().map(|fix| fill(for_os(fix, os), &names)).collect(),
        confidence: match (explains.is_empty(), sources.len()) {
            (true, _) => Confidence::Low,
            (false, 0 | 1) => Confidence::Medium,
            (false, _) => Confidence::High,
        },
        explains: explains.into_iter().collect(),
        confirm: symptom.confirm.clone(),
        evidence: quotes(texts, &group.hits),
    }
}

fn for_os(fix: &Fix, os: Os) -> &str {
    match (fix, os) {
        (Fix::All(text), _) => text,
        (Fix::ByOs { windows, .. }, Os::Windows) => windows,
        (Fix::ByOs { unix, .. }, Os::Unix) => unix,
    }
}

/// What the text is about when no pod is named.
fn named(names: &BTreeMap<&str, &str>) -> String {
    ["release", "image", "name", "host", "node", "profile"]
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
fn quotes(texts: &[Text<'_>], hits: &[Hit]) -> Vec<Quote> {
    let mut hits: Vec<&Hit> = hits.iter().collect();
    hits.sort_by_key(|hit| (Reverse(strength(hit.source)), Reverse(hit.groups.len()), hit.document, hit.line));
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for hit in hits {
        let Some(quote) = quote(texts, hit.document, hit.line, hit.span) else { continue };
        if seen.insert(quote.text.trim().to_owned()) {
            out.push(quote);
        }
        if out.len() == QUOTES {
            break;
        }
    }
    out
}

/// A line as it stands there.
pub(crate) fn quote(texts: &[Text<'_>], document: usize, line: usize, span: Option<(usize, usize)>) -> Option<Quote> {
    let text = texts.get(document)?;
    let bytes = text.page.shown(line);
    let shown = String::from_utf8_lossy(bytes);
    // A replaced byte would shift the span.
    let span = span.filter(|(start, end)| {
        shown.len() == bytes.len() && shown.is_char_boundary(*start) && shown.is_char_boundary(*end)
    });
    Some(Quote { file: text.document.file.clone(), line: line + 1, text: shown.into_owned(), span })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars() {
        for (pattern, id) in [("probe-*", "probe-http"), ("*", "x"), ("a*c", "abc"), ("a-*-c", "a-b-b-c"), ("x", "x")] {
            assert!(is_like(pattern, id), "{pattern} {id}");
        }
        for (pattern, id) in [("probe-*", "prob"), ("x", "xy"), ("a*c", "ab"), ("", "x")] {
            assert!(!is_like(pattern, id), "{pattern} {id}");
        }
    }

    #[test]
    fn templates() {
        let names = BTreeMap::from([("user", "app")]);
        assert_eq!(fill("login of {user}", &names), "login of app");
        assert_eq!(fill("{host|the database} {host} {.data.x} {", &names), "the database <host> {.data.x} {");
    }
}
