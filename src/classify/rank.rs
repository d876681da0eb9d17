//! Roots before consequences, the likeliest root first.

use super::facts::Facts;
use super::rules::Rules;
use super::scan::Hit;
use super::text::Text;
use super::{table, wording};
use crate::model::finding::{Finding, Os, Role, Source, Symptom};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// So many findings are told.
const FINDINGS: usize = 40;

/// All matches of one symptom about one workload.
pub(crate) struct Group<'r> {
    /// The symptom.
    pub(crate) symptom: &'r Symptom,
    order: usize,
    workload: String,
    /// The matches.
    pub(crate) hits: Vec<Hit>,
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

    /// Of one family and about one workload: a cause and a vaguer word for it.
    fn says_the_same(&self, other: &Group<'_>) -> bool {
        let same = self.workload == other.workload || self.workload.is_empty() || other.workload.is_empty();
        same && self.symptom.family == other.symptom.family
    }

    fn explains(&self, other: &Group<'_>) -> bool {
        self.order != other.order
            && self.symptom.explains.iter().any(|pattern| crate::text::is_like(pattern, &other.symptom.id))
            && self.is_about(other)
    }
}

/// A state outlasts an event, an event is nearer to the pod than a log, a tool's message says least.
pub(crate) fn strength(source: Source) -> u8 {
    match source {
        Source::PodTable | Source::OtherTable | Source::DescribePod | Source::DescribeOther => 4,
        Source::Events => 3,
        Source::PodLog | Source::Browser => 2,
        Source::Kubectl | Source::Helm | Source::Minikube | Source::Docker => 1,
        Source::Manifest | Source::Unknown => 0,
    }
}

/// Makes findings of the matches.
pub(crate) fn rank(rules: &Rules, texts: &[Text], facts: &Facts, hits: Vec<Hit>, os: Os) -> Vec<Finding> {
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
            && (0..groups.len())
                .any(|other| explained[other].contains(&index) && groups[other].says_the_same(&groups[index]));
        // The same again in vaguer words is no news.
        if !is_vaguer || role == Role::Root {
            add(&mut findings, wording::finding(texts, &groups, index, &explained[index], role, os));
        }
    }
    findings.truncate(FINDINGS);
    let told: BTreeSet<String> = findings.iter().map(|finding| finding.id.clone()).collect();
    for finding in &mut findings {
        finding.explains.retain(|id| told.contains(id) && *id != finding.id);
    }
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
    let room = wording::QUOTES.saturating_sub(same.evidence.len());
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
            (0..groups.len()).any(|other| {
                groups[other].explains(&groups[index])
                    && places[index].is_subset(&places[other])
                    // A user's symptoms may explain each other: then the first stays.
                    && !(index < other && groups[index].explains(&groups[other]))
            })
        })
        .collect();
    groups.into_iter().zip(shadowed).filter_map(|(group, gone)| (!gone).then_some(group)).collect()
}
