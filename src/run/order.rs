//! What ran side by side, in the order in which it is written down: a diagnosis must not depend on who was done first.

use crate::model::finding::Document;
use std::cmp::Ordering;
use std::collections::VecDeque;

/// A document for the diagnosis, and the step that it is of.
#[derive(Debug)]
pub(super) struct Kept {
    /// The step's id, with the items of its lists.
    pub(super) id: String,
    /// What its call printed.
    pub(super) document: Document,
}

/// Puts what is kept of the steps of a block, from `first` on, in the order of the steps. What is not of the block stays
/// where it is.
pub(super) fn settle(kept: &mut VecDeque<Kept>, first: usize, block: &str) {
    let mut places = Vec::new();
    let (mut of_block, mut others) = (Vec::new(), Vec::new());
    for (place, one) in kept.split_off(first.min(kept.len())).into_iter().enumerate() {
        if is_in(&one.id, block) {
            places.push(place);
            of_block.push(one);
        } else {
            others.push(one);
        }
    }
    of_block.sort_by(|one, other| compare(&one.id, &other.id));
    let (mut places, mut of_block, mut others) =
        (places.into_iter().peekable(), of_block.into_iter(), others.into_iter());
    let next = |place| if places.next_if_eq(&place).is_some() { of_block.next() } else { others.next() };
    kept.extend((0..).map_while(next));
}

fn is_in(id: &str, block: &str) -> bool {
    block.is_empty() || id.strip_prefix(block).is_some_and(|rest| rest.starts_with('.'))
}

/// `2.10` after `2.9`, what is required before the steps, what is verified after them.
fn compare(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.split('.'), other.split('.'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(one), Some(other)) => match rank(one).cmp(&rank(other)) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
        }
    }
}

/// Kind, number, item: `12[web]` is (1, 12, "[web]"), `v3` is (2, 3, "").
fn rank(part: &str) -> (u8, u64, &str) {
    let kind = match part.as_bytes().first() {
        Some(b'r') => 0,
        Some(b'v') => 2,
        Some(b'f') => 3,
        _ => 1,
    };
    let number = part.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
    let end = number.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(number.len());
    let (digits, item) = number.split_at(end);
    (kind, digits.parse().unwrap_or(u64::MAX), item)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(id: &str) -> Kept {
        let document = Document { file: id.to_owned(), argv: Vec::new(), is_stderr: false, text: Vec::new() };
        Kept { id: id.to_owned(), document }
    }

    fn settled(ids: &[&str], block: &str) -> Vec<String> {
        let mut all: VecDeque<Kept> = ids.iter().map(|id| kept(id)).collect();
        settle(&mut all, 0, block);
        all.into_iter().map(|kept| kept.document.file).collect()
    }

    #[test]
    fn steps_are_in_the_order_of_their_numbers() {
        let want = ["2.r1", "2.1", "2.2[a]", "2.2[b]", "2.2[b].1", "2.9", "2.10", "2.v1", "2.f1"];
        let mut mixed = want;
        mixed.reverse();
        assert_eq!(settled(&mixed, "2"), want);
        assert_eq!(settled(&["10", "r2", "r1", "9"], ""), ["r1", "r2", "9", "10"]);
    }

    #[test]
    fn what_is_not_of_the_block_stays_where_it_is() {
        assert_eq!(settled(&["1", "2.3", "20.1", "2.1", "3"], "2"), ["1", "2.1", "20.1", "2.3", "3"]);
    }
}
