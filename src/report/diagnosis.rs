//! A diagnosis for people: the root first, the line that proves it, what follows from it, the fix.

use super::confirmed;
use super::layout::{Piece, columns, flow, shorten, shorten_front, visible};
use super::style::Look;
use crate::model::finding::{Confidence, Diagnosis, Finding, Quote, Role, Verdict};
use crate::text;
use owo_colors::Style;
use std::fmt::Write;

/// Quotes shown for a root; the rest is counted.
const QUOTES: usize = 3;

/// The whole answer. `texts` is how many texts were read, when that is known.
pub fn text(diagnosis: &Diagnosis, texts: Option<usize>, look: &Look) -> String {
    let mut out = String::new();
    match diagnosis.verdict {
        Verdict::Healthy => {
            let where_ = texts.map_or(String::new(), |count| format!(" in {}", text::count(count, "text")));
            titled(
                &mut out,
                look,
                (look.styles.good, "healthy"),
                &[Piece::prose(Style::new(), &format!("nothing wrong found{where_}"))],
            );
        }
        Verdict::Unclassified => unclassified(&mut out, diagnosis.telling.as_ref(), look),
        Verdict::Failing => failing(&mut out, diagnosis, look),
    }
    super::changes::text(&mut out, diagnosis, look);
    out
}

fn failing(out: &mut String, diagnosis: &Diagnosis, look: &Look) {
    let findings = &diagnosis.findings;
    let is_root = |finding: &&Finding| finding.role != Role::Consequence;
    let mut explained: Vec<&Finding> = Vec::new();
    for (index, root) in findings.iter().filter(is_root).enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let follows: Vec<&Finding> =
            findings.iter().filter(|finding| !is_root(finding) && root.explains.contains(&finding.id)).collect();
        explained.extend(&follows);
        one_root(out, root, &follows, look);
    }
    let rest: Vec<&Finding> = findings
        .iter()
        .filter(|finding| !is_root(finding) && !explained.iter().any(|known| std::ptr::eq(*known, *finding)))
        .collect();
    if !rest.is_empty() {
        if rest.len() < findings.len() {
            out.push('\n');
        }
        consequences(out, "also seen", &rest, look);
        if rest.len() == findings.len() {
            rest.iter().for_each(|finding| advice(out, finding, look));
        }
    }
}

fn one_root(out: &mut String, root: &Finding, follows: &[&Finding], look: &Look) {
    let styles = look.styles;
    let mut pieces = vec![Piece::prose(
        styles.strong,
        &format!("{} ({}), confidence {}", root.id, root.family, sure(root.confidence)),
    )];
    if !root.subject.is_empty() {
        pieces.push(Piece::prose(Style::new(), &format!("in {}", root.subject)));
    }
    titled(out, look, (styles.bad, "root cause"), &pieces);
    let margin = margin(look);
    out.push_str(&" ".repeat(margin));
    flow(out, margin, margin, &[Piece::prose(Style::new(), &root.cause)], look.width);
    if !root.evidence.is_empty() {
        out.push('\n');
        root.evidence.iter().take(QUOTES).for_each(|quote| quoted(out, quote, 2, look));
        if root.evidence.len() > QUOTES {
            let more = format!("and {}", text::count(root.evidence.len() - QUOTES, "more line"));
            let _ = writeln!(out, "  {}", styles.dim.style(more));
        }
    }
    if !follows.is_empty() {
        out.push('\n');
        consequences(out, "it explains", follows, look);
    }
    advice(out, root, look);
}

fn consequences(out: &mut String, title: &str, findings: &[&Finding], look: &Look) {
    let _ = writeln!(out, "{}", look.styles.strong.style(title));
    let wide = findings.iter().map(|finding| columns(&visible(&finding.id))).max().unwrap_or(0).min(24);
    for finding in findings {
        let id = visible(&finding.id);
        let gap = " ".repeat(wide.saturating_sub(columns(&id)));
        let start = 2 + columns(&id) + gap.len() + 2;
        let _ = write!(out, "  {id}{gap}  ");
        let what = if finding.subject.is_empty() { &finding.cause } else { &finding.subject };
        flow(out, start, start.min(4 + wide), &[Piece::prose(look.styles.dim, what)], look.width);
        if let Some(quote) = finding.evidence.first() {
            quoted(out, quote, 4, look);
        }
    }
}

fn advice(out: &mut String, finding: &Finding, look: &Look) {
    let styles = look.styles;
    out.push_str(&confirmed::text(finding, look));
    if !finding.fixes.is_empty() {
        let _ = writeln!(out, "\n{}", styles.strong.style("fix"));
        for (index, fix) in finding.fixes.iter().enumerate() {
            // Never wrapped: a command that we broke in two is a command that fails.
            let _ = writeln!(out, "  {}. {}", index + 1, styles.advice(&fix.text).style(visible(&fix.text)));
        }
    }
    for command in &finding.confirm {
        let _ = writeln!(out, "\n{} {}", styles.strong.style("confirm with:"), styles.command.style(visible(command)));
    }
}

fn unclassified(out: &mut String, telling: Option<&Quote>, look: &Look) {
    let found = if telling.is_some() { "no known symptom; the last telling line:" } else { "no known symptom" };
    titled(out, look, (look.styles.warn, "not known"), &[Piece::prose(Style::new(), found)]);
    if let Some(quote) = telling {
        out.push('\n');
        quoted(out, quote, 2, look);
    }
    out.push('\n');
    let hint = "read on from there; a [symptoms.NAME] table in tasks.toml makes refloat know it next time";
    titled(out, look, (look.styles.strong, "hint"), &[Piece::prose(Style::new(), hint)]);
}

/// Where text starts beside a heading.
fn margin(look: &Look) -> usize {
    if look.gutter() == 0 { 2 } else { 12 }
}

/// A heading at the left edge, as all headings of an answer stand, and what it says.
fn titled(out: &mut String, look: &Look, heading: (Style, &str), pieces: &[Piece]) {
    let (style, word) = heading;
    let beside = if look.gutter() == 0 { 2 } else { 12usize.saturating_sub(columns(word)).max(2) };
    let _ = write!(out, "{}{}", style.style(word), " ".repeat(beside));
    flow(out, columns(word) + beside, margin(look), pieces, look.width);
}

/// The place, and below it the line.
fn quoted(out: &mut String, quote: &Quote, indent: usize, look: &Look) {
    let ellipsis = look.symbols.ellipsis;
    let pad = " ".repeat(indent);
    let room = look.width.saturating_sub(indent).max(8);
    // The end of a place is what tells it from the next one.
    let place = format!("{}:{}", visible(&quote.file), quote.line);
    let _ = writeln!(out, "{pad}{}", look.styles.dim.style(shorten_front(&place, room, ellipsis)));
    let _ = writeln!(out, "{pad}  {}", line(quote, room.saturating_sub(2), look));
}

/// A quoted line in at most `room` columns: cut around its telling part, which stands out.
pub fn line(quote: &Quote, room: usize, look: &Look) -> String {
    let ellipsis = look.symbols.ellipsis;
    let (before, hit, after) = split(quote);
    let (before, hit, after) = (visible(before), visible(hit), visible(after));
    let (before, after) = (before.trim_start(), after.trim_end());
    if hit.is_empty() {
        return shorten(after, room, ellipsis).into_owned();
    }
    let hit = shorten(&hit, room, ellipsis);
    let left = room - columns(&hit).min(room);
    // What stands before the telling part gets a third, and what the other side leaves.
    let wanted = columns(after).min(left - left / 3);
    let before = shorten_front(before, left - wanted, ellipsis);
    let rest = left.saturating_sub(columns(&before));
    let after = shorten(after, rest, ellipsis);
    format!("{before}{}{after}", look.styles.telling.style(&hit))
}

/// The line before, in and behind its telling part; a span that is no part of the text is ignored.
fn split(quote: &Quote) -> (&str, &str, &str) {
    let text = quote.text.as_str();
    quote
        .span
        .and_then(|(from, to)| Some((text.get(..from)?, text.get(from..to)?, text.get(to..)?)))
        .unwrap_or(("", "", text))
}

/// How sure, in a word.
pub fn sure(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}

#[cfg(test)]
mod tests;
