//! Text that must stand somewhere for a pattern to match at all.
//!
//! Most rules of the catalogue match nothing in most texts. One pass over the text for all their
//! literals (case ignored) tells which rules are worth running.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Shorter literals stand everywhere and would only slow the pass down.
const SHORTEST: usize = 4;
/// Longest prefix of a literal that is looked for.
const LONGEST: usize = 16;
/// More alternatives than this say too little.
const MOST: usize = 40;

/// At least one of these stands in every match of the pattern, in some case. `None`: nothing is sure.
pub(crate) fn required(hir: &Hir) -> Option<Vec<String>> {
    let found = of(hir)?;
    found
        .iter()
        .all(|literal| literal.len() >= SHORTEST)
        .then(|| found.into_iter().map(|literal| literal.chars().take(LONGEST).collect()).collect())
}

/// Does every match end where the text ends (`\z`)?
pub(crate) fn is_at_end(hir: &Hir) -> bool {
    hir.properties().look_set_suffix().contains(Look::End)
}

/// Can a match hold a line end?
pub(crate) fn spans_lines(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.contains(&b'\n'),
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&b'\n'))
        }
        HirKind::Class(Class::Unicode(_)) => true,
        HirKind::Repetition(repetition) => spans_lines(&repetition.sub),
        HirKind::Capture(capture) => spans_lines(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(spans_lines),
    }
}

/// The shortest of a choice is what it is worth.
fn worth(choice: &[String]) -> usize {
    choice.iter().map(String::len).min().unwrap_or(0)
}

fn of(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(_) | HirKind::Class(_) => exact(hir).map(|literal| vec![literal]),
        HirKind::Repetition(repetition) => (repetition.min > 0).then(|| of(&repetition.sub)).flatten(),
        HirKind::Capture(capture) => of(&capture.sub),
        HirKind::Alternation(choices) => {
            let mut all = Vec::new();
            for choice in choices {
                all.extend(of(choice)?);
            }
            (all.len() <= MOST).then_some(all)
        }
        HirKind::Concat(parts) => {
            let mut best: Option<Vec<String>> = None;
            let mut run = String::new();
            let mut offer = |choice: Vec<String>| {
                if best.as_ref().is_none_or(|best| worth(&choice) > worth(best)) {
                    best = Some(choice);
                }
            };
            for part in parts {
                if let Some(literal) = exact(part) {
                    run.push_str(&literal);
                    continue;
                }
                if !run.is_empty() {
                    offer(vec![std::mem::take(&mut run)]);
                }
                if let Some(choice) = of(part) {
                    offer(choice);
                }
            }
            if !run.is_empty() {
                offer(vec![run]);
            }
            best
        }
    }
}

/// A literal, or a class that is one letter in both cases (what `(?i)` turns letters into). ASCII only.
fn exact(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            literal.0.is_ascii().then(|| String::from_utf8_lossy(&literal.0).to_ascii_lowercase())
        }
        HirKind::Class(Class::Bytes(class)) => {
            let bytes: Vec<u8> =
                class.ranges().iter().take(3).flat_map(|range| (range.start()..=range.end()).take(3)).collect();
            match bytes[..] {
                [upper, lower] if upper.is_ascii_alphabetic() && upper.to_ascii_lowercase() == lower => {
                    Some(char::from(lower).to_string())
                }
                _ => None,
            }
        }
        HirKind::Capture(capture) => exact(&capture.sub),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::pattern::parse;
    use proptest::prelude::*;

    #[test]
    fn what_must_stand_there() {
        let of = |pattern| parse(pattern).and_then(|hir| required(&hir)).map(|literals| literals.join("|"));
        assert_eq!(of(r"Insufficient\s+(cpu|memory)").as_deref(), Some("insufficient"));
        assert_eq!(of(r"(?i)x?signature (?:has )?expired").as_deref(), Some("signature "));
        assert_eq!(of(r"manifest unknown|toomanyrequests").as_deref(), Some("manifest unknown|toomanyrequests"));
        assert_eq!(of(r"\d+ (?:a|b)"), None);
        assert_eq!(of(r"(?:connect )?ECONNREFUSED").as_deref(), Some("econnrefused"));
        assert_eq!(of(r"a("), None);
    }

    proptest! {
        #[test]
        fn a_match_always_holds_a_required_literal(text in "[a-dA-D]{0,12}", pattern in "(a|b|c|\\(\\?i\\)|ab|\\(cd|\\)|\\||\\?|[ab]){0,10}abcd") {
            if let (Ok(regex), Some(literals)) = (regex::bytes::Regex::new(&pattern), parse(&pattern).and_then(|hir| required(&hir))) {
                let hay = format!("{text}abcd{text}");
                if let Some(found) = regex.find(hay.as_bytes()) {
                    let found = String::from_utf8_lossy(found.as_bytes()).to_ascii_lowercase();
                    prop_assert!(literals.iter().any(|literal| found.contains(literal.as_str())), "{pattern} {found} {literals:?}");
                }
            }
        }
    }
}
