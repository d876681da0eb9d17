//! `[symptoms.ID]` → [`Symptom`].

use super::book::Book;
use super::fault::{Fault, show};
use super::tree::{Entry, Filling, Item, Node, Value};
use crate::classify::sample::{captures, is_found};
use crate::model::danger;
use crate::model::finding::{Final, Fix, Role, Rollback, Sample, Source, Symptom};
use crate::model::pattern::Pattern;
use crate::model::step::Danger;
use crate::model::template::Part;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use std::collections::{BTreeMap, BTreeSet};

/// The symptom.
pub fn draw(entry: &Entry, node: &Node, book: &mut Book<'_>) -> Option<Symptom> {
    let id = entry.key.as_str();
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !id.starts_with(|c: char| c.is_ascii_lowercase()) || !id.chars().all(letters) {
        let fault = Fault::new(entry.place, format!("{} cannot be a symptom's id", show(id)));
        book.faults.push(fault.label("lower-case letters, digits and `-`"));
    }
    for item in node.list("explains") {
        if let Some(other) = item.text().filter(|_| !book.linted) {
            book.symptom_ref(other, item.place);
        }
    }
    let any = patterns(node, "any");
    let unless = patterns(node, "unless");
    if !node.is_broken("any") && !node.is_broken("unless") && !book.linted {
        samples(node, &any, &unless, book);
    }
    let groups: BTreeSet<&str> = any.iter().flat_map(Pattern::groups).collect();
    let broken = node.is_broken("any");
    let cause = node.item("cause").and_then(Item::filling).map(|filling| text(filling, &groups, broken, book));
    let fix = node.list("fix").iter().filter_map(|item| fix(item, &groups, broken, book)).collect();
    let texts = |key: &str| node.list(key).iter().filter_map(Item::text).map(str::to_owned).collect::<Vec<_>>();
    let checks = match node.item("confirm") {
        Some(Item { value: Value::List(checks), .. }) => checks.iter().collect(),
        other => other.into_iter().collect::<Vec<_>>(),
    };
    let mut check = |check: &Item| {
        let name = check.text()?;
        Some(if book.linted { name.to_owned() } else { book.check_ref(name, check.place).name })
    };
    let confirm = checks.into_iter().filter_map(&mut check).collect();
    Some(Symptom {
        id: id.to_owned(),
        family: node.text("family")?.to_owned(),
        role: word::<Role>(node.text("role")?)?,
        layer: node.number("layer").and_then(|layer| u8::try_from(layer).ok()).unwrap_or(0),
        is_final: ends_a_wait(node, book),
        sources: node.list("sources").iter().filter_map(Item::text).filter_map(word::<Source>).collect(),
        any: any.iter().map(|pattern| pattern.source().to_owned()).collect(),
        unless: unless.iter().map(|pattern| pattern.source().to_owned()).collect(),
        explains: texts("explains"),
        cause: cause?,
        fix,
        confirm,
        rollback: node.text("rollback").and_then(word::<Rollback>).unwrap_or_default(),
        fields: texts("fields"),
        origin: node.text("origin").map(str::to_owned),
        examples: node.list("examples").iter().filter_map(sample).collect(),
        counter: texts("counter"),
    })
}

/// `final = true`, or how long it must last.
fn ends_a_wait(node: &Node, book: &mut Book<'_>) -> Option<Final> {
    match &node.item("final")?.value {
        Value::Flag(true) => Some(Final::Now),
        Value::Duration(time) => Some(Final::After(*time)),
        _ => {
            let fault = Fault::new(node.value_place("final"), "`final` can only be true, or a duration");
            book.faults.push(fault.label("write true or \"1m\", or leave it out"));
            None
        }
    }
}

/// A word of a closed list, as the model reads it.
fn word<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    let text: serde::de::value::StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
    T::deserialize(text).ok()
}

pub(super) fn patterns(node: &Node, key: &str) -> Vec<Pattern> {
    let items = node.list(key).iter();
    items
        .filter_map(|item| if let Value::Pattern(pattern) = &item.value { Some(pattern.clone()) } else { None })
        .collect()
}

/// Every example must match, no counter-example may.
fn samples(node: &Node, any: &[Pattern], unless: &[Pattern], book: &mut Book<'_>) {
    for (key, wanted) in [("examples", true), ("counter", false)] {
        for item in node.list(key) {
            let Some(Sample { text, expect }) = sample(item) else { continue };
            if is_found(text.as_bytes(), any, unless) == wanted {
                let told = captures(text.as_bytes(), any);
                for (name, value) in expect.iter().filter(|(name, value)| told.get(*name) != Some(*value)) {
                    let told = told.get(name).map_or("nothing".to_owned(), |told| show(told));
                    let title = format!("{} of this example is {told}, not {}", show(name), show(value));
                    book.faults.push(Fault::new(item.place, title).also(node.key_place("any"), "the patterns"));
                }
                continue;
            }
            let title =
                if wanted { "no pattern of `any` finds this example" } else { "this text must not be found, and is" };
            book.faults.push(Fault::new(item.place, title).also(node.key_place("any"), "the patterns"));
        }
    }
}

/// An example or a counter-example.
fn sample(item: &Item) -> Option<Sample> {
    match &item.value {
        Value::Text(text) => Some(Sample { text: text.clone(), expect: BTreeMap::new() }),
        Value::Table(node) => {
            let entries = match node.item("expect").map(|item| &item.value) {
                Some(Value::Map(entries)) => entries.as_slice(),
                _ => &[],
            };
            let expect =
                entries.iter().filter_map(|entry| Some((entry.key.clone(), entry.item.as_ref()?.text()?.to_owned())));
            Some(Sample { text: node.text("text")?.to_owned(), expect: expect.collect() })
        }
        _ => None,
    }
}

fn fix(item: &Item, groups: &BTreeSet<&str>, broken: bool, book: &mut Book<'_>) -> Option<Fix> {
    match &item.value {
        Value::Template(filling) => Some(Fix::all(&text(filling, groups, broken, book))),
        Value::Table(node) => {
            let danger = node.text("danger").and_then(word::<Danger>);
            let [same, windows, unix] = ["do", "windows", "unix"].map(|key| {
                let filling = node.item(key).and_then(Item::filling);
                filling.map(|filling| text(filling, groups, broken, book))
            });
            let (windows, unix) = match (same, windows, unix) {
                (Some(same), None, None) => (same.clone(), same),
                (None, Some(windows), Some(unix)) => (windows, unix),
                _ if ["do", "windows", "unix"].iter().any(|key| node.is_broken(key)) => return None,
                _ => {
                    let fault = Fault::new(item.place, "a fix has `do`, or both `windows` and `unix`");
                    book.faults.push(fault);
                    return None;
                }
            };
            let read_off = danger::of(&windows).max(danger::of(&unix));
            Some(Fix { windows, unix, danger: danger.unwrap_or(read_off) })
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
    use crate::config::format::{DANGERS, ROLES, ROLLBACKS, SOURCES};

    #[test]
    fn the_format_and_the_model_know_the_same_words() {
        assert!(ROLES.iter().all(|role| word::<Role>(role).is_some()));
        assert!(SOURCES.iter().all(|source| word::<Source>(source).is_some()));
        assert!(DANGERS.iter().all(|danger| word::<Danger>(danger).is_some()));
        assert!(ROLLBACKS.iter().all(|rollback| word::<Rollback>(rollback).is_some()));
    }
}
