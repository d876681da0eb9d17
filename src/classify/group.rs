//! Matches of one symptom about one workload, and how such groups relate: what explains what.

use super::rules::Rules;
use super::scan::Hit;
use super::table;
use crate::model::finding::{Role, Source, Symptom};
use crate::text::is_like;
use std::collections::{BTreeMap, BTreeSet};

/// So many groups are related to each other; where more fail at once, these tell it.
const MOST: usize = 1500;

/// Families whose faults name somebody else: a host that does not answer.
const ABOUT_ANOTHER: [&str; 2] = ["database-connection", "dns-failure"];

/// Reasons of events that only a claim has: pv_controller.go, the external provisioner.
const CLAIMS: [&str; 3] = ["ProvisioningFailed", "FailedBinding", "ProvisioningFailedPermanently"];

/// All matches of one symptom about one workload.
pub(crate) struct Group<'r> {
    /// The symptom.
    pub(crate) symptom: &'r Symptom,
    /// Its place among the rules.
    pub(crate) order: usize,
    /// The workload; may be empty.
    pub(crate) workload: String,
    /// The matches.
    pub(crate) hits: Vec<Hit>,
    /// About a node, a service, a claim: something that many pods depend on.
    is_shared: bool,
}

impl<'r> Group<'r> {
    fn new(symptom: &'r Symptom, order: usize, workload: String, hits: Vec<Hit>) -> Self {
        let is_other = |hit: &Hit| {
            let subject = hit.subject.to_ascii_lowercase();
            // A description of a claim names the claim, and does not say that it is one; its events do.
            let is_claims = hit.event.as_ref().is_some_and(|event| CLAIMS.contains(&event.reason.as_str()));
            is_claims
                || matches!(hit.source, Source::DescribeOther | Source::OtherTable)
                || subject.starts_with("node/")
                || subject.starts_with("persistentvolumeclaim/")
        };
        let is_shared = workload.is_empty() || hits.iter().any(is_other);
        Self { symptom, order, workload, hits, is_shared }
    }

    fn places(&self) -> BTreeSet<(usize, usize)> {
        self.hits.iter().map(|hit| (hit.document, hit.line)).collect()
    }

    /// The strongest source that it stands in.
    pub(crate) fn strength(&self) -> u8 {
        self.hits.iter().map(|hit| strength(hit.source)).max().unwrap_or(0)
    }

    /// Is this about what `other` is about, or about something that it depends on?
    pub(crate) fn is_about(&self, other: &Self) -> bool {
        let near = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
        self.is_shared || other.is_shared || near(&self.workload, &other.workload) || self.is_named_by(other)
    }

    /// Does `other` name this workload as the host that it cannot reach, or in another capture?
    fn is_named_by(&self, other: &Self) -> bool {
        other.hits.iter().flat_map(|hit| hit.groups.values()).any(|value| names(value, &self.workload))
    }

    /// A fault of a pod that others depend on: a database that does not run refuses its clients,
    /// whatever keeps it from running.
    fn is_behind(&self, other: &Self) -> bool {
        !self.workload.is_empty()
            && self.symptom.role != Role::Consequence
            && self.workload != other.workload
            && ABOUT_ANOTHER.contains(&other.symptom.family.as_str())
            && !ABOUT_ANOTHER.contains(&self.symptom.family.as_str())
            && self.hits.iter().any(|hit| strength(hit.source) >= strength(Source::Events))
            && self.is_named_by(other)
    }

    /// Of one family and about one workload: a cause and a vaguer word for it.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        let same = self.workload == other.workload || self.workload.is_empty() || other.workload.is_empty();
        same && self.symptom.family == other.symptom.family
    }
}

/// Is this captured value a name of the workload: `db`, `db.shop.svc`, `db-headless`, `db:5432`?
fn names(value: &str, workload: &str) -> bool {
    let host = value.split(['.', ':', '/', '@']).next().unwrap_or(value);
    let part = |long: &str, short: &str| {
        !short.is_empty() && long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    value.starts_with(workload) || part(host, workload) || part(workload, host)
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

/// What explains what among the groups.
pub(crate) struct Relations {
    /// By group: the indices of those that it explains.
    pub(crate) explained: Vec<BTreeSet<usize>>,
}

impl Relations {
    /// Relates the groups to each other.
    pub(crate) fn new(groups: &[Group<'_>]) -> Self {
        let declared = Declared::new(groups);
        let explains = |from: usize, to: usize| {
            let (cause, effect) = (&groups[from], &groups[to]);
            from != to
                && (declared.is(cause, effect) && cause.is_about(effect)
                    || cause.is_behind(effect) && !declared.is(effect, cause))
        };
        let explained =
            (0..groups.len()).map(|from| (0..groups.len()).filter(|to| explains(from, *to)).collect()).collect();
        Self { explained }
    }

    /// Is the group explained by another?
    pub(crate) fn is_effect(&self, index: usize) -> bool {
        self.explained.iter().any(|effects| effects.contains(&index))
    }
}

/// Which symptom says that it explains which other: asked once for each pair.
struct Declared {
    pairs: BTreeSet<(usize, usize)>,
}

impl Declared {
    fn new(groups: &[Group<'_>]) -> Self {
        let symptoms: BTreeMap<usize, &Symptom> = groups.iter().map(|group| (group.order, group.symptom)).collect();
        let mut pairs = BTreeSet::new();
        for (from, cause) in &symptoms {
            for (to, effect) in &symptoms {
                if from != to && cause.explains.iter().any(|pattern| is_like(pattern, &effect.id)) {
                    pairs.insert((*from, *to));
                }
            }
        }
        Self { pairs }
    }

    fn is(&self, cause: &Group<'_>, effect: &Group<'_>) -> bool {
        self.pairs.contains(&(cause.order, effect.order))
    }
}

/// The matches in groups, without those that say less than others of the same lines.
pub(crate) fn grouped(rules: &Rules, hits: Vec<Hit>) -> Vec<Group<'_>> {
    without_shadows(gathered(rules, hits))
}

fn gathered(rules: &Rules, hits: Vec<Hit>) -> Vec<Group<'_>> {
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
        .take(MOST)
        .filter_map(|((order, workload), hits)| Some(Group::new(&rules.rule(order)?.symptom, order, workload, hits)))
        .collect()
}

/// A general symptom goes where a special one stands on the same lines.
fn without_shadows(groups: Vec<Group<'_>>) -> Vec<Group<'_>> {
    let declared = Declared::new(&groups);
    let explains = |cause: &Group<'_>, effect: &Group<'_>| declared.is(cause, effect) && cause.is_about(effect);
    let places: Vec<BTreeSet<(usize, usize)>> = groups.iter().map(Group::places).collect();
    // Only groups that share a place can shadow each other.
    let mut at: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (index, places) in places.iter().enumerate() {
        for place in places {
            at.entry(*place).or_default().push(index);
        }
    }
    let shadowed: Vec<bool> = (0..groups.len())
        .map(|index| {
            let near: BTreeSet<usize> =
                places[index].iter().filter_map(|place| at.get(place)).flatten().copied().collect();
            near.into_iter().any(|other| {
                explains(&groups[other], &groups[index])
                    && places[index].is_subset(&places[other])
                    // A user's symptoms may explain each other: then the first stays.
                    && !(index < other && explains(&groups[index], &groups[other]))
            })
        })
        .collect();
    groups.into_iter().zip(shadowed).filter_map(|(group, gone)| (!gone).then_some(group)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_name_workloads() {
        for (value, workload) in [
            ("db", "db"),
            ("db.shop.svc.cluster.local", "db"),
            ("db:5432", "db"),
            ("db-headless", "db"),
            ("shop", "shop-db"),
        ] {
            assert!(names(value, workload), "{value} {workload}");
        }
        assert!(!names("database", "db") && !names("10.0.0.5", "db") && !names("", "db"));
    }
}
