//! `refloat doctor`: are the tools there?

use super::layout::{Piece, table, told};
use super::style::Look;
use owo_colors::Style;
use serde::Serialize;
use serde_json::{Value, json};

/// How a tool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// There, and new enough.
    Ok,
    /// There, but its version could not be read; it is used.
    UnknownVersion,
    /// Too old.
    TooOld,
    /// Not there, or not to be run.
    Missing,
}

/// A tool, as found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its name in `run`.
    pub tool: String,
    /// How it is.
    pub state: State,
    /// Where it was found.
    pub path: Option<String>,
    /// Its version, as it says.
    pub version: Option<String>,
    /// The lowest accepted version.
    pub min: Option<String>,
    /// Why it cannot be run, or what its version call said.
    pub why: Option<String>,
    /// How to get it.
    pub install: String,
}

/// For people.
pub fn text(rows: &[Row], look: &Look) -> String {
    let mut out = String::new();
    if rows.is_empty() {
        out.push_str("no tools declared\n");
        return out;
    }
    let (styles, symbols) = (look.styles, look.symbols);
    let cells: Vec<Vec<Piece>> = rows
        .iter()
        .map(|row| {
            let (style, mark) = match row.state {
                State::Ok => (styles.good, symbols.yes),
                State::UnknownVersion => (styles.warn, symbols.doubt),
                State::TooOld | State::Missing => (styles.bad, symbols.no),
            };
            let version = match (row.state, &row.version) {
                (State::Missing, _) => "missing".to_owned(),
                (_, Some(version)) => version.clone(),
                (_, None) => "version unknown".to_owned(),
            };
            let min = row.min.as_ref().map_or(String::new(), |min| format!("needs {min}"));
            let place = row.path.as_deref().or(row.why.as_deref()).unwrap_or_default();
            vec![
                Piece::whole(style, mark),
                Piece::whole(styles.strong, &row.tool),
                Piece::whole(Style::new(), &version),
                Piece::whole(styles.dim, &min),
                Piece::prose(styles.dim, place),
            ]
        })
        .collect();
    table(&mut out, look, 0, &cells);
    let lacking = rows.iter().filter(|row| matches!(row.state, State::TooOld | State::Missing));
    for (index, row) in lacking.filter(|row| !row.install.is_empty()).enumerate() {
        if index == 0 {
            out.push('\n');
        }
        told(
            &mut out,
            look,
            (styles.strong, if index == 0 { "install" } else { "" }),
            &[Piece::whole(styles.command, &row.install)],
        );
    }
    out
}

/// The same as data.
pub fn json(rows: &[Row]) -> Value {
    json!({ "schema": 1, "tools": rows })
}
