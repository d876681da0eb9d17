//! Two plans as data: in what they differ, in lines for a person.

use super::quoting;
use serde_json::Value;
use std::collections::BTreeMap;

/// Most differences that are told; a person needs the first few.
const MOST: usize = 12;
/// Longest value that is told in full, in characters.
const LONGEST: usize = 160;

/// What `now` does otherwise than `then`, each in two lines: `- before`, `+ now`. Empty when they
/// are the same. `step 6: argv` stands before the two.
pub fn differences(then: &Value, now: &Value) -> Vec<String> {
    let (then, now) = (facts(then), facts(now));
    let mut places: Vec<&String> = then.keys().chain(now.keys()).collect();
    places.sort_by_key(|place| place_order(place));
    places.dedup();
    let differ: Vec<&String> = places.into_iter().filter(|place| then.get(*place) != now.get(*place)).collect();
    let mut lines = Vec::new();
    for place in differ.iter().take(MOST) {
        lines.push(format!("{place}:"));
        lines.extend(then.get(*place).map(|value| format!("  - {value}")));
        lines.extend(now.get(*place).map(|value| format!("  + {value}")));
    }
    if differ.len() > MOST {
        lines.push(format!("and {} more", differ.len() - MOST));
    }
    lines
}

/// Steps by number, not by letter: 10 comes after 9.
fn place_order(place: &str) -> (Vec<u32>, &str) {
    let numbers = place.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect();
    (numbers, place)
}

/// Place → value, for everything that is not made of other things. An argv is one thing.
fn facts(plan: &Value) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    walk(plan, "", "", &mut all);
    all
}

fn walk(value: &Value, step: &str, key: &str, all: &mut BTreeMap<String, String>) {
    let place = || match (step.is_empty(), key.is_empty()) {
        (true, _) => key.to_owned(),
        (false, true) => format!("step {step}"),
        (false, false) => format!("step {step}: {key}"),
    };
    let inside = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key} {name}") };
    match value {
        Value::Object(fields) => {
            let id = fields.get("id").and_then(Value::as_str);
            let (step, key_is_over) = id.map_or((step, false), |id| (id, true));
            for (name, field) in fields {
                let key = if key_is_over { name.clone() } else { inside(name) };
                // Where a step stands is its number; the words around it are not.
                let key = if matches!(name.as_str(), "steps" | "finally") { String::new() } else { key };
                walk(field, step, &key, all);
            }
        }
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let words: Vec<String> = items.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            add(all, place(), &quoting::argv(&words));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let is_step = item.get("id").is_some();
                let key = if is_step { key.to_owned() } else { inside(&(index + 1).to_string()) };
                walk(item, step, &key, all);
            }
        }
        Value::String(text) => add(all, place(), text),
        Value::Null => {}
        other => add(all, place(), &other.to_string()),
    }
}

fn add(all: &mut BTreeMap<String, String>, place: String, value: &str) {
    let mut short: String = value.chars().take(LONGEST).collect();
    if short.len() < value.len() {
        // Cut texts that begin alike must still differ.
        short = format!("{short}... ({} characters)", value.chars().count());
        if let Some(tail) = value.char_indices().rev().nth(30).map(|(at, _)| &value[at..]) {
            short.push_str(" ...");
            short.push_str(tail);
        }
    }
    let mut free = place.clone();
    let mut number = 1;
    while all.contains_key(&free) {
        number += 1;
        free = format!("{place} ({number})");
    }
    all.insert(free, short);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plan(cpus: &str, steps: usize) -> Value {
        let step =
            |number: usize| json!({ "id": number.to_string(), "kind": "run", "argv": ["minikube", "start", cpus] });
        json!({ "task": "reset", "steps": (1..=steps).map(step).collect::<Vec<_>>(), "parallel": 1 })
    }

    #[test]
    fn the_same_plan_has_no_differences() {
        assert_eq!(differences(&plan("4", 3), &plan("4", 3)), Vec::<String>::new());
    }

    #[test]
    fn a_changed_argument_is_told_with_its_step() {
        let told = differences(&plan("--cpus=4", 1), &plan("--cpus=8", 1));
        assert_eq!(told, ["step 1: argv:", "  - minikube start --cpus=4", "  + minikube start --cpus=8"]);
    }

    #[test]
    fn a_step_that_was_added_is_told_in_order() {
        let told = differences(&plan("a b", 9), &plan("a b", 10));
        assert_eq!(
            told,
            ["step 10: argv:", "  + minikube start 'a b'", "step 10: id:", "  + 10", "step 10: kind:", "  + run"]
        );
    }

    #[test]
    fn many_differences_are_counted() {
        let told = differences(&plan("a", 40), &plan("b", 40));
        assert_eq!(told.last().unwrap(), "and 28 more");
    }

    #[test]
    fn long_values_that_differ_only_at_their_end_do_differ() {
        let long = |end: &str| json!({ "id": "1", "argv": ["x".repeat(500), end] });
        assert_ne!(differences(&long("a"), &long("b")), Vec::<String>::new());
    }
}
