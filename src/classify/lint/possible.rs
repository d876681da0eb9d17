//! Can a pattern match at all?
//!
//! What a regular expression asks of its surroundings (`^`, `$`, `\b`) only ever looks at the byte before
//! and the byte behind. So a place in a match is known well enough by the class of the byte before it and
//! the classes that the next byte may still have: few enough to try them all.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Classes of the byte before a place, and of the one behind it: nothing, LF, CR, a word's, any other.
const CLASSES: usize = 5;
const EDGE: usize = 0;
const LF: usize = 1;
const CR: usize = 2;
const WORD: usize = 3;
const OTHER: usize = 4;
/// Any class.
const ALL: u8 = (1 << CLASSES) - 1;

/// For each class of the byte before: the sets of classes (a bit each) that the next byte may have.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Places([u32; CLASSES]);

impl Places {
    const NONE: Self = Self([0; CLASSES]);

    fn is_empty(self) -> bool {
        self == Self::NONE
    }

    fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|before| self.0[before] | other.0[before]))
    }

    fn each(self) -> impl Iterator<Item = (usize, u8)> {
        (0..CLASSES).flat_map(move |before| {
            (1..=ALL).filter(move |next| self.0[before] >> next & 1 == 1).map(move |next| (before, next))
        })
    }

    /// Behind a byte of one of these classes.
    fn behind(self, classes: u8) -> Self {
        let mut after = Self::NONE;
        for (_, next) in self.each() {
            for class in (LF..CLASSES).filter(|class| next & classes & 1 << class != 0) {
                after.0[class] |= 1 << ALL;
            }
        }
        after
    }

    /// Where the look-around holds.
    fn looking(self, look: Look) -> Self {
        let mut after = Self::NONE;
        for (before, next) in self.each() {
            let next = (EDGE..CLASSES).filter(|class| next >> class & 1 == 1 && holds(look, before, *class));
            let next = next.fold(0u8, |all, class| all | 1 << class);
            if next != 0 {
                after.0[before] |= 1 << next;
            }
        }
        after
    }
}

fn holds(look: Look, before: usize, next: usize) -> bool {
    let word = (before == WORD, next == WORD);
    match look {
        Look::Start => before == EDGE,
        Look::End => next == EDGE,
        Look::StartLF => matches!(before, EDGE | LF),
        Look::EndLF => matches!(next, EDGE | LF),
        Look::StartCRLF => matches!(before, EDGE | LF) || (before == CR && next != LF),
        Look::EndCRLF => matches!(next, EDGE | CR) || (next == LF && before != CR),
        Look::WordAscii => word.0 != word.1,
        Look::WordAsciiNegate => word.0 == word.1,
        Look::WordStartAscii => word == (false, true),
        Look::WordEndAscii => word == (true, false),
        Look::WordStartHalfAscii => !word.0,
        Look::WordEndHalfAscii => !word.1,
        // Those of Unicode ask for more than a byte: said to hold.
        _ => true,
    }
}

fn class_of(byte: u8) -> usize {
    match byte {
        b'\n' => LF,
        b'\r' => CR,
        b'_' => WORD,
        _ if byte.is_ascii_alphanumeric() => WORD,
        _ => OTHER,
    }
}

/// The classes of the bytes from one to another.
fn classes(from: u8, to: u8) -> u8 {
    (from..=to).fold(0, |all, byte| all | 1 << class_of(byte))
}

fn of_class(class: &Class) -> u8 {
    match class {
        Class::Bytes(class) => class.ranges().iter().fold(0, |all, range| all | classes(range.start(), range.end())),
        Class::Unicode(class) => class.ranges().iter().fold(0, |all, range| {
            let byte = |c: char| u8::try_from(c).unwrap_or(u8::MAX);
            all | classes(byte(range.start()), byte(range.end()))
        }),
    }
}

/// The places behind `hir`, from these; `lines` are the classes that a match may hold.
fn behind(hir: &Hir, from: Places, lines: u8) -> Places {
    if from.is_empty() {
        return from;
    }
    match hir.kind() {
        HirKind::Empty => from,
        HirKind::Literal(literal) => {
            literal.0.iter().fold(from, |places, byte| places.behind(lines & 1 << class_of(*byte)))
        }
        HirKind::Class(class) => from.behind(lines & of_class(class)),
        HirKind::Look(look) => from.looking(*look),
        HirKind::Capture(capture) => behind(&capture.sub, from, lines),
        HirKind::Concat(parts) => parts.iter().fold(from, |places, part| behind(part, places, lines)),
        HirKind::Alternation(choices) => {
            choices.iter().fold(Places::NONE, |all, choice| all.or(behind(choice, from, lines)))
        }
        HirKind::Repetition(repetition) => {
            let mut places = from;
            for _ in 0..repetition.min {
                let next = behind(&repetition.sub, places, lines);
                if next == places {
                    break;
                }
                places = next;
            }
            let mut all = places;
            let mut left = repetition.max.map_or(u32::MAX, |max| max - repetition.min);
            while left > 0 {
                places = behind(&repetition.sub, places, lines);
                let more = all.or(places);
                if more == all {
                    break;
                }
                (all, left) = (more, left - 1);
            }
            all
        }
    }
}

fn can(hir: &Hir, lines: u8) -> bool {
    !behind(hir, Places([1 << ALL; CLASSES]), lines).is_empty()
}

/// Is there a text that it matches?
pub(super) fn can_match(hir: &Hir) -> bool {
    can(hir, ALL)
}

/// Is there a text of one line that it matches?
pub(super) fn can_match_in_a_line(hir: &Hir) -> bool {
    can(hir, ALL & !(1 << LF))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::pattern::Pattern;
    use crate::model::pattern::parse;
    use proptest::prelude::*;

    #[test]
    fn what_contradicts_itself_never_matches() {
        for dead in [
            "[a&&b]x",
            "not found in $PATH",
            "a^b",
            r"a\bb",
            r"a\B b",
            r"(?:x$|y$)z",
            r"\z.",
            r"a\Ab",
            r"(?:a$){2}",
            r"\b{start}-",
            r"$a",
        ] {
            assert!(!can_match(&parse(dead).unwrap()), "{dead}");
        }
        for alive in [
            "^a$",
            r"a$\nb",
            r"a\s^b",
            r"\bx\b",
            "(?:x$|y)z",
            "(?:a$)?b",
            r"\d+(?:\.\d+)*",
            r"a\r?$",
            r"[^a]$",
            r"(?u)ä\b",
            "",
        ] {
            assert!(can_match(&parse(alive).unwrap()), "{alive}");
        }
    }

    #[test]
    fn some_need_more_than_a_line() {
        for two in [r"a\nb", r"a$[ \n]b", r"(?:a\n)+", r"a\s*\nb"] {
            assert!(!can_match_in_a_line(&parse(two).unwrap()), "{two}");
        }
        for one in [r"a\n?b", r"a\s+b", "a", r"a[^b]b"] {
            assert!(can_match_in_a_line(&parse(one).unwrap()), "{one}");
        }
    }

    proptest! {
        /// What matches some text can match.
        #[test]
        fn no_living_pattern_is_called_dead(
            pattern in "(\\^|\\$|\\\\b|\\\\B|a|-|\\\\n|\\\\r|\\\\s|\\\\w|\\.|\\?|\\*|\\{2\\}|\\||\\(|\\)|\\[\\^a\\]|\\\\A|\\\\z){0,9}",
            text in "[a\\-\n\r]{0,8}",
        ) {
            if let (Ok(regex), Some(hir)) = (Pattern::new(&pattern), parse(&pattern))
                && regex.is_match(text.as_bytes())
            {
                prop_assert!(can_match(&hir), "{pattern:?} matches {text:?}");
                if !text.contains('\n') {
                    prop_assert!(can_match_in_a_line(&hir), "{pattern:?} matches {text:?}");
                }
            }
        }

        /// What can match matches some short text.
        #[test]
        fn no_dead_pattern_is_called_alive(pattern in "(\\^|\\$|\\\\b|\\\\B|a|-|\\\\n|\\\\r|\\\\A|\\\\z){0,4}") {
            let (regex, hir) = (Pattern::new(&pattern).unwrap(), parse(&pattern).unwrap());
            if can_match(&hir) {
                let mut texts = vec![String::new()];
                let mut found = false;
                for _ in 0..=6 {
                    found |= texts.iter().any(|text| regex.is_match(text.as_bytes()));
                    if found { break; }
                    texts = texts.iter().flat_map(|text| ["a", "-", "\n", "\r"].map(|byte| format!("{text}{byte}"))).collect();
                }
                prop_assert!(found, "{pattern:?}");
            }
        }
    }
}
