//! The literals of plain patterns, read off their text.
//!
//! Parsing every pattern of the catalogue takes longer than a small diagnosis. Most of them have a
//! long run of letters outside all groups, which needs no parser to be seen. Whatever is not plain is
//! left to [`literals`](super::literals).

/// A shorter run says too little: a parser may find a better one in a group.
const TELLING: usize = 8;

/// One of these, in some case, stands in every match of the pattern. `None`: not seen at a glance.
pub(crate) fn required(pattern: &str) -> Option<Vec<String>> {
    let mut rest = pattern.strip_prefix("(?i)").unwrap_or(pattern).as_bytes();
    let mut all = Vec::new();
    let mut choice = Choice::default();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'\\' => {
                let (&escaped, tail) = rest.split_first()?;
                rest = tail;
                match escaped {
                    b's' | b'S' | b'd' | b'D' | b'w' | b'W' | b'b' | b'B' => choice.end(),
                    // `\\<` is a word's border.
                    b'<' | b'>' => return None,
                    _ if escaped.is_ascii_punctuation() => choice.run.push(escaped),
                    _ => return None,
                }
            }
            b'(' => {
                choice.end();
                rest = group(rest)?;
            }
            b'[' => {
                choice.end();
                rest = class(rest)?;
            }
            b'|' => all.push(std::mem::take(&mut choice).literal()?),
            // The last letter may be missing.
            b'?' | b'*' => {
                choice.run.pop();
                choice.end();
            }
            b'+' | b'^' | b'$' | b'.' => choice.end(),
            b'{' => {
                choice.run.pop();
                choice.end();
                let end = rest.iter().position(|byte| *byte == b'}')?;
                let (times, tail) = rest.split_at_checked(end)?;
                rest = tail.get(1..)?;
                if !times.iter().all(|byte| byte.is_ascii_digit() || *byte == b',') {
                    return None;
                }
            }
            b'}' | b')' => return None,
            _ if byte.is_ascii() => choice.run.push(byte.to_ascii_lowercase()),
            _ => choice.end(),
        }
    }
    all.push(choice.literal()?);
    Some(all)
}

/// One side of a `|`.
#[derive(Default)]
struct Choice {
    run: Vec<u8>,
    best: Vec<u8>,
}

impl Choice {
    fn end(&mut self) {
        let run = std::mem::take(&mut self.run);
        if run.len() > self.best.len() {
            self.best = run;
        }
    }

    fn literal(mut self) -> Option<String> {
        self.end();
        String::from_utf8(self.best).ok().filter(|best| best.len() >= TELLING)
    }
}

/// What stands behind the group that begins here.
fn group(mut rest: &[u8]) -> Option<&[u8]> {
    let mut depth = 1;
    rest = opened(rest)?;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = match byte {
            b'\\' => tail.split_first()?.1,
            b'[' => class(tail)?,
            b'(' => {
                depth += 1;
                opened(tail)?
            }
            b')' if depth == 1 => return Some(tail),
            b')' => {
                depth -= 1;
                tail
            }
            _ => tail,
        };
    }
    None
}

/// Flags and look-around are for the parser.
fn opened(rest: &[u8]) -> Option<&[u8]> {
    let plain = !rest.starts_with(b"?") || rest.starts_with(b"?:") || rest.starts_with(b"?P<");
    plain.then_some(rest)
}

/// What stands behind the class that begins here.
fn class(rest: &[u8]) -> Option<&[u8]> {
    let mut rest = rest.strip_prefix(b"^").unwrap_or(rest);
    rest = rest.strip_prefix(b"]").unwrap_or(rest);
    while let Some((&byte, tail)) = rest.split_first() {
        rest = match byte {
            b'\\' => tail.split_first()?.1,
            b']' => return Some(tail),
            b'[' => return None,
            _ => tail,
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::pattern::Pattern;
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    #[test]
    fn what_is_seen_at_a_glance() {
        let of = |pattern| required(pattern).map(|literals| literals.join("|"));
        assert_eq!(of(r"Insufficient\s+(cpu|memory)").as_deref(), Some("insufficient"));
        assert_eq!(of(r"(?i)manifest unknown|toomanyrequests?").as_deref(), Some("manifest unknown|toomanyrequest"));
        assert_eq!(of(r"open [^]\]]+\.yaml: no such \(file\)").as_deref(), Some(".yaml: no such (file)"));
        for pattern in [
            "signature (",
            "signature(?=x)",
            "signature{x}",
            "signature|x",
            r"signature\z",
            r"\<signature",
            "signature)",
            "signature [[:alpha:]]",
        ] {
            assert_eq!(of(pattern), None, "{pattern}");
        }
    }

    /// Generated texts that match a pattern hold its literal.
    #[test]
    fn every_match_holds_a_literal() {
        let mut runner = TestRunner::deterministic();
        for pattern in [
            r#"Failed to pull image "(?P<image>[a-z/]+)".{0,9}(?:manifest unknown|: not found\s)"#,
            r"(?i)jwt error\d+|invalid signature+ of \S+",
            r"connec{0,2}tion was reset [ab]{1,3}",
            r"unable to (?:find|open [^)]+) image\(s\)? here",
            r"[^\]x]connections* refuse\.d?",
        ] {
            let literals = required(pattern).unwrap();
            let texts = prop::string::bytes_regex(pattern).unwrap();
            let mut checked = 0;
            for _ in 0..200 {
                let text = texts.new_tree(&mut runner).unwrap().current();
                // The generator knows letters of Unicode that are another case of ours.
                if !Pattern::new(pattern).unwrap().is_match(&text) {
                    continue;
                }
                checked += 1;
                let text = String::from_utf8_lossy(&text).to_ascii_lowercase();
                assert!(literals.iter().any(|literal| text.contains(literal)), "{pattern}: {text}");
            }
            assert!(checked > 50, "{pattern}: {checked}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_is_never_wrong(pattern in "(\\?\\|?|[abc?*+.^$|()\\[\\]]|\\\\[sdw.|]|\\(\\?:|abcdefgh){0,12}", text in "[abc .|]{0,8}") {
            let text = format!("{text}abcdefgh{text}");
            if let (Ok(regex), Some(literals)) = (Pattern::new(&pattern), required(&pattern))
                && let Some(found) = regex.regex().find(text.as_bytes())
            {
                let found = String::from_utf8_lossy(found.as_bytes());
                prop_assert!(literals.iter().any(|literal| found.contains(literal.as_str())), "{} {} {:?}", pattern, found, literals);
            }
        }
    }
}
