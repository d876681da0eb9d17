//! `[checks.NAME]` → [`Check`].

use super::book::Book;
use super::fault::{Fault, show};
use super::names;
use super::scope::Needs;
use super::steps;
use super::tree::{Entry, Item, Node, Value};
use crate::model::step::{Action, Check, Join, Question, Room, SecretFrom, SecretRef, Step, Wanted};
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
        room(table, book)?
    } else if node.has("incident") {
        Question::Incident
    } else if let Some(key) = ["all", "first"].into_iter().find(|key| node.has(key)) {
        needs.parts(&entry.key, &node, key);
        let of = node.list(key).iter().filter_map(|item| Some(book.check_ref(item.text()?, item.place)));
        Question::Checks {
            join: if key == "all" { Join::All } else { Join::First },
            of: of.collect(),
            parallel: node.number("parallel").unwrap_or(1),
        }
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
pub(super) fn fact(node: &Node, book: &mut Book<'_>) -> Option<Step> {
    if let Some(expect) = node.pattern("expect").filter(|pattern| pattern.groups().next().is_none()) {
        let fault = Fault::new(node.value_place("expect"), "this call finds nothing out: no named group");
        book.faults.push(fault.label(format!("write (?P<name>...) in {}", show(expect.source()))));
    }
    let run = steps::run(node, book)?;
    let name = node.text("name").and_then(|name| Template::parse(name).ok());
    Some(Step { name, ..steps::call(Action::Run(run), node, book) })
}

/// One text or several.
pub(super) fn lines(node: &Node, key: &str) -> Vec<Template> {
    match node.item(key).map(|item| &item.value) {
        Some(Value::Template(filling)) => vec![filling.template.clone()],
        Some(Value::List(items)) => {
            items.iter().filter_map(Item::filling).map(|filling| filling.template.clone()).collect()
        }
        _ => Vec::new(),
    }
}

/// Who wants room, and of what.
fn room(table: &Node, book: &mut Book<'_>) -> Option<Question> {
    let kinds: &[&str] = &["pods", "chart"];
    if kinds.iter().filter(|key| table.has(key)).count() != 1 {
        let fault = Fault::new(table.place, "room for whom?");
        book.faults.push(fault.label("either `pods` and `pod`, or `chart`"));
    }
    steps::company(table, kinds, book);
    let mut argv = |key| steps::argv(table, key, book);
    let (on_node, pods, pod, chart) = (argv("node"), argv("pods"), argv("pod"), argv("chart"));
    if table.has("pods") && !table.has("pod") {
        book.faults.push(Fault::new(table.key_place("pods"), "what does one of them want?").help("add `pod = [...]`"));
    }
    let wanted = match chart {
        Some(chart) => Wanted::Chart { chart, own: table.template("own") },
        None => Wanted::Waiting { pods: pods?, pod: pod? },
    };
    Some(Question::Room(Room { node: on_node?, wanted }))
}

fn secrets(node: &Node, book: &mut Book<'_>) -> Option<Question> {
    let items = node.list("compare");
    let values: Vec<Option<SecretRef>> = items.iter().map(|item| secret(item, book)).collect();
    let bare = !["min_len", "match", "contains"].iter().any(|key| node.has(key));
    if items.len() == 1 && bare {
        let fault = Fault::new(node.value_place("compare"), "there is nothing to compare this value with");
        book.faults.push(fault.label("add another value, or min_len, match, contains"));
    }
    let in_cluster = values.iter().flatten().any(|value| value.from == SecretFrom::Cluster);
    let rendered = values.iter().flatten().any(|value| value.from == SecretFrom::Rendered);
    if rendered != node.has("render") && values.iter().all(Option::is_some) {
        let (key, title) = match rendered {
            true => ("compare", "nothing prints the manifest in which `rendered:` values stand"),
            false => ("render", "no value of `compare` stands in what this prints"),
        };
        let fault = Fault::new(node.key_place(key), title);
        book.faults.push(fault.help("render = [\"helm\", \"template\", ...] and \"rendered:NAME/KEY\" go together"));
    }
    if in_cluster && !book.tools.contains("kubectl") {
        let fault =
            Fault::new(node.key_place("compare"), "`compare` reads Secrets with kubectl, which is not declared");
        book.faults.push(fault.help("declare it: [tools.kubectl]"));
    }
    Some(Question::Secrets {
        values: values.into_iter().collect::<Option<Vec<_>>>().filter(|values| !values.is_empty())?,
        render: steps::argv(node, "render", book).unwrap_or_default(),
        min_len: node.number("min_len"),
        pattern: node.pattern("match"),
        contains: node.template("contains"),
    })
}

/// `secret:NAME/KEY`, `rendered:NAME/KEY`.
fn secret(item: &Item, book: &mut Book<'_>) -> Option<SecretRef> {
    let text = item.filling()?.text.as_str();
    let kinds = [("secret:", SecretFrom::Cluster), ("rendered:", SecretFrom::Rendered)];
    let parts = kinds.into_iter().find_map(|(start, from)| Some((from, text.strip_prefix(start)?.split_once('/')?)));
    let parts = parts.filter(|(_, (name, key))| !name.is_empty() && !key.is_empty() && !key.contains('/'));
    let read = parts.and_then(|(from, (name, key))| {
        Some(SecretRef { from, secret: Template::parse(name).ok()?, key: Template::parse(key).ok()? })
    });
    if read.is_none() {
        let fault = Fault::new(item.place, format!("{} names no secret value", show(text)));
        book.faults.push(fault.label("write \"secret:NAME/KEY\", or \"rendered:NAME/KEY\""));
    }
    read
}
