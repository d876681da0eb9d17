//! Patterns in which `${name}` stands for a variable: read with the file, compiled once the
//! variables have their values.

use super::fault::{Fault, Faults, Place, show};
use super::filling::inside;
use super::tree::{Node, Unfilled, Use, Value};
use crate::model::catalog::Var;
use crate::model::pattern::Pattern;
use std::collections::{BTreeMap, BTreeSet};

/// Reads a pattern. `source` is the file's text, `text` the string's value, `place` the string.
///
/// # Errors
/// A pattern without variables that does not compile.
pub fn read(source: &str, text: &str, place: Place) -> Result<Value, Fault> {
    let uses: Vec<_> = spans(text)
        .into_iter()
        .map(|(start, end)| {
            let name = text.get(start + 2..end - 1).unwrap_or_default().to_owned();
            (start, end, Use { name, place: inside(source, place, text, start, end - start) })
        })
        .collect();
    if uses.is_empty() {
        return compile(text, place).map(Value::Pattern);
    }
    Ok(Value::Unfilled(Unfilled { text: text.to_owned(), uses }))
}

/// Compiles what is no template.
///
/// # Errors
/// What is wrong with it.
pub fn compile(text: &str, place: Place) -> Result<Pattern, Fault> {
    Pattern::new(text).map_err(|why| Fault::new(place, "this is not a valid pattern").label(why))
}

/// Where `${name}` stands in a pattern. An escaped dollar sign opens nothing, and `${3}` is a
/// repetition.
fn spans(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if byte == b'\\' {
            bytes.next();
        } else if byte == b'$'
            && let Some(rest) = text.get(at..).and_then(|rest| rest.strip_prefix("${"))
            && rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && let Some(length) = rest.find('}')
        {
            found.push((at, at + 2 + length + 1));
        }
    }
    found
}

/// Puts the variables' values into every pattern of the file.
pub fn fill(root: &mut Node, vars: &BTreeMap<String, Var>, faults: &mut Faults) {
    let declared = root.map("vars").iter().map(|entry| entry.key.clone()).collect();
    let pen = Pen { vars, declared, late: late(root) };
    root.fill(&mut |unfilled, place| pen.fill(unfilled, place, faults));
}

/// Parameters, lists and named groups: they have their values only when a task runs.
fn late(root: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, task) in root.table_map("tasks") {
        names.extend(task.tables("params").filter_map(|param| param.text("name")).map(str::to_owned));
        for step in task.tables("steps").chain(task.tables("finally")) {
            names.extend(step.item("expect").into_iter().flat_map(|item| groups(&item.value)));
            if let Some(each) = step.table("each") {
                names.extend(each.text("as").map(str::to_owned));
                names.extend(each.item("match").into_iter().flat_map(|item| groups(&item.value)));
            }
        }
    }
    for fact in root.table_map("checks").flat_map(|(_, check)| check.tables("before")) {
        names.extend(fact.item("expect").into_iter().flat_map(|item| groups(&item.value)));
    }
    names
}

fn groups(value: &Value) -> Vec<String> {
    let groups = |pattern: &Pattern| pattern.groups().map(str::to_owned).collect();
    match value {
        Value::Pattern(pattern) => groups(pattern),
        Value::Unfilled(unfilled) => {
            Pattern::new(&unfilled.with(|_| "x".to_owned())).map(|pattern| groups(&pattern)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// What fills a pattern.
struct Pen<'a> {
    vars: &'a BTreeMap<String, Var>,
    /// Names of variables, wrong ones included.
    declared: BTreeSet<String>,
    late: BTreeSet<String>,
}

impl Pen<'_> {
    fn fill(&self, unfilled: &Unfilled, place: Place, faults: &mut Faults) -> Option<Pattern> {
        let mut complete = true;
        for (.., used) in &unfilled.uses {
            let fault = self.refusal(used);
            complete &= fault.is_none() && self.vars.contains_key(&used.name);
            fault.into_iter().for_each(|fault| faults.push(fault));
        }
        // An unknown name is filled with something: what else is wrong is told at the same time.
        let known = |name: &str| self.vars.get(name).filter(|var| !var.secret);
        let filled = unfilled.with(|name| known(name).map_or_else(|| "x".to_owned(), |var| var.value.clone()));
        match compile(&filled, place) {
            Ok(pattern) => Some(pattern).filter(|_| complete),
            Err(fault) => {
                faults.push(if complete { fault.help(format!("with its values: {}", show(&filled))) } else { fault });
                None
            }
        }
    }

    fn refusal(&self, used: &Use) -> Option<Fault> {
        let name = &used.name;
        match self.vars.get(name) {
            Some(var) if var.secret => {
                Some(Fault::new(used.place, format!("{} is a secret, and patterns are shown", show(name))))
            }
            Some(_) => None,
            None if self.declared.contains(name) => None, // its own fault has been told
            None if self.late.contains(name) => {
                let fault = Fault::new(used.place, "a pattern can only use variables of [vars]");
                Some(fault.label("known only when the task runs"))
            }
            None => {
                let fault = Fault::new(used.place, format!("unknown variable {}", show(name)));
                let known = self.declared.iter().map(String::as_str);
                Some(fault.among(name, "variables", known, "declare one in [vars]"))
            }
        }
    }
}

impl Unfilled {
    /// The pattern with values in place of the variables: each stands for its own text.
    fn with(&self, value: impl Fn(&str) -> String) -> String {
        let mut out = String::new();
        let mut from = 0;
        for (start, end, used) in &self.uses {
            let rest = self.text.get(*end..).unwrap_or_default();
            let escaped = regex::escape(&value(&used.name));
            out.push_str(self.text.get(from..*start).unwrap_or_default());
            // A repetition behind it is of the whole value.
            match rest.starts_with(['*', '+', '?', '{']) {
                true => out.push_str(&format!("(?:{escaped})")),
                false => out.push_str(&escaped),
            }
            from = *end;
        }
        out.push_str(self.text.get(from..).unwrap_or_default());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with(text: &str, value: &str) -> String {
        match read("", text, Place::default()) {
            Ok(Value::Unfilled(unfilled)) => unfilled.with(|_| value.to_owned()),
            Ok(Value::Pattern(pattern)) => pattern.source().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_variable_stands_for_its_own_text() {
        assert_eq!(with(r"^${x}-\S+", "a.b"), r"^a\.b-\S+");
        assert_eq!(with("${x}|${y}", "(1)"), r"\(1\)|\(1\)");
        assert_eq!(with("(${x})+${x}+", "ab"), "(ab)+(?:ab)+");
        assert_eq!(with("${x}{2}", "ab"), "(?:ab){2}");
    }

    #[test]
    fn what_is_regex_stays_regex() {
        for text in [r"a$", r"\$", r"x${2}", r"[$]", r"\${2}", "(?m)^$|$"] {
            assert_eq!(with(text, "value"), text);
        }
        // An escaped backslash escapes nothing behind it.
        assert_eq!(with(r"\\${x}", "v"), r"\\v");
    }

    #[test]
    fn an_escaped_dollar_sign_opens_no_variable() {
        assert!(read("", r"\${x}", Place::default()).is_err());
    }

    proptest! {
        #[test]
        fn any_value_matches_itself_and_nothing_else(value in "[ -~]{1,20}", other in "[ -~]{1,20}") {
            let pattern = Pattern::new(&with(r"\A${x}\z", &value)).unwrap();
            prop_assert!(pattern.is_match(value.as_bytes()));
            prop_assert_eq!(pattern.is_match(other.as_bytes()), value == other);
        }

        #[test]
        fn never_panics(text in "(\\$|\\{|\\}|\\\\|\\?|[a-z]|-| |é)*") {
            if let Ok(Value::Unfilled(unfilled)) = read("", &text, Place::default()) {
                unfilled.with(|_| "x".to_owned());
            }
        }
    }
}
