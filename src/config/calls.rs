//! Who calls whom: that the callee exists, takes what it is given, and does not come back.

use super::book::Book;
use super::fault::{Fault, Place, show};
use super::graph;
use super::tasks::Steps;
use super::tree::Node;
use crate::model::step::Danger;
use std::collections::BTreeMap;

/// The calls between tasks.
#[derive(Debug, Default)]
pub struct Calls {
    /// Caller, callee, where the callee's name stands, the step.
    all: Vec<(String, String, Place, Node)>,
}

impl Calls {
    /// Remembers the calls of a task.
    pub fn gather(&mut self, caller: &str, steps: &Steps) {
        for step in steps.steps.iter().chain(&steps.finally) {
            if let Some(callee) = step.text("task") {
                self.all.push((caller.to_owned(), callee.to_owned(), step.value_place("task"), step.clone()));
            }
        }
    }

    /// Holds every call against the called task.
    pub fn check(&self, book: &mut Book<'_>) {
        let tasks = book.tasks.clone();
        for (caller, callee, place, step) in &self.all {
            if book.faults.is_hopeless() {
                return;
            }
            let Some(called) = tasks.get(callee) else {
                let fault = Fault::new(*place, format!("unknown task {}", show(callee)));
                book.faults.push(fault.among(callee, "tasks", tasks.keys().map(String::as_str), ""));
                continue;
            };
            let own = tasks.get(caller).and_then(|facts| facts.danger);
            if let (Some(own), Some(danger)) = (own, called.danger)
                && own < danger
            {
                let title =
                    format!("{} only {}, but calls {}, which {}", show(caller), verb(own), show(callee), verb(danger));
                let fault = Fault::new(*place, title).also(called.place, verb(danger));
                book.faults.push(fault.help(format!("[tasks.{caller}] needs danger = \"{}\"", word(danger))));
            }
            if let Some(params) = &called.params {
                arguments(callee, params, called.place, *place, step, book);
            }
        }
        self.circles(book);
    }

    fn circles(&self, book: &mut Book<'_>) {
        let names: Vec<&String> = book.tasks.keys().collect();
        let index: BTreeMap<&String, usize> = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
        let mut edges = vec![Vec::new(); names.len()];
        for (caller, callee, ..) in &self.all {
            if let (Some(from), Some(to)) = (index.get(caller), index.get(callee)) {
                edges[*from].push(*to);
            }
        }
        let names: Vec<String> = names.into_iter().cloned().collect();
        let places: BTreeMap<(&str, &str), Place> =
            self.all.iter().rev().map(|(from, to, place, _)| ((from.as_str(), to.as_str()), *place)).collect();
        let (sorted, circles) = graph::order(&edges);
        if circles.is_empty() {
            endless(&edges, &sorted, &names, book);
        }
        for circle in circles {
            let path: Vec<&str> = circle.iter().chain(circle.first()).map(|at| names[*at].as_str()).collect();
            let mut calls = path.windows(2).filter_map(|pair| {
                let [from, to] = pair else { return None };
                Some((*places.get(&(*from, *to))?, format!("{from} -> {to}")))
            });
            let (Some(first), Some((place, _))) = (path.first(), calls.next()) else { continue };
            let mut fault = Fault::new(place, format!("the task {} calls itself", show(first)));
            fault = fault.label(graph::path(&path));
            for (place, label) in calls.take(graph::FEW) {
                fault = fault.also(place, label);
            }
            book.faults.push(fault);
        }
    }
}

/// Most calls below one task: more is a slip that doubles, not a runbook.
const MOST_CALLS: usize = 1000;
/// Deepest nesting of calls.
const DEEPEST: usize = 50;

/// A plan is as large as its calls: held here, before anything is built from them.
fn endless(edges: &[Vec<usize>], sorted: &[usize], names: &[String], book: &mut Book<'_>) {
    let mut calls = vec![0usize; edges.len()];
    let mut depth = vec![0usize; edges.len()];
    for &node in sorted {
        for &need in &edges[node] {
            calls[node] = calls[node].saturating_add(1).saturating_add(calls[need]);
            depth[node] = depth[node].max(depth[need] + 1);
        }
        let title = if calls[node] > MOST_CALLS {
            format!("{} comes to {} calls of other tasks; {MOST_CALLS} is the most", show(&names[node]), calls[node])
        } else if depth[node] > DEEPEST {
            format!("calls nest {} deep below {}; {DEEPEST} is the most", depth[node], show(&names[node]))
        } else {
            continue;
        };
        if let Some(facts) = book.tasks.get(&names[node]) {
            book.faults.push(Fault::new(facts.place, title));
        }
        // The callers of this one are too large for the same reason.
        return;
    }
}

/// What is given must be a parameter; what must be given, is.
fn arguments(
    callee: &str,
    params: &BTreeMap<String, bool>,
    declared: Place,
    place: Place,
    step: &Node,
    book: &mut Book<'_>,
) {
    let known = || params.keys().map(String::as_str);
    let mut meant = Vec::new();
    for entry in step.map("with").iter().filter(|entry| !params.contains_key(&entry.key)) {
        let fault = Fault::new(entry.place, format!("{} has no parameter {}", show(callee), show(&entry.key)));
        meant.extend(crate::text::suggest(&entry.key, known()));
        book.faults.push(if params.is_empty() {
            fault.also(declared, "takes no parameters")
        } else {
            fault.among(&entry.key, "its parameters", known(), "")
        });
    }
    if step.is_broken("with") {
        return;
    }
    for (name, _) in params.iter().filter(|(_, required)| **required) {
        let given = step.map("with").iter().any(|entry| entry.key == *name);
        if !given && !meant.contains(&name.as_str()) {
            let fault = Fault::new(place, format!("{} must be given its parameter {}", show(callee), show(name)));
            book.faults.push(fault.help(format!("add with = {{ {name} = \"...\" }}")));
        }
    }
}

fn verb(danger: Danger) -> &'static str {
    match danger {
        Danger::Read => "reads",
        Danger::Change => "changes something",
        Danger::Destroy => "destroys something",
    }
}

fn word(danger: Danger) -> &'static str {
    match danger {
        Danger::Read => "read",
        Danger::Change => "change",
        Danger::Destroy => "destroy",
    }
}
