//! Masks: what is printed in place of a secret, and what they are while a line is worked on.

use super::redact::fixed;
use regex::bytes::Regex;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::LazyLock;

/// Anthropic keys: that the key has the right kind is a fact worth keeping.
const KEPT_PREFIX: &[u8] = b"sk-ant-api03-";
/// A mask while a line is being worked on: OPEN, index, CLOSE. Neither byte occurs in UTF-8.
pub(super) const OPEN: u8 = 0xf8;
const CLOSE: u8 = 0xf9;

/// A mask as it is printed.
pub(super) static MASK: LazyLock<Regex> =
    LazyLock::new(|| fixed(r"\[hidden (?:([A-Za-z0-9_./-]{1,64}) )?([0-9]{1,9}) chars #([0-9a-f]{8})\]"));

/// What a mask says of the value behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// The key it stood behind, when known.
    pub name: Option<String>,
    /// How many characters it has.
    pub chars: usize,
    /// Equal tags, equal values (within one run).
    pub tag: String,
}

impl Mask {
    /// Reads a text that is a mask and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let found = MASK.captures(text.as_bytes())?;
        (found.get(0)?.len() == text.len()).then(|| Self::of(&found)).flatten()
    }

    /// The text with letters in place of its masks, and its last mask: what can still be asked of
    /// a value in a redacted recording.
    pub fn stand_in(text: &str) -> (String, Option<Self>) {
        let mut out = Vec::with_capacity(text.len());
        let (mut last, mut mask) = (0, None);
        for found in MASK.captures_iter(text.as_bytes()) {
            if let (Some(whole), Some(found)) = (found.get(0), Self::of(&found)) {
                out.extend_from_slice(&text.as_bytes()[last..whole.start()]);
                out.resize(out.len() + found.chars.min(1 << 16), b'x');
                (last, mask) = (whole.end(), Some(found));
            }
        }
        out.extend_from_slice(&text.as_bytes()[last..]);
        (String::from_utf8_lossy(&out).into_owned(), mask)
    }

    /// The masks in a text, in order.
    pub fn all(text: &[u8]) -> Vec<Self> {
        MASK.captures_iter(text).filter_map(|found| Self::of(&found)).collect()
    }

    /// The text, its masks without their tags: two runs that hide the same value then say the same.
    pub fn without_tags(text: &str) -> String {
        let bare = |found: &regex::bytes::Captures<'_>| match Self::of(found) {
            Some(Self { name: Some(name), chars, .. }) => format!("[hidden {name} {chars} chars]").into_bytes(),
            Some(Self { name: None, chars, .. }) => format!("[hidden {chars} chars]").into_bytes(),
            None => b"[hidden]".to_vec(),
        };
        String::from_utf8_lossy(&MASK.replace_all(text.as_bytes(), bare)).into_owned()
    }

    fn of(found: &regex::bytes::Captures<'_>) -> Option<Self> {
        let text = |index| found.get(index).and_then(|group| std::str::from_utf8(group.as_bytes()).ok());
        Some(Self { name: text(1).map(str::to_owned), chars: text(2)?.parse().ok()?, tag: text(3)?.to_owned() })
    }
}

impl std::fmt::Display for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[hidden ")?;
        if let Some(name) = &self.name {
            write!(f, "{name} ")?;
        }
        write!(f, "{} chars #{}]", self.chars, self.tag)
    }
}

/// The masks of a line while it is being worked on.
pub(super) struct Atoms<'a> {
    masks: Vec<Mask>,
    /// What was hidden, and which mask hides it.
    hidden: Vec<(Vec<u8>, usize)>,
    key: &'a RandomState,
}

impl<'a> Atoms<'a> {
    /// For one line.
    pub(super) fn new(key: &'a RandomState) -> Self {
        Self { masks: Vec::new(), hidden: Vec::new(), key }
    }

    /// The stand-in for `value`. A mask stays what it is; the prefix that tells a kind of key stays.
    pub(super) fn hide(&mut self, name: Option<&str>, value: &[u8]) -> Vec<u8> {
        if value.is_empty() {
            return Vec::new();
        }
        if let Some(rest) = value.strip_prefix(KEPT_PREFIX) {
            return [KEPT_PREFIX, &self.hide(name, rest)].concat();
        }
        let name = name.and_then(mask_name);
        if let Some(index) = whole_atom(value) {
            if let Some(mask) = self.masks.get_mut(index)
                && mask.name.is_none()
            {
                mask.name = name;
            }
            return value.to_vec();
        }
        let plain = self.give_back(value);
        let chars = String::from_utf8_lossy(&plain).chars().count();
        let mask = Mask { name, chars, tag: tag(self.key, &plain) };
        self.hidden.push((plain, self.masks.len()));
        self.put(mask)
    }

    /// What was hidden, and the mask that hides it.
    pub(super) fn hidden(&self) -> impl Iterator<Item = (&[u8], &Mask)> {
        self.hidden.iter().filter_map(|(value, index)| Some((value.as_slice(), self.masks.get(*index)?)))
    }

    fn put(&mut self, mask: Mask) -> Vec<u8> {
        self.masks.push(mask);
        let mut atom = vec![OPEN];
        atom.extend_from_slice((self.masks.len() - 1).to_string().as_bytes());
        atom.push(CLOSE);
        atom
    }

    /// Turns the masks that the text already has into atoms.
    pub(super) fn take(&mut self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut last = 0;
        for found in MASK.captures_iter(text) {
            if let (Some(whole), Some(mask)) = (found.get(0), Mask::of(&found)) {
                out.extend_from_slice(&text[last..whole.start()]);
                out.extend(self.put(mask));
                last = whole.end();
            }
        }
        out.extend_from_slice(&text[last..]);
        out
    }

    /// Turns atoms into the masks that people read.
    pub(super) fn give_back(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() + 32 * self.masks.len());
        let mut rest = text;
        while let Some(open) = memchr::memchr(OPEN, rest) {
            out.extend_from_slice(&rest[..open]);
            let end = memchr::memchr(CLOSE, &rest[open..]).map(|length| open + length + 1);
            match end.and_then(|end| Some((end, self.masks.get(whole_atom(&rest[open..end])?)?))) {
                Some((end, mask)) => {
                    out.extend_from_slice(mask.to_string().as_bytes());
                    rest = &rest[end..];
                }
                None => {
                    out.push(OPEN);
                    rest = &rest[open + 1..];
                }
            }
        }
        out.extend_from_slice(rest);
        out
    }
}

/// The index of the mask, if the text is one atom and nothing else.
pub(super) fn whole_atom(text: &[u8]) -> Option<usize> {
    let inner = text.strip_prefix(&[OPEN])?.strip_suffix(&[CLOSE])?;
    (inner.len() <= 7).then(|| std::str::from_utf8(inner).ok()?.parse().ok()).flatten()
}

/// Does the text hold a mask?
pub(super) fn has_atom(text: &[u8]) -> bool {
    memchr::memchr(OPEN, text).is_some()
}

/// The text between the masks.
pub(super) fn without_atoms(text: &[u8]) -> Vec<u8> {
    let mut inside = false;
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match *byte {
            OPEN => inside = true,
            CLOSE => inside = false,
            byte if !inside => out.push(byte),
            _ => {}
        }
    }
    out
}

/// A key as a mask shows it.
fn mask_name(key: &str) -> Option<String> {
    let name: String = key
        .trim_start_matches('-')
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "_./-".contains(c) { c } else { '_' })
        .take(64)
        .collect();
    (!name.is_empty()).then_some(name)
}

/// What is the same for equal values.
pub(super) fn tag(key: &RandomState, value: &[u8]) -> String {
    format!("{:08x}", key.hash_one(value) & 0xffff_ffff)
}
