//! `[tasks.NAME]` → [`Task`].

use super::book::{Book, Facts};
use super::calls::Calls;
use super::fault::{Fault, Faults, show};
use super::incident;
use super::names;
use super::scope::Needs;
use super::steps;
use super::tree::{Entry, Item, Node, Value};
use crate::model::step::{Check, CheckRef, Confirm, Danger, Param, Question, Step, Task};
use crate::model::value;
use std::collections::BTreeMap;

/// A task's steps as they are on the book's system.
#[derive(Debug)]
pub struct Steps {
    /// In order.
    pub steps: Vec<Node>,
    /// At the end.
    pub finally: Vec<Node>,
}

/// Names, danger and parameters of every task, for those who call them. The same on every system.
pub fn facts(root: &Node, faults: &mut Faults) -> BTreeMap<String, Facts> {
    let mut twins: BTreeMap<String, &Entry> = BTreeMap::new();
    let mut all = BTreeMap::new();
    for entry in root.map("tasks") {
        if let Err(why) = names::task(&entry.key) {
            faults.push(Fault::new(entry.place, format!("{} cannot name a task", show(&entry.key))).label(why));
        }
        if let Some(twin) = twins.insert(entry.key.to_ascii_lowercase(), entry) {
            let title = format!("{} and {} differ only in case", show(&twin.key), show(&entry.key));
            faults.push(Fault::new(entry.place, title).also(twin.place, "the other one"));
        }
        let node = entry.item.as_ref().and_then(|item| item.table());
        let params = node.filter(|node| !node.is_broken("params")).map(|node| {
            let known = node.tables("params").filter_map(|param| Some((param.text("name")?, !param.has("default"))));
            known.map(|(name, required)| (name.to_owned(), required)).collect()
        });
        let danger = node.filter(|node| !node.is_broken("danger")).map(danger);
        all.insert(entry.key.clone(), Facts { place: entry.place, danger, params });
    }
    all
}

fn danger(node: &Node) -> Danger {
    node.text("danger").map_or(Danger::Read, danger_named)
}

/// A danger as the file writes it.
pub fn danger_named(word: &str) -> Danger {
    match word {
        "destroy" => Danger::Destroy,
        "change" => Danger::Change,
        _ => Danger::Read,
    }
}

/// A step may do less than its task says, never more; a guard needs something to guard.
fn held_to_its_task(node: &Node, steps: &Steps, book: &mut Book<'_>) {
    if node.is_broken("danger") {
        return;
    }
    let own = danger(node);
    for step in steps.steps.iter().chain(&steps.finally) {
        if let Some(word) = step.text("danger").filter(|word| danger_named(word) > own) {
            let fault = Fault::new(step.value_place("danger"), "this step may do more than its task says");
            let task = if node.has("danger") { node.value_place("danger") } else { node.place };
            book.faults.push(fault.also(task, "the task").help(format!("the task needs danger = \"{word}\"")));
        }
    }
    let params: Vec<&str> = node.tables("params").filter_map(|param| param.text("name")).collect();
    for step in steps.steps.iter().chain(&steps.finally) {
        for key in ["unless_given", "if_given"] {
            let unknown = step.text(key).filter(|name| !params.contains(name) && !node.is_broken("params"));
            let Some(name) = unknown else { continue };
            let fault = Fault::new(step.value_place(key), format!("{} is no parameter of this task", show(name)));
            let fault = match params.as_slice() {
                [] => fault.help("the task has no parameters"),
                known => fault.among(name, "its parameters", known.iter().copied(), ""),
            };
            book.faults.push(fault);
        }
    }
    if node.has("guard") && own != Danger::Destroy {
        let fault = Fault::new(node.key_place("guard"), "nothing here destroys: there is nothing to guard");
        book.faults.push(fault.label("goes with danger = \"destroy\"; `require` is asked once, before the first step"));
    }
}

/// A guard that is turned round must know a no from a failure to ask, or it holds when nothing can be asked.
fn guards_fail_closed(node: &Node, checks: &BTreeMap<String, Check>, book: &mut Book<'_>) {
    for item in node.list("guard") {
        let Some(text) = item.text() else { continue };
        let (name, negated) = text.strip_prefix('!').map_or((text, false), |name| (name, true));
        let Some(open) = fails_open(checks, name, negated, 0) else { continue };
        let title = format!("this guard would hold whenever the check {} cannot be asked", show(open));
        let fault = Fault::new(item.place, title).label("a failure to ask would pass for a no");
        let help = format!("give [checks.{open}] a `no`: only output that matches it is a no then");
        book.faults.push(fault.help(help));
    }
}

/// The check whose failure would pass for the yes that a guard waits for.
fn fails_open<'a>(checks: &'a BTreeMap<String, Check>, name: &str, negated: bool, depth: usize) -> Option<&'a str> {
    let check = checks.get(name)?;
    match &check.question {
        Question::Run(_) => (negated && check.no.is_none() && check.holds.is_empty()).then_some(check.name.as_str()),
        // A check that asks itself is told elsewhere.
        Question::Checks { of, .. } if depth < checks.len() => {
            of.iter().find_map(|part| fails_open(checks, &part.name, negated != part.negated, depth + 1))
        }
        _ => None,
    }
}

/// The task, on the book's system; `checks` are those of the file.
pub fn draw(
    entry: &Entry,
    node: &Node,
    root: &Node,
    checks: &BTreeMap<String, Check>,
    book: &mut Book<'_>,
    calls: &mut Calls,
    needs: &mut Needs,
) -> Task {
    let params = params(node, book);
    let confirm = confirm(node, book);
    let preview = node.item("preview").and_then(|item| that_looks(item, "a preview", book));
    if preview.is_some() && !node.has("confirm") {
        let fault = Fault::new(node.key_place("preview"), "nothing is asked for: there is nothing to show before");
        book.faults.push(fault.help("add `confirm`, or leave it out"));
    }
    let gates = |key: &str, book: &mut Book<'_>| -> Vec<CheckRef> {
        node.list(key).iter().filter_map(|item| Some(book.check_ref(item.text()?, item.place))).collect()
    };
    let (require, guard, verify) = (gates("require", book), gates("guard", book), gates("verify", book));
    let (steps, nodes) = list(node, root, "steps", book);
    let (finally, last) = list(node, root, "finally", book);
    let nodes = Steps { steps: nodes, finally: last };
    held_to_its_task(node, &nodes, book);
    let (incident, on_failure) = (incident::opens(node, book), incident::on_failure(&entry.key, node, book));
    guards_fail_closed(node, checks, book);
    calls.gather(&entry.key, &nodes);
    needs.task(node, &nodes, book);
    Task {
        name: entry.key.clone(),
        summary: node.text_or_empty("summary"),
        group: node.text_or_empty("group"),
        danger: danger(node),
        confirm,
        preview,
        params,
        require,
        guard,
        verify,
        parallel: node.number("parallel").unwrap_or(1),
        incident,
        on_failure,
        steps,
        finally,
        line: book.texts.line(entry.place),
    }
}

/// A task that is run by itself: it must run as it is, and only look. `who` runs it.
pub fn that_looks(item: &Item, who: &str, book: &mut Book<'_>) -> Option<String> {
    let name = item.text()?;
    let fault = |title: String| Fault::new(item.place, title);
    match book.tasks.get(name) {
        None => {
            let fault = fault(format!("unknown task {}", show(name)));
            book.faults.push(fault.among(name, "tasks", book.tasks.keys().map(String::as_str), "declare it"));
        }
        Some(facts) => {
            if facts.danger.is_some_and(|danger| danger > Danger::Read) {
                let fault = fault(format!("{who} only looks, but {} does more", show(name)));
                book.faults.push(fault.also(facts.place, "not danger = \"read\""));
            }
            let needed = facts.params.iter().flatten().find(|(_, required)| **required);
            if let Some((param, _)) = needed {
                let fault = fault(format!("{who} gives no parameters, but {} needs {}", show(name), show(param)));
                book.faults.push(fault.also(facts.place, "declared here"));
            }
        }
    }
    Some(name.to_owned())
}

fn list(node: &Node, root: &Node, key: &str, book: &mut Book<'_>) -> (Vec<Step>, Vec<Node>) {
    let mut drawn = Vec::new();
    let mut nodes = Vec::new();
    for written in node.tables(key) {
        if book.faults.is_hopeless() {
            break;
        }
        let node = written.on(book.os, steps::ACTIONS);
        drawn.extend(steps::draw(written, &node, root, book));
        nodes.push(node);
    }
    (drawn, nodes)
}

fn confirm(node: &Node, book: &mut Book<'_>) -> Option<Confirm> {
    let destroys = danger(node) == Danger::Destroy;
    let place = node.value_place("confirm");
    let typed = "a name to type, like confirm = \"${profile}\"";
    match node.item("confirm").map(|item| &item.value) {
        None if destroys && !node.has("confirm") => {
            let fault = Fault::new(node.value_place("danger"), "a task that destroys needs `confirm`");
            book.faults.push(fault.label(typed));
            None
        }
        None => None,
        Some(Value::Flag(true)) if destroys => {
            book.faults.push(Fault::new(place, "a yes is not enough for a task that destroys").label(typed));
            None
        }
        Some(Value::Flag(true)) => Some(Confirm::Yes),
        Some(Value::Flag(false)) => {
            book.faults.push(Fault::new(place, "`confirm = false` says nothing").label("leave it out"));
            None
        }
        Some(Value::Template(filling)) => {
            if filling.text.trim().is_empty() {
                book.faults.push(Fault::new(place, "there is no name to type").label(typed));
            }
            Some(Confirm::Type(filling.template.clone()))
        }
        Some(_) => None,
    }
}

fn params(node: &Node, book: &mut Book<'_>) -> Vec<Param> {
    let mut params: Vec<Param> = Vec::new();
    for table in node.tables("params") {
        let Some(name) = table.text("name") else { continue };
        let place = table.value_place("name");
        if let Err(why) = names::plain(name) {
            book.faults.push(Fault::new(place, format!("{} cannot name a parameter", show(name))).label(why));
        }
        if params.iter().any(|param| param.name == name) {
            book.faults.push(Fault::new(place, format!("two parameters are called {}", show(name))));
        }
        if book.var_names.contains(name) {
            let title = format!("the parameter {} would hide the variable of that name", show(name));
            book.faults.push(Fault::new(place, title).label("give it another name"));
        }
        let pattern = table.pattern("match");
        if let Some(Err(why)) = pattern.as_ref().map(value::whole) {
            let title = "this pattern cannot be held against a whole value";
            book.faults.push(Fault::new(table.value_place("match"), title).label(why));
        }
        let default = table.text("default");
        match default {
            // An empty default means "not given", whatever the pattern says.
            Some("") => {}
            Some(text) if text.contains("${") => {
                let fault = Fault::new(table.value_place("default"), "a default is taken as it is");
                book.faults.push(fault.label("`${...}` would not be filled"));
            }
            Some(text) => {
                if let Err(why) = value::check_value(name, text, pattern.as_ref()) {
                    let fault = Fault::new(table.value_place("default"), "the default is not accepted");
                    book.faults.push(fault.label(why));
                }
            }
            None if table.has("default") => {}
            None => {
                if let Some(before) = params.iter().find(|param| param.default.is_some()) {
                    let title = format!("{} must be given, and {} before it need not", show(name), show(&before.name));
                    book.faults.push(Fault::new(place, title).label("put it first, or give it a default"));
                }
            }
        }
        params.push(Param {
            name: name.to_owned(),
            pattern,
            default: default.map(str::to_owned),
            help: table.text_or_empty("help"),
        });
    }
    params
}
