//! What explains what: names that are none, and circles.

use super::bench::{Bench, Ready};
use crate::model::lint::{Defect, Kind, Spot};
use crate::text::{is_like, suggest};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Ids have lower-case letters, digits and `-`, and `*` is the only wildcard.
fn is_like_an_id(pattern: &str) -> bool {
    pattern.chars().all(|c| c.is_ascii_alphanumeric() || "-_*".contains(c))
}

/// Names in `explains` and `confirm`. `checks` are those of the task file.
pub(super) fn names(bench: &Bench<'_>, checks: Option<&BTreeSet<&str>>, defects: &mut Vec<Defect>) {
    let ids = || bench.all.iter().map(Ready::id);
    let mut unchecked: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for ready in &bench.all {
        for (index, pattern) in ready.symptom.explains.iter().enumerate() {
            let spot = Spot::Element("explains", index);
            if !is_like_an_id(pattern) {
                let message = format!("`{pattern}` is read as an id, and no id has such letters");
                let help = match pattern.replace(".*", "*") {
                    plain if is_like_an_id(&plain) => format!("`*` stands for any text: did you mean `{plain}`?"),
                    _ => "one id in each text; `*` stands for any text, nothing else for anything".to_owned(),
                };
                defects.push(Defect::error(Kind::LiteralRegex, ready.id(), spot, message, help));
            } else if !ids().any(|id| id != ready.id() && is_like(pattern, id)) {
                let message = match is_like(pattern, ready.id()) {
                    true => "a symptom does not explain itself".to_owned(),
                    false => format!("there is no symptom `{pattern}` to explain"),
                };
                let help = match suggest(pattern, ids().filter(|id| *id != ready.id())) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "refloat explain   (lists them all)".to_owned(),
                };
                defects.push(Defect::error(Kind::UnknownId, ready.id(), spot, message, help));
            }
        }
        let Some(checks) = checks else { continue };
        for (index, check) in
            ready.symptom.confirm.iter().enumerate().filter(|(_, check)| !checks.contains(check.as_str()))
        {
            if !ready.own {
                unchecked.entry(check).or_default().push(ready.id());
                continue;
            }
            let help = match suggest(check, checks.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("declare it: [checks.{check}]"),
            };
            let message = format!("there is no check `{check}`");
            defects.push(Defect::error(Kind::UnknownId, ready.id(), Spot::Element("confirm", index), message, help));
        }
    }
    // Who declares none of them has no use for them; who declares some has forgotten the others.
    let is_used = |ready: &Ready<'_>| {
        !ready.own
            && ready.symptom.confirm.iter().any(|check| checks.is_some_and(|checks| checks.contains(check.as_str())))
    };
    if let Some(first) = unchecked.values().flatten().next().filter(|_| bench.all.iter().any(is_used)) {
        let names: Vec<String> = unchecked.keys().map(|check| format!("`{check}`")).collect();
        let message = format!("no check of the task file confirms this: there is no {}", names.join(", "));
        let help = "declare them, [checks.NAME], and a live diagnosis asks them";
        let others: BTreeSet<&str> = unchecked.values().flatten().copied().filter(|id| id != first).collect();
        defects.push(Defect::warning(Kind::UnknownId, first, Spot::Key("confirm"), message, help).with(others));
    }
}

/// Circles: each is told of once.
pub(super) fn cycles(bench: &Bench<'_>, defects: &mut Vec<Defect>) {
    let effects: Vec<Vec<usize>> = bench
        .all
        .iter()
        .map(|cause| (0..bench.all.len()).filter(|other| cause.explains(&bench.all[*other])).collect())
        .collect();
    let mut told: BTreeSet<usize> = BTreeSet::new();
    // A user's own symptom is told of rather than a built-in.
    let mut order: Vec<usize> = (0..bench.all.len()).collect();
    order.sort_by_key(|index| !bench.all[*index].own);
    for index in order {
        if told.contains(&index) {
            continue;
        }
        let Some(circle) = circle(&effects, index) else { continue };
        told.extend(&circle);
        let path: Vec<String> = circle.iter().chain([&index]).map(|at| format!("`{}`", bench.all[*at].id())).collect();
        let message = format!("a circle: {}", path.join(" explains "));
        let help = "a cause explains its effects, never the other way round: take one of these out of `explains`";
        let others = circle.iter().skip(1).map(|at| bench.all[*at].id());
        defects
            .push(Defect::error(Kind::Cycle, bench.all[index].id(), Spot::Key("explains"), message, help).with(others));
    }
}

/// The shortest way from a symptom back to itself, without its end.
fn circle(effects: &[Vec<usize>], start: usize) -> Option<Vec<usize>> {
    let mut from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for next in &effects[at] {
            if *next == start {
                let mut path = vec![at];
                while let Some(before) = path.last().and_then(|at| from.get(at)) {
                    path.push(*before);
                }
                path.reverse();
                return Some(path);
            }
            if !from.contains_key(next) {
                from.insert(*next, at);
                queue.push_back(*next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_way_round() {
        let effects = [vec![1, 2], vec![2], vec![3], vec![0], vec![0]];
        assert_eq!(circle(&effects, 0), Some(vec![0, 2, 3]));
        assert_eq!(circle(&effects, 4), None);
        assert_eq!(circle(&[vec![]], 0), None);
    }
}
