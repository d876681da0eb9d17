//! `[targets.NAME]` → [`Target`], and `[parity]`.

use super::book::Book;
use super::fault::{Fault, Place, show};
use super::operations::path;
use super::tree::{Entry, Item, Node};
use super::{checks, names, scope};
use crate::model::exchange::{Parity, Target, UNIQUE};
use std::collections::{BTreeMap, BTreeSet};

/// The target.
pub fn draw(entry: &Entry, node: &Node, book: &mut Book<'_>) -> Option<Target> {
    if let Err(why) = names::plain(&entry.key) {
        book.faults.push(Fault::new(entry.place, format!("{} cannot name a target", show(&entry.key))).label(why));
    }
    let found = scope::found_before(node, book);
    for used in node.uses() {
        if !found.contains(&used.name) && !book.var_names.contains(&used.name) {
            book.unknown_variable(&used, found.iter().map(String::as_str));
        }
    }
    let mut vars = BTreeMap::new();
    for var in node.map("vars") {
        if let Err(why) = names::plain(&var.key) {
            book.faults.push(Fault::new(var.place, format!("{} cannot name a variable", show(&var.key))).label(why));
        }
        if book.var_names.contains(&var.key) || found.contains(&var.key) || var.key == UNIQUE {
            let title = format!("{} would hide the variable of that name", show(&var.key));
            book.faults.push(Fault::new(var.place, title).label("give it another name"));
        }
        if let Some(filling) = var.item.as_ref().and_then(Item::filling) {
            vars.insert(var.key.clone(), filling.template.clone());
        }
    }
    let before: Vec<_> = node.tables("before").map(|table| checks::fact(table, book)).collect();
    Some(Target {
        name: entry.key.clone(),
        title: node.text("title").unwrap_or(&entry.key).to_owned(),
        before: before.into_iter().collect::<Option<_>>()?,
        vars,
    })
}

/// The names that operations know whatever the target: those that every target has.
pub fn known_to_all(root: &Node) -> BTreeSet<String> {
    let mut names: Option<BTreeSet<String>> = None;
    for (_, target) in root.table_map("targets") {
        let own: BTreeSet<String> = target.map("vars").iter().map(|var| var.key.clone()).collect();
        names = Some(names.map_or(own.clone(), |known| known.intersection(&own).cloned().collect()));
    }
    names.unwrap_or_default()
}

/// That there is such a target.
pub fn reference(name: &str, place: Place, root: &Node, book: &mut Book<'_>) {
    let known = || root.map("targets").iter().map(|entry| entry.key.as_str());
    if !known().any(|target| target == name) {
        let fault = Fault::new(place, format!("unknown target {}", show(name)));
        book.faults.push(fault.among(name, "targets", known(), "declare one: [targets.NAME]"));
    }
}

/// `[parity]`.
pub fn parity(node: &Node, root: &Node, book: &mut Book<'_>) -> Option<Parity> {
    let targets = node.list("targets");
    targets.iter().for_each(|item| reference(item.text().unwrap_or_default(), item.place, root, book));
    let names: Vec<&str> = targets.iter().filter_map(Item::text).collect();
    let pair = match names.as_slice() {
        [judged, held] if judged != held => Some([(*judged).to_owned(), (*held).to_owned()]),
        _ if node.is_broken("targets") || !node.has("targets") => None,
        _ => {
            let fault = Fault::new(node.value_place("targets"), "two different targets are compared");
            book.faults.push(fault.label("the one that is judged, and the one it is held against"));
            None
        }
    };
    let headers = match node.has("headers") {
        true => node.list("headers").iter().filter_map(Item::text).map(str::to_ascii_lowercase).collect(),
        false => vec!["content-type".to_owned()],
    };
    let ignore = node.list("ignore").iter().filter_map(|item| path(item.text()?, item.place, book)).collect();
    Some(Parity { targets: pair?, headers, ignore })
}
