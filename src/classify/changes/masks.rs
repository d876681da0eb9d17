//! Masks of hidden secrets, as YAML can hold them: `[hidden DB_PASSWORD 9 chars #01234567]` is the
//! beginning of a list and a comment to a YAML parser, a letter is not.

use regex::Regex;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Around the number of a mask; both are letters to YAML, and nobody's text holds them.
const OPEN: char = '\u{e0f8}';
const CLOSE: char = '\u{e0f9}';

/// A mask as the redactor prints it: `run::redact_mask` is above this layer, a test holds them together.
#[expect(clippy::expect_used, reason = "a constant of the source; the tests compile it")]
static MASK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\[hidden (?:[A-Za-z0-9_./-]{1,64} )?([0-9]{1,9}) chars #([0-9a-f]{8})\]").expect("a constant pattern")
});

/// The masks of a comparison. Equal secrets share a number, whatever key they stood behind.
#[derive(Debug, Default)]
pub(super) struct Masks {
    printed: Vec<String>,
    known: HashMap<(String, String), usize>,
}

impl Masks {
    /// The text with a stand-in for each mask.
    pub(super) fn take(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut last = 0;
        for found in MASK.captures_iter(text) {
            let (Some(whole), Some(chars), Some(tag)) = (found.get(0), found.get(1), found.get(2)) else { continue };
            out.push_str(&text[last..whole.start()]);
            let number = *self.known.entry((chars.as_str().to_owned(), tag.as_str().to_owned())).or_insert_with(|| {
                self.printed.push(whole.as_str().to_owned());
                self.printed.len() - 1
            });
            out.push_str(&format!("{OPEN}{number}{CLOSE}"));
            last = whole.end();
        }
        out.push_str(&text[last..]);
        out
    }

    /// The text with its masks again.
    pub(super) fn give_back(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, tail)) = rest.split_once(OPEN) {
            out.push_str(before);
            let mask = tail
                .split_once(CLOSE)
                .and_then(|(number, behind)| Some((self.printed.get(number.parse::<usize>().ok()?)?, behind)));
            match mask {
                Some((mask, behind)) => {
                    out.push_str(mask);
                    rest = behind;
                }
                None => {
                    out.push(OPEN);
                    rest = tail;
                }
            }
        }
        out.push_str(rest);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_goes_and_comes_back_and_equal_secrets_stay_equal() {
        let mut masks = Masks::default();
        let one = "a: [hidden 9 chars #01234567]@db";
        let same = masks.take("k: [hidden DB_PASSWORD 9 chars #01234567]");
        let taken = masks.take(one);
        assert!(!taken.contains('['), "{taken}");
        assert_eq!(taken.trim_start_matches("a: ").trim_end_matches("@db"), same.trim_start_matches("k: "));
        assert_ne!(masks.take("[hidden 9 chars #01234568]"), masks.take("[hidden 9 chars #01234567]"));
        assert_eq!(masks.give_back(&same), "k: [hidden DB_PASSWORD 9 chars #01234567]");
        let foreign = format!("{OPEN}77{CLOSE} {OPEN}x");
        assert_eq!(masks.give_back(&foreign), foreign);
    }
}
