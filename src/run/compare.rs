//! What two targets answered, held against each other: read from the books, told, and kept as evidence.

use super::clean::clean;
use super::desk::{Desk, millis};
use super::exchange::{ExchangeEnd, ExchangeResult};
use super::redact::Redactor;
use super::{exchange_answer as answer, exchange_show as show};
use crate::classify::answers::{Answered, Body, Matter, Show, differences};
use crate::model::comparison::{Comparison, Row, RowVerdict, Side};
use crate::model::event::EventKind;
use crate::model::json_path::Piece;
use crate::plan;
use serde_json::{Value, json};
use std::io::Write;

/// Most differences of one operation that are told one by one.
const MOST: usize = 20;

/// The files that a comparison leaves.
const MARKDOWN: &str = "parity.md";
const JSON: &str = "parity.json";

/// Is a file one of those? It tells what differs, and no cause.
pub fn is_comparison(file: &str) -> bool {
    [MARKDOWN, JSON].contains(&file)
}

/// Compares what the two targets answered last, secrets hidden.
pub fn compare(desk: &Desk<'_>, planned: &plan::Comparison) -> Comparison {
    let results = {
        let books = desk.books();
        let of =
            |target: &String, operation: &String| books.exchanges.get(&(target.clone(), operation.clone())).cloned();
        let both = |row: &plan::Row| planned.targets.each_ref().map(|target| of(target, &row.operation));
        planned.rows.iter().map(both).collect::<Vec<_>>()
    };
    let rows = planned.rows.iter().zip(&results);
    let rows = rows.map(|(row, [left, right])| self::row(&desk.redactor, planned, row, left.as_ref(), right.as_ref()));
    Comparison::of(planned.titles.clone(), rows.collect())
}

/// Tells a comparison and keeps it; the names of its files.
pub fn tell(desk: &Desk<'_>, id: &str, comparison: &Comparison) -> Vec<String> {
    desk.emit(EventKind::Compared { step: id.to_owned(), comparison: comparison.clone() });
    if !desk.world.store.keeps() {
        return Vec::new();
    }
    let json = format!("{:#}\n", json!({ "schema": 1, "comparison": comparison }));
    let kept = [(MARKDOWN, comparison.markdown()), (JSON, json)].into_iter();
    kept.filter_map(|(name, text)| keep(desk, name, &text)).collect()
}

fn keep(desk: &Desk<'_>, wanted: &str, text: &str) -> Option<String> {
    let name = desk.books().name(wanted);
    let written = desk.world.store.create(&name).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.flush()
    });
    match written {
        Ok(()) => {
            desk.books().files.push(name.clone());
            Some(name)
        }
        Err(error) => {
            desk.unwritable(format!("{name}: {error}"));
            None
        }
    }
}

fn row(
    redactor: &Redactor,
    planned: &plan::Comparison,
    row: &plan::Row,
    left: Option<&ExchangeResult>,
    right: Option<&ExchangeResult>,
) -> Row {
    let (ours, theirs) = (side(left), side(right));
    let matter = Matter { headers: &planned.headers, ignore: &row.ignore };
    let (verdict, mut found) = match (answered(left, &ours), answered(right, &theirs)) {
        (Some(left), Some(right)) => {
            let found = differences(&left, &right, &matter, &Hidden(redactor));
            (if found.is_empty() { RowVerdict::Match } else { RowVerdict::Differs }, found)
        }
        _ => (RowVerdict::NotRun, Vec::new()),
    };
    let more = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    // A key is the app's word, too.
    found.iter_mut().for_each(|found| found.place = Hidden(redactor).line(&found.place));
    Row {
        operation: row.operation.clone(),
        title: row.title.clone(),
        left: ours,
        right: theirs,
        verdict,
        differences: found,
        more,
    }
}

fn side(result: Option<&ExchangeResult>) -> Side {
    let Some(result) = result else { return Side { why: Some("it was never asked".to_owned()), ..Side::default() } };
    let why = match &result.ended {
        ExchangeEnd::Kept => None,
        ExchangeEnd::Broken(wrong) => Some(wrong.join("; ")),
        ExchangeEnd::Unasked(why) => Some(why.clone()),
    };
    let answer = result.answer.as_ref();
    Side { status: answer.map(|answer| answer.status), took_ms: answer.and_then(|answer| answer.took).map(millis), why }
}

fn answered<'a>(result: Option<&'a ExchangeResult>, side: &'a Side) -> Option<Answered<'a>> {
    let answer = result?.answer.as_ref()?;
    Some(Answered {
        status: answer.status,
        headers: &answer.headers,
        body: match &answer.body {
            answer::Body::Json(value) => Body::Json(value),
            answer::Body::Text(text) => Body::Text(text),
        },
        unread: answer.dropped,
        breaks: side.why.as_deref(),
    })
}

/// Shows the parts of an answer without their secrets.
struct Hidden<'a>(&'a Redactor);

impl Show for Hidden<'_> {
    fn json(&self, place: &[Piece], value: &Value) -> String {
        // The keys tell whether their value is a secret.
        let mut keys = Vec::new();
        for piece in place {
            if let Piece::Key(key) = piece {
                keys.push(key.as_str());
            }
        }
        let hidden = show::json_at(self.0, &keys, value);
        clean(hidden.to_string().as_bytes())
    }

    fn header(&self, name: &str, value: &str) -> String {
        self.line(&show::header(self.0, name, value))
    }

    fn line(&self, line: &str) -> String {
        self.0.line(&clean(line.as_bytes()))
    }
}
