//! The values that a step's open variables may have, and the guard between the world and an argv.

use crate::model::template::{Part, Template};
use crate::plan::Block;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Longest value that a tool's output may put into an argument.
const FOREIGN_MAX: usize = 4096;

/// One match of an `each` pattern: its named groups.
pub type Item = BTreeMap<String, String>;

/// A value, and whether it came out of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Value {
    text: String,
    is_foreign: bool,
}

/// The values at one point of the run.
#[derive(Debug, Clone, Default)]
pub struct Values {
    values: BTreeMap<String, Value>,
    lists: BTreeMap<String, Vec<Item>>,
}

impl Values {
    /// These values and an item's.
    #[must_use]
    pub fn with_item(&self, item: &Item) -> Self {
        let mut values = self.clone();
        values.add_foreign(item);
        values
    }

    /// These values and one of our own, in the place of another one of that name.
    #[must_use]
    pub fn with_own(&self, name: &str, text: &str) -> Self {
        let mut values = self.clone();
        values.values.insert(name.to_owned(), Value { text: text.to_owned(), is_foreign: false });
        values
    }

    /// Has it a value?
    pub fn knows(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A text in which every value is put as JSON has it inside a string; what a tool's output gave is as good as any.
    ///
    /// # Errors
    /// A variable without a value.
    pub fn json(&self, template: &Template) -> Result<String, String> {
        let names = template.names();
        let escaped: BTreeMap<&str, String> =
            names.into_iter().filter_map(|name| Some((name, in_json(self.lookup(name)?)))).collect();
        let text =
            template.resolve(|name| escaped.get(name).map(String::as_str)).map_err(|missing| missing.to_string());
        Ok(text?.unwrap_or_default())
    }

    fn add_foreign(&mut self, found: &Item) {
        for (name, text) in found {
            self.values.insert(name.clone(), Value { text: text.clone(), is_foreign: true });
        }
    }

    /// The items of a list.
    pub fn list(&self, name: &str) -> &[Item] {
        self.lists.get(name).map_or(&[], Vec::as_slice)
    }

    fn lookup(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.text.as_str())
    }

    /// The whole argv.
    ///
    /// # Errors
    /// A variable without a value, or a foreign value that must not reach a tool.
    pub fn argv(&self, templates: &[Template]) -> Result<Vec<Option<String>>, String> {
        templates.iter().map(|template| self.argument(template)).collect()
    }

    fn argument(&self, template: &Template) -> Result<Option<String>, String> {
        let text = self.text(template)?;
        if text.as_ref().is_some_and(|text| text.starts_with('-')) {
            // The dash must have been written in `tasks.toml`, or be a declared variable's.
            for part in template.parts() {
                match part {
                    Part::Text(text) if text.is_empty() => {}
                    Part::Text(_) => break,
                    Part::Var { name, .. } => match self.values.get(name) {
                        Some(value) if value.text.is_empty() => {}
                        Some(value) if value.is_foreign => {
                            return Err(format!(
                                "the value found for `${{{name}}}` would be read as an option: it begins with `-`"
                            ));
                        }
                        _ => break,
                    },
                }
            }
        }
        Ok(text)
    }

    /// A text that goes to a tool but is no argument (an environment value, a directory).
    ///
    /// # Errors
    /// As [`Values::argv`].
    pub fn text(&self, template: &Template) -> Result<Option<String>, String> {
        for name in template.names() {
            if let Some(value) = self.values.get(name).filter(|value| value.is_foreign) {
                if value.text.len() > FOREIGN_MAX {
                    let bytes = value.text.len();
                    return Err(format!(
                        "the value found for `${{{name}}}` has {bytes} bytes; {FOREIGN_MAX} is the most"
                    ));
                }
                if value.text.chars().any(char::is_control) {
                    return Err(format!("the value found for `${{{name}}}` holds control characters"));
                }
            }
        }
        template.resolve(|name| self.lookup(name)).map_err(|missing| missing.to_string())
    }

    /// A text for people: what has no value stays as `${name}`.
    pub fn show(&self, template: &Template) -> String {
        match template.resolve(|name| self.lookup(name)) {
            Ok(text) => text.unwrap_or_default(),
            Err(_) => template.fill(|name| self.lookup(name)).map(|rest| rest.to_string()).unwrap_or_default(),
        }
    }

    /// A plain file name, whatever the values hold.
    ///
    /// # Errors
    /// As [`Values::text`].
    pub fn file_name(&self, template: &Template) -> Result<Option<String>, String> {
        Ok(self.text(template)?.map(|name| {
            let name: String =
                name.chars().map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c }).collect();
            if name.starts_with('.') { format!("_{name}") } else { name }
        }))
    }
}

/// A text as it stands inside a string of JSON, without the quotes.
fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
}

/// The values of one block while it runs. Steps add what they find.
#[derive(Debug)]
pub struct Scope {
    base: Values,
    found: Mutex<Values>,
}

impl Scope {
    /// A block's own values over those of its caller.
    pub fn new(block: &Block, caller: &Values) -> Self {
        let mut base = caller.clone();
        for (name, text) in &block.scope {
            base.values.insert(name.clone(), Value { text: text.clone(), is_foreign: false });
        }
        Self { base, found: Mutex::default() }
    }

    /// Everything known now.
    pub fn values(&self) -> Values {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let mut values = self.base.clone();
        values.values.extend(found.values.clone());
        values.lists.extend(found.lists.clone());
        values
    }

    /// Adds the named groups of an `expect`.
    pub fn add(&self, groups: &Item) {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).add_foreign(groups);
    }

    /// Adds the matches of an `each`; `list` is also the name of an item's main value. An item
    /// that is there already is not added again.
    pub fn extend(&self, list: &str, items: Vec<Item>) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let known = found.lists.entry(list.to_owned()).or_default();
        for item in items {
            if !known.iter().any(|other| other.get(list) == item.get(list)) {
                known.push(item);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(foreign: &[(&str, &str)]) -> Values {
        let item = foreign.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let mut values = Values::default().with_item(&item);
        values.values.insert("declared".into(), Value { text: "--declared".into(), is_foreign: false });
        values
    }

    fn argument(source: &str, foreign: &[(&str, &str)]) -> Result<Option<String>, String> {
        values(foreign).argument(&Template::parse(source).unwrap())
    }

    #[test]
    fn a_foreign_value_never_becomes_an_option() {
        let refused = argument("${pod}", &[("pod", "--kubeconfig=evil")]).unwrap_err();
        assert_eq!(refused, "the value found for `${pod}` would be read as an option: it begins with `-`");
        assert!(argument("${empty}${pod}", &[("pod", "-x"), ("empty", "")]).is_err());
        assert_eq!(argument("pod/${pod}", &[("pod", "-x")]), Ok(Some("pod/-x".into())));
        assert_eq!(argument("--name=${pod}", &[("pod", "-x")]), Ok(Some("--name=-x".into())));
        assert_eq!(argument("${declared}", &[]), Ok(Some("--declared".into())));
    }

    #[test]
    fn odd_values_are_refused_by_their_rule() {
        assert!(argument("a${x}", &[("x", "a\nb")]).unwrap_err().contains("control characters"));
        assert!(argument("a${x}", &[("x", "a\0b")]).unwrap_err().contains("control characters"));
        assert!(argument("${x}", &[("x", &"a".repeat(10_000))]).unwrap_err().contains("10000 bytes"));
        assert_eq!(argument("${x}", &[("x", "; rm -rf / $(x)")]), Ok(Some("; rm -rf / $(x)".into())));
        assert_eq!(argument("${nope}", &[]).unwrap_err(), "no value for `${nope}`");
    }

    #[test]
    fn file_names_stay_in_their_directory() {
        let name = |value: &str| values(&[("pod", value)]).file_name(&Template::parse("${pod}.txt").unwrap());
        assert_eq!(name("../../etc/passwd"), Ok(Some("_.._.._etc_passwd.txt".into())));
        assert_eq!(name("a:b"), Ok(Some("a_b.txt".into())));
    }
}
