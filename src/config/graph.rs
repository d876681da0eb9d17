//! Who needs whom: an order in which needs come first, and the circles that allow none.

/// More circles than this are not looked for: the report shows no more.
const ENOUGH: usize = 20;

/// Node numbers with needs before those who need them, and circles, each from its first node back
/// to before it. `edges[n]` are the needs of `n`. Iterative: a long chain is no deep recursion.
pub fn order(edges: &[Vec<usize>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut states = vec![State::New; edges.len()];
    let mut sorted = Vec::with_capacity(edges.len());
    let mut circles: Vec<Vec<usize>> = Vec::new();
    for root in 0..edges.len() {
        if states[root] != State::New {
            continue;
        }
        states[root] = State::Open;
        let mut path = vec![(root, 0)];
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            if let Some(&need) = edges[node].get(*next) {
                *next += 1;
                match states[need] {
                    State::New => {
                        states[need] = State::Open;
                        path.push((need, 0));
                    }
                    State::Open if circles.len() < ENOUGH => {
                        let from = path.iter().position(|(open, _)| *open == need).unwrap_or(0);
                        circles.push(path.iter().skip(from).map(|(open, _)| *open).collect());
                    }
                    State::Open | State::Done => {}
                }
            } else {
                states[node] = State::Done;
                sorted.push(node);
                path.pop();
            }
        }
    }
    (sorted, circles)
}

/// So many steps of a path are shown.
pub const FEW: usize = 8;

/// `a -> b -> a`; of a long path its first steps and its last.
pub fn path(names: &[&str]) -> String {
    match names {
        [head @ .., last] if names.len() > FEW + 2 => {
            format!("{} -> ... {} more ... -> {last}", head[..FEW].join(" -> "), names.len() - FEW - 1)
        }
        names => names.join(" -> "),
    }
}

#[cfg(test)]
mod tests {
    use super::order;
    use proptest::prelude::*;

    #[test]
    fn circles_are_paths() {
        assert_eq!(order(&[vec![1], vec![2], vec![0]]).1, [[0, 1, 2]]);
        assert_eq!(order(&[vec![0]]).1, [[0]]);
        assert_eq!(order(&[vec![1, 2], vec![3], vec![3], vec![]]), (vec![3, 1, 2, 0], vec![]));
    }

    #[test]
    fn a_long_chain_is_no_deep_recursion() {
        let last = 200_000;
        let edges: Vec<Vec<usize>> = (0..=last).map(|n| if n < last { vec![n + 1] } else { vec![] }).collect();
        assert_eq!(order(&edges).0.first(), Some(&last));
    }

    proptest! {
        #[test]
        fn needs_come_first_or_there_is_a_circle(edges in proptest::collection::vec(proptest::collection::vec(0usize..8, 0..4), 8)) {
            let (sorted, circles) = order(&edges);
            let at = |node: usize| sorted.iter().position(|n| *n == node).unwrap();
            let first = (0..8).all(|node| edges[node].iter().all(|need| at(*need) < at(node)));
            prop_assert_eq!(first, circles.is_empty());
        }
    }
}
