//! `[[operations]]` → [`Operation`]s.

use super::book::Book;
use super::fault::{Fault, Place, show};
use super::tree::{Entry, Item, Node, Value};
use super::{names, targets};
use crate::model::exchange::{Answer, Captured, Field, HeaderRule, JsonKind, Operation, UNIQUE};
use crate::model::json_path::JsonPath;
use crate::model::template::{Part, Template};
use std::collections::BTreeSet;
use std::time::Duration;

/// How long an answer may take that says nothing of it.
const TIMEOUT: Duration = Duration::from_secs(30);

/// All operations; each knows what those before it capture.
pub fn draw(root: &Node, book: &mut Book<'_>) -> Vec<Operation> {
    let mut known = targets::known_to_all(root);
    known.insert(UNIQUE.to_owned());
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut drawn = Vec::new();
    if root.has("operations") && !book.tools.contains("curl") {
        let fault = Fault::new(root.key_place("operations"), "operations are run with `curl`, which is not declared");
        book.faults.push(fault.help("declare it: [tools.curl]"));
    }
    for node in root.tables("operations") {
        let name = node.text_or_empty("name");
        if let Err(why) = names::plain(&name) {
            let fault = Fault::new(node.value_place("name"), format!("{} cannot name an operation", show(&name)));
            book.faults.push(fault.label(why));
        }
        if !seen.insert(name.clone()) {
            let title = format!("two operations are called {}", show(&name));
            book.faults.push(Fault::new(node.value_place("name"), title));
        }
        for used in node.uses() {
            if !known.contains(&used.name) && !book.var_names.contains(&used.name) {
                book.unknown_variable(&used, known.iter().map(String::as_str));
            }
        }
        let capture: Vec<Captured> = node.map("capture").iter().filter_map(|entry| captured(entry, book)).collect();
        known.extend(capture.iter().map(|captured| captured.name.clone()));
        drawn.extend(operation(node, capture, book));
    }
    drawn
}

fn operation(node: &Node, capture: Vec<Captured>, book: &mut Book<'_>) -> Option<Operation> {
    let name = node.text("name")?.to_owned();
    let header = |entry: &Entry| {
        let template = entry.item.as_ref()?.filling()?.template.clone();
        Some((entry.key.clone(), template))
    };
    for entry in node.map("headers") {
        if entry.key.is_empty() || !entry.key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
            let title = format!("{} cannot name a header", show(&entry.key));
            book.faults.push(Fault::new(entry.place, title).label("letters, digits and `-`"));
        }
    }
    let json = node.template("json");
    if let Some(why) = json.as_ref().and_then(not_json) {
        book.faults.push(Fault::new(node.value_place("json"), "the body is not JSON").label(why));
    }
    Some(Operation {
        title: node.text("title").unwrap_or(&name).to_owned(),
        name,
        method: node.text("method").unwrap_or("GET").to_owned(),
        url: node.template("url")?,
        headers: node.map("headers").iter().filter_map(header).collect(),
        json,
        answer: node.table("answer").map(|table| answer(table, book)).unwrap_or_default(),
        capture,
        cleanup: node.flag("cleanup"),
        compare: !node.has("compare") || node.flag("compare"),
        ignore: node.list("ignore").iter().filter_map(|item| path(item.text()?, item.place, book)).collect(),
        timeout: node.duration("timeout").unwrap_or(TIMEOUT),
        line: book.texts.line(node.place),
    })
}

/// Why a body cannot be JSON, whatever its variables hold.
fn not_json(body: &Template) -> Option<String> {
    // A number is right inside a string as well as bare.
    let part = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Var { .. } => "0".to_owned(),
    };
    let sample: String = body.parts().iter().map(part).collect();
    serde_json::from_str::<serde::de::IgnoredAny>(&sample).err().map(|error| {
        let text = error.to_string();
        text.split(" at line").next().unwrap_or(&text).to_owned()
    })
}

fn answer(node: &Node, book: &mut Book<'_>) -> Answer {
    let status = match node.item("status").map(|item| &item.value) {
        Some(Value::List(items)) => items.iter().filter_map(Item::code).collect(),
        _ => node.item("status").and_then(Item::code).into_iter().collect::<Vec<_>>(),
    };
    let header = |entry: &Entry| {
        let item = entry.item.as_ref()?;
        let rule = match &item.value {
            Value::Template(filling) => HeaderRule::OneOf(vec![filling.template.clone()]),
            Value::List(items) => HeaderRule::OneOf(
                items.iter().filter_map(Item::filling).map(|filling| filling.template.clone()).collect(),
            ),
            _ => HeaderRule::Match { pattern: item.table()?.pattern("match")? },
        };
        Some((entry.key.to_ascii_lowercase(), rule))
    };
    Answer {
        status: status.into_iter().filter_map(|code| u16::try_from(code).ok()).collect(),
        headers: node.map("headers").iter().filter_map(header).collect(),
        fields: node.map("fields").iter().filter_map(|entry| field(entry, book)).collect(),
        within: node.duration("within"),
    }
}

fn field(entry: &Entry, book: &mut Book<'_>) -> Option<Field> {
    let path = path(&entry.key, entry.place, book)?;
    let item = entry.item.as_ref()?;
    if let Some(words) = item.text() {
        let kinds = kinds(words, item.place, book);
        return Some(Field { path, kinds, equals: None, pattern: None, any: None, none: None, optional: false });
    }
    let node = item.table()?;
    let kinds = node.text("type").map(|words| kinds(words, node.value_place("type"), book)).unwrap_or_default();
    if !["type", "equals", "match", "any", "none"].iter().any(|key| node.has(key)) {
        book.faults.push(Fault::new(entry.place, "this rule asks nothing").label("type, equals, match, any or none"));
    }
    Some(Field {
        path,
        kinds,
        equals: node.template("equals"),
        pattern: node.pattern("match"),
        any: node.template("any"),
        none: node.template("none"),
        optional: node.flag("optional"),
    })
}

/// `string`, `integer|null`.
fn kinds(words: &str, place: Place, book: &mut Book<'_>) -> Vec<JsonKind> {
    let mut kinds = Vec::new();
    for word in words.split('|').map(str::trim) {
        match JsonKind::WORDS.iter().find(|(known, _)| *known == word) {
            Some((_, kind)) => kinds.push(*kind),
            None => {
                let known = || JsonKind::WORDS.iter().map(|(known, _)| *known);
                let fault = Fault::new(place, format!("unknown type {}", show(word)));
                book.faults.push(fault.among(word, "types", known(), "one of these"));
            }
        }
    }
    kinds
}

fn captured(entry: &Entry, book: &mut Book<'_>) -> Option<Captured> {
    let name = entry.key.clone();
    if let Err(why) = names::plain(&name) {
        book.faults.push(Fault::new(entry.place, format!("{} cannot name a variable", show(&name))).label(why));
    }
    if book.var_names.contains(&name) || name == UNIQUE {
        let title = format!("{} would hide the variable of that name", show(&name));
        book.faults.push(Fault::new(entry.place, title).label("give it another name"));
    }
    let item = entry.item.as_ref()?;
    match item.table() {
        Some(node) => {
            let path = path(node.text("path")?, node.value_place("path"), book)?;
            Some(Captured { name, path, secret: node.flag("secret") })
        }
        None => Some(Captured { name, path: path(item.text()?, item.place, book)?, secret: false }),
    }
}

/// A path in JSON.
pub(super) fn path(text: &str, place: Place, book: &mut Book<'_>) -> Option<JsonPath> {
    match JsonPath::parse(text) {
        Ok(path) => Some(path),
        Err(why) => {
            book.faults.push(Fault::new(place, format!("{} is no path in JSON", show(text))).label(why));
            None
        }
    }
}

/// That names with `*` in them name at least one operation each.
pub fn references(items: &[Item], root: &Node, book: &mut Book<'_>) -> Vec<String> {
    for item in items {
        let Some(text) = item.text() else { continue };
        let known = || root.tables("operations").filter_map(|node| node.text("name"));
        if !known().any(|name| crate::text::is_like(text, name)) {
            let fault = Fault::new(item.place, format!("unknown operation {}", show(text)));
            book.faults.push(fault.among(text, "operations", known(), "declare one: [[operations]]"));
        }
    }
    items.iter().filter_map(Item::text).map(str::to_owned).collect()
}
