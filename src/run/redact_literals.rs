//! Known secret values, in every form that tools print them.

use super::redact_mask::{Atoms, OPEN};
use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::HashMap;

/// Shorter values are words, not secrets: hiding them would hide half of every text.
pub(super) const SHORTEST: usize = 6;

/// Known values and the automaton that finds them.
#[derive(Debug, Clone, Default)]
pub(super) struct Literals {
    values: Vec<Vec<u8>>,
    /// Form → index of its value, and whether it is the value itself.
    forms: HashMap<Vec<u8>, (usize, bool)>,
    order: Vec<(usize, bool)>,
    matcher: Option<AhoCorasick>,
}

impl Literals {
    /// Adds a value.
    pub(super) fn add(&mut self, value: &[u8]) {
        if value.len() < SHORTEST || self.forms.get(value).is_some_and(|(_, plain)| *plain) {
            return;
        }
        let index = self.values.len();
        self.values.push(value.to_vec());
        self.forms.insert(value.to_vec(), (index, true));
        for form in encodings(value) {
            if form.len() >= SHORTEST {
                self.forms.entry(form).or_insert((index, false));
            }
        }
    }

    /// Builds the automaton anew.
    pub(super) fn build(&mut self) {
        let forms: Vec<(&Vec<u8>, &(usize, bool))> = self.forms.iter().collect();
        self.order = forms.iter().map(|(_, of)| **of).collect();
        self.matcher = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(forms.iter().map(|(form, _)| form.as_slice()))
            .ok();
    }

    /// Is one of them in the text?
    pub(super) fn is_match(&self, text: &[u8]) -> bool {
        self.matcher.as_ref().is_some_and(|matcher| matcher.is_match(text))
    }

    /// Hides them all.
    pub(super) fn hide(&self, atoms: &mut Atoms<'_>, text: &[u8]) -> Vec<u8> {
        let Some(matcher) = &self.matcher else { return text.to_vec() };
        let mut out = Vec::with_capacity(text.len());
        let mut last = 0;
        for found in matcher.find_iter(text) {
            let Some((index, plain)) = self.order.get(found.pattern().as_usize()) else { continue };
            let Some(value) = self.values.get(*index) else { continue };
            out.extend_from_slice(&text[last..found.start()]);
            let hidden = atoms.hide(None, value);
            // An encoded form has no readable prefix to keep.
            let atom = if *plain { 0 } else { hidden.iter().position(|byte| *byte == OPEN).unwrap_or(0) };
            out.extend_from_slice(&hidden[atom..]);
            last = found.end();
        }
        out.extend_from_slice(&text[last..]);
        out
    }
}

/// The forms in which a value may be printed.
fn encodings(value: &[u8]) -> Vec<Vec<u8>> {
    let packed = STANDARD.encode(value).into_bytes();
    // `base64` breaks its lines here; the last piece may be a few letters of anything.
    let mut forms: Vec<Vec<u8>> = [64, 76]
        .iter()
        .flat_map(|width| packed.chunks(*width).filter(|line| line.len() >= 16 && line.len() < packed.len()))
        .map(<[u8]>::to_vec)
        .collect();
    forms.extend([packed, STANDARD_NO_PAD.encode(value).into_bytes()]);
    let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    forms.extend([hex.to_ascii_uppercase().into_bytes(), hex.into_bytes()]);
    for shift in 0..3 {
        let shifted = [&vec![0; shift], value].concat();
        // The characters that no neighbouring byte takes part in.
        let (first, end) = ((8 * shift).div_ceil(6), 8 * shifted.len() / 6);
        for text in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            forms.extend(text.as_bytes().get(first..end).map(<[u8]>::to_vec));
        }
    }
    forms.push(percent(value, b"-_.~", false));
    forms.push(percent(value, b"-_.~", true));
    forms.push(percent(value, b"-_.!~*'()", false));
    if let Ok(text) = std::str::from_utf8(value)
        && let Ok(json) = serde_json::to_string(text)
    {
        let json = json[1..json.len() - 1].to_owned();
        // Go escapes these for HTML's sake.
        let go = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        // JSON inside JSON: a log line that quotes a log line.
        let nested = json.replace('\\', "\\\\").replace('"', "\\\"");
        forms.extend([json, go, nested].map(String::into_bytes));
        forms.push(text.replace('\'', "''").into_bytes());
        // A shell's quotes, XML, a form's fields.
        forms.push(text.replace('\'', "'\\''").into_bytes());
        let xml = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let quotes = [("&quot;", "&apos;"), ("&#34;", "&#39;"), ("&quot;", "&#x27;")];
        forms.extend(quotes.map(|(double, single)| xml.replace('"', double).replace('\'', single).into_bytes()));
        forms.push(xml.into_bytes());
        forms.push(percent(&text.replace(' ', "+").into_bytes(), b"-_.~*+", false));
    }
    forms
}

/// Percent-encoding with a set of characters left alone.
fn percent(value: &[u8], left: &[u8], lower: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() * 3);
    for byte in value {
        if byte.is_ascii_alphanumeric() || left.contains(byte) {
            out.push(*byte);
        } else if lower {
            out.extend_from_slice(format!("%{byte:02x}").as_bytes());
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    out
}
