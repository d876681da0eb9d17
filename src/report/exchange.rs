//! Steps that ask the app, the person or the rules, in words.

use super::layout::Piece;
use super::quoting::Mask;
use super::style::Look;
use crate::model::catalog::Catalog;
use crate::model::step::Action;
use crate::plan::{Exchange, JudgedBy, Work};
use crate::text::{count, duration};
use serde_json::{Value, json};

/// What a declared step does.
pub fn in_words(action: &Action, catalog: &Catalog) -> String {
    let which = |only: &[String]| match only.is_empty() {
        true => count(catalog.operations.iter().filter(|operation| !operation.cleanup).count(), "operation"),
        false => format!("operations {}", only.join(", ")),
    };
    match action {
        Action::Operations { target, only, .. } => format!("{} against {target}", which(only)),
        Action::Parity { only } => match &catalog.parity {
            Some(parity) => format!("{} against {}, compared", which(only), parity.targets.join(" and ")),
            None => "compares two targets".to_owned(),
        },
        Action::Ask(question) => format!("asks: {question}"),
        Action::Rounds(rounds) => {
            let rules = count(catalog.rules.len(), "rule");
            format!("{rules} every {} for {}", rounds.every, rounds.limit)
        }
        _ => String::new(),
    }
}

/// What a planned step does.
pub fn planned(work: &Work, mask: &Mask<'_>) -> String {
    match work {
        Work::Compare(comparison) => {
            let headers = match comparison.headers.is_empty() {
                true => String::new(),
                false => format!(", {}", comparison.headers.join(", ")),
            };
            format!("compares {}: status{headers}, JSON", count(comparison.rows.len(), "answer"))
        }
        Work::Ask(question) => format!("asks the person, yes or no: {}", mask.text(question)),
        Work::Rounds(rounds) => {
            format!("every {} for {}; a rule that holds ends it", duration(rounds.every), duration(rounds.limit))
        }
        _ => String::new(),
    }
}

/// What of a round's answers a rule judges.
pub fn judged(by: &JudgedBy, look: &Look) -> Piece {
    let words = match by {
        JudgedBy::Step(_) => String::new(),
        JudgedBy::Answers { target, operations } => format!("of {target}: {}", operations.join(", ")),
        JudgedBy::Compared(comparison) => {
            let rows: Vec<&str> = comparison.rows.iter().map(|row| row.operation.as_str()).collect();
            format!("{} against {}: {}", comparison.titles[0], comparison.titles[1], rows.join(", "))
        }
    };
    Piece::prose(look.styles.dim, &words)
}

/// What is sent beside the call, and what the answer must be. Of what is sent only the names are told.
pub fn notes(exchange: &Exchange, mask: &Mask<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(url) = &exchange.url {
        notes.push(format!("{} {} on standard input", exchange.method, mask.text(url)));
    }
    let sent: Vec<&str> =
        exchange.headers.keys().map(String::as_str).chain(exchange.json.as_ref().map(|_| "body")).collect();
    if !sent.is_empty() {
        notes.push(format!("sends {}", sent.join(", ")));
    }
    let status: Vec<String> = exchange.answer.status.iter().map(u16::to_string).collect();
    notes.push(match status.is_empty() {
        true => "answer 2xx".to_owned(),
        false => format!("answer {}", status.join(" or ")),
    });
    let fields: Vec<String> = exchange.answer.fields.iter().map(|field| field.path.to_string()).collect();
    if !fields.is_empty() {
        notes.push(format!("with {}", fields.join(", ")));
    }
    let captured: Vec<&str> = exchange.capture.iter().map(|captured| captured.name.as_str()).collect();
    if !captured.is_empty() {
        notes.push(format!("finds out {}", captured.join(", ")));
    }
    notes
}

/// The same, as data.
pub fn json(exchange: &Exchange, mask: &Mask<'_>) -> Value {
    let headers: Vec<&String> = exchange.headers.keys().collect();
    json!({
        "operation": exchange.operation,
        "target": exchange.target,
        "method": exchange.method,
        "url": exchange.url.as_ref().map(|url| mask.text(url)),
        "headers": headers,
        "body": exchange.json.is_some(),
        "answer": exchange.answer,
        "capture": exchange.capture,
    })
}
