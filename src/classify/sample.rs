//! A symptom's patterns on a text of its own: what an example must show, and a counter-example not.

use crate::model::pattern::Pattern;
use std::collections::BTreeMap;

/// Does one of `any` match on a line that none of `unless` takes back?
pub fn is_found(text: &[u8], any: &[Pattern], unless: &[Pattern]) -> bool {
    any.iter().any(|pattern| is_found_by(text, pattern, unless))
}

/// Does this pattern match on a line that none of `unless` takes back?
pub fn is_found_by(text: &[u8], pattern: &Pattern, unless: &[Pattern]) -> bool {
    pattern.regex().find_iter(text).any(|found| {
        let start = memchr::memrchr(b'\n', &text[..found.start()]).map_or(0, |at| at + 1);
        let end = memchr::memchr(b'\n', &text[found.end()..]).map_or(text.len(), |at| found.end() + at);
        !unless.iter().any(|pattern| pattern.is_match(&text[start..end]))
    })
}

/// The named groups of the first match of each pattern, the earlier pattern's first.
pub fn captures(text: &[u8], any: &[Pattern]) -> BTreeMap<String, String> {
    let mut told = BTreeMap::new();
    for pattern in any {
        let Some(found) = pattern.regex().captures(text) else { continue };
        for name in pattern.groups() {
            if let Some(group) = found.name(name) {
                told.entry(name.to_owned())
                    .or_insert_with(|| String::from_utf8_lossy(group.as_bytes()).trim().to_owned());
            }
        }
    }
    told
}
