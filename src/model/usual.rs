//! What earlier runs of a task took: the only ground on which the rest of a run is estimated.

use std::collections::BTreeMap;

/// Medians over earlier runs; empty when there were none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usual {
    /// The whole run, in milliseconds.
    pub whole: Option<u64>,
    /// Its steps by their place, without the items of lists.
    pub steps: BTreeMap<String, UsualStep>,
}

/// A step of earlier runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsualStep {
    /// What it was called: another name at the same place is another step.
    pub name: String,
    /// How long it took, in milliseconds; of a step that ran for items, all of them.
    pub ms: u64,
}

/// The place of a step in the plan: its id without the items of lists, `3[pod-x].1` → `3.1`.
pub fn place(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    let mut inside = false;
    for c in id.chars() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            _ if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_id_without_items() {
        assert_eq!(place("3[pod-x].1"), "3.1");
        assert_eq!(place("f1"), "f1");
        assert_eq!(place("2.r1"), "2.r1");
    }
}
