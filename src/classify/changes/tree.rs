//! YAML as a tree: maps, lists and scalars, in the order in which they stand.

use saphyr_parser::{Event, Parser, ScalarStyle};

/// Deeper than any object that Kubernetes takes.
const DEPTH: usize = 100;
/// More nodes than the largest release holds: helm keeps one in a Secret of at most 1 MB, packed.
const NODES: usize = 2_000_000;

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// As it was written, quotes only where it would be no text without them.
    Scalar(String),
    /// `- a`
    List(Vec<Node>),
    /// `key: value`
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else { return None };
        entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The scalar of a key.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key) {
            Some(Self::Scalar(text)) => Some(text),
            _ => None,
        }
    }
}

/// A collection that is being read, with the key that its next value belongs to.
enum Open {
    List(Vec<Node>),
    Map(Vec<(String, Node)>, Option<String>),
}

/// Reads all documents of a text.
///
/// # Errors
/// The 1-based line at which it is no YAML, or is more of it than anybody writes.
pub(crate) fn read(text: &str) -> Result<Vec<Node>, usize> {
    let mut roots = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut nodes = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.marker().line().max(1))?;
        nodes += 1;
        if nodes > NODES || open.len() > DEPTH {
            return Err(span.start.line().max(1));
        }
        let node = match event {
            Event::Scalar(text, style, _, tag) => {
                // A number in quotes is another value than the number.
                let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
                let is_text = quoted || tag.is_some_and(|tag| tag.suffix == "str");
                if is_text && is_no_text(&text) { Node::Scalar(format!("\"{text}\"")) } else { scalar(&text, is_text) }
            }
            Event::Alias(anchor) => Node::Scalar(format!("*{anchor}")),
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Vec::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(items)) => Node::List(items),
                Some(Open::Map(entries, _)) => Node::Map(entries),
                None => continue,
            },
            _ => continue,
        };
        match open.last_mut() {
            None => roots.push(node),
            Some(Open::List(items)) => items.push(node),
            Some(Open::Map(entries, key)) => match (key.take(), node) {
                (Some(key), node) => entries.push((key, node)),
                (None, Node::Scalar(name)) => *key = Some(name),
                // `? {a: b}`: valid, and nobody's values.
                (None, _) => *key = Some("?".to_owned()),
            },
        }
    }
    Ok(roots)
}

/// A scalar without the quotes that tell a text from a number.
pub(crate) fn unquoted(scalar: &str) -> &str {
    let inner = scalar.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.filter(|inner| is_no_text(inner)).unwrap_or(scalar)
}

fn scalar(text: &str, is_text: bool) -> Node {
    let empty = !is_text && matches!(text, "" | "~" | "null" | "Null" | "NULL");
    Node::Scalar(if empty { "null".to_owned() } else { text.to_owned() })
}

/// Would the text be something else without its quotes?
fn is_no_text(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "true" | "false" | "yes" | "no" | "on" | "off")
        || (text.len() <= 40
            && text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
            && text.parse::<f64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_lists_and_scalars() {
        let roots = read("a: 1\nb: \"1\"\nc: ~\nd: [x, {y: 'z'}]\n---\ne: |\n  one\n  two\n").unwrap();
        assert_eq!(roots.len(), 2);
        assert_eq!(
            [roots[0].text("a"), roots[0].text("b"), roots[0].text("c")],
            [Some("1"), Some("\"1\""), Some("null")]
        );
        let Some(Node::List(items)) = roots[0].get("d") else { panic!() };
        assert_eq!(items[1].text("y"), Some("z"));
        assert_eq!(roots[1].text("e"), Some("one\ntwo\n"));
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_line() {
        assert_eq!(read("a: 1\nb: [\nc: }\n"), Err(3));
        assert!(read(&"[".repeat(1000)).is_err());
        assert!(read(&(0..1000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>()).is_err());
        assert_eq!(read("a: *nobody"), Err(1));
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn a_bomb_of_aliases_stays_small() {
        let bomb: String =
            (1..40).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(","))).collect();
        let Ok(roots) = read(&format!("a0: &a0 [x]\n{bomb}")) else { panic!() };
        assert_eq!(roots.len(), 1);
    }
}
