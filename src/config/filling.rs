//! A string → a template, with the places of its variables inside the file.

use super::fault::{Fault, Place};
use super::tree::{Filling, Use};
use crate::model::template::{Part, Template};

/// Reads a template. `source` is the file's text, `text` the string's value, `place` the string.
///
/// # Errors
/// The fault, at its place inside the string.
pub fn read(source: &str, text: &str, place: Place) -> Result<Filling, Fault> {
    let template = Template::parse(text).map_err(|error| {
        let open = text.get(error.at()..).unwrap_or_default();
        let length = open.find('}').map_or(open.len(), |end| end + 1);
        Fault::new(inside(source, place, text, error.at(), length), error.to_string())
            .help("`$$` is a dollar sign that opens no variable")
    })?;
    // The parts come in the order of the text, so each is looked for behind the one before.
    let mut from = 0;
    let mut uses = Vec::new();
    for part in template.parts() {
        let Part::Var { name, optional } = part else { continue };
        let written = format!("${{{name}{}}}", if *optional { "?" } else { "" });
        let at = find_unescaped(text, &written, from).unwrap_or(from);
        uses.push(Use { name: name.clone(), place: inside(source, place, text, at, written.len()) });
        from = at + written.len();
    }
    Ok(Filling { template, text: text.to_owned(), uses })
}

/// The place of a part of a string, when the string is written without escapes; else the string's.
pub fn inside(source: &str, place: Place, value: &str, at: usize, length: usize) -> Place {
    let raw = source.get(place.start..place.end).unwrap_or_default();
    for quotes in [1, 3] {
        if raw.len() == value.len() + 2 * quotes && raw.get(quotes..raw.len() - quotes) == Some(value) {
            let start = place.start + quotes + at;
            return Place { file: place.file, start, end: start + length };
        }
    }
    place
}

/// Where `written` stands in `text`, skipping `$$`.
fn find_unescaped(text: &str, written: &str, mut from: usize) -> Option<usize> {
    loop {
        let at = from + text.get(from..)?.find('$')?;
        let here = text.get(at..)?;
        if here.starts_with("$$") {
            from = at + 2;
        } else if here.starts_with(written) {
            return Some(at);
        } else {
            from = at + 1;
        }
    }
}
