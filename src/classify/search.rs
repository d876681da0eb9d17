//! Matches of all patterns in one piece of text.
//!
//! One pass over the text for the literals of the patterns shows the lines that could match; a pattern
//! whose matches stay inside a line runs on those lines alone, one whose matches may go over line ends
//! on a few lines around them.

use super::page::Page;
use super::rules::{Place, Reach, Rule, Rules};
use memchr::{memchr, memrchr};
use regex::bytes::Regex;
use std::collections::VecDeque;
use std::ops::Range;

/// Of the matches of one pattern in one piece so many from the start are looked at …
const FIRST: usize = 300;
/// … and so many from the end; a log may hold millions.
const LAST: usize = 20;
/// A match goes over at most so many line ends before and behind the line of its literal.
pub(crate) const SPAN: usize = 8;
/// The end of a text: what a pattern that ends with `\z` is looked for in.
pub(crate) const TAIL: usize = 64 << 10;

/// The first and the last matches of a pattern, and how many lie between them.
#[derive(Default)]
pub(crate) struct Matches {
    first: Vec<Range<usize>>,
    last: VecDeque<Range<usize>>,
    /// Those between.
    pub(crate) passed: u64,
}

impl Matches {
    fn add(&mut self, found: Range<usize>) {
        if self.first.len() < FIRST {
            self.first.push(found);
            return;
        }
        if self.last.len() == LAST {
            self.last.pop_front();
            self.passed += 1;
        }
        self.last.push_back(found);
    }

    /// The matches that were kept, in order.
    pub(crate) fn ranges(self) -> impl Iterator<Item = Range<usize>> {
        self.first.into_iter().chain(self.last)
    }
}

/// A pattern of which a literal was seen.
struct Candidate<'r> {
    /// `None`: its rule is not wanted.
    regex: Option<&'r Regex>,
    reach: Reach,
    /// The end of the last line it was asked to run on.
    asked: usize,
    /// Stretches of text it is to run on, for one that goes over line ends.
    around: Vec<Range<usize>>,
    matches: Matches,
}

struct Search<'r, 't, F> {
    rules: &'r Rules,
    text: &'t [u8],
    /// Where the text begins that was not searched before.
    fresh: usize,
    /// Is a rule worth running?
    wanted: F,
    /// By the number of the pattern.
    candidates: Vec<Option<Candidate<'r>>>,
    /// The line in which literals are being found, with its end.
    line: Range<usize>,
    /// The numbers of the patterns that could match on that line.
    waiting: Vec<usize>,
}

/// What was found in a piece.
#[derive(Default)]
pub(crate) struct Found {
    /// The matches of each pattern, in the order of the rules.
    pub(crate) matches: Vec<(Place, Matches)>,
    /// Signs, case ignored: which, and an offset on its line.
    pub(crate) signs: Vec<(usize, usize)>,
}

/// Looks for the patterns of those rules that are `wanted` in the text of `page`. What stands before the
/// offset `fresh` was searched before, and is looked at only for matches that go on behind it. `last`:
/// the text ends here.
pub(crate) fn search(
    rules: &Rules,
    page: &Page<'_>,
    fresh: usize,
    last: bool,
    wanted: impl Fn(&Rule) -> bool,
) -> Found {
    let (filter, text) = (rules.filter(), page.buffer());
    let mut search = Search {
        rules,
        text,
        fresh,
        wanted,
        candidates: filter.places.iter().map(|_| None).collect(),
        line: 0..0,
        waiting: Vec::new(),
    };
    let mut signs = Vec::new();
    filter.sieve.find(text, |literal, at| {
        let Some(owners) = filter.owners.get(literal) else { return };
        search.enter(at);
        for number in owners {
            match filter.places.get(*number) {
                Some(place) => search.ask(*number, *place),
                None if at >= fresh => signs.push((*number - filter.places.len(), at)),
                None => {}
            }
        }
    });
    search.run();
    for number in &filter.always {
        if let Some(place) = filter.places.get(*number)
            && let Some(candidate) = search.candidate(*number, *place)
            && candidate.reach != Reach::End
        {
            // Nothing tells where it could match: everywhere.
            candidate.reach = Reach::Text;
            candidate.around.push(0..text.len());
        }
    }
    let tail = if last { tail(page) } else { text.len() };
    let found = filter.places.iter().zip(search.candidates).filter_map(|(place, candidate)| {
        let Candidate { regex, reach, mut matches, mut around, .. } = candidate?;
        match reach {
            Reach::Line => return Some((*place, matches)),
            Reach::Text => {}
            Reach::End if !last => return None,
            Reach::End => around.push(tail..text.len()),
        }
        let regex = regex?;
        for piece in around {
            for found in regex.find_iter(text.get(piece.clone())?) {
                let found = piece.start + found.start()..piece.start + found.end();
                // The end of a text is looked for once, when it is there.
                if found.end > fresh || reach == Reach::End {
                    matches.add(found);
                }
            }
        }
        Some((*place, matches))
    });
    Found { matches: found.collect(), signs }
}

impl<'r, F: Fn(&Rule) -> bool> Search<'r, '_, F> {
    /// Goes on to the line that holds an offset.
    fn enter(&mut self, at: usize) {
        if at < self.line.end {
            return;
        }
        self.run();
        let (before, after) = self.text.split_at_checked(at).unwrap_or_default();
        self.line = memrchr(b'\n', before).map_or(0, |end| end + 1)
            ..memchr(b'\n', after).map_or(self.text.len(), |end| at + end + 1);
    }

    fn candidate(&mut self, number: usize, (rule, pattern): Place) -> Option<&mut Candidate<'r>> {
        let slot = self.candidates.get_mut(number)?;
        if slot.is_none() {
            let rule = self.rules.rule(rule)?;
            let compiled = if (self.wanted)(rule) { rule.pattern(pattern) } else { None };
            let (regex, reach) = match compiled {
                Some((pattern, reach)) => (Some(pattern.regex()), *reach),
                None => (None, Reach::Line),
            };
            *slot = Some(Candidate { regex, reach, asked: 0, around: Vec::new(), matches: Matches::default() });
        }
        slot.as_mut()
    }

    /// Has a pattern run on this line.
    fn ask(&mut self, number: usize, place: Place) {
        let (line, fresh, text) = (self.line.clone(), self.fresh, self.text);
        let Some(candidate) = self.candidate(number, place) else { return };
        if candidate.regex.is_none() || candidate.asked >= line.end {
            return;
        }
        candidate.asked = line.end;
        match candidate.reach {
            Reach::Line if line.start >= fresh => self.waiting.push(number),
            Reach::Text => {
                let piece = around(text, &line);
                match candidate.around.last_mut() {
                    Some(before) if before.end >= piece.start => before.end = piece.end,
                    _ => candidate.around.push(piece),
                }
            }
            _ => {}
        }
    }

    /// Runs the patterns that wait on the line, which they see with what stands before it.
    fn run(&mut self) {
        let text = self.text.get(..self.line.end).unwrap_or_default();
        for number in self.waiting.drain(..) {
            let Some(Some(candidate)) = self.candidates.get_mut(number) else { continue };
            let Some(regex) = candidate.regex else { continue };
            let mut at = self.line.start;
            // A pattern with a literal never matches the empty text.
            while let Some(found) = regex.find_at(text, at).filter(|found| !found.is_empty()) {
                at = found.end();
                candidate.matches.add(found.range());
            }
        }
    }
}

/// A line with [`SPAN`] lines before and behind it.
fn around(text: &[u8], line: &Range<usize>) -> Range<usize> {
    let (mut start, mut end) = (line.start, line.end);
    for _ in 0..SPAN {
        let Some(before) = start.checked_sub(1).and_then(|end| text.get(..end)) else { break };
        start = memrchr(b'\n', before).map_or(0, |end| end + 1);
    }
    for _ in 0..SPAN {
        let Some(after) = text.get(end..).filter(|after| !after.is_empty()) else { break };
        end += memchr(b'\n', after).map_or(after.len(), |at| at + 1);
    }
    start..end
}

/// Where the end of a long text begins: at a line.
fn tail(page: &Page<'_>) -> usize {
    let (line, column) = page.place(page.buffer().len().saturating_sub(TAIL));
    page.start(if column == 0 { line } else { line + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Symptom;
    use proptest::prelude::*;

    const PATTERNS: [&str; 5] =
        [r"^denied.*$", r"denied\b[^\n]{0,3}", r"x*refused\r?$", r#"denied "[^"]{0,6}""#, r"denied|(?i)REFUSED"];

    fn rules() -> Rules {
        let symptom = format!("family = \"x\"\nrole = \"root\"\ncause = \"\"\nany = {PATTERNS:?}");
        Rules::new(vec![toml::from_str::<Symptom>(&symptom).unwrap()]).unwrap()
    }

    proptest! {
        #[test]
        fn finds_what_each_pattern_finds_in_the_whole_text(text in "(denied|refused|Refused|x| |\"|\n|\r\n|\r){0,30}") {
            let rules = rules();
            let page = Page::new(text.as_bytes());
            let mut found = search(&rules, &page, 0, true, |_| true).matches.into_iter().peekable();
            for number in 0..PATTERNS.len() {
                let regex = rules.rule(0).unwrap().pattern(number).unwrap().0.regex();
                let expected: Vec<_> = regex.find_iter(page.buffer()).map(|found| found.range()).collect();
                let matches = found.next_if(|(place, _)| *place == (0, number));
                prop_assert_eq!(matches.map_or_else(Vec::new, |(_, matches)| matches.ranges().collect()), expected);
            }
        }
    }

    #[test]
    fn what_was_searched_before_is_not_found_again() {
        let rules = rules();
        let page = Page::new(b"denied \"a\nb\"\nrefused\n");
        let ends = |fresh: usize| -> Vec<usize> {
            let found = search(&rules, &page, fresh, true, |_| true).matches;
            found.into_iter().flat_map(|(_, matches)| matches.ranges()).map(|found| found.end).collect()
        };
        assert_eq!(ends(0), [9, 9, 20, 12, 6, 20]);
        // The quotation goes on behind the border, the rest of its line was searched.
        assert_eq!(ends(10), [20, 12, 20]);
        assert_eq!(ends(13), [20, 20]);
    }
}
