//! Symptoms that do not do what they say: found before they mislead anybody.

use super::bench::Bench;
use super::{advice, examples, graph, missing, patterns, shadow, unescaped};
use crate::model::finding::Symptom;
use crate::model::lint::{Defect, Kind};
use std::collections::BTreeSet;

/// The defects of all symptoms, built-in and own together, for each affects the others.
///
/// `own` tells which the user wrote, `checks` are the names of the checks in the user's file. With a file,
/// of the built-in symptoms is told only what has to do with the user's.
pub fn lint(symptoms: &[Symptom], own: &dyn Fn(&str) -> bool, checks: Option<&BTreeSet<&str>>) -> Vec<Defect> {
    let mut defects = Vec::new();
    let bench = Bench::new(symptoms, own, checks.is_some(), &mut defects);
    for ready in bench.all.iter().filter(|ready| checks.is_none() || ready.own) {
        missing::lint(ready.symptom, ready.own, ready.any(), &mut defects);
        advice::lint(ready.symptom, &mut defects);
        let explained = unescaped::lint(ready, &mut defects);
        examples::lint(ready, &explained.examples, &mut defects);
        patterns::lint(ready, &explained.patterns, &mut defects);
    }
    let same = shadow::same(&bench, &mut defects);
    for (index, ready) in bench.all.iter().enumerate() {
        if same.iter().any(|(_, shadowed)| *shadowed == index) || !ready.is_read() {
            continue;
        }
        match shadow::never_leads(&bench, ready) {
            Some(defect) => defects.push(defect),
            None => examples::elsewhere(&bench, ready, &mut defects),
        }
    }
    shadow::overlaps(&bench, &same, &mut defects);
    graph::names(&bench, checks, &mut defects);
    graph::cycles(&bench, &mut defects);
    if checks.is_some() {
        // Which checks there are is the user's.
        let own = |defect: &Defect| std::iter::once(&defect.symptom).chain(&defect.other).any(|id| own(id));
        defects.retain(|defect| defect.kind == Kind::UnknownId || own(defect));
    }
    defects.sort();
    defects.dedup();
    defects
}
