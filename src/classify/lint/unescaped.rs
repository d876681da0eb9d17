//! Characters that have a meaning in a regular expression and were meant as themselves.
//!
//! A guess is only told where something speaks for it: a group that does nothing, a class that spells a
//! word, or an example that is found once the character is escaped.

use super::super::sample;
use super::bench::Ready;
use crate::model::lint::{Defect, Kind, Spot};
use crate::model::pattern::Pattern;
use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{Ast, ClassSet, ClassSetItem, GroupKind, RepetitionKind, RepetitionRange};
use std::collections::BTreeSet;

/// A class of fewer letters spells no word.
const WORD: usize = 4;

/// What is known to be wrong, so that what follows from it need not be told.
#[derive(Default)]
pub(super) struct Explained {
    /// Indices of patterns.
    pub(super) patterns: BTreeSet<usize>,
    /// Indices of examples.
    pub(super) examples: BTreeSet<usize>,
}

/// Something that could have been meant as itself.
#[derive(Debug, PartialEq, Eq)]
struct Sign {
    /// From where to where it stands in the pattern.
    start: usize,
    end: usize,
    /// The same, escaped.
    escaped: String,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// A group that neither chooses nor repeats, and has no name.
    IdleGroup,
    /// Any other group without a name.
    Group,
    /// A class that spells a word.
    Word,
    /// Any other class of single characters.
    Class,
    /// `?`, `+`, `*` behind a character.
    Repeat,
    /// `.` between two plain characters.
    Dot,
    /// `^`, `$`.
    Edge,
}

pub(super) fn lint(ready: &Ready<'_>, defects: &mut Vec<Defect>) -> Explained {
    let mut explained = Explained::default();
    let examples = &ready.symptom.examples;
    let lost: Vec<usize> = (0..examples.len())
        .filter(|index| !sample::is_found(examples[*index].text.as_bytes(), ready.any(), ready.unless()))
        .collect();
    for (index, pattern) in ready.any().iter().enumerate() {
        let source = pattern.source();
        let signs = signs(source);
        // The characters that, escaped, let the pattern find what it was written for.
        let repair = repair(ready, &lost, source, &signs);
        let spot = Spot::Element("any", index);
        if let Some((fixed, found, of)) = &repair {
            explained.patterns.insert(index);
            explained.examples.extend(found);
            let first = &of[0];
            let message = format!("{} not escaped, and so `examples[{}]` is not found", told(source, of), found[0]);
            let help = format!("as the text itself: {}", shorter(fixed, first));
            defects.push(Defect::error(Kind::Unescaped, ready.id(), spot, message, help));
            continue;
        }
        for sign in signs.iter().filter(|sign| matches!(sign.what, What::IdleGroup | What::Word)) {
            let message = match sign.what {
                What::Word => {
                    format!("{} not escaped: it is one of these letters, not the word", told(source, &[sign]))
                }
                _ => format!("{} not escaped: they group what needs no group", told(source, &[sign])),
            };
            let help = match sign.what {
                What::Word => format!("as the text itself: {}", sign.escaped),
                _ => format!("as the text itself: {}; or take them out", sign.escaped),
            };
            explained.patterns.insert(index);
            defects.push(Defect::error(Kind::Unescaped, ready.id(), spot, message, help));
        }
        // Found, but not as it was meant.
        let found: Vec<&str> =
            examples.iter().map(|e| e.text.as_str()).filter(|text| ready.finds_by(pattern, text)).collect();
        for sign in signs.iter().filter(|sign| matches!(sign.what, What::Repeat | What::Dot)) {
            let Ok(escaped) = Pattern::new(&escape(source, &[sign])) else { continue };
            // `\)?` in the pattern is `)?` in a text, and of a dot the letters around it tell.
            let around = usize::from(sign.what == What::Dot);
            let stands = source.get(sign.start.saturating_sub(around)..sign.end + around).unwrap_or_default();
            let stands = stands.replace('\\', "");
            let mut agree = found.iter().filter(|text| ready.finds_by(&escaped, text) && text.contains(&stands));
            let is_meant = match sign.what {
                What::Repeat => agree.next().is_some(),
                _ => !found.is_empty() && agree.count() == found.len(),
            };
            if is_meant {
                let message = format!("{} not escaped, and stands in the examples as it is", told(source, &[sign]));
                let help = format!("as the text itself: {}", sign.escaped);
                defects.push(Defect::warning(Kind::Unescaped, ready.id(), spot, message, help));
            }
        }
    }
    explained
}

/// The fewest signs that must be escaped for a lost example to be found, with the pattern and the examples.
fn repair<'s>(
    ready: &Ready<'_>,
    lost: &[usize],
    source: &str,
    signs: &'s [Sign],
) -> Option<(String, Vec<usize>, Vec<&'s Sign>)> {
    let brackets = |sign: &&Sign| !matches!(sign.what, What::Dot | What::Repeat);
    let each = signs.iter().map(|sign| vec![sign]);
    let together = [signs.iter().filter(brackets).collect(), signs.iter().collect::<Vec<_>>()];
    each.chain(together).filter(|of| !of.is_empty()).find_map(|of| {
        let fixed = escape(source, &of);
        let pattern = Pattern::new(&fixed).ok()?;
        let text = |index: &usize| ready.symptom.examples[*index].text.as_str();
        let found: Vec<usize> = lost.iter().copied().filter(|index| ready.finds_by(&pattern, text(index))).collect();
        (!found.is_empty()).then_some((fixed, found, of))
    })
}

/// The pattern with these signs escaped. Signs inside of others are escaped with them.
fn escape(source: &str, signs: &[&Sign]) -> String {
    let mut out = String::new();
    let mut at = 0;
    for sign in signs {
        if sign.start < at {
            continue;
        }
        out.push_str(source.get(at..sign.start).unwrap_or_default());
        out.push_str(&sign.escaped);
        at = sign.end;
    }
    out + source.get(at..).unwrap_or_default()
}

/// "the parentheses of `(x)` are", "the brackets of `[x]` are".
fn told(source: &str, signs: &[&Sign]) -> String {
    let shown: Vec<String> =
        signs.iter().map(|sign| format!("`{}`", source.get(sign.start..sign.end).unwrap_or_default())).collect();
    let shown = shown.join(", ");
    match signs {
        [sign] => match sign.what {
            What::IdleGroup | What::Group => format!("the parentheses of {shown} are"),
            What::Word | What::Class => format!("the brackets of {shown} are"),
            What::Repeat => format!("the last character of {shown} is"),
            What::Dot => format!(
                "a dot of `{}` is",
                source.get(sign.start.saturating_sub(8)..).map_or(source, |s| s.get(..20).unwrap_or(s))
            ),
            What::Edge => format!("{shown} is"),
        },
        _ => format!("{shown} are"),
    }
}

/// The pattern around what was escaped.
fn shorter(fixed: &str, sign: &Sign) -> String {
    const LONG: usize = 70;
    if fixed.len() <= LONG { fixed.to_owned() } else { sign.escaped.clone() }
}

/// All that could have been meant as itself, in the order of the pattern.
fn signs(source: &str) -> Vec<Sign> {
    let mut signs = Vec::new();
    if let Ok(ast) = ParserBuilder::new().build().parse(source) {
        walk(source, &ast, false, &mut signs);
    }
    signs.sort_by_key(|sign| (sign.start, std::cmp::Reverse(sign.end)));
    signs
}

fn walk(source: &str, ast: &Ast, is_repeated: bool, signs: &mut Vec<Sign>) {
    let text = |start: usize, end: usize| source.get(start..end).unwrap_or_default();
    match ast {
        Ast::Group(group) => {
            let (start, end) = (group.span.start.offset, group.span.end.offset);
            if matches!(group.kind, GroupKind::CaptureIndex(_)) {
                let chooses = matches!(*group.ast, Ast::Alternation(_));
                let what = if chooses || is_repeated { What::Group } else { What::IdleGroup };
                signs.push(Sign { start, end, escaped: format!("\\({}\\)", text(start + 1, end - 1)), what });
            }
            walk(source, &group.ast, false, signs);
        }
        Ast::ClassBracketed(class) => {
            let (start, end) = (class.span.start.offset, class.span.end.offset);
            if let Some(letters) = letters(&class.kind).filter(|_| !class.negated) {
                let what = if !is_repeated && spells(&letters) { What::Word } else { What::Class };
                signs.push(Sign { start, end, escaped: format!("\\[{}\\]", text(start + 1, end - 1)), what });
            }
        }
        Ast::Repetition(repetition) => {
            let (start, end) = (repetition.span.start.offset, repetition.span.end.offset);
            let sign = text(repetition.op.span.start.offset, end);
            let of = text(start, repetition.op.span.start.offset);
            let is_sign = !matches!(
                repetition.op.kind,
                RepetitionKind::Range(
                    RepetitionRange::Exactly(_) | RepetitionRange::AtLeast(_) | RepetitionRange::Bounded(..)
                )
            );
            if is_sign && repetition.greedy && matches!(*repetition.ast, Ast::Literal(_)) {
                signs.push(Sign { start, end, escaped: format!("{of}\\{sign}"), what: What::Repeat });
            }
            walk(source, &repetition.ast, true, signs);
        }
        Ast::Assertion(assertion) => {
            let (start, end) = (assertion.span.start.offset, assertion.span.end.offset);
            if matches!(text(start, end), "^" | "$") {
                signs.push(Sign { start, end, escaped: format!("\\{}", text(start, end)), what: What::Edge });
            }
        }
        Ast::Concat(concat) => {
            for (index, part) in concat.asts.iter().enumerate() {
                let plain = |at: Option<usize>| matches!(at.and_then(|at| concat.asts.get(at)), Some(Ast::Literal(_)));
                if let Ast::Dot(span) = part
                    && plain(index.checked_sub(1))
                    && plain(Some(index + 1))
                {
                    let (start, end) = (span.start.offset, span.end.offset);
                    signs.push(Sign { start, end, escaped: "\\.".to_owned(), what: What::Dot });
                }
                walk(source, part, false, signs);
            }
        }
        Ast::Alternation(alternation) => {
            alternation.asts.iter().for_each(|choice| walk(source, choice, false, signs));
        }
        _ => {}
    }
}

/// The characters of a class that has no ranges and no classes in it.
fn letters(class: &ClassSet) -> Option<Vec<char>> {
    let ClassSet::Item(item) = class else { return None };
    let items = match item {
        ClassSetItem::Union(union) => union.items.as_slice(),
        item => std::slice::from_ref(item),
    };
    items.iter().map(|item| if let ClassSetItem::Literal(literal) = item { Some(literal.c) } else { None }).collect()
}

/// A word rather than a choice of letters: of one case, with vowels and consonants, not in order.
fn spells(letters: &[char]) -> bool {
    let rest = letters.get(1..).unwrap_or_default();
    let is_vowel = |c: &char| "aeiou".contains(c.to_ascii_lowercase());
    letters.len() >= WORD
        && letters.iter().all(char::is_ascii_alphabetic)
        && (rest.iter().all(char::is_ascii_lowercase) || letters.iter().all(char::is_ascii_uppercase))
        && letters.iter().any(is_vowel)
        && !letters.iter().all(is_vowel)
        && !letters.is_sorted()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suspects(pattern: &str) -> Vec<String> {
        let signs = signs(pattern);
        let bad = signs.iter().filter(|sign| matches!(sign.what, What::IdleGroup | What::Word));
        bad.map(|sign| pattern[sign.start..sign.end].to_owned()).collect()
    }

    #[test]
    fn groups_that_do_nothing_and_classes_that_spell() {
        assert_eq!(suspects("root container [kubepods] doesn't exist"), ["[kubepods]"]);
        assert_eq!(suspects("at <index (index .Ports) 0>"), ["(index .Ports)"]);
        assert_eq!(suspects("killed (OOM)(x)"), ["(OOM)", "(x)"]);
        for fine in [
            "(?:a)b",
            "(a|b)c",
            "(ab)?",
            "(?P<x>ab)",
            "[abcd]x",
            "[aeiou]x",
            "[mhdy]x",
            "[smhd]x",
            "[YyNn]x",
            "[kubepods]+",
            "[a-f0-9]x",
            "[^kubepods]x",
            r"\[kubepods\]",
            r"\(OOM\)",
            "(?i)x",
        ] {
            assert!(suspects(fine).is_empty(), "{fine}");
        }
    }

    #[test]
    fn signs_are_escaped_where_they_stand() {
        let all = |pattern: &str| {
            let signs = signs(pattern);
            escape(pattern, &signs.iter().collect::<Vec<_>>())
        };
        assert_eq!(all("is it on?"), r"is it on\?");
        assert_eq!(all("found in $PATH"), r"found in \$PATH");
        assert_eq!(all("a.b (c [d])"), r"a\.b \(c [d]\)");
        assert_eq!(all(r"a\.b\d+"), r"a\.b\d+");
    }
}
