//! `refloat lint`: what is wrong with the symptoms.

use super::layout::visible;
use super::style::Look;
use crate::model::lint::{Defect, Level};
use crate::text::count;
use serde_json::{Value, json};
use std::fmt::Write;

/// A defect, with its place.
#[derive(Debug, Clone)]
pub struct Row {
    /// What is wrong.
    pub defect: Defect,
    /// `tasks.toml:7:12`, or `src/catalog/THEME.toml: symptom ID`.
    pub place: String,
    /// The lines that it is about, where they are at hand.
    pub shown: Option<String>,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Symptoms.
    pub all: usize,
    /// Those of the user among them.
    pub own: usize,
}

/// For people.
pub fn text(rows: &[Row], counts: &Counts, look: &Look) -> String {
    let mut out = String::new();
    for row in rows {
        match &row.shown {
            Some(shown) => out.push_str(shown),
            None => out.push_str(&plain(row, look)),
        }
        out.push_str("\n\n");
    }
    let _ = write!(out, "{}", count(counts.all, "symptom"));
    if counts.own > 0 {
        let _ = write!(out, ", {} of them your own", counts.own);
    }
    let of = |level: Level| rows.iter().filter(|row| row.defect.level == level).count();
    let (errors, warnings) = (of(Level::Error), of(Level::Warning));
    let told = [(errors, "error"), (warnings, "warning")];
    let told: Vec<String> = told.iter().filter(|(n, _)| *n > 0).map(|(n, noun)| count(*n, noun)).collect();
    let (style, told) = match (errors, warnings) {
        (0, 0) => (look.styles.good, "no defect".to_owned()),
        (0, _) => (look.styles.warn, told.join(", ")),
        _ => (look.styles.bad, told.join(", ")),
    };
    let _ = writeln!(out, ": {}", style.style(told));
    out
}

/// In the form of those whose lines are at hand.
fn plain(row: &Row, look: &Look) -> String {
    let (style, level) = match row.defect.level {
        Level::Error => (look.styles.bad, "error"),
        Level::Warning => (look.styles.warn, "warning"),
    };
    let head = format!("{level}[{}]", row.defect.kind.name());
    let spot = row.defect.spot.to_string();
    let at = if spot.is_empty() { String::new() } else { format!(", {spot}") };
    format!(
        "{}: {}\n --> {}{at}\n  = help: {}",
        style.style(head),
        visible(&row.defect.message),
        row.place,
        visible(&row.defect.help)
    )
}

/// The same as data.
pub fn json(rows: &[Row]) -> Value {
    let defects: Vec<Value> = rows
        .iter()
        .map(|Row { defect, place, .. }| {
            json!({
                "level": defect.level,
                "kind": defect.kind,
                "symptom": defect.symptom,
                "at": defect.spot,
                "place": place,
                "message": defect.message,
                "help": defect.help,
                "other": defect.other,
            })
        })
        .collect();
    json!({ "schema": 1, "defects": defects })
}
