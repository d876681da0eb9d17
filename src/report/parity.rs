//! Two targets' answers side by side: the table, what differs under it, and what it comes to.

use super::layout::{Piece, columns, flow};
use super::render::took;
use super::style::Look;
use crate::model::comparison::{Comparison, Row, RowVerdict, Side, Verdict};
use owo_colors::Style;

/// How a comparison is told.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// What the place looks like that it goes to.
    pub look: Look,
    /// As Markdown, for a ticket or a wiki; else as a table.
    pub is_markdown: bool,
}

/// A comparison, told.
pub fn told(comparison: &Comparison, form: &Form) -> String {
    if form.is_markdown { comparison.markdown() } else { text(comparison, &form.look) }
}

/// For people. Where the table is too wide for the place, every row takes two lines.
pub fn text(comparison: &Comparison, look: &Look) -> String {
    let mut out = String::new();
    let [left, right] = &comparison.targets;
    let styles = look.styles;
    let rows: Vec<[String; 3]> =
        comparison.rows.iter().map(|row| [row.title.clone(), cell(&row.left), cell(&row.right)]).collect();
    let head = ["Operation".to_owned(), left.clone(), right.clone()];
    let wide = |at: usize| rows.iter().chain([&head]).map(|row| columns(&row[at])).max().unwrap_or(0) + 2;
    let widths = [wide(0), wide(1), wide(2)];
    let last =
        if comparison.count(RowVerdict::NotRun) > 0 { columns(look.symbols.other) + 8 } else { columns("DIFFERS") };
    let is_wide = widths.iter().sum::<usize>() + last <= look.width;
    let line = |out: &mut String, style: Style, cells: &[String; 3], mark: Piece| {
        for (cell, width) in cells.iter().zip(widths) {
            let cell = super::layout::visible(cell);
            out.push_str(&format!("{}{}", style.style(&cell), super::layout::fill(&cell, width)));
        }
        flow(out, 0, 0, &[mark], usize::MAX);
    };
    if is_wide && !rows.is_empty() {
        line(&mut out, styles.strong, &head, Piece::whole(styles.strong, "Match?"));
    }
    for (row, cells) in comparison.rows.iter().zip(&rows) {
        if is_wide {
            line(&mut out, Style::new(), cells, mark(row, look));
        } else {
            flow(&mut out, 0, 2, &[mark(row, look), Piece::prose(Style::new(), &row.title)], look.width);
            out.push_str("  ");
            let both = format!("{left} {}, {right} {}", cells[1], cells[2]);
            flow(&mut out, 2, 2, &[Piece::prose(styles.dim, &both)], look.width);
        }
    }
    for row in comparison.rows.iter() {
        let notes = row.notes(&comparison.targets);
        if notes.is_empty() {
            continue;
        }
        out.push('\n');
        flow(&mut out, 0, 2, &[Piece::prose(styles.strong, &row.title)], look.width);
        for note in notes {
            out.push_str("  ");
            flow(&mut out, 2, 4, &[Piece::prose(Style::new(), &note)], look.width);
        }
    }
    if !rows.is_empty() {
        out.push('\n');
    }
    let style = if comparison.verdict == Verdict::Valid { styles.good } else { styles.bad };
    flow(&mut out, 0, 2, &[Piece::prose(style, &comparison.in_words())], look.width);
    out
}

fn cell(side: &Side) -> String {
    match (side.status, side.took_ms) {
        // An app that answers within a blink is the usual case.
        (Some(status), Some(millis @ ..1000)) => format!("{status} in {millis} ms"),
        (Some(status), Some(millis)) => format!("{status} in {}", took(millis)),
        (Some(status), None) => status.to_string(),
        (None, _) => "no answer".to_owned(),
    }
}

fn mark(row: &Row, look: &Look) -> Piece {
    let (styles, symbols) = (look.styles, look.symbols);
    match row.verdict {
        RowVerdict::Match => Piece::whole(styles.good, symbols.same),
        RowVerdict::Differs => Piece::whole(styles.bad, symbols.other),
        RowVerdict::NotRun if symbols.other == "DIFFERS" => Piece::whole(styles.bad, "NOT RUN"),
        RowVerdict::NotRun => Piece::whole(styles.bad, &format!("{} not run", symbols.other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::comparison::{Difference, Kind};

    fn side(status: u16, took_ms: u64) -> Side {
        Side { status: Some(status), took_ms: Some(took_ms), why: None }
    }

    fn row(title: &str, left: Side, right: Side, verdict: RowVerdict) -> Row {
        Row {
            operation: title.to_lowercase(),
            title: title.to_owned(),
            left,
            right,
            verdict,
            differences: Vec::new(),
            more: 0,
        }
    }

    pub(crate) fn sample() -> Comparison {
        let mut login = row("Login response", side(401, 3), side(200, 5), RowVerdict::Differs);
        let of = |text: &str| Some(text.to_owned());
        login.differences = vec![
            Difference { kind: Kind::Status, place: String::new(), left: of("401"), right: of("200") },
            Difference { kind: Kind::Missing, place: "user.id".into(), left: None, right: of("7") },
        ];
        login.more = 3;
        let mut list = row("List tasks response", side(500, 2), side(500, 2), RowVerdict::Match);
        list.left.why = of("status 500, 200 wanted");
        list.right.why = list.left.why.clone();
        let gone = Side { why: of("needs token, which \"Login\" did not give"), ..Side::default() };
        let rows = vec![
            row("Signup response", side(201, 34), side(201, 1200), RowVerdict::Match),
            login,
            list,
            row("Chatbot response format", gone, side(200, 90), RowVerdict::NotRun),
        ];
        Comparison::of(["Kubernetes".into(), "Production".into()], rows)
    }

    #[test]
    fn the_table_says_what_differs_and_what_it_comes_to() {
        assert_eq!(
            text(&sample(), &Look::plain(80)),
            "\
Operation                Kubernetes    Production    Match?
Signup response          201 in 34 ms  201 in 1.2s   ok
Login response           401 in 3 ms   200 in 5 ms   DIFFERS
List tasks response      500 in 2 ms   500 in 2 ms   ok
Chatbot response format  no answer     200 in 90 ms  NOT RUN

Login response
  status: Kubernetes 401, Production 200
  user.id: missing at Kubernetes; Production has 7
  and 3 more differences

List tasks response
  not as it should be on both alike: status 500, 200 wanted

Chatbot response format
  Kubernetes gave no answer: needs token, which \"Login\" did not give

INVALID: 1 of 4 operations differs, 1 could not be compared
"
        );
    }

    #[test]
    fn in_a_narrow_place_no_line_is_too_long() {
        let look = Look { symbols: super::super::style::Symbols::UNICODE, ..Look::plain(40) };
        let told = text(&sample(), &look);
        assert!(
            told.starts_with("✅  Signup response\n  Kubernetes 201 in 34 ms, Production\n  201 in 1.2s\n"),
            "{told}"
        );
        assert!(told.contains("❌ not run  Chatbot response format\n"), "{told}");
        assert!(told.lines().all(|line| columns(line) <= 40), "{told}");
        assert!(text(&sample(), &Look { width: 80, ..look }).contains("401 in 3 ms   200 in 5 ms   ❌\n"));
    }

    #[test]
    fn nothing_to_compare_is_not_valid() {
        let nothing = Comparison::of(["a".into(), "b".into()], Vec::new());
        assert_eq!(text(&nothing, &Look::plain(80)), "INVALID: nothing was compared\n");
    }

    #[test]
    fn what_the_app_says_cannot_drive_the_terminal() {
        let mut odd = sample();
        odd.rows[1].differences[0].left = Some("\u{1b}[2J".into());
        assert!(text(&odd, &Look::plain(80)).contains("status: Kubernetes \\u{1b}[2J,"));
    }
}
