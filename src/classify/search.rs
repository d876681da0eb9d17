//! Matches of all patterns in one text.
//!
//! One pass over the text for the literals of the patterns shows the lines that could match; a pattern
//! whose matches stay inside a line runs on those lines alone.

use super::page::Page;
use super::rules::{Place, Reach, Rule, Rules};
use memchr::{memchr, memrchr};
use regex::bytes::Regex;
use std::collections::VecDeque;
use std::ops::Range;

/// Of the matches of one pattern in one document so many from the start are looked at …
const FIRST: usize = 1000;
/// … and so many from the end; a log may hold millions.
const LAST: usize = 50;

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
    matches: Matches,
}

struct Search<'r, 't, F> {
    rules: &'r Rules,
    text: &'t [u8],
    /// Is a rule worth running?
    wanted: F,
    /// By the number of the pattern.
    candidates: Vec<Option<Candidate<'r>>>,
    /// The line in which literals are being found, with its end.
    line: Range<usize>,
    /// The numbers of the patterns that could match on that line.
    waiting: Vec<usize>,
}

/// The matches of each pattern, in the order of the rules.
pub(crate) type Found = Vec<(Place, Matches)>;

/// Looks for the patterns of those rules that are `wanted`.
pub(crate) fn search(rules: &Rules, page: &Page<'_>, wanted: impl Fn(&Rule) -> bool) -> Found {
    let (filter, text) = (rules.filter(), page.buffer());
    let mut search = Search {
        rules,
        text,
        wanted,
        candidates: filter.places.iter().map(|_| None).collect(),
        line: 0..0,
        waiting: Vec::new(),
    };
    filter.sieve.find(text, |literal, at| {
        let Some(owners) = filter.owners.get(literal) else { return };
        search.enter(at);
        for number in owners {
            if let Some(place) = filter.places.get(*number) {
                search.ask(*number, *place);
            }
        }
    });
    search.run();
    for number in &filter.always {
        if let Some(place) = filter.places.get(*number)
            && let Some(candidate) = search.candidate(*number, *place)
            && candidate.reach == Reach::Line
        {
            candidate.reach = Reach::Text;
        }
    }
    let tail = tail(page);
    let found = filter.places.iter().zip(search.candidates).filter_map(|(place, candidate)| {
        let Candidate { regex, reach, mut matches, .. } = candidate?;
        let from = match reach {
            Reach::Line => return Some((*place, matches)),
            Reach::Text => 0,
            Reach::End => tail,
        };
        for found in regex?.find_iter(text.get(from..)?) {
            matches.add(from + found.start()..from + found.end());
        }
        Some((*place, matches))
    });
    found.collect()
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
            *slot = Some(Candidate { regex, reach, asked: 0, matches: Matches::default() });
        }
        slot.as_mut()
    }

    /// Has a pattern run on this line.
    fn ask(&mut self, number: usize, place: Place) {
        let end = self.line.end;
        let Some(candidate) = self.candidate(number, place) else { return };
        if candidate.reach == Reach::Line && candidate.regex.is_some() && candidate.asked < end {
            candidate.asked = end;
            self.waiting.push(number);
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

/// Where the end of a long text begins: at a line.
fn tail(page: &Page<'_>) -> usize {
    const TAIL: usize = 64 << 10;
    let (line, column) = page.place(page.buffer().len().saturating_sub(TAIL));
    page.start(if column == 0 { line } else { line + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Symptom;
    use proptest::prelude::*;

    const PATTERNS: [&str; 5] =
        [r"^denied.*$", r"denied\b[^\n]{0,3}", r"x*refused\r?$", r#"denied "[^"]*""#, r"denied|(?i)REFUSED"];

    fn rules() -> Rules {
        let symptom = format!("family = \"x\"\nrole = \"root\"\ncause = \"\"\nany = {PATTERNS:?}");
        Rules::new(vec![toml::from_str::<Symptom>(&symptom).unwrap()]).unwrap()
    }

    proptest! {
        #[test]
        fn finds_what_each_pattern_finds_in_the_whole_text(text in "(denied|refused|Refused|x| |\"|\n|\r\n|\r){0,30}") {
            let rules = rules();
            let page = Page::new(text.as_bytes());
            let mut found = search(&rules, &page, |_| true).into_iter().peekable();
            for number in 0..PATTERNS.len() {
                let regex = rules.rule(0).unwrap().pattern(number).unwrap().0.regex();
                let expected: Vec<_> = regex.find_iter(page.buffer()).map(|found| found.range()).collect();
                let matches = found.next_if(|(place, _)| *place == (0, number));
                prop_assert_eq!(matches.map_or_else(Vec::new, |(_, matches)| matches.ranges().collect()), expected);
            }
        }
    }
}
