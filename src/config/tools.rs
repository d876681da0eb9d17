//! `[tools.NAME]` → [`Tool`].

use super::book::Book;
use super::fault::{Fault, show};
use super::names;
use super::tree::{Entry, Item, Node, Value};
use crate::model::catalog::{Tool, Version, VersionRule};

/// The tool, on the book's system.
pub fn draw(entry: &Entry, node: &Node, book: &mut Book<'_>) -> Tool {
    if let Err(why) = names::plain(&entry.key) {
        book.faults.push(Fault::new(entry.place, format!("{} cannot name a tool", show(&entry.key))).label(why));
    }
    let mut programs: Vec<String> = match node.item("program").map(|item| &item.value) {
        Some(Value::Text(text)) => vec![text.clone()],
        Some(Value::List(items)) => items.iter().filter_map(Item::text).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    if programs.iter().any(|program| program.trim().is_empty()) {
        book.faults.push(Fault::new(node.value_place("program"), "the program is empty"));
    }
    if programs.is_empty() {
        programs.push(entry.key.clone());
    }
    let others = programs.split_off(1);
    // Pinned arguments go before every call, whoever makes it: they know the file's variables only.
    for used in node.uses() {
        if !book.var_names.contains(&used.name) {
            book.unknown_variable(&used, std::iter::empty());
        }
    }
    let args = node.list("args").iter().filter_map(Item::filling).map(|filling| filling.template.clone());
    Tool {
        name: entry.key.clone(),
        program: programs.pop().unwrap_or_default(),
        others,
        args: args.collect(),
        version: node.table("version").and_then(|table| version(table, book)),
        install: match node.item("install").map(|item| &item.value) {
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Table(table)) => table.text_or_empty(book.os.key()),
            _ => String::new(),
        },
    }
}

fn version(node: &Node, book: &mut Book<'_>) -> Option<VersionRule> {
    let pattern = node.pattern("match");
    if pattern.as_ref().is_some_and(|pattern| !pattern.has_groups()) {
        let fault = Fault::new(node.value_place("match"), "the version is read from group 1, and there is no group");
        book.faults.push(fault.label("put it in ( )"));
    }
    let text = node.text("min")?;
    let min = Version::parse(text);
    if min.is_none() {
        let fault = Fault::new(node.value_place("min"), format!("{} is not a version", show(text)));
        book.faults.push(fault.label("numbers and dots, like \"3.6.0\""));
    }
    Some(VersionRule {
        run: node.list("run").iter().filter_map(Item::text).map(str::to_owned).collect(),
        pattern: pattern?,
        min: min?,
    })
}
