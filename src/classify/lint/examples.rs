//! Examples and counter-examples: what a symptom says that it finds.

use super::super::sample;
use super::bench::{Bench, Ready};
use crate::model::finding::Role;
use crate::model::lint::{Defect, Kind, Spot};
use std::collections::BTreeSet;

/// `explained` are the examples that are not found for a reason that was told already.
pub(super) fn lint(ready: &Ready<'_>, explained: &BTreeSet<usize>, defects: &mut Vec<Defect>) {
    let id = ready.id();
    for (index, example) in ready.symptom.examples.iter().enumerate() {
        let (spot, text) = (Spot::Element("examples", index), example.text.as_bytes());
        if !sample::is_found(text, ready.any(), ready.unless()) {
            if !explained.contains(&index) {
                let message = "no pattern of `any` finds this example";
                let excused = !ready.unless().is_empty() && sample::is_found(text, ready.any(), &[]);
                let help = if excused {
                    "`unless` takes it back: narrow that pattern"
                } else {
                    "correct the pattern that was meant to"
                };
                defects.push(Defect::error(Kind::ExampleUnmatched, id, spot, message, help));
            }
            continue;
        }
        let held = sample::captures(text, ready.any());
        for (name, value) in example.expect.iter().filter(|(name, value)| held.get(*name) != Some(*value)) {
            let held = held.get(name).map_or("nothing".to_owned(), |held| format!("`{held}`"));
            let message = format!("`{name}` of this example is {held}, not `{value}`");
            let help = "correct the group, or what is expected of it";
            defects.push(Defect::error(Kind::ExampleWrongCapture, id, spot, message, help));
        }
    }
    for (index, counter) in ready.symptom.counter.iter().enumerate() {
        // What passes by itself may show "once" as a text that must not be named: the patterns do find it.
        let may_be_found = ready.symptom.role == Role::Transient && !ready.own;
        if !may_be_found && sample::is_found(counter.as_bytes(), ready.any(), ready.unless()) {
            let found = ready.any().iter().find(|pattern| ready.finds_by(pattern, counter));
            let source = found.map_or("", |pattern| pattern.source());
            defects.push(Defect::error(
                Kind::CounterMatched,
                id,
                Spot::Element("counter", index),
                "this text must not be found, and is",
                format!("narrow `{source}`, or name in `unless` what takes it back"),
            ));
        }
    }
}

/// Examples by which the classifier names something else.
pub(super) fn elsewhere(bench: &Bench<'_>, ready: &Ready<'_>, defects: &mut Vec<Defect>) {
    // Once is not enough for what passes by itself.
    if ready.symptom.role == Role::Transient {
        return;
    }
    for (index, told) in ready.told.iter().enumerate() {
        let text = &ready.symptom.examples[index].text;
        if !sample::is_found(text.as_bytes(), ready.any(), ready.unless()) {
            continue;
        }
        let spot = Spot::Element("examples", index);
        let Some(first) = told.named.first() else {
            let message = "this example alone is no finding: the classifier reads it as something that is well or not its kind of text";
            let help = "give the example as the tool prints it, or correct `sources`";
            defects.push(Defect::error(Kind::ExampleGoesElsewhere, ready.id(), spot, message, help));
            continue;
        };
        if first == ready.id() {
            continue;
        }
        let Some(other) = bench.get(first) else { continue };
        let (mine, theirs) = (&ready.symptom.family, &other.symptom.family);
        if mine != theirs {
            let message = format!("by this example alone `{first}` leads, of the family {theirs}");
            let help = format!("let `{}` explain `{first}`, or narrow the pattern of `{first}`", ready.id());
            defects.push(
                Defect::error(Kind::ExampleGoesElsewhere, ready.id(), spot, message, help).with([first.as_str()]),
            );
        } else if !ready.is_related(other) {
            let message = format!("by this example alone `{first}` leads, of the same family");
            let help = "say with `explains` which of the two goes before the other".to_owned();
            defects.push(
                Defect::warning(Kind::ExampleGoesElsewhere, ready.id(), spot, message, help).with([first.as_str()]),
            );
        }
    }
}
