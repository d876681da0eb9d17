//! `refloat lint`.

use super::context::Context;
use super::load;
use crate::catalog;
use crate::classify::lint;
use crate::error::{Code, Failure};
use crate::model::lint::{Defect, Level};
use crate::report::lint::{Counts, Row, json, text};
use std::collections::BTreeSet;

/// Lints the built-in symptoms and those of the task file, when there is one.
pub(super) fn lint(context: &Context, strict: bool, built_in: bool) -> Result<Code, Failure> {
    let file = if built_in { None } else { load::to_lint(context)? };
    let own = file.as_ref().map(|(catalog, _)| catalog.symptoms.clone()).unwrap_or_default();
    let checks: Option<BTreeSet<&str>> =
        file.as_ref().map(|(catalog, _)| catalog.checks.keys().map(String::as_str).collect());
    let is_own = |id: &str| file.as_ref().is_some_and(|(_, spots)| spots.has(id));
    let owned = own.len();
    let symptoms = catalog::with(own);
    let defects = lint::lint(&symptoms, &is_own, checks.as_ref());
    let counts = Counts { all: symptoms.len(), own: owned };
    let color = context.colour(context.terminal.stdout);
    let mut rows: Vec<Row> = defects
        .into_iter()
        .map(|defect| {
            let spots = file.as_ref().map(|(_, spots)| spots);
            let place = spots.and_then(|spots| spots.place(&defect.symptom, defect.spot));
            let shown = spots.and_then(|spots| spots.shown(&defect, color));
            Row { place: place.unwrap_or_else(|| place_of_built_in(&defect)), shown, defect }
        })
        .collect();
    // Those of the task file first, from its top to its end.
    rows.sort_by_key(|row| {
        let position = file.as_ref().and_then(|(_, spots)| spots.position(&row.defect));
        (position.is_none(), position)
    });
    let look = context.out_look();
    context.answer(|| text(&rows, &counts, &look), || json(&rows))?;
    let is_bad = |row: &Row| strict || row.defect.level == Level::Error;
    Ok(if rows.iter().any(is_bad) { Code::Findings } else { Code::Done })
}

fn place_of_built_in(defect: &Defect) -> String {
    let file = catalog::file_of(&defect.symptom).unwrap_or_default();
    format!("{file}: symptom {}", defect.symptom)
}
