//! Symptoms in each other's light.

use super::bench::{Bench, Ready};
use crate::model::finding::Role;
use crate::model::lint::{Defect, Kind, Spot};
use crate::model::pattern::parse;
use regex_syntax::hir::{Hir, HirKind, Repetition};
use std::collections::{BTreeMap, BTreeSet};

/// A pattern's choices in a normal form: what differs in writing only, or in the names of groups, is equal.
fn choices(source: &str) -> Option<BTreeSet<String>> {
    let hir = bare(&parse(source)?);
    Some(match hir.kind() {
        HirKind::Alternation(choices) => choices.iter().map(Hir::to_string).collect(),
        _ => BTreeSet::from([hir.to_string()]),
    })
}

/// Without its groups.
fn bare(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Capture(capture) => bare(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(bare).collect()),
        HirKind::Alternation(choices) => Hir::alternation(choices.iter().map(bare).collect()),
        HirKind::Repetition(repetition) => {
            Hir::repetition(Repetition { sub: Box::new(bare(&repetition.sub)), ..repetition.clone() })
        }
        _ => hir.clone(),
    }
}

/// Patterns that stand elsewhere already. Answers the symptoms that were told of.
pub(super) fn same(bench: &Bench<'_>, defects: &mut Vec<Defect>) -> BTreeSet<(usize, usize)> {
    let mut told = BTreeSet::new();
    let all: Vec<Vec<Option<BTreeSet<String>>>> =
        bench.all.iter().map(|ready| ready.symptom.any.iter().map(|source| choices(source)).collect()).collect();
    let mut owners: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
    for (index, patterns) in all.iter().enumerate() {
        for (number, choices) in patterns.iter().enumerate() {
            choices.iter().flatten().for_each(|choice| owners.entry(choice).or_default().push((index, number)));
        }
    }
    for (index, ready) in bench.all.iter().enumerate() {
        for (number, choices) in all[index].iter().enumerate() {
            let Some(choices) = choices else { continue };
            let mut holders =
                choices.iter().map(|choice| owners[choice.as_str()].iter().copied().collect::<BTreeSet<_>>());
            let Some(first) = holders.next() else { continue };
            // Those that have all of its choices.
            let holders = holders.fold(first, |all, holders| all.intersection(&holders).copied().collect());
            for (other, at) in holders {
                let is_before = rank(bench, other, index) || (other == index && at < number);
                if !is_before || !ready.meets(&bench.all[other]) {
                    continue;
                }
                let spot = Spot::Element("any", number);
                if other == index {
                    let message = format!("`any[{at}]` finds all that this pattern finds");
                    defects.push(Defect::error(Kind::Shadowed, ready.id(), spot, message, "take one of the two out"));
                } else if told.insert((other, index)) && !ready.is_related(&bench.all[other]) {
                    let by = bench.all[other].id();
                    let message = format!("`{by}` has the same pattern: where both are found, this one never leads");
                    let help = format!(
                        "tell the two causes apart by their texts, or let one explain the other; see: refloat explain {by}"
                    );
                    defects.push(Defect::error(Kind::Shadowed, ready.id(), spot, message, help).with([by]));
                }
            }
        }
    }
    told
}

/// Is the first to be kept rather than the second? A user's own is told of rather than a built-in.
fn rank(bench: &Bench<'_>, first: usize, second: usize) -> bool {
    (bench.all[first].own, first) < (bench.all[second].own, second)
}

/// A cause by none of whose examples it is ever named first.
pub(super) fn never_leads(bench: &Bench<'_>, ready: &Ready<'_>) -> Option<Defect> {
    let leaders: BTreeSet<&str> = ready.told.iter().map(|told| told.named.first().map_or("", String::as_str)).collect();
    let is_always_second = ready.symptom.role == Role::Root
        && !ready.told.is_empty()
        && !leaders.contains("")
        && !leaders.contains(ready.id());
    let others: Vec<&Ready<'_>> = leaders.iter().filter_map(|id| bench.get(id)).collect();
    let finds_all = ready.told.iter().all(|told| told.by.iter().any(|index| bench.all[*index].id() == ready.id()));
    if !is_always_second || !finds_all || others.iter().any(|other| ready.is_related(other)) {
        return None;
    }
    let leaders: Vec<&str> = leaders.into_iter().collect();
    let names = leaders.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
    let message = format!("{names} leads wherever this symptom is found: nobody will read its cause");
    let help = "say with `explains` which goes before the other, or narrow the patterns of one of them";
    Some(Defect::error(Kind::Shadowed, ready.id(), Spot::Key("any"), message, help).with(leaders))
}

/// Examples that an unrelated symptom of another family finds too.
pub(super) fn overlaps(bench: &Bench<'_>, told: &BTreeSet<(usize, usize)>, defects: &mut Vec<Defect>) {
    for (index, ready) in bench.all.iter().enumerate() {
        let mut seen = BTreeSet::new();
        for (number, example) in ready.told.iter().enumerate() {
            for by in example.by.iter().copied().filter(|by| *by != index) {
                let other = &bench.all[by];
                let is_known = told.contains(&(by, index)) || told.contains(&(index, by));
                let is_other = other.symptom.family != ready.symptom.family && !ready.is_related(other);
                if is_other && ready.meets(other) && !is_known && seen.insert(by) {
                    let message = format!(
                        "`{}` (family {}) finds this example too, and neither explains the other",
                        other.id(),
                        other.symptom.family
                    );
                    let help =
                        "say with `explains` which goes before the other, or give each its `sources` or `unless`";
                    let spot = Spot::Element("examples", number);
                    defects.push(Defect::warning(Kind::Overlap, ready.id(), spot, message, help).with([other.id()]));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_pattern_written_otherwise() {
        let same = |a: &str, b: &str| choices(a) == choices(b);
        assert!(same(r"cannot find (?P<what>\w+): unknown", r"cannot (?:find) ([[:word:]]{1,}): unknown"));
        assert!(same("timed[ ]out", r"timed\x20out"));
        assert!(same("b|a", "a|b"));
        assert!(!same("timed out", "(?i)timed out"));
        assert!(choices("refused").unwrap().is_subset(&choices("denied by|refused").unwrap()));
    }
}
