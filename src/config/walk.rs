//! TOML → the tree of `tree`, along the shapes. Every fault of form is found here.

use super::fault::{Fault, Faults, Place, show};
use super::shape::{Kind, Shape, one_of};
use super::tree::{Entry, Filling, Item, Node, Use, Value};
use crate::model::pattern::Pattern;
use crate::model::template::{Part, Template};
use crate::text::parse_duration;
use std::ops::Range;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

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
        let mut unknown = Vec::new();
        for (key, value) in table.iter() {
            let at = self.place(key.span());
            match shape.kind(key.get_ref()) {
                Some((known, kind)) => {
                    let item = self.item(kind, value, known);
                    node.insert(known, at, item);
                }
                None => {
                    let near = self.unknown_key(shape, key.get_ref(), at);
                    unknown.extend(near);
                }
            }
        }
        for field in shape.fields.iter().filter(|field| field.required && !node.has(field.key)) {
            // A misspelt key has been reported already: that it is missing is the same error.
            if !shape.partial && !unknown.contains(&field.key) {
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
        let near = crate::text::suggest(key, keys()).or(other_word);
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
            (_, DeValue::String(text)) if fits(&kind, value) => self.string(kind, text, place),
            (Kind::Flag, DeValue::Boolean(flag)) => Some(Value::Flag(*flag)),
            (Kind::Number(min, max), DeValue::Integer(number)) => {
                let digits = number.as_str().replace('_', "");
                match u64::from_str_radix(&digits, number.radix()) {
                    Ok(number) if (min..=max).contains(&number) => Some(Value::Number(number)),
                    _ => {
                        let limits = if max == u64::MAX { format!("{min} or more") } else { format!("{min} to {max}") };
                        self.refuse(Fault::new(place, format!("`{key}` is out of range")).label(limits))
                    }
                }
            }
            (Kind::Argv | Kind::List(_) | Kind::Some(_), DeValue::Array(array)) => {
                let of = match kind {
                    Kind::List(of) | Kind::Some(of) => *of,
                    _ => Kind::Template,
                };
                if array.is_empty() && !matches!(kind, Kind::List(_)) {
                    return self.refuse(Fault::new(place, format!("`{key}` is empty")).label("needs at least one"));
                }
                // All elements are read before one wrong one spoils the list: all faults at once.
                let items: Vec<_> = array.iter().map(|value| self.item(of, value, key)).collect();
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

    fn string(&mut self, kind: Kind, text: &str, place: Place) -> Option<Value> {
        if let Some(at) = text.find('\0') {
            let place = self.inside(place, text, at, 0);
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
            Kind::Template => self.template(text, place),
            Kind::Pattern => match Pattern::new(text) {
                Ok(pattern) => Some(Value::Pattern(pattern)),
                Err(why) => self.refuse(fault("this is not a valid pattern".to_owned()).label(why)),
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
                let mut fault = fault(format!("expected {}, found {}", one_of(words), show(text)));
                if crate::text::suggest(text, words.iter().copied()).is_some() {
                    fault = fault.suggest(text, words.iter().copied());
                } else if words.len() > 8 {
                    fault = fault.help(format!("known words: {}", words.join(", ")));
                }
                self.refuse(fault)
            }
            _ => Some(Value::Text(text.to_owned())),
        }
    }

    fn template(&mut self, text: &str, place: Place) -> Option<Value> {
        let template = match Template::parse(text) {
            Ok(template) => template,
            Err(error) => {
                let open = text.get(error.at()..).unwrap_or_default();
                let length = open.find('}').map_or(open.len(), |end| end + 1);
                let place = self.inside(place, text, error.at(), length);
                let fault = Fault::new(place, error.to_string());
                return self.refuse(fault.help("`$$` is a dollar sign that opens no variable"));
            }
        };
        // The parts come in the order of the text, so each is looked for behind the one before.
        let mut from = 0;
        let mut uses = Vec::new();
        for part in template.parts() {
            let Part::Var { name, optional } = part else { continue };
            let written = format!("${{{name}{}}}", if *optional { "?" } else { "" });
            let at = find_unescaped(text, &written, from).unwrap_or(from);
            uses.push(Use { name: name.clone(), place: self.inside(place, text, at, written.len()) });
            from = at + written.len();
        }
        Some(Value::Template(Filling { template, text: text.to_owned(), uses }))
    }

    /// The place of a part of a string, when the string is written without escapes; else the string's.
    fn inside(&self, place: Place, value: &str, at: usize, length: usize) -> Place {
        let raw = self.text.get(place.start..place.end).unwrap_or_default();
        for quotes in [1, 3] {
            if raw.len() == value.len() + 2 * quotes && raw.get(quotes..raw.len() - quotes) == Some(value) {
                let start = place.start + quotes + at;
                return Place { file: place.file, start, end: start + length };
            }
        }
        place
    }

    fn refuse(&mut self, fault: Fault) -> Option<Value> {
        self.faults.push(fault);
        None
    }

    fn wrong_type(&mut self, kind: Kind, value: &DeValue<'_>, place: Place, key: &str) -> Option<Value> {
        let fault = Fault::new(place, format!("{} must be {}", show(key), kind.noun())).label(format!(
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
                fault.help(format!("write a list, one string for each argument: {key} = [{}]", words.join(", ")))
            }
            (Kind::List(_) | Kind::Some(_), DeValue::String(text)) => fault.help(format!("write a list: [{text:?}]")),
            (Kind::Duration | Kind::Backoff, DeValue::Integer(number)) => {
                fault.help(format!("write it with a unit, as a string: \"{number}s\""))
            }
            (
                Kind::Text | Kind::Line | Kind::Template | Kind::Either(_),
                DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_),
            ) if fits(&kind, &DeValue::String("".into())) => {
                let raw = self.text.get(place.start..place.end).unwrap_or_default();
                fault.help(format!("write it as a string: \"{raw}\""))
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

/// Where `written` stands in `text`, skipping `$$`.
fn find_unescaped(text: &str, written: &str, mut from: usize) -> Option<usize> {
    loop {
        let rest = text.get(from..)?;
        let at = from + rest.find('$')?;
        let here = text.get(at..)?;
        if here.starts_with("$$") {
            from = at + 2;
        } else if here.starts_with(written) {
            return Some(at);
        } else {
            from = at + 1;
        }
    }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
