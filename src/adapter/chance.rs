//! Words that nobody can foresee.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// Letters and digits that cannot be taken for one another.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Eight lower-case letters and digits, another word at every call; the first is a letter.
pub fn word() -> String {
    // The keys of the standard library's hashes come from the system's own randomness.
    let mut bits = RandomState::new().hash_one(std::process::id());
    let mut letter = |most: u64| {
        let at = usize::try_from(bits % most).unwrap_or_default();
        bits /= most;
        char::from(LETTERS.get(at).copied().unwrap_or(b'x'))
    };
    std::iter::once(letter(24)).chain((0..7).map(|_| letter(32))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_another_one() {
        let words: std::collections::BTreeSet<String> = (0..1000).map(|_| word()).collect();
        assert_eq!(words.len(), 1000);
        for word in words {
            assert!(word.len() == 8 && word.starts_with(|c: char| c.is_ascii_lowercase()), "{word}");
            assert!(word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{word}");
        }
    }
}
