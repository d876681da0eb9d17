//! A document, read: what is kept of it once its bytes are gone.

use super::scan::{Collected, Hit};
use super::signs;
use super::sources::Described;
use super::table::{EventRow, PodRow};
use crate::model::finding::{Head, Quote, Source};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

/// So many pods, events and described objects of one document are remembered; a cluster that has more
/// is told from these.
pub(crate) const MOST: usize = 50_000;
/// So many of the last lines that report a fault are remembered.
const FAULTS: usize = 64;
/// So many lines that say who was reached are remembered of a stretch.
const REACHED: usize = 50;
/// A quote of a longer line holds so many bytes around its telling part.
const QUOTED: usize = 4096;

/// A line as a quote repeats it, perhaps cut around its telling part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Line {
    /// The bytes, without colours and line end.
    pub(crate) text: Vec<u8>,
    /// The telling part.
    pub(crate) span: Option<(usize, usize)>,
}

impl Line {
    /// Keeps what is worth keeping of a line.
    pub(crate) fn new(text: &[u8], span: Option<(usize, usize)>) -> Self {
        if text.len() <= QUOTED {
            return Self { text: text.to_vec(), span };
        }
        let (from, to) = span.unwrap_or((0, 0));
        let mut start = from.saturating_sub(QUOTED / 2);
        let mut end = (start + QUOTED).min(text.len());
        // Never in the middle of a character.
        let inside = |at: usize| text.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
        while start > 0 && inside(start) {
            start -= 1;
        }
        while inside(end) {
            end += 1;
        }
        let span = (to <= end && to > from).then(|| (from - start, to - start));
        Self { text: text.get(start..end).unwrap_or_default().to_vec(), span }
    }

    /// As a quote of that place; `line` is an index.
    pub(crate) fn quote(&self, file: &str, line: usize) -> Quote {
        let shown = String::from_utf8_lossy(&self.text);
        // A replaced byte would shift the span.
        let span = self.span.filter(|(start, end)| {
            shown.len() == self.text.len() && shown.is_char_boundary(*start) && shown.is_char_boundary(*end)
        });
        Quote { file: file.to_owned(), line: line + 1, text: shown.into_owned(), span }
    }
}

/// A pod in a table.
#[derive(Debug, Clone)]
pub(crate) struct Pod {
    /// Index of its line.
    pub(crate) line: usize,
    /// What the row says.
    pub(crate) row: PodRow,
    /// The row.
    pub(crate) shown: Line,
}

/// A `Normal` event that shows progress: `Scheduled`, `Pulled`, `Started`.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    /// Index of its line.
    pub(crate) line: usize,
    /// What it says.
    pub(crate) event: EventRow,
    /// What it is about.
    pub(crate) subject: String,
    /// The whole line.
    pub(crate) text: Vec<u8>,
}

/// What followed a fault in the text that it stands in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recovery {
    /// The last line that says that a database or a host was reached after all.
    pub(crate) reconnected: Option<usize>,
    /// The last line that says that a start has succeeded.
    pub(crate) started: Option<usize>,
    /// Lines that say who was reached, the last ones.
    pub(crate) reached: VecDeque<(usize, Vec<u8>)>,
}

/// A document, read.
#[derive(Default)]
pub(crate) struct Text {
    /// What it is.
    pub(crate) head: Head,
    /// Releases and components that its call, or commands typed in it, ask for.
    pub(crate) asked: Vec<String>,
    /// The rows of pods, by name: the last row of each, with its line.
    pub(crate) pods: BTreeMap<String, Pod>,
    /// The last line with a row of a pod.
    pub(crate) last_pod: Option<usize>,
    /// Pods that were described, in order.
    pub(crate) described: Vec<Described>,
    /// Events that show progress.
    pub(crate) progress: Vec<Progress>,
    /// The matches of the rules.
    pub(crate) hits: Collected,
    /// The last line on which each sign stood.
    last_sign: BTreeMap<usize, usize>,
    /// Deployments that were seen rolled out, with the line.
    pub(crate) rolled_out: BTreeMap<String, usize>,
    /// Lines with an answer of nslookup.
    pub(crate) answers: Vec<usize>,
    /// By the number of the stretch.
    pub(crate) recoveries: BTreeMap<usize, Recovery>,
    /// The last lines that report a fault and that no rule has found, in order.
    pub(crate) faults: VecDeque<(usize, Line)>,
}

impl Text {
    /// A document of which nothing is read yet.
    pub(crate) fn new(head: Head) -> Self {
        Self { head, ..Self::default() }
    }

    /// Known from a call?
    pub(crate) fn is_call(&self) -> bool {
        !self.head.argv.is_empty()
    }

    /// A sign was seen.
    pub(crate) fn saw(&mut self, sign: usize, line: usize) {
        let last = self.last_sign.entry(sign).or_insert(line);
        *last = line.max(*last);
    }

    /// Does one of these signs stand behind a line? `None`: anywhere.
    pub(crate) fn has_sign(&self, signs: &Range<usize>, behind: Option<usize>) -> bool {
        self.last_sign.range(signs.clone()).any(|(_, line)| behind.is_none_or(|behind| *line > behind))
    }

    /// A recovery was seen in a stretch.
    pub(crate) fn recovered(&mut self, stretch: usize, sign: usize, line: usize, text: &[u8]) {
        let recovery = self.recoveries.entry(stretch).or_default();
        if signs::is_reached(sign) {
            if recovery.reached.len() == REACHED {
                recovery.reached.pop_front();
            }
            recovery.reached.push_back((line, text.get(..text.len().min(QUOTED)).unwrap_or_default().to_vec()));
            return;
        }
        let last = if signs::RECONNECTED.contains(&sign) { &mut recovery.reconnected } else { &mut recovery.started };
        *last = Some(line.max(last.unwrap_or(line)));
    }

    /// A line that reports a fault.
    pub(crate) fn fault(&mut self, line: usize, text: &[u8]) {
        if self.faults.len() == FAULTS {
            self.faults.pop_front();
        }
        self.faults.push_back((line, Line::new(text, None)));
    }

    /// Quotes the line of a hit.
    pub(crate) fn quote(&self, hit: &Hit) -> Quote {
        hit.shown.quote(&self.head.file, hit.line)
    }

    /// Is the text known to hold no log, no table: YAML or JSON throughout?
    pub(crate) fn is_read(source: Option<Source>) -> bool {
        !matches!(source, None | Some(Source::Manifest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_around_its_telling_part() {
        let text = format!("{}NEEDLE{}", "ä".repeat(4000), "b".repeat(9000));
        let line = Line::new(text.as_bytes(), Some((8000, 8006)));
        let quote = line.quote("x", 4);
        assert_eq!((quote.line, quote.text.len() <= QUOTED + 4), (5, true));
        let (from, to) = quote.span.unwrap();
        assert_eq!(&quote.text[from..to], "NEEDLE");
        assert!(text.contains(&quote.text));
        assert_eq!(Line::new(b"short", Some((0, 2))).span, Some((0, 2)));
    }

    #[test]
    fn the_last_sign_counts() {
        let mut text = Text::default();
        text.saw(3, 10);
        text.saw(3, 4);
        assert!(text.has_sign(&(0..4), Some(9)) && !text.has_sign(&(0..4), Some(10)) && !text.has_sign(&(4..9), None));
    }
}
