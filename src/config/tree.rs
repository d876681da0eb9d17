//! The file as a tree in which every value has its kind and its place. Values that were wrong are
//! reported and absent; that they stood there is remembered, so that one error does not cause others.

use super::fault::Place;
use super::input::Os;
use super::shape::{SYSTEMS, Shape};
use crate::model::pattern::Pattern;
use crate::model::template::Template;
use std::collections::BTreeMap;
use std::time::Duration;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Item {
    /// Where.
    pub place: Place,
    /// What.
    pub value: Value,
}

/// A value of the kind that its key asks for.
#[derive(Debug, Clone)]
pub enum Value {
    /// Text, line, choice.
    Text(String),
    /// A template.
    Template(Filling),
    /// A compiled pattern.
    Pattern(Pattern),
    /// A pattern that waits for the values of its variables.
    Unfilled(Unfilled),
    /// A duration.
    Duration(Duration),
    /// First and longest pause.
    Backoff(Duration, Duration),
    /// true or false.
    Flag(bool),
    /// A whole number.
    Number(u64),
    /// A list.
    List(Vec<Item>),
    /// A table with known keys.
    Table(Node),
    /// A table with free keys, in the file's order.
    Map(Vec<Entry>),
}

/// A template, with the places of its variables.
#[derive(Debug, Clone)]
pub struct Filling {
    /// The parsed text.
    pub template: Template,
    /// The text as written.
    pub text: String,
    /// Every variable in it.
    pub uses: Vec<Use>,
}

/// A pattern with variables in it.
#[derive(Debug, Clone)]
pub struct Unfilled {
    /// The text as written.
    pub text: String,
    /// From where to where in it each variable stands.
    pub uses: Vec<(usize, usize, Use)>,
}

/// `${name}` somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The variable.
    pub name: String,
    /// Where.
    pub place: Place,
}

/// One entry of a map.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// Its value, unless wrong.
    pub item: Option<Item>,
}

/// A table.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its form.
    pub shape: &'static Shape,
    /// Its header, or the whole of an inline table.
    pub place: Place,
    fields: BTreeMap<&'static str, (Place, Option<Item>)>,
}

impl Node {
    /// An empty table.
    pub fn new(shape: &'static Shape, place: Place) -> Self {
        Self { shape, place, fields: BTreeMap::new() }
    }

    /// Adds a key; `None` is a value that was wrong.
    pub fn insert(&mut self, key: &'static str, place: Place, item: Option<Item>) {
        self.fields.insert(key, (place, item));
    }

    /// Is the key there, right or wrong?
    pub fn has(&self, key: &str) -> bool {
        self.fields.contains_key(key)
    }

    /// Is the key there, with a value that was wrong?
    pub fn is_broken(&self, key: &str) -> bool {
        matches!(self.fields.get(key), Some((_, None)))
    }

    /// Where the key stands; the table's own place when it is not there.
    pub fn key_place(&self, key: &str) -> Place {
        self.fields.get(key).map_or(self.place, |(place, _)| *place)
    }

    /// The keys that are there.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.fields.keys().copied()
    }

    /// The value of a key.
    pub fn item(&self, key: &str) -> Option<&Item> {
        debug_assert!(self.shape.kind(key).is_some(), "{} has no key {key}", self.shape.name);
        self.fields.get(key)?.1.as_ref()
    }

    /// Where its value stands; the table's own place when there is none.
    pub fn value_place(&self, key: &str) -> Place {
        self.item(key).map_or_else(|| self.key_place(key), |item| item.place)
    }

    /// A text, line or choice.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.item(key).and_then(Item::text)
    }

    /// A text; empty when not given.
    pub fn text_or_empty(&self, key: &str) -> String {
        self.text(key).unwrap_or_default().to_owned()
    }

    /// A template.
    pub fn template(&self, key: &str) -> Option<Template> {
        self.item(key).and_then(Item::filling).map(|filling| filling.template.clone())
    }

    /// A pattern.
    pub fn pattern(&self, key: &str) -> Option<Pattern> {
        match &self.item(key)?.value {
            Value::Pattern(pattern) => Some(pattern.clone()),
            _ => None,
        }
    }

    /// A duration.
    pub fn duration(&self, key: &str) -> Option<Duration> {
        match &self.item(key)?.value {
            Value::Duration(duration) => Some(*duration),
            _ => None,
        }
    }

    /// A flag; false when not given.
    pub fn flag(&self, key: &str) -> bool {
        matches!(self.item(key), Some(Item { value: Value::Flag(true), .. }))
    }

    /// A number.
    pub fn number(&self, key: &str) -> Option<usize> {
        match &self.item(key)?.value {
            Value::Number(number) => usize::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A list; empty when not given.
    pub fn list(&self, key: &str) -> &[Item] {
        match self.item(key).map(|item| &item.value) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }

    /// The tables of a list.
    pub fn tables(&self, key: &str) -> impl Iterator<Item = &Self> {
        self.list(key).iter().filter_map(Item::table)
    }

    /// A table.
    pub fn table(&self, key: &str) -> Option<&Self> {
        self.item(key).and_then(Item::table)
    }

    /// The entries of a map; empty when not given.
    pub fn map(&self, key: &str) -> &[Entry] {
        match self.item(key).map(|item| &item.value) {
            Some(Value::Map(entries)) => entries,
            _ => &[],
        }
    }

    /// The tables of a map whose entries are tables, with their keys.
    pub fn table_map(&self, key: &str) -> impl Iterator<Item = (&Entry, &Self)> {
        self.map(key).iter().filter_map(|entry| Some((entry, entry.item.as_ref()?.table()?)))
    }

    /// Every variable used in it, per-system tables apart.
    pub fn uses(&self) -> Vec<Use> {
        let mut found = Vec::new();
        for (key, (_, item)) in &self.fields {
            if self.shape.overrides.is_some() && SYSTEMS.contains(key) {
                continue;
            }
            if let Some(item) = item {
                item.gather(&mut found);
            }
        }
        found
    }

    /// Puts a pattern in the place of every unfilled one in it. One that cannot be filled is a value
    /// that was wrong.
    pub fn fill(&mut self, fill: &mut impl FnMut(&Unfilled, Place) -> Option<Pattern>) {
        self.fields.values_mut().for_each(|(_, item)| Item::fill_in(item, fill));
    }

    /// Has it a table for some system?
    pub fn differs_by_system(&self) -> bool {
        self.shape.overrides.is_some() && SYSTEMS.iter().any(|key| self.has(key))
    }

    /// The table as it is on that system: its overrides put over it. `actions` exclude each other:
    /// an override that brings one takes the others away.
    pub fn on(&self, os: Os, actions: &[&str]) -> Self {
        let mut merged = self.clone();
        // What differs by system is no part of every table.
        for layer in os.layers().iter().filter(|layer| self.shape.kind(layer).is_some()) {
            let Some(Item { value: Value::Table(over), .. }) = self.item(layer) else { continue };
            if actions.iter().any(|action| over.has(action)) {
                merged.fields.retain(|key, _| !actions.contains(key));
            }
            for (key, field) in &over.fields {
                merged.fields.insert(key, field.clone());
            }
        }
        merged.fields.retain(|key, _| !SYSTEMS.contains(key));
        merged
    }
}

impl Item {
    /// Its text.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Its number, as an exit code.
    pub fn code(&self) -> Option<i32> {
        match &self.value {
            Value::Number(number) => i32::try_from(*number).ok(),
            _ => None,
        }
    }

    /// Its template.
    pub fn filling(&self) -> Option<&Filling> {
        match &self.value {
            Value::Template(filling) => Some(filling),
            _ => None,
        }
    }

    /// Its table.
    pub fn table(&self) -> Option<&Node> {
        match &self.value {
            Value::Table(node) => Some(node),
            _ => None,
        }
    }

    fn fill_in(item: &mut Option<Self>, fill: &mut impl FnMut(&Unfilled, Place) -> Option<Pattern>) {
        if item.as_mut().is_some_and(|item| !item.fill(fill)) {
            *item = None;
        }
    }

    /// Answers whether it could be filled.
    fn fill(&mut self, fill: &mut impl FnMut(&Unfilled, Place) -> Option<Pattern>) -> bool {
        match &mut self.value {
            Value::Unfilled(unfilled) => match fill(unfilled, self.place) {
                Some(pattern) => self.value = Value::Pattern(pattern),
                None => return false,
            },
            Value::List(items) => {
                // All of them, so that all faults are found.
                let mut filled = true;
                for item in items {
                    filled &= item.fill(fill);
                }
                return filled;
            }
            Value::Map(entries) => entries.iter_mut().for_each(|entry| Self::fill_in(&mut entry.item, fill)),
            Value::Table(node) => node.fill(fill),
            _ => {}
        }
        true
    }

    fn gather(&self, found: &mut Vec<Use>) {
        match &self.value {
            Value::Template(filling) => found.extend(filling.uses.iter().cloned()),
            Value::List(items) => items.iter().for_each(|item| item.gather(found)),
            Value::Map(entries) => entries.iter().filter_map(|entry| entry.item.as_ref()).for_each(|i| i.gather(found)),
            Value::Table(node) => found.extend(node.uses()),
            _ => {}
        }
    }
}
