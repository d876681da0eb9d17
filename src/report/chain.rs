//! What stands below a cause: its consequences in time order, other causes, what is over. A line
//! each, so that twenty of them do not push the answer off the screen.

use super::layout::{Piece, columns, fill, flow, shorten, visible};
use super::quote;
use super::style::Look;
use crate::model::finding::{Finding, Quote, RuledOut};
use owo_colors::Style;
use std::cmp::Reverse;
use std::fmt::Write;

/// Consequences shown on a screen; the rest is counted.
const CONSEQUENCES: usize = 8;

/// Lines of what is over; the rest is counted.
const RULED_OUT: usize = 5;

/// An id longer than that is cut.
const ID: usize = 32;

/// The same of a subject where all is told.
const SUBJECT: usize = 64;

/// A quote in less room than that tells nothing.
const LEAST: usize = 16;

/// Where the lines start.
const INDENT: usize = 2;

/// One line of a list.
struct Row<'a> {
    /// Seconds since it was first seen.
    age: Option<u64>,
    id: &'a str,
    subject: &'a str,
    /// What it says, where no line is quoted beside it.
    words: &'a str,
    quotes: &'a [Quote],
}

impl<'a> Row<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            age: finding.since,
            id: &finding.id,
            subject: &finding.subject,
            words: &finding.cause,
            quotes: &finding.evidence,
        }
    }
}

/// How wide the columns are.
struct Wide {
    age: usize,
    id: usize,
    subject: usize,
}

/// What follows from a cause, oldest first; what has no time comes last, in its given order.
/// `whole`: all of them, with their places.
pub fn consequences(out: &mut String, title: &str, findings: &[&Finding], whole: bool, look: &Look) {
    let mut rows: Vec<Row<'_>> = findings.iter().map(|finding| Row::of(finding)).collect();
    rows.sort_by_key(|row| (row.age.is_none(), Reverse(row.age)));
    let is_timed = rows.iter().any(|row| row.age.is_some());
    let title = if is_timed && rows.len() > 1 { format!("{title}, oldest first") } else { title.to_owned() };
    let most = if whole { rows.len() } else { CONSEQUENCES };
    list(out, &title, &rows, most, whole, look);
}

/// Causes in a line each, in their given order.
pub fn causes(out: &mut String, title: &str, findings: &[&Finding], look: &Look) {
    let rows: Vec<Row<'_>> = findings.iter().map(|finding| Row::of(finding)).collect();
    list(out, title, &rows, CONSEQUENCES, false, look);
}

/// What was seen and is over, and why. `whole`: all of it, with the lines.
pub fn ruled_out(out: &mut String, title: &str, all: &[RuledOut], whole: bool, look: &Look) {
    let rows = all.iter().map(|over| {
        let quotes = if whole { over.evidence.as_slice() } else { &[] };
        Row { age: None, id: &over.id, subject: &over.subject, words: &over.why, quotes }
    });
    let rows: Vec<Row<'_>> = rows.collect();
    list(out, title, &rows, if whole { rows.len() } else { RULED_OUT }, whole, look);
}

fn list(out: &mut String, title: &str, rows: &[Row<'_>], most: usize, whole: bool, look: &Look) {
    if rows.is_empty() {
        return;
    }
    out.push('\n');
    flow(out, 0, INDENT, &[Piece::prose(look.styles.strong, title)], look.width);
    let shown = &rows[..rows.len().min(most)];
    let widest = |cell: &dyn Fn(&Row<'_>) -> usize| shown.iter().map(cell).max().unwrap_or(0);
    let wide = Wide {
        age: widest(&|row| row.age.map_or(0, |age| ago(age).len())),
        id: widest(&|row| columns(&visible(row.id))).min(ID),
        // The name of a pod is long, and the quote behind it says more.
        subject: widest(&|row| columns(&visible(row.subject))).min(if whole {
            SUBJECT
        } else {
            (look.width / 4).max(12)
        }),
    };
    for row in shown {
        one_line(out, row, &wide, whole, look);
        if whole {
            let indent = if wide.age == 0 { 4 } else { 4 + wide.age + 2 };
            row.quotes.iter().for_each(|quote| quote::placed(out, quote, indent, look));
        }
    }
    if rows.len() > most {
        let more = format!("and {} more, shown by -v", rows.len() - most);
        out.push_str(&" ".repeat(INDENT));
        flow(out, INDENT, INDENT, &[Piece::prose(look.styles.dim, &more)], look.width);
    }
}

/// Age, id, subject, and what is left of the line for what it says.
fn one_line(out: &mut String, row: &Row<'_>, wide: &Wide, whole: bool, look: &Look) {
    let (styles, ellipsis) = (look.styles, look.symbols.ellipsis);
    let mut line = " ".repeat(INDENT);
    let mut at = INDENT;
    let age = row.age.map(ago).unwrap_or_default();
    let age = format!("{}{age}", fill(&age, wide.age));
    let cells = [
        (age.as_str(), wide.age, styles.dim),
        (row.id, wide.id, Style::new()),
        (row.subject, wide.subject, Style::new()),
    ];
    for (text, wide, style) in cells.into_iter().filter(|(_, wide, _)| *wide > 0) {
        let room = look.width.saturating_sub(at);
        if room == 0 {
            break;
        }
        let text = visible(text);
        let text = shorten(&text, wide.min(room), ellipsis);
        let gap = " ".repeat(wide.saturating_sub(columns(&text)) + 2);
        let _ = write!(line, "{}{gap}", style.style(&text));
        at += wide + 2;
    }
    let room = look.width.saturating_sub(at);
    if room >= LEAST {
        match row.quotes.first() {
            Some(quote) if !whole => line.push_str(&quote::brief(quote, room, look)),
            _ => {
                let words = visible(row.words);
                let _ = write!(line, "{}", styles.dim.style(shorten(&words, room, ellipsis)));
            }
        }
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

/// "46s", "12m", "3h", "5d": how long ago, in the largest unit.
fn ago(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Role;
    use crate::report::samples::{finding, lines, quote};

    fn seen(id: &str, since: Option<u64>) -> Finding {
        Finding { since, ..finding(id, Role::Consequence, "web-1", vec![quote("e.txt", 3, "it broke", "broke")]) }
    }

    #[test]
    fn the_oldest_comes_first_and_what_has_no_time_last() {
        let all =
            [seen("a", None), seen("b", Some(5)), seen("c", Some(7_300)), seen("d", None), seen("e", Some(300_000))];
        let all: Vec<&Finding> = all.iter().collect();
        let mut out = String::new();
        consequences(&mut out, "it explains", &all, false, &Look::plain(80));
        let expected = "

it explains, oldest first
  3d  e  web-1  it broke
  2h  c  web-1  it broke
  5s  b  web-1  it broke
      a  web-1  it broke
      d  web-1  it broke
";
        assert_eq!(out, lines(expected));
    }

    #[test]
    fn a_screen_holds_eight_and_counts_the_rest() {
        let all: Vec<Finding> = (0..20).map(|index| seen(&format!("s{index}"), None)).collect();
        let all: Vec<&Finding> = all.iter().collect();
        let (mut screen, mut whole) = (String::new(), String::new());
        consequences(&mut screen, "it explains", &all, false, &Look::plain(80));
        consequences(&mut whole, "it explains", &all, true, &Look::plain(80));
        assert_eq!(screen.lines().count(), 2 + 8 + 1, "{screen}");
        assert!(screen.ends_with("\n  and 12 more, shown by -v\n"), "{screen}");
        assert_eq!(whole.lines().count(), 2 + 20 * 3, "{whole}");
        assert!(whole.contains("\n  s19  web-1  The cause of s19\n    e.txt:3\n      it broke\n"), "{whole}");
    }

    #[test]
    fn nothing_is_no_list() {
        let mut out = String::new();
        consequences(&mut out, "it explains", &[], true, &Look::plain(80));
        ruled_out(&mut out, "ruled out", &[], true, &Look::plain(80));
        causes(&mut out, "other causes", &[], &Look::plain(80));
        assert_eq!(out, "");
    }
}
