//! `[checks.NAME]` → [`Check`].

use super::book::Book;
use super::fault::{Fault, show};
use super::names;
use super::scope::Needs;
use super::steps;
use super::tree::{Entry, Item, Node, Value};
use crate::model::step::{Action, Check, Join, Question, Room, SecretRef, Step};
use crate::model::template::Template;

/// How a check can ask.
const ACTIONS: &[&str] = &["run", "compare", "room", "incident", "all", "first"];

/// The check, on the book's system.
pub fn draw(entry: &Entry, written: &Node, book: &mut Book<'_>, needs: &mut Needs) -> Option<Check> {
    if let Err(why) = names::plain(&entry.key) {
        book.faults.push(Fault::new(entry.place, format!("{} cannot name a check", show(&entry.key))).label(why));
    }
    let node = written.on(book.os, ACTIONS);
    steps::one_action(written, &node, ACTIONS, book);
    steps::company(&node, ACTIONS, book);
    needs.check(&entry.key, &node, book);
    let before: Vec<Option<Step>> = node.tables("before").map(|table| fact(table, book)).collect();
    let question = if node.has("run") {
        let run = steps::run(&node, book)?;
        Question::Run(Box::new(steps::call(Action::Run(run), &node, book)))
    } else if let Some(table) = node.table("room") {
        let mut argv = |key| steps::argv(table, key, book);
        let (on_node, pods, pod) = (argv("node"), argv("pods"), argv("pod"));
        Question::Room(Room { node: on_node?, pods: pods?, pod: pod? })
    } else if node.has("incident") {
        Question::Incident
    } else if let Some(key) = ["all", "first"].into_iter().find(|key| node.has(key)) {
        needs.parts(&entry.key, &node, key);
        let of = node.list(key).iter().filter_map(|item| Some(book.check_ref(item.text()?, item.place)));
        Question::Checks { join: if key == "all" { Join::All } else { Join::First }, of: of.collect() }
    } else {
        secrets(&node, book)?
    };
    Some(Check {
        name: entry.key.clone(),
        title: node.template("title")?,
        before: before.into_iter().collect::<Option<_>>()?,
        question,
        no: node.pattern("no"),
        holds: lines(&node, "holds"),
        fix: lines(&node, "fix"),
        line: book.texts.line(entry.place),
    })
}

/// A call that finds something out: without a named group it would find out nothing.
fn fact(node: &Node, book: &mut Book<'_>) -> Option<Step> {
    if let Some(expect) = node.pattern("expect").filter(|pattern| pattern.groups().next().is_none()) {
        let fault = Fault::new(node.value_place("expect"), "this call finds nothing out: no named group");
        book.faults.push(fault.label(format!("write (?P<name>...) in {}", show(expect.source()))));
    }
    let run = steps::run(node, book)?;
    let name = node.text("name").and_then(|name| Template::parse(name).ok());
    Some(Step { name, ..steps::call(Action::Run(run), node, book) })
}

/// One text or several.
fn lines(node: &Node, key: &str) -> Vec<Template> {
    match node.item(key).map(|item| &item.value) {
        Some(Value::Template(filling)) => vec![filling.template.clone()],
        Some(Value::List(items)) => {
            items.iter().filter_map(Item::filling).map(|filling| filling.template.clone()).collect()
        }
        _ => Vec::new(),
    }
}

fn secrets(node: &Node, book: &mut Book<'_>) -> Option<Question> {
    let items = node.list("compare");
    let values: Vec<Option<SecretRef>> = items.iter().map(|item| secret(item, book)).collect();
    let bare = !["min_len", "match", "contains"].iter().any(|key| node.has(key));
    if items.len() == 1 && bare {
        let fault = Fault::new(node.value_place("compare"), "there is nothing to compare this value with");
        book.faults.push(fault.label("add another value, or min_len, match, contains"));
    }
    if !items.is_empty() && !book.tools.contains("kubectl") {
        let fault =
            Fault::new(node.key_place("compare"), "`compare` reads Secrets with kubectl, which is not declared");
        book.faults.push(fault.help("declare it: [tools.kubectl]"));
    }
    Some(Question::Secrets {
        values: values.into_iter().collect::<Option<Vec<_>>>().filter(|values| !values.is_empty())?,
        min_len: node.number("min_len"),
        pattern: node.pattern("match"),
        contains: node.template("contains"),
    })
}

/// `secret:NAME/KEY`.
fn secret(item: &Item, book: &mut Book<'_>) -> Option<SecretRef> {
    let text = item.filling()?.text.as_str();
    let parts = text.strip_prefix("secret:").and_then(|rest| rest.split_once('/'));
    let parts = parts.filter(|(name, key)| !name.is_empty() && !key.is_empty() && !key.contains('/'));
    let read = parts.and_then(|(name, key)| {
        Some(SecretRef { secret: Template::parse(name).ok()?, key: Template::parse(key).ok()? })
    });
    if read.is_none() {
        let fault = Fault::new(item.place, format!("{} names no secret value", show(text)));
        book.faults.push(fault.label("write \"secret:NAME/KEY\""));
    }
    read
}
