//! Text in columns: measuring, shortening, wrapping, and keeping foreign text harmless.

use super::style::Look;
use owo_colors::Style;
use std::borrow::Cow;
use std::fmt::Write;
use unicode_width::UnicodeWidthChar;

pub use crate::text::is_harmless;

/// Columns that a character takes, as indicatif counts them: the view must not be higher than it thinks.
fn columns_of(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// Columns that a text without escapes takes.
pub fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// Foreign text on one line: tabs become blanks, everything harmful is written out (`\u{1b}`).
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\t' => out.push(' '),
            c if is_harmless(c) => out.push(c),
            c => out.extend(c.escape_unicode()),
        }
    }
    Cow::Owned(out)
}

/// A child's line that is the answer: as it is, tabs too, without what could drive the terminal.
pub fn answer(line: &str) -> Cow<'_, str> {
    if line.chars().all(|c| c == '\t' || is_harmless(c)) {
        return Cow::Borrowed(line);
    }
    Cow::Owned(line.chars().filter(|c| *c == '\t' || is_harmless(*c)).collect())
}

/// The longest head of `text` that takes at most `room` columns.
pub fn head(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += columns_of(c);
        if used > room {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// The longest tail of `text` that takes at most `room` columns.
pub fn tail(text: &str, room: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices().rev() {
        used += columns_of(c);
        if used > room {
            return text.get(at + c.len_utf8()..).unwrap_or_default();
        }
    }
    text
}

/// `text`, its end left out where it is longer than `room` columns.
pub fn shorten<'a>(text: &'a str, room: usize, ellipsis: &str) -> Cow<'a, str> {
    if columns(text) <= room {
        return Cow::Borrowed(text);
    }
    let kept = head(text, room.saturating_sub(columns(ellipsis)));
    Cow::Owned(head(&format!("{kept}{ellipsis}"), room).to_owned())
}

/// `text`, its beginning left out where it is longer than `room` columns.
pub fn shorten_front<'a>(text: &'a str, room: usize, ellipsis: &str) -> Cow<'a, str> {
    if columns(text) <= room {
        return Cow::Borrowed(text);
    }
    let kept = tail(text, room.saturating_sub(columns(ellipsis)));
    Cow::Owned(head(&format!("{ellipsis}{kept}"), room).to_owned())
}

/// Lines of at most `room` columns, broken at blanks. A longer word stays whole: it is a path or
/// an address that someone will copy.
pub fn wrap(text: &str, room: usize) -> Vec<String> {
    wrap_after(text, room, room).into_iter().filter(|line| !line.is_empty()).collect()
}

/// The same, with another room for the first line; that line is empty when no word fits into it.
fn wrap_after(text: &str, first: usize, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut limit = first;
    for word in text.split(' ') {
        let wide = columns(word);
        let used = columns(&line);
        let is_start = lines.is_empty() && first < room;
        if line.is_empty() && (!is_start || wide <= limit) {
            line.push_str(word);
        } else if used + 1 + wide <= limit {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(line.trim_end().to_owned());
            word.clone_into(&mut line);
            limit = room;
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Blanks that fill `text` up to `room` columns.
pub fn fill(text: &str, room: usize) -> String {
    " ".repeat(room.saturating_sub(columns(text)))
}

/// A piece of a line.
#[derive(Debug, Clone)]
pub struct Piece {
    style: Style,
    text: String,
    whole: bool,
}

impl Piece {
    /// Words that may be broken over lines.
    pub fn prose(style: Style, text: &str) -> Self {
        Self { style, text: visible(text).into_owned(), whole: false }
    }

    /// Nothing to show?
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Text that stays on one line, however long: something to copy.
    pub fn whole(style: Style, text: &str) -> Self {
        Self { style, text: visible(text).into_owned(), whole: true }
    }
}

/// Puts the pieces after what stands at column `at`, two blanks between them; what does not fit
/// goes to the next line, at `indent`. Ends the line.
pub fn flow(out: &mut String, at: usize, indent: usize, pieces: &[Piece], width: usize) {
    let mut at = at;
    let mut first = true;
    for piece in pieces.iter().filter(|piece| !piece.text.is_empty()) {
        let gap = if first { 0 } else { 2 };
        let wide = columns(&piece.text);
        if at + gap + wide <= width || (piece.whole && at <= indent) {
            let _ = write!(out, "{}{}", " ".repeat(gap), piece.style.style(&piece.text));
            at += gap + wide;
            first = false;
            continue;
        }
        let room = width.saturating_sub(indent);
        let lines = if piece.whole || (!first && wide <= room) {
            vec![String::new(), piece.text.clone()]
        } else {
            wrap_after(&piece.text, width.saturating_sub(at + gap), room)
        };
        let beside = at > indent;
        for (index, line) in lines.iter().filter(|line| !line.is_empty() || beside).enumerate() {
            if index > 0 {
                // What stood before has left its blanks behind.
                out.truncate(out.trim_end_matches(' ').len());
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                at = indent;
            } else if !line.is_empty() {
                out.push_str(&" ".repeat(gap));
                at += gap;
            }
            if !line.is_empty() {
                let _ = write!(out, "{}", piece.style.style(line));
                at += columns(line);
            }
        }
        first = false;
    }
    out.push('\n');
}

/// A line of the story: a verb, right-aligned in the gutter, and what it says.
pub fn told(out: &mut String, look: &Look, verb: (Style, &str), pieces: &[Piece]) {
    let gutter = look.gutter();
    let (style, verb) = verb;
    let _ = write!(out, "{}{}  ", fill(verb, gutter), style.style(verb));
    let at = columns(verb).max(gutter) + 2;
    flow(out, at, gutter + 2, pieces, look.width);
}

/// Where the text of the story starts.
pub fn margin(look: &Look) -> String {
    " ".repeat(look.gutter() + 2)
}

/// Left-aligned rows: every column as wide as its widest cell, two blanks between. The last column
/// wraps inside the width; in a narrow place it goes below.
pub fn table(out: &mut String, look: &Look, indent: usize, rows: &[Vec<Piece>]) {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut widths = vec![0; count.saturating_sub(1)];
    for row in rows {
        for (width, piece) in widths.iter_mut().zip(row) {
            *width = (*width).max(columns(&piece.text));
        }
    }
    let start = indent + widths.iter().map(|width| width + 2).sum::<usize>();
    let last = rows.iter().filter_map(|row| row.get(widths.len())).map(|piece| columns(&piece.text)).max();
    let beside = start + last.unwrap_or(0).min(20) <= look.width;
    for row in rows {
        let (cells, last) = row.split_at(row.len().min(widths.len()));
        let mut line = " ".repeat(indent);
        let mut at = indent;
        for (piece, width) in cells.iter().zip(&widths) {
            let gap = if beside { fill(&piece.text, *width) } else { String::new() };
            let _ = write!(line, "{}{gap}  ", piece.style.style(&piece.text));
            at += columns(&piece.text) + gap.len() + 2;
        }
        let last: Vec<Piece> = last.iter().filter(|piece| !piece.text.is_empty()).cloned().collect();
        if last.is_empty() {
            out.push_str(line.trim_end());
            out.push('\n');
            continue;
        }
        if beside {
            out.push_str(&line);
            flow(out, at, at, &last, look.width);
        } else {
            out.push_str(line.trim_end());
            out.push('\n');
            let deeper = indent + 6;
            out.push_str(&" ".repeat(deeper));
            flow(out, deeper, deeper, &last, look.width);
        }
    }
}

/// Left-aligned rows, each on one line: the last column is cut where the width ends. Writes nothing
/// and says so where that would leave the last column less than `least` columns.
pub fn line_per_row(out: &mut String, look: &Look, rows: &[Vec<Piece>], least: usize) -> bool {
    let last = rows.iter().map(Vec::len).max().unwrap_or(0).saturating_sub(1);
    let wide = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| columns(&cell.text)).max().unwrap_or(0);
    let start: usize = (0..last).map(|at| wide(at) + 2).sum();
    if start + least.min(wide(last)) > look.width {
        return false;
    }
    let fit = |cell: &Piece| {
        let text = shorten(&cell.text, look.width - start, look.symbols.ellipsis).into_owned();
        Piece { text, ..cell.clone() }
    };
    let cut: Vec<Vec<Piece>> = rows
        .iter()
        .map(|row| row.iter().enumerate().map(|(at, cell)| if at == last { fit(cell) } else { cell.clone() }).collect())
        .collect();
    table(out, look, 0, &cut);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wide_and_combining_characters_are_measured() {
        assert_eq!(columns("pods"), 4);
        assert_eq!(columns("日本"), 4);
        assert_eq!(columns("e\u{301}"), 1);
        assert_eq!(columns("✅"), 2);
        assert_eq!(head("日本語", 5), "日本");
        assert_eq!(tail("日本語", 5), "本語");
    }

    #[test]
    fn text_is_cut_where_it_is_least_missed() {
        assert_eq!(shorten("taskflow-backend", 10, "..."), "taskflo...");
        assert_eq!(shorten_front("evidence/pods.txt:2", 12, "…"), "…/pods.txt:2");
        assert_eq!(shorten("abc", 2, "..."), "..");
    }

    #[test]
    fn controls_are_written_out() {
        assert_eq!(visible("a\u{1b}[31mb\tc\u{202e}"), "a\\u{1b}[31mb c\\u{202e}");
        assert_eq!(answer("a\tb\u{1b}[2J"), "a\tb[2J");
    }

    #[test]
    fn words_wrap_and_long_ones_stay_whole() {
        assert_eq!(wrap("the release is gone", 11), ["the release", "is gone"]);
        assert_eq!(wrap("see https://helm.sh/docs/ now", 8), ["see", "https://helm.sh/docs/", "now"]);
    }

    proptest! {
        #[test]
        fn cutting_never_panics_and_never_grows(text in "\\PC*", room in 0usize..40) {
            for ellipsis in ["…", "..."] {
                prop_assert!(columns(&shorten(&text, room, ellipsis)) <= room);
                prop_assert!(columns(&shorten_front(&text, room, ellipsis)) <= room);
            }
        }

        #[test]
        fn nothing_harmful_passes(text in any::<String>()) {
            prop_assert!(visible(&text).chars().all(is_harmless));
            prop_assert!(answer(&text).chars().all(|c| c == '\t' || is_harmless(c)));
        }

        #[test]
        fn wrapping_loses_no_word(text in "[a-zé日 ]{0,60}", room in 0usize..30) {
            let all: Vec<String> = wrap(&text, room).iter().flat_map(|l| l.split_whitespace()).map(str::to_owned).collect();
            prop_assert_eq!(all, text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        }
    }
}
