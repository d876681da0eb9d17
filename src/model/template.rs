//! `${name}` inside one argument.
//!
//! A template never splits: whatever a variable holds, it stays part of the one argument (or file
//! name, or text) that it was written in. `${x?}` makes the whole text go away when `x` is empty.
//! Everything that is not `${name}` is left alone, so jsonpath `{.data.X}`, Go templates `{{.X}}`
//! and JSON need no escapes; `$$` is a dollar sign.

use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// A piece of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text that stands for itself.
    Text(String),
    /// `${name}`, or `${name?}` when `optional`.
    Var {
        /// The variable's name, without braces.
        name: String,
        /// Written `${name?}`: an empty value removes the whole text.
        optional: bool,
    },
}

/// Text with variables in it, parsed once when the file is loaded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    parts: Vec<Part>,
}

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `${` without `}`.
    #[error("`${{` is never closed")]
    Unclosed {
        /// Byte offset of the `$`.
        at: usize,
    },
    /// `${…}` around something that is no variable name.
    #[error("`{name}` is not a variable name: letters, digits, `_` and `-`, starting with a letter")]
    BadName {
        /// Byte offset of the `$`.
        at: usize,
        /// What stood between the braces.
        name: String,
    },
}

impl TemplateError {
    /// Byte offset of the fault inside the text.
    pub fn at(&self) -> usize {
        match self {
            Self::Unclosed { at } | Self::BadName { at, .. } => *at,
        }
    }
}

/// A variable that has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no value for `${{{0}}}`")]
pub struct Missing(
    /// The variable's name.
    pub String,
);

/// Is this a name that `${…}` accepts?
pub fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

impl Template {
    /// Text that holds no variables, whatever it looks like.
    pub fn literal(text: impl Into<String>) -> Self {
        Self { parts: vec![Part::Text(text.into())] }
    }

    /// Reads `${name}`, `${name?}` and `$$`; all other text stands for itself.
    ///
    /// # Errors
    /// An unclosed `${`, or a name that is none.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = source;
        while let Some(dollar) = rest.find('$') {
            text.push_str(&rest[..dollar]);
            let at = source.len() - rest.len() + dollar;
            let after = &rest[dollar + 1..];
            if let Some(tail) = after.strip_prefix('$') {
                text.push('$');
                rest = tail;
            } else if let Some(inner) = after.strip_prefix('{') {
                let end = inner.find('}').ok_or(TemplateError::Unclosed { at })?;
                let (name, optional) = match inner[..end].strip_suffix('?') {
                    Some(name) => (name, true),
                    None => (&inner[..end], false),
                };
                if !is_name(name) {
                    return Err(TemplateError::BadName { at, name: name.to_owned() });
                }
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                parts.push(Part::Var { name: name.to_owned(), optional });
                rest = &inner[end + 1..];
            } else {
                text.push('$');
                rest = after;
            }
        }
        text.push_str(rest);
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(Self { parts })
    }

    /// The pieces, in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Puts other templates in the place of variables.
    #[must_use]
    pub fn put<'a>(&self, lookup: impl Fn(&str) -> Option<&'a Self>) -> Self {
        let parts = self.parts.iter().flat_map(|part| match part {
            Part::Var { name, .. } => lookup(name).map_or_else(|| vec![part.clone()], |inner| inner.parts.clone()),
            Part::Text(_) => vec![part.clone()],
        });
        Self { parts: parts.collect() }
    }

    /// The names of the variables in it.
    pub fn names(&self) -> BTreeSet<&str> {
        self.parts
            .iter()
            .filter_map(|part| match part {
                Part::Var { name, .. } => Some(name.as_str()),
                Part::Text(_) => None,
            })
            .collect()
    }

    /// The text, if no variable is left in it.
    pub fn as_literal(&self) -> Option<String> {
        self.names().is_empty().then(|| {
            self.parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => text.as_str(),
                    Part::Var { .. } => "",
                })
                .collect()
        })
    }

    /// Fills every variable. `Ok(None)` means that an empty `${x?}` removed the whole text.
    ///
    /// # Errors
    /// The first variable for which `lookup` has no value.
    pub fn resolve<'a>(&self, lookup: impl Fn(&str) -> Option<&'a str>) -> Result<Option<String>, Missing> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Var { name, optional } => match lookup(name) {
                    Some("") if *optional => return Ok(None),
                    Some(value) => out.push_str(value),
                    None if *optional => return Ok(None),
                    None => return Err(Missing(name.clone())),
                },
            }
        }
        Ok(Some(out))
    }

    /// Fills the variables that `lookup` knows and keeps the others. `None` means that an empty
    /// `${x?}` removed the whole text.
    pub fn fill<'a>(&self, lookup: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let mut parts: Vec<Part> = Vec::new();
        for part in &self.parts {
            let next = match part {
                Part::Text(text) => text.clone(),
                Part::Var { name, optional } => match lookup(name) {
                    Some("") if *optional => return None,
                    Some(value) => value.to_owned(),
                    None => {
                        parts.push(part.clone());
                        continue;
                    }
                },
            };
            match parts.last_mut() {
                Some(Part::Text(text)) => text.push_str(&next),
                _ => parts.push(Part::Text(next)),
            }
        }
        Some(Self { parts })
    }
}

impl fmt::Display for Template {
    /// The text as a person would write it: `${name}` for what is still open, `$$` for a dollar
    /// sign that would otherwise open a variable.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(text) => {
                    let before_var = matches!(self.parts.get(index + 1), Some(Part::Var { .. }));
                    f.write_str(&escape(text, before_var))?;
                }
                Part::Var { name, optional } => write!(f, "${{{name}{}}}", if *optional { "?" } else { "" })?,
            }
        }
        Ok(())
    }
}

/// Doubles dollar signs where they would be read as something else: before `{` or a variable, and
/// next to one another.
fn escape(text: &str, before_var: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once('$') {
        out.push_str(head);
        rest = tail.trim_start_matches('$');
        let run = 1 + tail.len() - rest.len();
        let opens = rest.starts_with('{') || (rest.is_empty() && before_var);
        out.extend(std::iter::repeat_n('$', if run == 1 && !opens { 1 } else { 2 * run }));
    }
    out.push_str(rest);
    out
}

impl Serialize for Template {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn resolve(source: &str, pairs: &[(&str, &str)]) -> Result<Option<String>, Missing> {
        Template::parse(source)
            .unwrap()
            .resolve(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value))
    }

    #[test]
    fn fills_one_argument_and_never_splits_it() {
        assert_eq!(resolve("--set=${x}", &[("x", "a b; rm -rf /")]), Ok(Some("--set=a b; rm -rf /".into())));
    }

    #[test]
    fn leaves_jsonpath_and_go_templates_alone() {
        for text in ["jsonpath={.data.X}", "{{.Values.x}}", "{\"a\": 1}", "cost $5", "$(x)", "a$"] {
            assert_eq!(resolve(text, &[]), Ok(Some(text.into())));
        }
        assert_eq!(resolve("$${x}", &[]), Ok(Some("${x}".into())));
    }

    #[test]
    fn an_empty_optional_removes_the_whole_argument() {
        assert_eq!(resolve("--revision=${r?}", &[("r", "")]), Ok(None));
        assert_eq!(resolve("${r?}", &[("r", "3")]), Ok(Some("3".into())));
        assert_eq!(resolve("${r}", &[("r", "")]), Ok(Some(String::new())));
        assert_eq!(resolve("${r}", &[]), Err(Missing("r".into())));
    }

    #[test]
    fn faults_carry_their_place() {
        assert_eq!(Template::parse("ab ${x").unwrap_err(), TemplateError::Unclosed { at: 3 });
        assert_eq!(Template::parse("${}").unwrap_err().at(), 0);
        assert_eq!(Template::parse("é${a b}").unwrap_err().at(), 2);
    }

    #[test]
    fn dollar_signs_survive_being_shown() {
        for source in ["$$$${", "$$${x}", "$$$$${x}", "$$$", "$5 $${a} $", "$$$$"] {
            let template = Template::parse(source).unwrap();
            assert_eq!(Template::parse(&template.to_string()), Ok(template), "{source}");
        }
        assert_eq!(Template::parse("cost $5").unwrap().to_string(), "cost $5");
    }

    #[test]
    fn fill_keeps_what_is_unknown() {
        let template = Template::parse("${a}/${b}").unwrap();
        assert_eq!(template.fill(|name| (name == "a").then_some("x")).unwrap().to_string(), "x/${b}");
    }

    proptest! {
        #[test]
        fn a_value_is_taken_as_it_is(
            before in "[^$]{0,12}",
            value in any::<String>(),
            other in "(\\$\\{a\\}|\\$\\{b\\}|\\$\\$|\\$|x){0,6}",
            after in "[^$]{0,12}",
        ) {
            // Filled once: what a value holds is opened by nobody, whatever it looks like.
            for value in [value.as_str(), other.as_str()] {
                let template = Template::parse(&format!("{before}${{a}}|${{b}}{after}")).unwrap();
                let lookup = |name: &str| Some(if name == "a" { value } else { "B" });
                let whole = format!("{before}{value}|B{after}");
                prop_assert_eq!(template.resolve(lookup).unwrap().unwrap(), whole.clone());
                // The same when one is filled before the run and the other by it.
                let half = template.fill(|name| (name == "a").then_some(value)).unwrap();
                prop_assert_eq!(half.names(), BTreeSet::from(["b"]));
                prop_assert_eq!(half.resolve(lookup).unwrap().unwrap(), whole);
            }
        }

        #[test]
        fn any_text_survives(text in any::<String>()) {
            prop_assert_eq!(Template::literal(text.clone()).resolve(|_| None).unwrap().unwrap(), text.clone());
            if let Ok(template) = Template::parse(&text)
                && template.names().is_empty()
                && !text.contains("$$")
            {
                prop_assert_eq!(template.as_literal().unwrap(), text);
            }
        }

        #[test]
        fn never_panics_and_shows_what_it_read(source in "(\\$|\\{|\\}|\\?|[a-z]|-| |é)*") {
            if let Ok(template) = Template::parse(&source) {
                prop_assert_eq!(Template::parse(&template.to_string()).unwrap(), template);
            }
        }
    }
}
