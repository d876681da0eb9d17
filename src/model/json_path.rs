//! Where in a JSON text: `a.b`, `a[0].b`, `a[*].b`, `**.b`.
//!
//! A name is a key, `[0]` an element, `[*]` every element, `**` any number of keys and elements, none included.
//! `$` alone is the whole. A key that holds a dot or a bracket cannot be named.

use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// A path, parsed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct JsonPath {
    source: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Key(String),
    Index(usize),
    Every,
    Anywhere,
}

/// A piece of the path of one value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Piece {
    /// A key of an object.
    Key(String),
    /// An element of a list, from 0.
    Index(usize),
}

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub fn parse(source: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        if source.is_empty() {
            return Err("an empty path; `$` is the whole answer".to_owned());
        }
        if source == "$" {
            return Ok(Self { source: source.to_owned(), steps });
        }
        for (number, part) in source.split('.').enumerate() {
            let (key, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
            match key {
                "**" => steps.push(Step::Anywhere),
                "" if rest.is_empty() || number > 0 => return Err("a name is missing at a dot".to_owned()),
                "" => {}
                key if key.contains([']', '*']) => return Err(format!("`{key}` is no name")),
                key => steps.push(Step::Key(key.to_owned())),
            }
            while let Some(inner) = rest.strip_prefix('[') {
                let Some((index, after)) = inner.split_once(']') else {
                    return Err("`[` is never closed".to_owned());
                };
                steps.push(match index {
                    "*" => Step::Every,
                    index => {
                        Step::Index(index.parse().map_err(|_| format!("`[{index}]` is neither a number nor `*`"))?)
                    }
                });
                rest = after;
            }
            if !rest.is_empty() {
                return Err(format!("`{rest}` behind a `]`"));
            }
        }
        Ok(Self { source: source.to_owned(), steps })
    }

    /// Every value that it names in `root`, in order, each once.
    pub fn values<'v>(&self, root: &'v Value) -> Vec<&'v Value> {
        let mut found = Vec::new();
        walk(&self.steps, root, &mut found);
        found
    }

    /// Does it name the value at this very place?
    pub fn names(&self, place: &[Piece]) -> bool {
        fits(&self.steps, place)
    }

    /// The keys in it, the outermost first.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            _ => None,
        })
    }

    /// Can it name more than one value?
    pub fn is_many(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Every | Step::Anywhere))
    }
}

fn walk<'v>(steps: &[Step], value: &'v Value, found: &mut Vec<&'v Value>) {
    let Some((first, rest)) = steps.split_first() else {
        if !found.iter().any(|known| std::ptr::eq(*known, value)) {
            found.push(value);
        }
        return;
    };
    match (first, value) {
        (Step::Key(key), Value::Object(object)) => {
            object.get(key).into_iter().for_each(|inner| walk(rest, inner, found))
        }
        (Step::Index(index), Value::Array(list)) => {
            list.get(*index).into_iter().for_each(|inner| walk(rest, inner, found))
        }
        (Step::Every, Value::Array(list)) => list.iter().for_each(|inner| walk(rest, inner, found)),
        (Step::Anywhere, _) => {
            walk(rest, value, found);
            match value {
                Value::Object(object) => object.values().for_each(|inner| walk(steps, inner, found)),
                Value::Array(list) => list.iter().for_each(|inner| walk(steps, inner, found)),
                _ => {}
            }
        }
        _ => {}
    }
}

fn fits(steps: &[Step], place: &[Piece]) -> bool {
    match (steps.split_first(), place.split_first()) {
        (None, None) => true,
        (Some((Step::Anywhere, rest)), None) => fits(rest, place),
        (Some((Step::Anywhere, rest)), Some((_, further))) => fits(rest, place) || fits(steps, further),
        (Some((Step::Key(key), rest)), Some((Piece::Key(has), further))) => key == has && fits(rest, further),
        (Some((Step::Index(index), rest)), Some((Piece::Index(has), further))) => index == has && fits(rest, further),
        (Some((Step::Every, rest)), Some((Piece::Index(_), further))) => fits(rest, further),
        _ => false,
    }
}

/// The place of one value, as a path that names it.
pub fn place(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Key(key) if text.is_empty() => text.push_str(key),
            Piece::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Piece::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    if text.is_empty() { "$".to_owned() } else { text }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl Serialize for JsonPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn found(path: &str, root: &Value) -> Vec<Value> {
        JsonPath::parse(path).unwrap().values(root).into_iter().cloned().collect()
    }

    #[test]
    fn a_path_names_values() {
        let root = json!({"user": {"id": 7, "tags": ["a", "b"]}, "list": [{"id": 1}, {"id": 2, "sub": {"id": 3}}]});
        for (path, values) in [
            ("user.id", vec![json!(7)]),
            ("user.tags[1]", vec![json!("b")]),
            ("user.tags[*]", vec![json!("a"), json!("b")]),
            ("list[*].id", vec![json!(1), json!(2)]),
            ("**.id", vec![json!(1), json!(2), json!(3), json!(7)]),
            ("list.**.id", vec![json!(1), json!(2), json!(3)]),
            ("nothing", vec![]),
            ("user[0]", vec![]),
            ("$", vec![root.clone()]),
        ] {
            let mut have = found(path, &root);
            have.sort_by_key(ToString::to_string);
            assert_eq!(have, values, "{path}");
        }
        assert_eq!(found("[0].a", &json!([{"a": 1}])), [json!(1)]);
        assert_eq!(found("[*][1]", &json!([[1, 2], [3, 4]])), [json!(2), json!(4)]);
    }

    #[test]
    fn what_is_no_path_is_told() {
        for (path, why) in [
            ("", "an empty path; `$` is the whole answer"),
            ("a..b", "a name is missing at a dot"),
            ("a.", "a name is missing at a dot"),
            ("a[", "`[` is never closed"),
            ("a[x]", "`[x]` is neither a number nor `*`"),
            ("a[0]b", "`b` behind a `]`"),
            ("*", "`*` is no name"),
            ("a.[0]", "a name is missing at a dot"),
        ] {
            assert_eq!(JsonPath::parse(path).unwrap_err(), why, "{path}");
        }
    }

    fn pieces() -> impl Strategy<Value = Vec<Piece>> {
        let piece = prop_oneof!["[a-c]".prop_map(Piece::Key), (0_usize..3).prop_map(Piece::Index)];
        proptest::collection::vec(piece, 0..6)
    }

    /// A value that holds another one at a place.
    fn at(pieces: &[Piece], inner: Value) -> Value {
        match pieces.split_first() {
            None => inner,
            Some((Piece::Key(key), rest)) => json!({ key.as_str(): at(rest, inner) }),
            Some((Piece::Index(index), rest)) => {
                let mut list = vec![Value::Null; *index];
                list.push(at(rest, inner));
                Value::Array(list)
            }
        }
    }

    proptest! {
        #[test]
        fn the_place_of_a_value_names_it_and_nothing_else(pieces in pieces()) {
            let root = at(&pieces, json!("here"));
            let path = JsonPath::parse(&place(&pieces)).unwrap();
            prop_assert_eq!(path.values(&root), [&Value::from("here")]);
            prop_assert!(path.names(&pieces));
            if let Some(Piece::Key(key)) = pieces.last() {
                let anywhere = JsonPath::parse(&format!("**.{key}")).unwrap();
                prop_assert!(anywhere.names(&pieces) && anywhere.values(&root).contains(&&json!("here")));
            }
        }

        #[test]
        fn no_text_is_too_odd_to_be_read(text in r"[a-c.\[\]*$0-9]{0,12}") {
            if let Ok(path) = JsonPath::parse(&text) {
                path.values(&json!({"a": [{"b": 1}]}));
                prop_assert_eq!(path.to_string(), text);
            }
        }
    }
}
