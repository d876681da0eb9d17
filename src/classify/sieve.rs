//! Hundreds of literals, case ignored, looked for in one pass that touches every other byte pair once.
//!
//! Of each literal a window of four bytes at two neighbouring offsets is remembered: wherever the
//! literal stands, one of the two begins at an even offset of the text. A bit per hash of a window
//! dismisses nearly all of the text; the rest is compared. Building costs microseconds where an
//! automaton of the same literals costs milliseconds.

/// Shorter literals do not hold two windows.
pub(crate) const SHORTEST: usize = WINDOW + STRIDE - 1;

const WINDOW: usize = 4;
const STRIDE: usize = 2;
/// Bits of a hash; one bit of the table for each hash.
const HASH: u32 = 16;
/// Hashes that share their first bits share a bucket of entries.
const BUCKET: u32 = 12;

/// Where a window of a literal lies in it.
struct Entry {
    hash: u32,
    literal: usize,
    offset: usize,
}

/// The literals, ready to be looked for.
pub(crate) struct Sieve {
    literals: Vec<Vec<u8>>,
    bits: Box<[u64; 1 << (HASH - 6)]>,
    /// By hash.
    entries: Vec<Entry>,
    /// Where each bucket begins in `entries`, and where the last one ends.
    buckets: Vec<usize>,
}

impl Sieve {
    /// Takes ASCII literals of at least [`SHORTEST`] bytes in lower case; a shorter one is never found.
    pub(crate) fn new(literals: Vec<Vec<u8>>) -> Self {
        let mut bits = Box::new([0; 1 << (HASH - 6)]);
        let mut entries = Vec::with_capacity(STRIDE * literals.len());
        for (index, literal) in literals.iter().enumerate().filter(|(_, literal)| literal.len() >= SHORTEST) {
            let rarest = (0..=literal.len() - SHORTEST).min_by_key(|at| commonness(&literal[*at..*at + SHORTEST]));
            let first = rarest.unwrap_or(0);
            for offset in first..first + STRIDE {
                let bytes = literal[offset..offset + WINDOW].iter().rev();
                let hash = hash(bytes.fold(0, |window, byte| window << 8 | u32::from(*byte)));
                bits[hash as usize >> 6] |= 1 << (hash & 63);
                entries.push(Entry { hash, literal: index, offset });
            }
        }
        entries.sort_unstable_by_key(|entry| entry.hash);
        let buckets =
            (0..=1 << BUCKET).map(|bucket| entries.partition_point(|entry| bucket_of(entry.hash) < bucket)).collect();
        Self { literals, bits, entries, buckets }
    }

    /// Tells of every place of every literal: the literal's index, and an offset inside its place.
    /// Those offsets never fall.
    pub(crate) fn find(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        let mut window = 0;
        for (index, pair) in text.chunks_exact(STRIDE).enumerate() {
            window = window >> 16 | u32::from(u16::from_le_bytes([pair[0], pair[1]])) << 16;
            let hash = hash(window);
            if self.bits[hash as usize >> 6] >> (hash & 63) & 1 == 1
                && let Some(at) = (index * STRIDE).checked_sub(STRIDE)
            {
                for literal in self.standing(text, at, hash) {
                    found(literal, at);
                }
            }
        }
    }

    /// The literals that stand in `text` with a window at `at`.
    fn standing(&self, text: &[u8], at: usize, hash: u32) -> impl Iterator<Item = usize> {
        let bucket = bucket_of(hash);
        let entries = self.entries.get(self.buckets[bucket]..self.buckets[bucket + 1]).unwrap_or_default();
        entries.iter().filter(move |entry| entry.hash == hash).filter_map(move |entry| {
            let literal = &self.literals[entry.literal];
            let place = text.get(at.checked_sub(entry.offset)?..)?.get(..literal.len())?;
            place.eq_ignore_ascii_case(literal).then_some(entry.literal)
        })
    }
}

fn bucket_of(hash: u32) -> usize {
    (hash >> (HASH - BUCKET)) as usize
}

/// Letters of both cases fall together; so do a few signs, which the comparison tells apart.
fn hash(window: u32) -> u32 {
    (window | 0x2020_2020).wrapping_mul(0x9E37_79B1) >> (u32::BITS - HASH)
}

/// How often these bytes stand in logs, roughly: what is rare makes the better window.
fn commonness(bytes: &[u8]) -> usize {
    const FROM_RARE: &[u8] = b"zqjxkvbywgpfmuhldcrsniaote";
    let one = |byte: &u8| FROM_RARE.iter().position(|letter| letter == byte).unwrap_or(FROM_RARE.len());
    bytes.iter().map(one).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn found(literals: &[&str], text: &str) -> BTreeSet<usize> {
        let mut out = BTreeSet::new();
        let literals = literals.iter().map(|literal| literal.as_bytes().to_vec()).collect();
        Sieve::new(literals).find(text.as_bytes(), |literal, _| {
            out.insert(literal);
        });
        out
    }

    #[test]
    fn literals_stand_at_even_and_odd_offsets_in_any_case() {
        let literals = ["denied", "x509:", "connection ref"];
        assert_eq!(found(&literals, "Denied"), [0].into());
        assert_eq!(found(&literals, " DENIED x509:"), [0, 1].into());
        assert_eq!(found(&literals, "dial: Connection refused"), [2].into());
        assert_eq!(found(&literals, "denie x509; connection re"), [].into());
        assert_eq!(found(&literals, ""), [].into());
    }

    proptest! {
        #[test]
        fn finds_what_stands_there(text in "[abAB\\[{]{0,40}", literals in prop::collection::vec("[ab\\[{]{5,9}", 1..5)) {
            let words: Vec<&str> = literals.iter().map(String::as_str).collect();
            let lower = text.to_ascii_lowercase();
            let expected = (0..words.len()).filter(|index| lower.contains(words[*index])).collect();
            prop_assert_eq!(found(&words, &text), expected);
        }

        #[test]
        fn places_hold_their_literal_and_never_fall(text in "[ab]{0,60}") {
            let mut last = 0;
            Sieve::new(vec![b"aabab".to_vec(), b"babab".to_vec()]).find(text.as_bytes(), |_, at| {
                assert!(at >= last && at < text.len());
                last = at;
            });
        }
    }
}
