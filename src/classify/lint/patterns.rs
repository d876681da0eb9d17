//! Patterns that find nothing, or slowly.

use super::super::sieve;
use super::bench::{Ready, required};
use super::possible::{can_match, can_match_in_a_line};
use crate::model::finding::Source;
use crate::model::lint::{Defect, Kind, Spot};
use crate::model::pattern::parse;
use std::collections::BTreeSet;

/// Kinds of text in which a line stands for itself.
const ROWS: [Source; 3] = [Source::PodTable, Source::OtherTable, Source::Events];

/// `explained` are the patterns that are known to be wrong already.
pub(super) fn lint(ready: &Ready<'_>, explained: &BTreeSet<usize>, defects: &mut Vec<Defect>) {
    let (id, symptom) = (ready.id(), ready.symptom);
    let mut unproven = Vec::new();
    for (index, pattern) in ready.any().iter().enumerate() {
        let spot = Spot::Element("any", index);
        let Some(hir) = parse(pattern.source()) else { continue };
        if !can_match(&hir) {
            if !explained.contains(&index) {
                let help =
                    "`^` and `$` stand at line ends, `\\b` between a word and what is none; as itself: `\\^`, `\\$`";
                defects.push(Defect::error(Kind::Dead, id, spot, "this pattern can never match", help));
            }
            continue;
        }
        let of_rows = !symptom.sources.is_empty() && symptom.sources.iter().all(|source| ROWS.contains(source));
        if of_rows && !can_match_in_a_line(&hir) {
            let message = "this pattern needs a line end, and its `sources` are rows that stand for themselves";
            defects.push(Defect::error(Kind::Dead, id, spot, message, "look for the words of one row"));
            continue;
        }
        let is_proven = symptom.examples.iter().any(|example| ready.finds_by(pattern, &example.text));
        if !is_proven && !symptom.examples.is_empty() && !explained.contains(&index) {
            unproven.push(index);
        }
        let is_sieved =
            required(pattern.source()).is_some_and(|all| all.iter().all(|one| one.len() >= sieve::SHORTEST));
        if !is_sieved {
            let message = format!(
                "no text of {} letters stands in every match: this pattern runs on all that is read",
                sieve::SHORTEST
            );
            let help = "write out more of the words around it";
            defects.push(Defect::warning(Kind::NoLiteral, id, spot, message, help));
        }
    }
    unproven_ones(ready, &unproven, defects);
}

/// Patterns that no example of their symptom shows to be alive.
fn unproven_ones(ready: &Ready<'_>, unproven: &[usize], defects: &mut Vec<Defect>) {
    let (id, all) = (ready.id(), ready.any().len());
    let help = "add a text as the tool prints it to `examples`, or take the pattern out";
    if ready.own || unproven.len() == all {
        let message = "no example is found by this pattern: nothing shows that it is alive";
        let each = unproven.iter().map(|index| Spot::Element("any", *index));
        defects.extend(each.map(|spot| Defect::error(Kind::Dead, id, spot, message, help)));
    } else if let Some(first) = unproven.first() {
        // Wordings beside others that are proven: told together.
        let which: Vec<String> = unproven.iter().map(usize::to_string).collect();
        let message = format!(
            "no example is found by {} of {all} patterns: nothing shows that any[{}] are alive",
            unproven.len(),
            which.join(", ")
        );
        defects.push(Defect::warning(Kind::Dead, id, Spot::Element("any", *first), message, help));
    }
}
