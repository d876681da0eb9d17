//! What the confirming checks said about a finding.

use super::layout::{Piece, columns, flow};
use super::style::Look;
use crate::model::finding::{Answer, Confirmation, Finding};
use std::fmt::Write;

/// A line for each check, under a heading; nothing where none was asked.
pub fn text(finding: &Finding, look: &Look) -> String {
    let mut out = String::new();
    if finding.confirmed.is_empty() {
        return out;
    }
    let styles = look.styles;
    let _ = writeln!(out, "\n{}", styles.strong.style("checked"));
    let wide = finding.confirmed.iter().map(|told| columns(word(told.answer))).max().unwrap_or(0);
    for Confirmation { check, answer, detail } in &finding.confirmed {
        let style = match answer {
            Answer::Confirmed => styles.bad,
            Answer::Refuted => styles.good,
            Answer::CouldNotCheck => styles.warn,
        };
        let start = 2 + wide + 2;
        let gap = " ".repeat(wide - columns(word(*answer)) + 2);
        let _ = write!(out, "  {}{gap}", style.style(word(*answer)));
        let pieces = [Piece::whole(styles.strong, check), Piece::prose(styles.dim, detail)];
        flow(&mut out, start, start.min(6), &pieces, look.width);
    }
    if finding.confirmed.iter().all(|told| told.answer == Answer::Refuted) {
        let why = "every check refutes it: what it says is broken works now";
        out.push_str("  ");
        flow(&mut out, 2, 2, &[Piece::prose(styles.warn, why)], look.width);
    }
    out
}

fn word(answer: Answer) -> &'static str {
    match answer {
        Answer::Confirmed => "confirmed",
        Answer::Refuted => "refuted",
        Answer::CouldNotCheck => "could not check",
    }
}
