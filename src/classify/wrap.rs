//! Texts that a terminal, a mail or an editor wrapped: which line goes on in the next one.
//!
//! A terminal cuts at its width, in the middle of a word; an editor cuts at blanks; a table may be
//! wrapped inside its last column. Nothing is joined without evidence: lines that are all exactly as wide
//! as the widest, words that did not fit, a continuation under the cell that it goes on from. A line that
//! begins like a record of its own never continues another.

use super::stamp;
use super::{cells, command, heads, level, podrow, table};
use std::collections::BTreeMap;
use std::ops::Range;

/// No terminal is narrower.
const NARROWEST: usize = 40;
/// So many lines must be cut at one width.
const FEWEST: usize = 3;
/// Lines of a paragraph whose next word did not fit: fewer could be chance.
const FEWEST_WORDS: usize = 4;

/// A cell that far to the right is no paragraph's indent.
const FAR: usize = 16;

/// A line that goes on in the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Join {
    /// Index of the line; the next one continues it, without the blanks at its start.
    pub(crate) line: usize,
    /// What stands between them when joined: nothing, or a blank.
    pub(crate) glue: &'static str,
}

/// The lines that go on in the next one, in order.
pub(crate) fn joins(lines: &[&[u8]]) -> Vec<Join> {
    let mut found = BTreeMap::new();
    // A text of one line, or of short ones, is not wrapped.
    if lines.len() < 2 {
        return Vec::new();
    }
    let mut sizes: Vec<Size> = lines.iter().map(|line| Size::of(line)).collect();
    let padded = lines.iter().filter(|line| line.len() > 2 && line.ends_with(b"  ")).count();
    if padded * 3 > sizes.iter().filter(|size| size.text > 0).count() {
        // A console's copy: the blanks at the ends are nobody's.
        sizes.iter_mut().for_each(|size| size.all = size.text);
    }
    columns(lines, &sizes, &mut found);
    messages(lines, &sizes, &mut found);
    cuts(lines, &sizes, &mut found);
    words(lines, &sizes, &mut found);
    found.into_iter().map(|(line, glue)| Join { line, glue }).collect()
}

/// How wide a line is, in letters.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// Without the blanks at its end.
    text: usize,
    /// With a blank at which it may have been cut.
    all: usize,
    /// Blanks at its start.
    indent: usize,
}

impl Size {
    fn of(line: &[u8]) -> Self {
        let trimmed = line.trim_ascii_end();
        let indent = trimmed.iter().take_while(|byte| **byte == b' ').count();
        let text = letters(trimmed);
        Self { text, all: text + usize::from(trimmed.len() + 1 == line.len()), indent }
    }
}

/// Letters of a line: bytes that begin one.
fn letters(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

/// Lines cut at a terminal's width.
fn cuts(lines: &[&[u8]], sizes: &[Size], found: &mut BTreeMap<usize, &'static str>) {
    let mut full: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, size) in sizes.iter().enumerate() {
        if size.text >= NARROWEST {
            full.entry(size.all).or_default().push(index);
        }
    }
    for (width, lines_of_width) in full {
        if lines_of_width.len() < FEWEST {
            continue;
        }
        // Wider lines between them: another text.
        let mut group: Vec<usize> = Vec::new();
        let mut groups = Vec::new();
        for index in lines_of_width {
            let apart = group.last().is_some_and(|last| {
                sizes.get(*last..index).is_some_and(|between| between.iter().any(|size| size.text > width))
            });
            if apart {
                groups.push(std::mem::take(&mut group));
            }
            group.push(index);
        }
        groups.push(group);
        for group in groups.iter().filter(|group| group.len() >= FEWEST) {
            cut_group(lines, sizes, width, group, found);
        }
    }
}

/// Lines of one width, the widest of their part of the text: are they cut?
fn cut_group(
    lines: &[&[u8]],
    sizes: &[Size],
    width: usize,
    group: &[usize],
    found: &mut BTreeMap<usize, &'static str>,
) {
    let goes_on = |index: usize| {
        let (Some(line), Some(next)) = (lines.get(index), lines.get(index + 1)) else { return false };
        let (Some(size), Some(after)) = (sizes.get(index), sizes.get(index + 1)) else { return false };
        let deeper = after.indent > size.indent + 1 && !is_row(line);
        after.text > 0 && after.text <= width && !deeper && !alike(line, next) && !begins_record(next)
    };
    let cut: Vec<usize> = group.iter().copied().filter(|index| goes_on(*index)).collect();
    // The same words again and again are the same line again and again.
    let mut different: Vec<&[u8]> = cut.iter().filter_map(|index| lines.get(*index).copied()).collect();
    different.sort_unstable();
    different.dedup();
    // Without a blank it is data, not text: base64, a hash.
    let texts = different.iter().filter(|line| line.trim_ascii().contains(&b' ')).count();
    // A width that only these lines have by chance is met by others that stand alone.
    if texts < FEWEST || cut.len() * 10 < group.len() * 6 {
        return;
    }
    // Cut at a word's end, with its blank left on the line before: one letter less.
    let first = cut.first().copied().unwrap_or_default();
    let last = cut.last().copied().unwrap_or_default();
    for index in first..=last {
        let Some(size) = sizes.get(index) else { continue };
        if size.text == width && goes_on(index) {
            let blank = lines.get(index + 1).is_some_and(|next| next.starts_with(b" "));
            found.entry(index).or_insert(if blank { " " } else { "" });
        } else if (size.all == width || size.text + 1 == width) && goes_on(index) {
            found.entry(index).or_insert(" ");
        }
    }
}

/// Paragraphs whose lines are as full as words allow.
fn words(lines: &[&[u8]], sizes: &[Size], found: &mut BTreeMap<usize, &'static str>) {
    let mut start = 0;
    while start < lines.len() {
        let end = (start..lines.len())
            .find(|index| {
                let empty = sizes.get(*index).is_none_or(|size| size.text == 0);
                empty || (*index > start && lines.get(*index).is_some_and(|line| begins_record(line)))
            })
            .unwrap_or(lines.len());
        if end > start {
            paragraph(lines, sizes, start..end, found);
        }
        start = end.max(start + 1);
    }
}

/// Joins all lines of a paragraph, or none.
fn paragraph(lines: &[&[u8]], sizes: &[Size], range: Range<usize>, found: &mut BTreeMap<usize, &'static str>) {
    if range.len() <= FEWEST_WORDS {
        return;
    }
    let Some(inside) = sizes.get(range.clone()) else { return };
    let width = inside.iter().map(|size| size.text).max().unwrap_or(0);
    let indent = inside.first().map_or(0, |size| size.indent);
    // The first line of a wrapped record may stand out, the others stand below each other.
    let rest = inside.get(1).map_or(0, |size| size.indent);
    let even = rest >= indent && inside.iter().skip(1).all(|size| size.indent == rest);
    if !(NARROWEST..=200).contains(&width) || !even || range.clone().any(|index| found.contains_key(&index)) {
        return;
    }
    let filled = |index: usize| {
        let (Some(line), Some(next)) = (lines.get(index), lines.get(index + 1)) else { return false };
        // Code ends its lines itself.
        let code = matches!(line.trim_ascii_end().last(), Some(b';' | b'{' | b'}' | b'('));
        let text = line.trim_ascii().contains(&b' ');
        fits_no_more(lines, sizes, index, width) && text && !code && !alike(line, next)
    };
    let last = range.end - 1;
    if (range.start..last).all(filled) {
        for index in range.start..last {
            found.insert(index, " ");
        }
    }
}

/// A message goes on for so many lines at most.
const LONGEST_MESSAGE: usize = 8;

/// Messages that are one line where they are printed: an event, or what a tool says under its own head.
/// What follows such a line is its continuation when each break has a reason: the next word did not
/// fit, or the blank at which the line was broken still stands at its end.
fn messages(lines: &[&[u8]], sizes: &[Size], found: &mut BTreeMap<usize, &'static str>) {
    for (index, line) in lines.iter().enumerate() {
        let Some(size) = sizes.get(index) else { continue };
        if size.text < NARROWEST || found.contains_key(&index) || !is_message(line) {
            continue;
        }
        let behind = (index + 1..lines.len()).take(LONGEST_MESSAGE);
        let end = behind
            .take_while(|next| {
                let shallow = sizes.get(*next).is_some_and(|size| size.text > 0 && size.indent < FAR);
                shallow && lines.get(*next).is_some_and(|next| !begins_record(next) && !alike(line, next))
            })
            .last()
            .unwrap_or(index);
        let broken = (index..end).take_while(|at| sizes.get(*at).is_some_and(|size| size.all > size.text)).count();
        let width = sizes.get(index..=end).unwrap_or_default().iter().map(|size| size.text).max().unwrap_or(0);
        let full = (index..end).all(|at| fits_no_more(lines, sizes, at, width));
        // One break that fits says little: any longer line before a shorter one has it.
        let joined = if end > index + 1 && full { end - index } else { broken };
        found.extend((index..index + joined).map(|at| (at, " ")));
    }
}

/// An event, or a tool's own words.
fn is_message(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line.get(..line.len().min(1000)).unwrap_or_default());
    heads::spoken(text.trim_start()).is_some() || table::event_row(&text).is_some()
}

/// Would the first word of the next line have made this one too wide?
fn fits_no_more(lines: &[&[u8]], sizes: &[Size], index: usize, width: usize) -> bool {
    let (Some(size), Some(next)) = (sizes.get(index), lines.get(index + 1)) else { return false };
    let word = next.trim_ascii_start().split(|byte| *byte == b' ').next().map_or(0, letters);
    size.text + 1 + word > width
}

/// Tables whose last column goes on below itself.
fn columns(lines: &[&[u8]], sizes: &[Size], found: &mut BTreeMap<usize, &'static str>) {
    let mut column = None;
    for (index, line) in lines.iter().enumerate().skip(1) {
        let Some(size) = sizes.get(index) else { continue };
        if size.text == 0 || size.indent < FAR {
            column = None;
            continue;
        }
        // A line below the last cell of a row, or below its continuation.
        let before = lines.get(index - 1).copied().unwrap_or_default();
        let last = column.or_else(|| last_cell(before));
        column = last.filter(|last| *last == size.indent && !has_gap(line));
        if column.is_some() {
            found.insert(index - 1, " ");
        }
    }
}

/// Where the message of an event begins, in letters.
fn last_cell(line: &[u8]) -> Option<usize> {
    let line = std::str::from_utf8(line).ok()?;
    let row = table::event_row(line)?;
    let before = line.get(..row.message)?;
    (row.message < line.len()).then(|| before.chars().count())
}

/// Two cells, not one.
fn has_gap(line: &[u8]) -> bool {
    memchr::memmem::find(line.trim_ascii(), b"   ").is_some()
}

/// A row of a table: three gaps between its cells.
fn is_row(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.windows(3).filter(|three| matches!(three, [a, b' ', b' '] if *a != b' ')).count() >= 3
}

/// Do two lines begin alike, as records of one kind do?
fn alike(one: &[u8], other: &[u8]) -> bool {
    const SAME: usize = 4;
    one.get(..SAME).is_some_and(|head| other.starts_with(head) && head != b"    ")
}

/// Does a line begin like a record of its own: a stamp, a level, a row, a prompt, a list, a key?
pub(crate) fn begins_record(line: &[u8]) -> bool {
    let text = line.trim_ascii_start();
    let Some(first) = text.first() else { return true };
    if matches!(first, b'{' | b'}' | b'[' | b']' | b'|' | b'`' | b'~') {
        return true;
    }
    const MARKS: [&[u8]; 10] = [b"> ", b"$ ", b"# ", b"##", b"#1", b"+-", b"++", b"+ ", b"==", b"=>"];
    if MARKS.iter().any(|mark| text.starts_with(mark)) {
        return true;
    }
    if text.starts_with(b"- ") || text.starts_with(b"* ") || text.starts_with(b"---") || is_frame(line) {
        return true;
    }
    if stamp::length(text) > 0 || stamp::klog(text) > 0 || level::leading(text).is_some() || is_numbered(text) {
        return true;
    }
    // What is drawn: boxes, check marks, arrows, bullets, emoji.
    if *first == 0xE2 || *first == 0xF0 {
        return true;
    }
    const WORDS: [&[u8]; 19] = [
        b"Error",
        b"error:",
        b"ERROR",
        b"Warning",
        b"WARN",
        b"Normal",
        b"FATAL",
        b"panic:",
        b"Traceback",
        b"Caused by:",
        b"Exception",
        b"File \"",
        b"npm ",
        b"Step ",
        b"Events:",
        b"NAME",
        b"LAST SEEN",
        b"goroutine ",
        b"fatal",
    ];
    if WORDS.iter().any(|word| text.starts_with(word)) || is_key(text) {
        return true;
    }
    let text = String::from_utf8_lossy(text.get(..text.len().min(1000)).unwrap_or_default());
    podrow::read(&text).is_some()
        || table::event_row(&text).is_some()
        || heads::header(&text).is_some()
        || command::typed(&text).is_some()
        || has_columns(&text)
}

/// `    at a.b.C(D.java:12)`: a stack's line, not a sentence's "at".
fn is_frame(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    let deep = line.starts_with(b"  ") || line.starts_with(b"\t");
    text.starts_with(b"at ") && (deep || text.ends_with(b")"))
}

/// `1. `, `12) `.
fn is_numbered(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..4).contains(&digits) && matches!(text.get(digits..digits + 2), Some(b". " | b") "))
}

/// `Name:`, `  Image ID:  x`, `key: value`, `key=value`: a word or two, and a colon.
fn is_key(text: &[u8]) -> bool {
    let near = text.get(..text.len().min(32)).unwrap_or_default();
    let Some(end) = near.iter().position(|byte| matches!(byte, b':' | b'=')) else { return false };
    let name = near.get(..end).unwrap_or_default();
    let named = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-. ".contains(byte));
    let words = name.split(|byte| *byte == b' ').count();
    let behind = text.get(end + 1);
    let is_colon = near.get(end) == Some(&b':');
    // `rpc error:` and `denied: x` go on from a message; a key is a capital's, or stands alone.
    let capital = name.first().is_some_and(u8::is_ascii_uppercase);
    named && words <= 3 && is_colon && behind.is_none_or(|byte| *byte == b' ') && (capital || behind.is_none())
}

/// A row of some table: three cells with wide gaps.
fn has_columns(text: &str) -> bool {
    let cells = cells::cells(text, 4);
    let wide = |pair: &[cells::Cell<'_>]| pair[1].at.saturating_sub(pair[0].end()) >= 2;
    cells.len() == 4 && cells.windows(2).all(wide)
}

#[cfg(test)]
#[path = "wrap_tests.rs"]
mod tests;
