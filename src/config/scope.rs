//! Which variables are known where: that every `${name}` has a value when its turn comes.
//!
//! A task's steps see the variables of the file, the task's parameters, the named groups of
//! `expect` in earlier steps of the same task, and, in a `for` step, what its list holds. A check
//! sees what the place that asks it sees.

use super::book::Book;
use super::fault::{Fault, Place, show};
use super::steps;
use super::tasks::Steps;
use super::tree::{Node, Use};
use crate::model::exchange::{SCRATCH, UNIQUE};
use std::collections::{BTreeMap, BTreeSet};

/// Variables that checks need beyond those of the file, and whether those who ask them have them.
#[derive(Debug, Default)]
pub struct Needs {
    /// Check → its open variables.
    open: BTreeMap<String, Vec<Use>>,
    /// Check, variable → places that ask without having it.
    missing: BTreeMap<(String, String), Vec<Place>>,
    /// Check, variable: somebody who asks has it.
    met: BTreeSet<(String, String)>,
    /// Every name that some task defines: for "did you mean".
    defined: BTreeSet<String>,
    /// A check that asks others → those, with their places.
    parts: BTreeMap<String, Vec<(String, Place)>>,
    /// Of these the ones whose parts a task that requires them asks one by one.
    spread: BTreeSet<String>,
}

/// What is known at some point of a task.
struct Scope {
    params: BTreeSet<String>,
    names: BTreeSet<String>,
    /// List → its variables.
    lists: BTreeMap<String, BTreeSet<String>>,
    /// Named groups of any step's `expect`, with their places.
    later: BTreeMap<String, Place>,
    /// A part of the task that could define names was wrong: nothing can be said of a missing one.
    blurred: bool,
}

impl Needs {
    /// Remembers what a check needs.
    pub fn check(&mut self, name: &str, node: &Node, book: &mut Book<'_>) {
        let own = found_before(node, book);
        let is_known = |used: &Use| {
            book.var_names.contains(&used.name) || own.contains(&used.name) || node.has("room") && used.name == "pod"
        };
        let open: Vec<Use> = node.uses().into_iter().filter(|used| !is_known(used)).collect();
        if !open.is_empty() {
            self.open.insert(name.to_owned(), open);
        }
    }

    /// Remembers whom a check asks.
    pub fn parts(&mut self, name: &str, node: &Node, key: &str) {
        let parts = node
            .list(key)
            .iter()
            .filter_map(|item| Some((item.text()?.trim_start_matches('!').to_owned(), item.place)));
        self.parts.insert(name.to_owned(), parts.collect());
        if node.has("parallel") {
            self.spread.insert(name.to_owned());
        }
    }

    /// Walks a task and holds every use against what is known at its place.
    pub fn task(&mut self, node: &Node, steps: &Steps, book: &mut Book<'_>) {
        let params = node.tables("params").filter_map(|param| param.text("name"));
        let params: BTreeSet<String> = params.map(str::to_owned).collect();
        let mut scope = Scope {
            names: params.iter().cloned().chain([UNIQUE, SCRATCH].map(str::to_owned)).collect(),
            params,
            lists: BTreeMap::new(),
            later: BTreeMap::new(),
            blurred: node.is_broken("params") || node.is_broken("steps") || node.is_broken("finally"),
        };
        for step in steps.steps.iter().chain(&steps.finally) {
            let place = step.value_place("expect");
            let groups = step.pattern("expect").map(|pattern| pattern.groups().map(str::to_owned).collect::<Vec<_>>());
            scope.later.extend(groups.into_iter().flatten().map(|group| (group, place)));
        }
        scope.blurred |= node.tables("params").any(|param| param.is_broken("name"));
        self.defined.extend(scope.names.iter().cloned());
        for used in node.item("confirm").and_then(|item| item.filling()).iter().flat_map(|filling| &filling.uses) {
            unknown(used, &scope, book);
        }
        self.gates(node, "require", &scope, book);
        for step in &steps.steps {
            self.step(step, &mut scope, book);
        }
        self.gates(node, "guard", &scope, book);
        self.gates(node, "verify", &scope, book);
        for step in &steps.finally {
            self.step(step, &mut scope, book);
        }
    }

    fn gates(&mut self, node: &Node, key: &str, scope: &Scope, book: &Book<'_>) {
        for item in node.list(key) {
            if let Some(text) = item.text() {
                self.asks(text.trim_start_matches('!'), item.place, scope, book);
            }
        }
    }

    fn step(&mut self, step: &Node, scope: &mut Scope, book: &mut Book<'_>) {
        let items = items(step, scope, book);
        let outer = scope.names.clone();
        scope.names.extend(items.iter().flatten().cloned());
        for used in step.uses() {
            unknown(&used, scope, book);
        }
        for (check, place) in steps::asked(step) {
            self.asks(&check, place, scope, book);
        }
        if let Some(items) = &items
            && step.has("save")
        {
            let save = step.template("save").unwrap_or_default();
            if !save.names().iter().any(|name| items.contains(*name)) && !scope.blurred {
                let list = step.text("for").unwrap_or_default();
                let title = format!("every item of {} would be saved to the same file", show(list));
                book.faults.push(Fault::new(step.value_place("save"), title).label(format!("use `${{{list}}}` in it")));
            }
        }
        scope.names = outer;
        self.defines(step, scope, book);
    }

    /// What the step adds to the scope of those behind it.
    fn defines(&mut self, step: &Node, scope: &mut Scope, book: &mut Book<'_>) {
        scope.blurred |= step.is_broken("expect") || step.is_broken("each");
        if let Some(pattern) = step.pattern("expect") {
            for group in pattern.groups() {
                hides(group, step.value_place("expect"), scope, book);
                scope.names.insert(group.to_owned());
                self.defined.insert(group.to_owned());
            }
        }
        let Some(each) = step.table("each") else { return };
        scope.blurred |= each.is_broken("as") || each.is_broken("match");
        if let (Some(list), Some(pattern)) = (each.text("as"), each.pattern("match")) {
            for group in pattern.groups() {
                hides(group, each.value_place("match"), scope, book);
                self.defined.insert(group.to_owned());
            }
            let groups = pattern.groups().chain([list]).map(str::to_owned);
            scope.lists.entry(list.to_owned()).or_default().extend(groups);
        }
    }

    fn asks(&mut self, check: &str, place: Place, scope: &Scope, book: &Book<'_>) {
        // What is asked by others asks no others, but for those whose parts are asked one by one.
        let is_spread = self.spread.contains(check);
        let is_end = |part: &String| !self.parts.contains_key(part) || is_spread && !self.spread.contains(part);
        let parts = self.parts.get(check).into_iter().flatten().map(|(part, _)| part.clone());
        let parts: Vec<String> = parts.filter(is_end).collect();
        for part in &parts {
            self.asks(part, place, scope, book);
        }
        for used in self.open.get(check).into_iter().flatten() {
            let key = (check.to_owned(), used.name.clone());
            if scope.blurred || scope.names.contains(&used.name) || book.var_names.contains(&used.name) {
                self.met.insert(key);
            } else {
                self.missing.entry(key).or_default().push(place);
            }
        }
    }

    /// Reports what no place, or not every place, that asks a check can give it.
    pub fn finish(self, book: &mut Book<'_>) {
        let deep = |(whole, parts): (&String, &'_ Vec<(String, Place)>)| {
            let may = self.spread.contains(whole);
            let is_deep = |part: &str| self.parts.contains_key(part) && (!may || self.spread.contains(part));
            parts.iter().filter(|(part, _)| is_deep(part)).cloned().collect::<Vec<_>>()
        };
        for (part, place) in &self.parts.iter().flat_map(deep).collect::<Vec<_>>() {
            let fault = Fault::new(*place, format!("{} asks other checks itself", show(part)));
            book.faults.push(fault.label("name those"));
        }
        for (check, open) in &self.open {
            for used in open {
                let key = (check.clone(), used.name.clone());
                if !self.met.contains(&key) {
                    book.unknown_variable(used, self.defined.iter().map(String::as_str));
                    continue;
                }
                for place in self.missing.get(&key).into_iter().flatten() {
                    let title =
                        format!("the check {} needs `${{{}}}`, which has no value here", show(check), used.name);
                    book.faults.push(Fault::new(*place, title).also(used.place, "used here"));
                }
            }
        }
    }
}

/// The variables that a `for` step has of its list; `None` without `for`.
fn items(step: &Node, scope: &mut Scope, book: &mut Book<'_>) -> Option<BTreeSet<String>> {
    let list = step.text("for")?;
    if let Some(names) = scope.lists.get(list) {
        return Some(names.clone());
    }
    if !scope.blurred {
        let fault = Fault::new(step.value_place("for"), format!("no earlier step makes a list {}", show(list)));
        let known: Vec<&str> = scope.lists.keys().map(String::as_str).collect();
        let fault = fault.suggest(list, known.iter().copied());
        book.faults.push(match known.as_slice() {
            [] => fault.help(format!("an earlier step needs each = {{ as = \"{list}\", match = '(?P<{list}>...)' }}")),
            known => fault.help(format!("lists: {}", known.join(", "))),
        });
    }
    // What the list would have held is unknown: its variables are not reported a second time.
    scope.blurred = true;
    None
}

/// The names that a check's own `before` finds out, each known only to what follows it.
pub(super) fn found_before(node: &Node, book: &mut Book<'_>) -> BTreeSet<String> {
    let mut own = BTreeSet::new();
    for fact in node.tables("before") {
        let groups: Vec<String> =
            fact.pattern("expect").iter().flat_map(|pattern| pattern.groups()).map(str::to_owned).collect();
        for used in fact.uses().iter().filter(|used| groups.contains(&used.name) && !own.contains(&used.name)) {
            let fault = Fault::new(used.place, format!("unknown variable {}", show(&used.name)));
            book.faults.push(fault.also(fact.value_place("expect"), "gets its value only here"));
        }
        for group in groups {
            if book.var_names.contains(&group) {
                let title = format!("the group {} would hide the variable of that name", show(&group));
                book.faults.push(Fault::new(fact.value_place("expect"), title).label("give the group another name"));
            }
            own.insert(group);
        }
    }
    own
}

fn hides(group: &str, place: Place, scope: &Scope, book: &mut Book<'_>) {
    let what = match (book.var_names.contains(group), scope.params.contains(group)) {
        (true, _) => "variable",
        (_, true) => "parameter",
        _ => return,
    };
    let title = format!("the group {} would hide the {what} of that name", show(group));
    book.faults.push(Fault::new(place, title).label("give the group another name"));
}

fn unknown(used: &Use, scope: &Scope, book: &mut Book<'_>) {
    if scope.blurred || scope.names.contains(&used.name) || book.var_names.contains(&used.name) {
        return;
    }
    let title = || format!("unknown variable {}", show(&used.name));
    if let Some((list, _)) = scope.lists.iter().find(|(_, names)| names.contains(&used.name)) {
        let fault = Fault::new(used.place, title()).label("an item of a list");
        book.faults.push(fault.help(format!("add for = \"{list}\" to the step")));
    } else if let Some(place) = scope.later.get(&used.name) {
        book.faults.push(Fault::new(used.place, title()).also(*place, "gets its value only here"));
    } else {
        book.unknown_variable(used, scope.names.iter().map(String::as_str));
    }
}
