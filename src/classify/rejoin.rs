//! A wrapped text, joined again: what a symptom's pattern needs on one line may stand on two or three.

use super::page::Page;
use super::wrap::{self, Join};
use std::collections::BTreeSet;
use std::ops::Range;

/// A text with its wrapped lines joined, and where each line came from.
pub(crate) struct Rejoined {
    /// The joined text.
    pub(crate) text: Vec<u8>,
    /// Where in it each line of the page begins, with the index of the line.
    starts: Vec<(usize, usize)>,
}

impl Rejoined {
    /// Joins the lines of a page. `None`: nothing in it is wrapped. `folded` tells of a line of YAML that
    /// it goes on from the one before.
    pub(crate) fn new(page: &Page<'_>, folded: impl Fn(usize) -> bool) -> Option<Self> {
        let lines: Vec<&[u8]> = (page.first()..page.end()).map(|line| page.line(line)).collect();
        let mut joins = wrap::joins(&lines);
        let known: BTreeSet<usize> = joins.iter().map(|join| join.line).collect();
        let more = (1..lines.len()).filter(|index| folded(page.first() + index) && !known.contains(&(index - 1)));
        joins.extend(more.map(|index| Join { line: index - 1, glue: " " }));
        joins.sort_by_key(|join| join.line);
        if joins.is_empty() {
            return None;
        }
        let mut joins = joins.into_iter().peekable();
        let mut out = Self { text: Vec::with_capacity(page.buffer().len()), starts: Vec::with_capacity(lines.len()) };
        let mut is_joined = false;
        for (index, line) in lines.into_iter().enumerate() {
            out.starts.push((out.text.len(), page.first() + index));
            let next = joins.next_if(|join| join.line == index);
            let line = if is_joined { line.trim_ascii_start() } else { line };
            let line = if next.is_some() { line.trim_ascii_end() } else { line };
            out.text.extend_from_slice(line);
            is_joined = next.is_some();
            out.text.extend_from_slice(next.map_or(b"\n", |join| join.glue.as_bytes()));
        }
        Some(out)
    }

    /// The line of the page that holds an offset of the joined text.
    pub(crate) fn line(&self, at: usize) -> usize {
        let next = self.starts.partition_point(|(start, _)| *start <= at);
        next.checked_sub(1).and_then(|at| self.starts.get(at)).map_or(0, |(_, line)| *line)
    }

    /// Does this match need the join: does it begin and end on different lines of the page, but on one
    /// of the joined text?
    pub(crate) fn crosses(&self, found: &Range<usize>) -> bool {
        self.line(found.start) != self.line(found.end.saturating_sub(1))
            && !self.text.get(found.clone()).unwrap_or_default().trim_ascii().contains(&b'\n')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_cut_at_one_width_are_joined_and_know_where_they_came_from() {
        let words = "Error: INSTALLATION FAILED: cannot re-use a name that is still in use, and this is a long message that \
                     a terminal has cut at its width, four times, in the middle of the words, before it came to its end";
        let lines: Vec<&[u8]> = words.as_bytes().chunks(48).collect();
        let text = [&lines.join(&b"\n"[..])[..], b"\n\nshort\n"].concat();
        let page = Page::new(&text);
        let Some(joined) = Rejoined::new(&page, |_| false) else { panic!("it is wrapped") };
        let needle = b"a name that is still in use";
        let at = memchr::memmem::find(&joined.text, needle).unwrap();
        assert_eq!((joined.line(at), joined.line(at + needle.len())), (0, 1));
        assert!(joined.crosses(&(at..at + needle.len())));
        let short = memchr::memmem::find(&joined.text, b"short").unwrap();
        assert_eq!(joined.line(short), lines.len() + 1);
        assert!(!joined.crosses(&(short..short + 5)));
        assert!(Rejoined::new(&Page::new(b"a\nb\n"), |_| false).is_none());
    }

    #[test]
    fn folded_lines_of_yaml_are_joined_with_a_blank() {
        let page = Page::new(b"message: 'pods \"web\" is\n  forbidden'\nreason: x\n");
        let Some(joined) = Rejoined::new(&page, |line| line == 1) else { panic!("it is folded") };
        assert_eq!(joined.text, b"message: 'pods \"web\" is forbidden'\nreason: x\n\n");
    }
}
