//! How many of how many. What makes no sense is not taken, and nothing is taken back.

use super::meter::{Reading, Unit};

/// Numbers above this count nothing: the largest below which every number is exact as a float.
const MOST: u64 = 1 << 53;
/// Longest stage that is kept, in characters.
const STAGE: usize = 200;

/// What is known so far.
#[derive(Debug, Default)]
pub(super) struct Count {
    current: Option<u64>,
    total: Option<u64>,
    unit: Option<Unit>,
}

impl Count {
    /// Takes `current` of `total`, unless that is nonsense or a step back. Was it taken?
    pub(super) fn see(&mut self, current: u64, total: u64, unit: Option<Unit>) -> bool {
        let is_sane = total > 0 && total <= MOST && current <= total;
        let is_back = self.total.is_some() && self.current.is_some_and(|known| current < known);
        if is_sane && !is_back {
            *self = Self { current: Some(current), total: Some(total), unit };
        }
        is_sane && !is_back
    }

    /// Takes a number of which nobody knows what it is a part of; it may go back. Not where a total is known.
    pub(super) fn see_alone(&mut self, current: u64, unit: Option<Unit>) {
        if self.total.is_none() && current <= MOST {
            *self = Self { current: Some(current), total: None, unit };
        }
    }

    /// There is less to do than it seemed, but no less than what is done.
    pub(super) fn settle(&mut self, total: u64) {
        if self.total.is_some_and(|known| total < known) && self.current.is_some_and(|current| current <= total) {
            self.total = Some(total);
        }
    }

    /// Everything that is counted is done.
    pub(super) fn complete(&mut self) {
        self.current = self.total.or(self.current);
    }

    /// What is done, where a total is known.
    pub(super) fn known(&self) -> Option<(u64, u64)> {
        Some((self.current?, self.total?))
    }

    /// With words, a reading.
    pub(super) fn reading(&self, stage: Option<&String>) -> Reading {
        Reading { stage: stage.cloned(), current: self.current, total: self.total, unit: self.unit }
    }
}

/// A number as tools print it: digits and nothing else, of a sane size.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 16 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok().filter(|number| *number <= MOST)
}

/// Bytes as the words of a stage: text, on one line, not without end.
pub(super) fn words(text: &[u8]) -> String {
    // A character has at most four bytes.
    let text = text.trim_ascii();
    let text = String::from_utf8_lossy(text.get(..STAGE * 4).unwrap_or(text));
    text.chars().take(STAGE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_and_steps_back_are_not_taken() {
        let mut count = Count::default();
        assert!(count.see(2, 9, None));
        for (current, total) in [(1, 9), (3, 0), (10, 9), (3, 2), (3, u64::MAX)] {
            assert!(!count.see(current, total, None), "{current}/{total}");
        }
        assert_eq!(count.known(), Some((2, 9)));
        count.see_alone(1, None);
        assert_eq!(count.known(), Some((2, 9)));
        count.complete();
        assert_eq!(count.known(), Some((9, 9)));
    }

    #[test]
    fn a_number_is_digits() {
        for (text, value) in [
            ("19", Some(19)),
            ("0", Some(0)),
            ("9007199254740992", Some(MOST)),
            ("9007199254740993", None),
            ("99999999999999999999999", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("unknown", None),
            ("", None),
        ] {
            assert_eq!(number(text.as_bytes()), value, "{text}");
        }
    }

    #[test]
    fn words_are_text_of_a_bounded_length() {
        assert_eq!(words(b"  RUN npm ci \xff"), "RUN npm ci \u{fffd}");
        assert_eq!(words("\u{e4}".repeat(5000).as_bytes()).chars().count(), STAGE);
    }
}
