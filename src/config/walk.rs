//! TOML → the tree of `tree`, along the shapes. Every fault of form is found here.

use super::fault::{Fault, Faults, Place, show};
use super::filling;
use super::patterns;
use super::shape::{Kind, Shape};
use super::tree::{Entry, Item, Node, Value};
use crate::text::parse_duration;
use std::ops::Range;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Before the key of a list, for what stands in it.
const ELEMENT: &str = "an element of ";

/// Walks one file.
#[derive(Debug)]
pub struct Walker<'a> {
    /// The file's index.
    pub file: usize,
    /// Its text.
    pub text: &'a str,
    /// Where faults go.
    pub faults: &'a mut Faults,
}

impl Walker<'_> {
    fn place(&self, span: Range<usize>) -> Place {
        Place { file: self.file, start: span.start, end: span.end }
    }

    /// Reads a table.
    pub fn table(&mut self, shape: &'static Shape, table: &DeTable<'_>, place: Place) -> Node {
        let mut node = Node::new(shape, place);
        let mut meant = Vec::new();
        for (key, value) in table.iter() {
            let at = self.place(key.span());
            match shape.kind(key.get_ref()) {
                Some((known, kind)) => {
                    let item = self.item(kind, value, known);
                    node.insert(known, at, item);
                }
                None => {
                    meant.extend(self.unknown_key(shape, key.get_ref(), at).map(|near| (near, at)));
                }
            }
        }
        // A misspelt key counts as the one that was meant, with a wrong value: what would follow from
        // its absence is the same error.
        for (near, at) in meant {
            if !node.has(near) {
                node.insert(near, at, None);
            }
        }
        for field in shape.fields.iter().filter(|field| field.required && !node.has(field.key)) {
            if !shape.partial {
                let fault = Fault::new(place, format!("`{}` is missing", field.key));
                self.faults.push(fault.label(lower_first(field.doc)));
            }
        }
        node
    }

    /// Reports a key that the format does not know; answers the key that was probably meant.
    fn unknown_key(&mut self, shape: &'static Shape, key: &str, at: Place) -> Option<&'static str> {
        let keys = || shape.keys().map(|(key, _)| key);
        let other_word = shape.fields.iter().find(|field| field.aka.contains(&key)).map(|field| field.key);
        let near = other_word.or_else(|| crate::text::suggest(key, keys()));
        let near = near.and_then(|near| shape.kind(near)).map(|(key, _)| key);
        let mut fault = Fault::new(at, format!("unknown key {}", show(key)));
        fault = match near {
            Some(near) => fault.label(format!("did you mean `{near}`?")),
            None => fault.help(format!("known keys: {}", keys().collect::<Vec<_>>().join(", "))),
        };
        self.faults.push(fault);
        near
    }

    fn item(&mut self, kind: Kind, value: &Spanned<DeValue<'_>>, key: &str) -> Option<Item> {
        let place = self.place(value.span());
        self.value(kind, value.get_ref(), place, key).map(|value| Item { place, value })
    }

    fn value(&mut self, kind: Kind, value: &DeValue<'_>, place: Place, key: &str) -> Option<Value> {
        match (kind, value) {
            (Kind::Either(kinds), _) => match kinds.iter().find(|kind| fits(kind, value)) {
                Some(fitting) => self.value(*fitting, value, place, key),
                None => self.wrong_type(kind, value, place, key),
            },
            (_, DeValue::String(text)) if fits(&kind, value) => self.string(kind, text, place, key),
            (Kind::Flag, DeValue::Boolean(flag)) => Some(Value::Flag(*flag)),
            (Kind::Number(min, max), DeValue::Integer(number)) => {
                let digits = number.as_str().replace('_', "");
                match u64::from_str_radix(&digits, number.radix()) {
                    Ok(number) if (min..=max).contains(&number) => Some(Value::Number(number)),
                    _ => {
                        let limits = if max == u64::MAX { format!("{min} or more") } else { format!("{min} to {max}") };
                        self.refuse(Fault::new(place, format!("{} is out of range", called(key))).label(limits))
                    }
                }
            }
            (Kind::Argv | Kind::List(_) | Kind::Some(_), DeValue::Array(array)) => {
                let of = match kind {
                    Kind::List(of) | Kind::Some(of) => *of,
                    _ => Kind::Template,
                };
                if array.is_empty() && !matches!(kind, Kind::List(_)) {
                    return self
                        .refuse(Fault::new(place, format!("{} is empty", called(key))).label("needs at least one"));
                }
                // All elements are read before one wrong one spoils the list: all faults at once.
                let one = format!("{ELEMENT}`{key}`");
                let items: Vec<_> = array.iter().map(|value| self.item(of, value, &one)).collect();
                items.into_iter().collect::<Option<Vec<_>>>().map(Value::List)
            }
            (Kind::Table(shape), DeValue::Table(table)) => Some(Value::Table(self.table(shape, table, place))),
            (Kind::Map(of), DeValue::Table(table)) => {
                let mut entries: Vec<Entry> = Vec::new();
                for (key, value) in table.iter() {
                    let place = self.place(key.span());
                    let name = key.get_ref().to_string();
                    let item = self.item(*of, value, &name);
                    entries.push(Entry { key: name, place, item });
                }
                entries.sort_by_key(|entry| entry.place);
                Some(Value::Map(entries))
            }
            _ => self.wrong_type(kind, value, place, key),
        }
    }

    fn string(&mut self, kind: Kind, text: &str, place: Place, key: &str) -> Option<Value> {
        if let Some(at) = text.find('\0') {
            let place = filling::inside(self.text, place, text, at, 0);
            return self.refuse(Fault::new(place, "a string holds a NUL character"));
        }
        let fault = |title: String| Fault::new(place, title);
        match kind {
            Kind::Line => match text.chars().find(|c| c.is_control()) {
                Some(_) => {
                    self.refuse(fault("this text must be one line".to_owned()).label("holds a control character"))
                }
                None => Some(Value::Text(text.to_owned())),
            },
            Kind::Template => match filling::read(self.text, text, place) {
                Ok(filling) => Some(Value::Template(filling)),
                Err(fault) => self.refuse(fault),
            },
            Kind::Pattern => match patterns::compile(text, place) {
                Ok(pattern) => Some(Value::Pattern(pattern)),
                Err(fault) => self.refuse(fault),
            },
            Kind::FilledPattern => match patterns::read(self.text, text, place) {
                Ok(value) => Some(value),
                Err(fault) => self.refuse(fault),
            },
            Kind::Duration => match positive(text) {
                Ok(duration) => Some(Value::Duration(duration)),
                Err(why) => self.refuse(fault(format!("{} is not a duration", show(text))).label(why)),
            },
            Kind::Backoff => {
                let (first, max) = text.split_once("..").unwrap_or((text, text));
                let read = positive(first).and_then(|first| Ok((first, positive(max)?)));
                match read {
                    Ok((first, max)) if first <= max => Some(Value::Backoff(first, max)),
                    Ok(_) => self.refuse(fault("the longest pause is shorter than the first".to_owned())),
                    Err(why) => self.refuse(fault(format!("{} is not a pause", show(text))).label(why)),
                }
            }
            Kind::Choice(words) => {
                if words.contains(&text) {
                    return Some(Value::Text(text.to_owned()));
                }
                let fault = fault(format!("{} does not know {}", called(key.trim_start_matches(ELEMENT)), show(text)));
                self.refuse(fault.among(text, "known", words.iter().copied(), ""))
            }
            _ => Some(Value::Text(text.to_owned())),
        }
    }

    fn refuse(&mut self, fault: Fault) -> Option<Value> {
        self.faults.push(fault);
        None
    }

    fn wrong_type(&mut self, kind: Kind, value: &DeValue<'_>, place: Place, key: &str) -> Option<Value> {
        let fault = Fault::new(place, format!("{} must be {}", called(key), kind.noun())).label(format!(
            "this is {}",
            match value {
                DeValue::String(_) => "a string",
                DeValue::Integer(_) => "a whole number",
                DeValue::Float(_) => "a number",
                DeValue::Boolean(_) => "true or false",
                DeValue::Datetime(_) => "a date",
                DeValue::Array(_) => "a list",
                DeValue::Table(_) => "a table",
            }
        ));
        let fault = match (kind, value) {
            (Kind::Argv, DeValue::String(text)) => {
                let words: Vec<String> = text.split_whitespace().map(|word| format!("{word:?}")).collect();
                // The words for an element are no key that could be written.
                let key = if key.contains('`') { String::new() } else { format!("{key} = ") };
                fault.help(format!("write a list, one string for each argument: {key}[{}]", words.join(", ")))
            }
            (Kind::List(_) | Kind::Some(_), DeValue::String(text)) => fault.help(format!("write a list: [{text:?}]")),
            (Kind::Duration | Kind::Backoff, DeValue::Integer(number)) => {
                fault.help(format!("write it with a unit, as a string: \"{number}s\""))
            }
            (Kind::Number(..), DeValue::String(text)) if text.parse::<u64>().is_ok() => {
                fault.help(format!("write it without quotes: {text}"))
            }
            (
                Kind::Text | Kind::Line | Kind::Template | Kind::Either(_),
                DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_),
            ) if fits(&kind, &DeValue::String("".into())) => {
                // Without repeating it: it may be a secret.
                fault.help("write it in quotes, as a string")
            }
            _ => fault,
        };
        self.refuse(fault)
    }
}

/// Is the value of the TOML type that the kind is written in?
fn fits(kind: &Kind, value: &DeValue<'_>) -> bool {
    match kind {
        Kind::Flag => value.is_bool(),
        Kind::Number(..) => value.is_integer(),
        Kind::Argv | Kind::List(_) | Kind::Some(_) => value.is_array(),
        Kind::Table(_) | Kind::Map(_) => value.is_table(),
        Kind::Either(kinds) => kinds.iter().any(|kind| fits(kind, value)),
        _ => value.is_str(),
    }
}

fn positive(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(duration) if duration.is_zero() => Err("must be more than nothing".to_owned()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(error.to_string()),
    }
}

/// A key, quoted; an element is in words already.
fn called(key: &str) -> String {
    if key.contains('`') { key.to_owned() } else { show(key) }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
