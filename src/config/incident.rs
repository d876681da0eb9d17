//! `[incident]`, and what tasks say of failures: `incident`, `on_failure`.

use super::book::Book;
use super::fault::{Fault, show};
use super::tree::{Item, Node, Value};
use crate::model::catalog::Incidents;

/// The table, and that it is there where a task needs it.
pub fn draw(root: &Node, book: &mut Book<'_>) -> Option<Incidents> {
    let Some(node) = root.table("incident") else {
        for (_, task) in root.table_map("tasks").filter(|(_, task)| is_set(task) && !root.has("incident")) {
            let fault = Fault::new(task.key_place("incident"), "this file has no incidents to open");
            book.faults.push(fault.help("add the table [incident]; its `closes` names the task that validates"));
        }
        return None;
    };
    let closes = node.item("closes").and_then(|item| as_it_is(item, "a validation is run", book));
    Some(Incidents { closes })
}

/// `incident = true` of a task.
pub fn opens(node: &Node, book: &mut Book<'_>) -> bool {
    if matches!(node.item("incident").map(|item| &item.value), Some(Value::Flag(false))) {
        let fault = Fault::new(node.value_place("incident"), "`incident = false` says nothing");
        book.faults.push(fault.label("leave it out"));
    }
    is_set(node)
}

fn is_set(node: &Node) -> bool {
    matches!(node.item("incident").map(|item| &item.value), Some(Value::Flag(true)))
}

/// The task that is offered after a failure of `task`.
pub fn on_failure(task: &str, node: &Node, book: &mut Book<'_>) -> Option<String> {
    let item = node.item("on_failure")?;
    let name = as_it_is(item, "what is offered after a failure is run", book)?;
    if name == task {
        let fault = Fault::new(item.place, format!("{} cannot follow its own failure", show(task)));
        book.faults.push(fault.label("name the task that undoes it"));
    }
    Some(name)
}

/// A task that is run without arguments; `what` says when.
fn as_it_is(item: &Item, what: &str, book: &mut Book<'_>) -> Option<String> {
    let name = item.text()?;
    let Some(facts) = book.tasks.get(name) else {
        let fault = Fault::new(item.place, format!("unknown task {}", show(name)));
        let known: Vec<String> = book.tasks.keys().cloned().collect();
        book.faults.push(fault.among(name, "tasks", known.iter().map(String::as_str), "declare it"));
        return None;
    };
    let needed = facts.params.iter().flatten().find(|(_, required)| **required);
    if let Some((param, _)) = needed {
        let fault =
            Fault::new(item.place, format!("{what} without arguments, but {} needs {}", show(name), show(param)));
        book.faults.push(fault.also(facts.place, "declared here"));
    }
    Some(name.to_owned())
}
