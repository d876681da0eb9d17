//! The cells of a table's row: what stands between blanks, or between the borders of a box.

/// A cell, and where it stands in its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cell<'a> {
    /// What it holds; a group in parentheses is one cell.
    pub(crate) text: &'a str,
    /// Its first byte.
    pub(crate) at: usize,
}

impl Cell<'_> {
    /// Behind its last byte.
    pub(crate) fn end(&self) -> usize {
        self.at + self.text.len()
    }
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || matches!(c, '|' | '\u{2502}' | '\u{2503}' | '\u{2551}')
}

/// A group in parentheses has no more words than `(x12 over 3m46s)`.
const WORDS: usize = 3;

/// The first `count` cells of a line.
pub(crate) fn cells(line: &str, count: usize) -> Vec<Cell<'_>> {
    let mut out: Vec<Cell<'_>> = Vec::with_capacity(count);
    let mut rest = line;
    let mut open: Option<(usize, usize)> = None;
    loop {
        let inner = rest.trim_start_matches(is_gap);
        if inner.is_empty() {
            return out;
        }
        let at = line.len() - inner.len();
        let length = inner.find(is_gap).unwrap_or(inner.len());
        let (text, behind) = inner.split_at(length);
        rest = behind;
        // `(17s ago)` is one cell.
        match open {
            Some((from, words)) if words < WORDS => {
                open = if text.ends_with(')') { None } else { Some((from, words + 1)) };
                if let Some(last) = out.last_mut() {
                    last.text = line.get(from..at + length).unwrap_or(last.text);
                }
                continue;
            }
            _ => open = None,
        }
        if out.len() == count {
            return out;
        }
        if text.starts_with('(') && !text.ends_with(')') {
            open = Some((at, 1));
        }
        out.push(Cell { text, at });
    }
}

/// What a paste puts before a row: quotes, comment marks, borders, bullets.
pub(crate) fn without_marks(line: &str) -> &str {
    let inner = line.trim_start_matches(['#', '>', '|', '\u{2502}', '\u{2503}', '\u{2551}', '*', ' ', '\t']);
    inner.strip_prefix("- ").map_or(inner, str::trim_start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(line: &str) -> Vec<&str> {
        cells(line, 9).iter().map(|cell| cell.text).collect()
    }

    #[test]
    fn blanks_borders_and_groups() {
        assert_eq!(texts("a  0/1\tError  5 (17s ago)  4m"), ["a", "0/1", "Error", "5", "(17s ago)", "4m"]);
        assert_eq!(texts("|a|0/1| Error |"), ["a", "0/1", "Error"]);
        assert_eq!(texts("\u{2502} a \u{2502} 0/1 \u{2502}"), ["a", "0/1"]);
        assert_eq!(texts("49s (x2 over 78s) b"), ["49s", "(x2 over 78s)", "b"]);
        assert_eq!(texts("(never closed at all a b"), ["(never closed at", "all", "a", "b"]);
        assert_eq!(cells("  a  b", 1), [Cell { text: "a", at: 2 }]);
    }

    proptest! {
        #[test]
        fn cells_stand_where_they_say(line in "\\PC{0,60}", count in 0_usize..12) {
            let found = cells(&line, count);
            prop_assert!(found.len() <= count);
            for cell in found {
                prop_assert_eq!(line.get(cell.at..cell.end()), Some(cell.text));
            }
        }
    }
}
