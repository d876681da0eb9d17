//! Roots before consequences, the likeliest root first.

use super::focus::Focus;
use super::group::{Relations, grouped};
use super::rules::Rules;
use super::scan::Hit;
use super::text::Text;
use super::wording;
use crate::model::finding::{Finding, Os, Role};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// So many findings are told.
const FINDINGS: usize = 40;

/// Makes findings of the matches.
pub(crate) fn rank(rules: &Rules, texts: &[Text], hits: Vec<Hit>, os: Os) -> Vec<Finding> {
    let groups = grouped(rules, hits);
    let relations = Relations::new(&groups);
    let explained = &relations.explained;
    let mut free: BTreeSet<usize> = (0..groups.len()).filter(|index| !relations.is_effect(*index)).collect();
    if free.is_empty() {
        // Only a user's own symptoms can explain each other; the one nearest to the ground leads.
        free.extend((0..groups.len()).min_by_key(|index| (groups[*index].symptom.layer, *index)));
    }
    let causes: Vec<usize> =
        free.iter().copied().filter(|index| groups[*index].symptom.role != Role::Consequence).collect();
    // A consequence leads only where nothing deeper is known of its subject.
    let is_root: Vec<bool> = (0..groups.len())
        .map(|index| {
            free.contains(&index)
                && (groups[index].symptom.role != Role::Consequence
                    || !causes.iter().any(|cause| groups[*cause].is_about(&groups[index])))
        })
        .collect();
    let focus = Focus::new(texts);
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_cached_key(|index| {
        let group = &groups[*index];
        let covered: BTreeSet<&str> = explained[*index].iter().map(|at| groups[*at].symptom.id.as_str()).collect();
        let told: usize = group.hits.iter().map(|hit| hit.groups.len()).max().unwrap_or(0);
        let count: u64 = group.hits.iter().map(|hit| hit.count).max().unwrap_or(0);
        let subjects = group.hits.iter().map(|hit| hit.subject.as_str()).collect::<BTreeSet<_>>().len();
        let age = group.hits.iter().filter_map(|hit| hit.event.as_ref()?.age).min().unwrap_or(u64::MAX);
        (
            !is_root[*index],
            !focus.holds(&group.workload),
            group.symptom.role == Role::Consequence,
            Reverse(covered.len()),
            Reverse(group.strength()),
            group.symptom.layer,
            (Reverse(told), Reverse(subjects), Reverse(count), age),
            group.order,
        )
    });
    let mut findings: Vec<Finding> = Vec::new();
    for index in order {
        let role = if is_root[index] { Role::Root } else { Role::Consequence };
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
