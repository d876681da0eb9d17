//! `[symptoms.ID]` → [`Symptom`].

use super::book::Book;
use super::fault::{Fault, show};
use super::tree::{Entry, Filling, Item, Node, Value};
use crate::model::finding::{Fix, Role, Source, Symptom};
use crate::model::pattern::Pattern;
use crate::model::template::Part;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use std::collections::BTreeSet;

/// The symptom.
pub fn draw(entry: &Entry, node: &Node, book: &mut Book<'_>) -> Option<Symptom> {
    let id = entry.key.as_str();
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !id.starts_with(|c: char| c.is_ascii_lowercase()) || !id.chars().all(letters) {
        let fault = Fault::new(entry.place, format!("{} cannot be a symptom's id", show(id)));
        book.faults.push(fault.label("lower-case letters, digits and `-`"));
    }
    for item in node.list("explains") {
        if let Some(other) = item.text() {
            book.symptom_ref(other, item.place);
        }
    }
    let any = patterns(node, "any");
    let unless = patterns(node, "unless");
    if !node.is_broken("any") && !node.is_broken("unless") {
        samples(node, &any, &unless, book);
    }
    let groups: BTreeSet<&str> = any.iter().flat_map(Pattern::groups).collect();
    let broken = node.is_broken("any");
    let cause = node.item("cause").and_then(Item::filling).map(|filling| text(filling, &groups, broken, book));
    let fix = node.list("fix").iter().filter_map(|item| fix(item, &groups, broken, book)).collect();
    let texts = |key: &str| node.list(key).iter().filter_map(Item::text).map(str::to_owned).collect::<Vec<_>>();
    let confirm = node.text("confirm").map(|check| book.check_ref(check, node.value_place("confirm")).name);
    Some(Symptom {
        id: id.to_owned(),
        family: node.text("family")?.to_owned(),
        role: word::<Role>(node.text("role")?)?,
        layer: node.number("layer").and_then(|layer| u8::try_from(layer).ok()).unwrap_or(0),
        sources: node.list("sources").iter().filter_map(Item::text).filter_map(word::<Source>).collect(),
        any: any.iter().map(|pattern| pattern.source().to_owned()).collect(),
        unless: unless.iter().map(|pattern| pattern.source().to_owned()).collect(),
        explains: texts("explains"),
        cause: cause?,
        fix,
        confirm,
        origin: node.text("origin").map(str::to_owned),
        examples: texts("examples"),
        counter: texts("counter"),
    })
}

/// A word of a closed list, as the model reads it.
fn word<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    let text: serde::de::value::StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    T::deserialize(text).ok()
}

fn patterns(node: &Node, key: &str) -> Vec<Pattern> {
    let items = node.list(key).iter();
    items
        .filter_map(|item| if let Value::Pattern(pattern) = &item.value { Some(pattern.clone()) } else { None })
        .collect()
}

/// Every example must match, no counter-example may.
fn samples(node: &Node, any: &[Pattern], unless: &[Pattern], book: &mut Book<'_>) {
    for (key, wanted) in [("examples", true), ("counter", false)] {
        for item in node.list(key) {
            let Some(text) = item.text() else { continue };
            if is_found(text.as_bytes(), any, unless) == wanted {
                continue;
            }
            let title =
                if wanted { "no pattern of `any` finds this example" } else { "this text must not be found, and is" };
            book.faults.push(Fault::new(item.place, title).also(node.key_place("any"), "the patterns"));
        }
    }
}

/// Does one of `any` match on a line that none of `unless` takes back?
fn is_found(text: &[u8], any: &[Pattern], unless: &[Pattern]) -> bool {
    any.iter().flat_map(|pattern| pattern.regex().find_iter(text)).any(|found| {
        let start = memchr::memrchr(b'\n', &text[..found.start()]).map_or(0, |at| at + 1);
        let end = memchr::memchr(b'\n', &text[found.end()..]).map_or(text.len(), |at| found.end() + at);
        !unless.iter().any(|pattern| pattern.is_match(&text[start..end]))
    })
}

fn fix(item: &Item, groups: &BTreeSet<&str>, broken: bool, book: &mut Book<'_>) -> Option<Fix> {
    match &item.value {
        Value::Template(filling) => Some(Fix::All(text(filling, groups, broken, book))),
        Value::Table(node) => {
            let [windows, unix] = ["windows", "unix"].map(|key| {
                let filling = node.item(key).and_then(Item::filling);
                filling.map(|filling| text(filling, groups, broken, book))
            });
            Some(Fix::ByOs { windows: windows?, unix: unix? })
        }
        _ => None,
    }
}

/// A text for people in the form that the classifier fills: variables have their values, named
/// groups are `{name}`.
fn text(filling: &Filling, groups: &BTreeSet<&str>, broken: bool, book: &mut Book<'_>) -> String {
    let mut out = String::new();
    let mut uses = filling.uses.iter();
    for part in filling.template.parts() {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Var { name, .. } => {
                let used = uses.next();
                if groups.contains(name.as_str()) {
                    out.push_str(&format!("{{{name}}}"));
                    continue;
                }
                match book.vars.get(name) {
                    Some(var) if !var.secret => out.push_str(&var.value),
                    var => {
                        let Some(used) = used else { continue };
                        let known = book.var_names.iter().map(String::as_str).chain(groups.iter().copied());
                        let fault = match var {
                            Some(_) => {
                                Fault::new(used.place, format!("{} is a secret, and this text is shown", show(name)))
                            }
                            None if broken || book.var_names.contains(name) => continue,
                            None => Fault::new(used.place, format!("{} is no variable and no named group", show(name)))
                                .suggest(name, known),
                        };
                        book.faults.push(fault);
                    }
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::format::{ROLES, SOURCES};

    #[test]
    fn the_format_and_the_model_know_the_same_words() {
        assert!(ROLES.iter().all(|role| word::<Role>(role).is_some()));
        assert!(SOURCES.iter().all(|source| word::<Source>(source).is_some()));
    }
}
