//! Two texts of one kind as changed fields. What is the same byte for byte is never parsed, so a
//! large manifest costs as much as its difference.

use super::fields::{self, Field};
use super::masks::Masks;
use super::tree;
use crate::classify::decode::decode;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// So much of a text that differs is still compared.
const MAX: usize = 16 << 20;
/// A value is told in so many characters.
const TOLD: usize = 120;

/// Hides secrets: the redactor, seen from a layer that does not know it.
pub trait Hide {
    /// A text without the secrets in it; masks stand in their places.
    fn text(&self, text: &[u8]) -> Vec<u8>;
    /// A value that is a secret as a whole.
    fn value(&self, name: &str, value: &str) -> String;
}

/// What a text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum What {
    /// `helm get values`
    Values,
    /// `helm get values --all`: comparable only with itself.
    AllValues,
    /// `helm get manifest`
    Manifest,
}

impl What {
    /// As people say it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Values | Self::AllValues => "the values",
            Self::Manifest => "the manifest",
        }
    }
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Differs {
    /// `values`, or the object.
    pub(super) head: String,
    /// The field in it.
    pub(super) path: String,
    /// Before; `None`: it was not there.
    pub(super) before: Option<String>,
    /// After; `None`: it is gone.
    pub(super) after: Option<String>,
}

/// Why two texts cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cannot {
    /// It is no YAML at this line. `true`: the earlier text.
    Broken(bool, usize),
    /// They differ in more than is compared.
    Large,
}

/// The fields in which `after` differs from `before`, in the order of `after`.
pub(super) fn between(what: What, before: &[u8], after: &[u8], hide: &dyn Hide) -> Result<Vec<Differs>, Cannot> {
    let texts = [decode(before), decode(after)];
    let [old, new] = [pieces(what, &texts[0]), pieces(what, &texts[1])];
    let known: [HashSet<&[u8]>; 2] = [set(&old), set(&new)];
    let differing = [unlike(old, &known[1]), unlike(new, &known[0])];
    if differing.iter().flatten().map(|piece| piece.text.len()).sum::<usize>() > MAX {
        return Err(Cannot::Large);
    }
    let mut masks = Masks::default();
    let [old, new] = differing;
    let old = read(what, &old, hide, &mut masks).map_err(|line| Cannot::Broken(true, line))?;
    let new = read(what, &new, hide, &mut masks).map_err(|line| Cannot::Broken(false, line))?;
    Ok(compared(&old, &new).into_iter().map(|differs| told(differs, &masks, hide)).collect())
}

/// A document of a text, and the number of lines before it.
#[derive(Clone, Copy)]
struct Piece<'a> {
    text: &'a [u8],
    line: usize,
}

/// The documents of a manifest, each with the comment that says where it comes from; values are one.
fn pieces(what: What, text: &[u8]) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let (mut start, mut first, mut at) = (0, 0, 0);
    for (line, end) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let is_head = what != What::Manifest
            && (end.starts_with(b"USER-SUPPLIED VALUES:") || end.starts_with(b"COMPUTED VALUES:"));
        if is_head || (what == What::Manifest && end.starts_with(b"---")) {
            out.push(Piece { text: &text[start..at], line: first });
            (start, first) = (at + end.len(), line + 1);
        }
        at += end.len();
    }
    out.push(Piece { text: &text[start..], line: first });
    out.retain(|piece| !piece.text.trim_ascii().is_empty());
    out
}

fn set<'a>(pieces: &[Piece<'a>]) -> HashSet<&'a [u8]> {
    pieces.iter().map(|piece| piece.text.trim_ascii_end()).collect()
}

fn unlike<'a>(pieces: Vec<Piece<'a>>, others: &HashSet<&[u8]>) -> Vec<Piece<'a>> {
    pieces.into_iter().filter(|piece| !others.contains(piece.text.trim_ascii_end())).collect()
}

/// The fields of the pieces; the line at which one is no YAML.
fn read(what: What, pieces: &[Piece<'_>], hide: &dyn Hide, masks: &mut Masks) -> Result<Vec<Field>, usize> {
    let mut out = Vec::new();
    let mut seen = HashMap::new();
    for piece in pieces {
        let hidden = hide.text(piece.text);
        let text = masks.take(&String::from_utf8_lossy(&hidden));
        // At its end it may be a line further than there are any.
        let lines = text.lines().count().max(1);
        let roots = tree::read(&text).map_err(|line| piece.line + line.min(lines))?;
        out.extend(match what {
            What::Values | What::AllValues => fields::of_values(&roots),
            What::Manifest => fields::of_objects(&roots, &mut seen),
        });
    }
    Ok(out)
}

/// The head and the path of a field.
type Key<'f> = (&'f str, &'f str);

fn compared(old: &[Field], new: &[Field]) -> Vec<Differs> {
    let (was, is) = (by_key(old), by_key(new));
    // Where `a: {}` became `a: {b: 1}`, the new field says it all.
    let (grown, shrunk) = (above(new, &was), above(old, &is));
    let empty = |value: Option<&&str>| value.is_some_and(|value| matches!(*value, "{}" | "[]" | "null"));
    let mut done = HashSet::new();
    let mut out = Vec::new();
    for (field, is_new) in new.iter().map(|field| (field, true)).chain(old.iter().map(|field| (field, false))) {
        let key = (field.head.as_str(), field.path.as_str());
        let (before, after) = (was.get(&key), is.get(&key));
        if before == after || !(is_new || after.is_none()) {
            continue;
        }
        let hollow = (after.is_none() && empty(before) && grown.contains(&key))
            || (before.is_none() && empty(after) && shrunk.contains(&key));
        if !hollow && done.insert(key) {
            let own = |value: Option<&&str>| value.map(|value| (*value).to_owned());
            let (before, after) = (own(before), own(after));
            out.push(Differs { head: field.head.clone(), path: field.path.clone(), before, after });
        }
    }
    without_names(out)
}

fn by_key(fields: &[Field]) -> HashMap<Key<'_>, &str> {
    fields.iter().map(|field| ((field.head.as_str(), field.path.as_str()), field.value.as_str())).collect()
}

/// What the fields that `other` lacks stand in.
fn above<'f>(fields: &'f [Field], other: &HashMap<Key<'_>, &str>) -> HashSet<Key<'f>> {
    let mut out = HashSet::new();
    for field in fields.iter().filter(|field| !other.contains_key(&(field.head.as_str(), field.path.as_str()))) {
        let borders = field.path.char_indices().filter(|(_, c)| matches!(c, '.' | '['));
        out.extend(borders.map(|(at, _)| (field.head.as_str(), &field.path[..at])));
    }
    out
}

/// `env[A].name = A` says nothing that `env[A].value` does not.
fn without_names(changes: Vec<Differs>) -> Vec<Differs> {
    let says_itself = |change: &Differs| {
        let value = match (&change.before, &change.after) {
            (None, Some(value)) | (Some(value), None) => value,
            _ => return false,
        };
        let Some((item, _)) = change.path.rsplit_once("].") else { return false };
        item.ends_with(&format!("[{value}"))
    };
    let mut under: HashMap<(&str, &str), usize> = HashMap::new();
    for change in &changes {
        for (at, _) in change.path.match_indices(']') {
            *under.entry((&change.head, &change.path[..=at])).or_default() += 1;
        }
    }
    let more = |change: &Differs| {
        let item = change.path.rfind(']').map_or("", |at| &change.path[..=at]);
        under.get(&(change.head.as_str(), item)).is_some_and(|count| *count > 1)
    };
    let gone: HashSet<usize> = changes
        .iter()
        .enumerate()
        .filter(|(_, change)| says_itself(change) && more(change))
        .map(|(index, _)| index)
        .collect();
    changes.into_iter().enumerate().filter(|(index, _)| !gone.contains(index)).map(|(_, change)| change).collect()
}

/// As it may be told: short, with its masks, and hidden as a whole below a key that says so.
fn told(differs: Differs, masks: &Masks, hide: &dyn Hide) -> Differs {
    let (before, after) = around(differs.before.as_deref(), differs.after.as_deref());
    let leaf = leaf(&differs.path);
    let is_secret = differs.head == "values" && is_below_secret(&differs.path);
    let show = |value: Cow<'_, str>, whole: &Option<String>| {
        if is_secret && let Some(whole) = whole {
            return hide.value(leaf, &masks.give_back(whole));
        }
        masks.give_back(&value)
    };
    Differs {
        before: before.map(|value| show(value, &differs.before)),
        after: after.map(|value| show(value, &differs.after)),
        path: masks.give_back(&differs.path),
        head: masks.give_back(&differs.head),
    }
}

/// The last key of a path.
pub(super) fn leaf(path: &str) -> &str {
    let path = path.trim_end_matches(']').trim_end_matches('"');
    path.rsplit(['.', '[']).next().unwrap_or(path).trim_start_matches('"')
}

/// `secrets.anything`: what a person keeps under such a key is one, whatever it is called.
fn is_below_secret(path: &str) -> bool {
    const ABOVE: [&str; 6] = ["secret", "secrets", "credentials", "passwords", "secretenv", "stringdata"];
    let mut keys = path.split(['.', '[']).rev();
    let last = keys.next().unwrap_or_default().trim_end_matches(']').to_ascii_lowercase();
    let is_about = ["name", "ref", "enabled", "create", "type"].iter().any(|end| last.ends_with(end));
    !is_about && keys.any(|key| ABOVE.contains(&key.to_ascii_lowercase().as_str()))
}

/// Both values short enough to be read, each cut around what differs.
fn around<'v>(before: Option<&'v str>, after: Option<&'v str>) -> (Option<Cow<'v, str>>, Option<Cow<'v, str>>) {
    if let (Some(before), Some(after)) = (before, after)
        && (before.contains('\n') || after.contains('\n'))
    {
        let same = before.lines().zip(after.lines()).take_while(|(old, new)| old == new).count();
        let line = |text: &'v str| text.lines().nth(same).unwrap_or_default();
        let (old, new) = (line(before), line(after));
        let from = common(old, new);
        return (Some(cut(old, from)), Some(cut(new, from)));
    }
    let from = before.zip(after).map_or(0, |(before, after)| common(before, after));
    (before.map(|value| cut(value, from)), after.map(|value| cut(value, from)))
}

/// The number of characters that both begin with.
fn common(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count()
}

/// At most [`TOLD`] characters, with what stands at `from` among them. Never inside a mask's stand-in.
fn cut(text: &str, from: usize) -> Cow<'_, str> {
    let text = text.trim_end_matches('\n');
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= TOLD && !text.contains('\n') {
        return Cow::Borrowed(text);
    }
    let mut start = if from < TOLD / 2 { 0 } else { (from - TOLD / 2).min(chars.len().saturating_sub(TOLD)) };
    let mut end = (start + TOLD).min(chars.len());
    let is_inside = |at: usize| {
        let near = &chars[at.saturating_sub(12)..at];
        near.iter().rposition(|c| *c == '\u{e0f8}') > near.iter().rposition(|c| *c == '\u{e0f9}')
    };
    while start > 0 && is_inside(start) {
        start -= 1;
    }
    while end > start && is_inside(end) {
        end -= 1;
    }
    let mut out = String::new();
    if start > 0 {
        out.push('…');
    }
    out.extend(chars[start..end].iter().map(|c| if *c == '\n' { ' ' } else { *c }));
    if end < chars.len() {
        out.push('…');
    }
    Cow::Owned(out)
}
