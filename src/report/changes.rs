//! What the last revision changed, for people, and whether a rollback helps.

use super::layout::{Piece, columns, flow, shorten, visible};
use super::style::Look;
use crate::model::finding::{Change, Changes, Diagnosis, Helps, RollbackAdvice};
use crate::text;
use owo_colors::Style;
use std::fmt::Write;

/// Fields shown; the rest is counted.
const FIELDS: usize = 8;

/// Both, each with an empty line before it; nothing where nothing is known.
pub fn text(out: &mut String, diagnosis: &Diagnosis, look: &Look) {
    match (&diagnosis.changes, &diagnosis.no_changes) {
        (Some(changes), _) => changed(out, changes, look),
        // Where there is no earlier revision, the word on the rollback says so.
        (None, Some(_)) if diagnosis.rollback.as_ref().is_some_and(|advice| advice.helps == Helps::Impossible) => {}
        (None, Some(why)) => {
            titled(out, "what changed", &[Piece::prose(Style::new(), &format!("not known: {why}"))], look)
        }
        (None, None) => {}
    }
    if let Some(advice) = &diagnosis.rollback {
        rollback(out, advice, look);
    }
}

fn changed(out: &mut String, changes: &Changes, look: &Look) {
    let from = changes.from.map_or_else(|| "the revision before".to_owned(), |number| format!("revision {number}"));
    let to = changes.to.map_or_else(|| "the last one".to_owned(), |number| number.to_string());
    let mut pieces = vec![Piece::prose(Style::new(), &format!("{from} {} {to}", look.symbols.arrow))];
    if changes.fields.is_empty() {
        pieces.push(Piece::prose(Style::new(), "nothing that was compared differs"));
    }
    titled(out, "what changed", &pieces, look);
    for change in changes.fields.iter().take(FIELDS) {
        field(out, change, look);
    }
    let rest = changes.fields.len().saturating_sub(FIELDS) + changes.more;
    if rest > 0 {
        let more = format!("and {}", text::count(rest, "more field"));
        let _ = writeln!(out, "  {}", look.styles.dim.style(more));
    }
}

/// The field, marked where a root is about it, and below it both values.
fn field(out: &mut String, change: &Change, look: &Look) {
    let (styles, symbols) = (look.styles, look.symbols);
    let related = !change.relates.is_empty();
    let (mark, style) = if related { (symbols.bullet, styles.strong) } else { (" ", Style::new()) };
    let room = look.width.saturating_sub(4).max(8);
    let name = visible(&change.field);
    let _ = writeln!(out, "  {} {}", styles.telling.style(mark), style.style(shorten(&name, room, symbols.ellipsis)));
    let said = match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!("{} {} {}", shown(before), symbols.arrow, shown(after)),
        (None, Some(after)) => format!("added: {}", shown(after)),
        (Some(before), None) => format!("removed: {}", shown(before)),
        (None, None) => return,
    };
    let said = visible(&said);
    let room = look.width.saturating_sub(6).max(8);
    if columns(&said) <= room {
        let _ = writeln!(out, "      {}", styles.dim.style(said));
        return;
    }
    // Both do not fit on one line: the eye compares them better below each other.
    for (value, sign) in [(&change.before, "-"), (&change.after, "+")] {
        if let Some(value) = value {
            let line = format!("{sign} {}", visible(shown(value)));
            let _ = writeln!(out, "      {}", styles.dim.style(shorten(&line, room, symbols.ellipsis)));
        }
    }
}

/// An empty text is told by its quotes.
fn shown(value: &str) -> &str {
    if value.is_empty() { "\"\"" } else { value }
}

fn rollback(out: &mut String, advice: &RollbackAdvice, look: &Look) {
    let word = match advice.helps {
        Helps::Yes => "helps",
        Helps::No => "does not help",
        Helps::Perhaps => "may help",
        Helps::Impossible => "is not possible",
    };
    titled(out, "rollback", &[Piece::prose(Style::new(), &format!("{word}: {}", advice.why))], look);
    if let Some(command) = &advice.command {
        let _ = writeln!(out, "  {}", look.styles.advice(command).style(visible(command)));
    }
}

fn titled(out: &mut String, heading: &str, pieces: &[Piece], look: &Look) {
    let beside = 14usize.saturating_sub(columns(heading)).max(2);
    let _ = write!(out, "\n{}{}", look.styles.strong.style(heading), " ".repeat(beside));
    let margin = if look.gutter() == 0 { 2 } else { 14 };
    flow(out, columns(heading) + beside, margin, pieces, look.width);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Verdict;
    use crate::report::samples::lines;

    fn change(field: &str, before: Option<&str>, after: Option<&str>, relates: &[&str]) -> Change {
        let own = |text: &str| text.to_owned();
        Change {
            field: field.to_owned(),
            before: before.map(own),
            after: after.map(own),
            relates: relates.iter().map(|id| own(id)).collect(),
        }
    }

    fn diagnosis() -> Diagnosis {
        let mut fields = vec![
            change(
                "values: secrets.DATABASE_URL",
                Some("postgresql://app:[hidden 8 chars #01234567]@db-1:5432/app"),
                Some("postgresql://app:[hidden 8 chars #01234567]@db-2:5432/app"),
                &["database-host"],
            ),
            change("Deployment/web: metadata.labels.team", Some("blue"), Some("green"), &[]),
            change("values: a", None, Some(""), &[]),
            change("values: b", Some("x"), None, &[]),
        ];
        fields.extend((0..10).map(|index| change(&format!("values: k{index}"), Some("1"), Some("2"), &[])));
        Diagnosis {
            changes: Some(Changes { from: Some(6), to: Some(7), fields, more: 3 }),
            rollback: Some(RollbackAdvice {
                helps: Helps::Yes,
                why: "revision 7 changed values: secrets.DATABASE_URL, which the cause is about".to_owned(),
                revision: Some(6),
                command: Some("refloat rollback 6".to_owned()),
            }),
            ..Diagnosis::naming_nothing(Verdict::Failing)
        }
    }

    fn told(diagnosis: &Diagnosis, width: usize) -> String {
        let mut out = String::new();
        text(&mut out, diagnosis, &Look::plain(width));
        out
    }

    #[test]
    fn related_fields_are_marked_and_the_rest_is_counted() {
        let expected = r#"

what changed  revision 6 -> 7
  * values: secrets.DATABASE_URL
      - postgresql://app:[hidden 8 chars #01234567]@db-1:5432/app
      + postgresql://app:[hidden 8 chars #01234567]@db-2:5432/app
    Deployment/web: metadata.labels.team
      blue -> green
    values: a
      added: ""
    values: b
      removed: x
    values: k0
      1 -> 2
    values: k1
      1 -> 2
    values: k2
      1 -> 2
    values: k3
      1 -> 2
  and 9 more fields

rollback      helps: revision 7 changed values: secrets.DATABASE_URL, which the
              cause is about
  refloat rollback 6
"#;
        assert_eq!(told(&diagnosis(), 80), lines(expected));
    }

    #[test]
    fn no_line_is_wider_than_the_place() {
        for width in [28, 38, 60] {
            let said = told(&diagnosis(), width);
            assert!(said.lines().all(|line| columns(line) <= width), "{width}\n{said}");
        }
    }

    #[test]
    fn why_nothing_is_known_is_one_line() {
        let diagnosis = Diagnosis {
            no_changes: Some("revision 1 has no earlier revision".to_owned()),
            ..Diagnosis::naming_nothing(Verdict::Failing)
        };
        assert_eq!(told(&diagnosis, 80), "\nwhat changed  not known: revision 1 has no earlier revision\n");
        let same = Diagnosis {
            changes: Some(Changes { from: None, to: None, fields: Vec::new(), more: 0 }),
            ..Diagnosis::naming_nothing(Verdict::Failing)
        };
        assert_eq!(
            told(&same, 80),
            "\nwhat changed  the revision before -> the last one\n              nothing that was compared differs\n"
        );
    }
}
