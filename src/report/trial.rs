//! `refloat test DIR`: samples, and whether they are named as they should be.

use super::layout::{Piece, table, visible};
use super::style::Look;
use crate::model::finding::Verdict;
use crate::model::trial::{Named, Score, Trial};
use crate::text::count;
use owo_colors::Style;
use serde_json::{Value, json};
use std::fmt::Write;

/// For people.
pub fn text(trials: &[Trial], score: &Score, look: &Look) -> String {
    let mut out = String::new();
    let (styles, symbols) = (look.styles, look.symbols);
    for trial in trials {
        let (style, mark) = if trial.ok { (styles.good, symbols.yes) } else { (styles.bad, symbols.no) };
        let _ = writeln!(out, "{} {}  {}", style.style(mark), visible(&trial.sample), told(trial));
        if trial.ok {
            continue;
        }
        let shown = trial.unwanted.as_ref().or(trial.named.as_ref());
        if let Some(quote) = shown.and_then(|named| named.evidence.as_ref()) {
            let place = Piece::whole(styles.dim, &format!("{}:{}", quote.file, quote.line));
            table(&mut out, look, 4, &[vec![place, Piece::prose(Style::new(), quote.text.trim())]]);
        }
    }
    let style = if score.ok == score.samples { styles.good } else { styles.bad };
    let head = match score.samples - score.ok {
        0 => "all as expected".to_owned(),
        wrong => format!("{wrong} not as expected"),
    };
    let _ = write!(out, "\n{}: {}", count(score.samples, "sample"), style.style(head));
    if score.failing > 0 {
        let _ = write!(out, "; named first in {} of {}", score.first, score.failing);
    }
    if score.healthy > 0 {
        let _ =
            write!(out, "; {} in {}", count(score.false_alarms, "false alarm"), count(score.healthy, "healthy sample"));
    }
    out.push('\n');
    out
}

/// What was expected, and what came instead.
fn told(trial: &Trial) -> String {
    let expected = trial.expected.words();
    if trial.ok {
        return expected;
    }
    let name = |named: &Named| format!("{} ({})", named.family, named.id);
    let came = match (&trial.unwanted, &trial.named, trial.verdict) {
        (Some(unwanted), ..) => format!("named {}", name(unwanted)),
        (_, Some(named), _) => format!("named {}", name(named)),
        (_, None, Verdict::Healthy) => "found healthy".to_owned(),
        (_, None, _) => "left unclassified".to_owned(),
    };
    format!("expected {expected}; {came}")
}

/// The same as data.
pub fn json(trials: &[Trial], score: &Score) -> Value {
    json!({ "schema": 1, "summary": score, "samples": trials })
}
