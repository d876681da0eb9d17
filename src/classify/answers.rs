//! Two answers of an app, held against each other. Pure.

use crate::model::comparison::{Difference, Kind};
use crate::model::exchange::JsonKind;
use crate::model::json_path::{JsonPath, Piece, place};
use crate::text;
use serde_json::Value;

/// Most characters of a value that is quoted.
const QUOTED: usize = 60;

/// Characters before the first that differs, where two long values begin alike.
const BEFORE: usize = 12;

/// What one target answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answered<'a> {
    /// The status.
    pub status: u16,
    /// The response headers, in the order sent.
    pub headers: &'a [(String, String)],
    /// The body.
    pub body: Body<'a>,
    /// Bytes of the body that nobody read.
    pub unread: u64,
    /// What of the operation's own rules it breaks.
    pub breaks: Option<&'a str>,
}

/// The body of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Body<'a> {
    /// It is JSON.
    Json(&'a Value),
    /// It is another text, or empty.
    Text(&'a str),
}

/// What of two answers is compared.
#[derive(Debug, Clone, Copy)]
pub struct Matter<'a> {
    /// Response headers, in lower case.
    pub headers: &'a [String],
    /// Paths of the body whose values are left out; that they are there, and of what type, is compared.
    pub ignore: &'a [JsonPath],
}

/// How the parts of an answer may be shown: without secrets.
pub trait Show {
    /// A value, as JSON has it.
    fn json(&self, place: &[Piece], value: &Value) -> String;
    /// The value of a header.
    fn header(&self, name: &str, value: &str) -> String;
    /// A line of another text.
    fn line(&self, line: &str) -> String;
}

/// Everything in which `left`, which is judged, differs from `right`.
pub fn differences(left: &Answered<'_>, right: &Answered<'_>, matter: &Matter<'_>, show: &dyn Show) -> Vec<Difference> {
    let mut pair = Pair { ignore: matter.ignore, show, at: Vec::new(), found: Vec::new() };
    if left.status != right.status {
        pair.both(Kind::Status, String::new(), left.status.to_string(), right.status.to_string());
    }
    for name in matter.headers {
        let (ours, theirs) = (header(left, name), header(right, name));
        if ours != theirs {
            let shown = |value: Option<String>| value.map(|value| cut(&show.header(name, &value), 0));
            let (left, right) = (shown(ours), shown(theirs));
            pair.found.push(Difference { kind: Kind::Header, place: name.clone(), left, right });
        }
    }
    pair.bodies(left, right);
    let mut found = pair.found;
    // What else differs says more than the rule that it breaks.
    if found.is_empty() && left.breaks.is_some() != right.breaks.is_some() {
        let of = |breaks: Option<&str>| breaks.map(str::to_owned);
        let (left, right) = (of(left.breaks), of(right.breaks));
        found.push(Difference { kind: Kind::Rule, place: String::new(), left, right });
    }
    found
}

/// A header's value; of one that was sent several times all of them, in order.
fn header(answer: &Answered<'_>, name: &str) -> Option<String> {
    let mut values = answer.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let first = values.next()?;
    let all = values.fold(first.trim().to_owned(), |all, value| format!("{all}, {}", value.trim()));
    Some(if name.eq_ignore_ascii_case("content-type") { media_type(&all) } else { all })
}

/// `Application/JSON ; Charset="UTF-8"` is `application/json; charset=utf-8`.
fn media_type(value: &str) -> String {
    let mut parts = value.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.find_map(|part| {
        let (key, value) = part.split_once('=')?;
        let value = value.trim().trim_matches('"').to_ascii_lowercase();
        key.trim().eq_ignore_ascii_case("charset").then_some(value)
    });
    match charset {
        Some(charset) => format!("{media}; charset={charset}"),
        None => media,
    }
}

/// The walk through two answers.
struct Pair<'a> {
    ignore: &'a [JsonPath],
    show: &'a dyn Show,
    at: Vec<Piece>,
    found: Vec<Difference>,
}

impl Pair<'_> {
    fn both(&mut self, kind: Kind, place: String, left: String, right: String) {
        self.found.push(Difference { kind, place, left: Some(left), right: Some(right) });
    }

    fn is_ignored(&self) -> bool {
        self.ignore.iter().any(|path| path.names(&self.at))
    }

    /// Looks at a piece of the value where we are.
    fn at<T>(&mut self, piece: Piece, look: impl FnOnce(&mut Self) -> T) -> T {
        self.at.push(piece);
        let found = look(self);
        self.at.pop();
        found
    }

    fn bodies(&mut self, left: &Answered<'_>, right: &Answered<'_>) {
        let before = self.found.len();
        match (left.body, right.body) {
            (Body::Json(ours), Body::Json(theirs)) => self.values(ours, theirs),
            (Body::Text(ours), Body::Text(theirs)) if ours == theirs => {}
            (ours @ Body::Text(_), theirs @ Body::Text(_)) if self.is_ignored() && sort(ours) == sort(theirs) => {}
            (ours, theirs) => {
                let (our_sort, their_sort) = (sort(ours), sort(theirs));
                let (ours, theirs) = match (ours, theirs) {
                    // Two texts of one sort: the first line that differs.
                    (Body::Text(ours), Body::Text(theirs)) if our_sort == their_sort => {
                        let (ours, theirs) = first_difference(ours, theirs);
                        (self.show.line(ours), self.show.line(theirs))
                    }
                    (ours, theirs) => (self.line(ours), self.line(theirs)),
                };
                let (ours, theirs) = quoted(&ours, &theirs);
                let of = |sort: &str, line: String| {
                    if line.is_empty() { sort.to_owned() } else { format!("{sort}: {line}") }
                };
                self.both(Kind::Body, String::new(), of(our_sort, ours), of(their_sort, theirs));
            }
        }
        if self.found.len() == before && !self.is_ignored() && left.unread + right.unread > 0 {
            // What nobody read may be anything.
            let of = |unread: u64| match unread {
                0 => "read to its end".to_owned(),
                unread => format!("{unread} bytes too long to be read to its end"),
            };
            self.both(Kind::Body, String::new(), of(left.unread), of(right.unread));
        }
    }

    fn line(&self, body: Body<'_>) -> String {
        match body {
            Body::Json(value) => self.show.json(&[], value),
            Body::Text(text) => self.show.line(text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default()),
        }
    }

    fn values(&mut self, left: &Value, right: &Value) {
        if left == right {
            return;
        }
        match (left, right) {
            // Everything in a value that is left out is a part of it.
            _ if self.is_ignored() => self.types(left, right),
            (Value::Object(ours), Value::Object(theirs)) => {
                for (key, left) in ours {
                    self.at(Piece::Key(key.clone()), |pair| match theirs.get(key) {
                        Some(right) => pair.values(left, right),
                        None => pair.alone(Kind::Extra, left),
                    });
                }
                for (key, right) in theirs.iter().filter(|(key, _)| !ours.contains_key(*key)) {
                    self.at(Piece::Key(key.clone()), |pair| pair.alone(Kind::Missing, right));
                }
            }
            (Value::Array(ours), Value::Array(theirs)) => {
                for (index, (left, right)) in ours.iter().zip(theirs).enumerate() {
                    self.at(Piece::Index(index), |pair| pair.values(left, right));
                }
                // Elements that are not compared make no list longer.
                let mut rest = ours.len().min(theirs.len())..ours.len().max(theirs.len());
                if rest.any(|index| self.at(Piece::Index(index), |pair| !pair.is_ignored())) {
                    let long = |list: &[Value]| text::count(list.len(), "element");
                    self.both(Kind::Length, place(&self.at), long(ours), long(theirs));
                }
            }
            _ if JsonKind::of(left) != JsonKind::of(right) => self.other_types(left, right),
            _ => {
                let (ours, theirs) = self.quoted(left, right);
                self.both(Kind::Value, place(&self.at), ours, theirs);
            }
        }
    }

    fn quoted(&self, left: &Value, right: &Value) -> (String, String) {
        quoted(&self.show.json(&self.at, left), &self.show.json(&self.at, right))
    }

    /// The types of two values that are left out, and nothing else of them. That one of two numbers is whole by chance
    /// is a matter of their values.
    fn types(&mut self, left: &Value, right: &Value) {
        let (ours, theirs) = (JsonKind::of(left), JsonKind::of(right));
        if !ours.takes(theirs) && !theirs.takes(ours) {
            self.other_types(left, right);
        }
    }

    fn other_types(&mut self, left: &Value, right: &Value) {
        let (ours, theirs) = self.quoted(left, right);
        let of = |value: &Value, shown: String| match JsonKind::of(value) {
            JsonKind::Null => "null".to_owned(),
            kind => format!("{} {shown}", kind.word()),
        };
        self.both(Kind::Type, place(&self.at), of(left, ours), of(right, theirs));
    }

    /// A key that only one of them has.
    fn alone(&mut self, kind: Kind, value: &Value) {
        let shown = Some(cut(&self.show.json(&self.at, value), 0));
        let (left, right) = if kind == Kind::Extra { (shown, None) } else { (None, shown) };
        self.found.push(Difference { kind, place: place(&self.at), left, right });
    }
}

/// What a body is, in a word.
fn sort(body: Body<'_>) -> &'static str {
    let Body::Text(text) = body else { return "JSON" };
    let start: String = text.trim_start().chars().take(14).collect::<String>().to_ascii_lowercase();
    match () {
        () if start.is_empty() => "empty",
        () if start.starts_with("<!doctype html") || start.starts_with("<html") => "HTML",
        () => "text",
    }
}

/// The first lines that differ. Where none does, the line ends do.
fn first_difference<'a>(left: &'a str, right: &'a str) -> (&'a str, &'a str) {
    let (mut ours, mut theirs) = (left.lines(), right.lines());
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return ("the same lines, with other ends", "the same lines, with other ends"),
            (ours, theirs) if ours == theirs => {}
            (ours, theirs) => return (ours.unwrap_or_default(), theirs.unwrap_or_default()),
        }
    }
}

/// Two values that differ, shortened so that the difference is in sight.
fn quoted(left: &str, right: &str) -> (String, String) {
    let alike = left.chars().zip(right.chars()).take_while(|(ours, theirs)| ours == theirs).count();
    let longest = left.chars().count().max(right.chars().count());
    let from = if longest > QUOTED { alike.saturating_sub(BEFORE) } else { 0 };
    (cut(left, from), cut(right, from))
}

/// A part of a text from this character on.
fn cut(text: &str, from: usize) -> String {
    let mut out = String::new();
    if from > 0 {
        out.push_str("...");
    }
    let mut rest = text.chars().skip(from);
    out.extend(rest.by_ref().take(QUOTED));
    if rest.next().is_some() {
        out.push_str("...");
    }
    out
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
