//! A document made readable, line by line.
//!
//! A [`Page`] has two faces with the same line numbers. What is *shown* is what a quote repeats: the
//! bytes as captured, decoded (see [`decode`](super::decode)) and without terminal colours. What is *read* is what patterns see: as shown, but with `\"`, `\n` and `\t`
//! replaced by what they stand for, because logs and bug reports carry messages inside JSON strings, with
//! minikube's events as the lines that they stand for, and without what a CI job, `docker compose` or a log collector puts before every line.

use super::minikube::without_events;
use super::prefix::Prefix;
use memchr::{memchr, memchr_iter, memmem, memrchr};
use std::borrow::Cow;
use std::ops::Range;

/// Lines are counted by blocks of so many bytes: an index of every line would cost as much as the text.
const BLOCK: usize = 1 << 10;

/// Text in lines.
struct Lines<'a> {
    bytes: Cow<'a, [u8]>,
    /// Line ends before each block.
    ends: Vec<usize>,
    /// Line ends in all.
    all: usize,
}

impl<'a> Lines<'a> {
    fn new(bytes: Cow<'a, [u8]>) -> Self {
        let mut all = 0;
        let mut ends = Vec::with_capacity(bytes.len() / BLOCK + 1);
        for block in bytes.chunks(BLOCK) {
            ends.push(all);
            all += count(block);
        }
        Self { bytes, ends, all }
    }

    /// Where a line begins; `None`: there is no such line.
    fn start(&self, index: usize) -> Option<usize> {
        let Some(end) = index.checked_sub(1).filter(|end| *end < self.all) else { return (index == 0).then_some(0) };
        let block = self.ends.partition_point(|before| *before <= end).checked_sub(1)?;
        let at = memchr_iter(b'\n', self.bytes.get(block * BLOCK..)?).nth(end - self.ends.get(block)?)?;
        Some(block * BLOCK + at + 1)
    }

    /// The line of that index without its line end; empty when there is none.
    fn get(&self, index: usize) -> &[u8] {
        let rest = self.start(index).and_then(|start| self.bytes.get(start..)).unwrap_or_default();
        let line = rest.get(..memchr(b'\n', rest).unwrap_or(rest.len())).unwrap_or_default();
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// The line that holds an offset, and the offset inside it.
    fn place(&self, offset: usize) -> (usize, usize) {
        let known = offset.min(self.bytes.len());
        let before = self.bytes.get(..known).unwrap_or_default();
        let block = (known / BLOCK).min(self.ends.len().saturating_sub(1));
        let line = self.ends.get(block).map_or(0, |ends| ends + count(before.get(block * BLOCK..).unwrap_or_default()));
        (line, offset - memrchr(b'\n', before).map_or(0, |end| end + 1))
    }
}

fn count(bytes: &[u8]) -> usize {
    memchr_iter(b'\n', bytes).count()
}

/// A text made readable: a document, or a piece of one.
pub(crate) struct Page<'a> {
    shown: Lines<'a>,
    /// Only when it differs from what is shown.
    read: Option<Lines<'static>>,
    /// The index of its first line in the document.
    first: usize,
    /// How many of its lines count.
    len: usize,
    /// What stands before its lines and is not theirs.
    prefix: Option<&'a Prefix>,
}

impl<'a> Page<'a> {
    /// A whole document.
    #[cfg(test)]
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self::piece(super::decode::decode(bytes), None, 0, true)
    }

    /// A piece of decoded text, each line behind that `prefix`. `first` is the index of its first line in the document. Unless it is
    /// the `last` piece, it ends with a line end, and what would stand behind that is no line of it.
    pub(crate) fn piece(text: Cow<'a, [u8]>, prefix: Option<&'a Prefix>, first: usize, last: bool) -> Self {
        let text = without_colours(text);
        let bare = prefix.map(|prefix| without_prefix(&text, prefix));
        let bare = without_events(bare.as_deref().unwrap_or(&text)).or(bare);
        let read = without_escapes(bare.as_deref().unwrap_or(&text)).or(bare);
        let read = read.map(|bytes| Lines::new(Cow::Owned(bytes)));
        let shown = Lines::new(text);
        let len = shown.all + usize::from(last);
        Self { shown, read, first, len, prefix }
    }

    fn face(&self) -> &Lines<'_> {
        self.read.as_ref().unwrap_or(&self.shown)
    }

    /// All that patterns read.
    pub(crate) fn buffer(&self) -> &[u8] {
        &self.face().bytes
    }

    /// Index of the first line.
    pub(crate) fn first(&self) -> usize {
        self.first
    }

    /// Index behind the last line.
    pub(crate) fn end(&self) -> usize {
        self.first + self.len
    }

    /// A line as patterns read it; `index` counts from 0 at the start of the document.
    pub(crate) fn line(&self, index: usize) -> &[u8] {
        index.checked_sub(self.first).map_or(&[], |index| self.face().get(index))
    }

    /// A line as a quote repeats it; `index` counts from 0 at the start of the document.
    pub(crate) fn shown(&self, index: usize) -> &[u8] {
        index.checked_sub(self.first).map_or(&[], |index| self.shown.get(index))
    }

    /// The line that holds this offset of [`buffer`](Self::buffer), and the offset inside it.
    pub(crate) fn place(&self, offset: usize) -> (usize, usize) {
        let (line, column) = self.face().place(offset);
        (self.first + line, column)
    }

    /// Where a line begins in [`buffer`](Self::buffer); its end for a line behind the last.
    pub(crate) fn start(&self, index: usize) -> usize {
        self.face().start(index.saturating_sub(self.first)).unwrap_or(self.buffer().len())
    }

    /// A line, and where the next one begins in [`buffer`](Self::buffer); `start` is where it begins.
    pub(crate) fn line_at(&self, start: usize) -> (&[u8], usize) {
        let rest = self.buffer().get(start..).unwrap_or_default();
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or_default();
        (line.strip_suffix(b"\r").unwrap_or(line), start + end + 1)
    }

    /// The first empty one of these lines.
    pub(crate) fn empty(&self, lines: Range<usize>) -> Option<usize> {
        let from = self.start(lines.start);
        let text = self.buffer().get(from..self.start(lines.end)).unwrap_or_default();
        if text.starts_with(b"\n") || text.starts_with(b"\r\n") {
            return Some(lines.start);
        }
        let ends = [&b"\n\n"[..], b"\n\r\n"].into_iter().filter_map(|end| memmem::find(text, end));
        let end = ends.min().map(|at| self.place(from + at + 1).0);
        // Nothing behind the last line end is an empty line, too.
        end.or_else(|| (lines.end == self.end() && self.line(lines.end - 1).is_empty()).then(|| lines.end - 1))
    }

    /// The pod or the service that stands before a line.
    pub(crate) fn subject(&self, index: usize) -> Option<String> {
        let subject = self.prefix?.strip(self.shown(index)).subject?;
        Some(String::from_utf8_lossy(subject).into_owned())
    }

    /// Does a line look the same on both faces? Then offsets in one are offsets in the other.
    pub(crate) fn same(&self, index: usize) -> bool {
        self.read.is_none() || self.line(index) == self.shown(index)
    }
}

const ESCAPE: u8 = 0x1B;

/// Removes the terminal's control sequences (colours, cursor moves, titles).
fn without_colours(bytes: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if memchr(ESCAPE, &bytes).is_none() {
        return bytes;
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = &bytes[..];
    while let Some(at) = memchr(ESCAPE, rest) {
        out.extend_from_slice(&rest[..at]);
        let tail = &rest[at + 1..];
        let length = match tail.first() {
            Some(b'[') => {
                tail.iter().skip(1).position(|byte| !(0x20..0x40).contains(byte)).map_or(tail.len(), |n| n + 2)
            }
            Some(b']') => tail.iter().position(|byte| matches!(byte, 0x07 | b'\n')).map_or(tail.len(), |n| n + 1),
            Some(b'\n') | None => 0,
            Some(_) => 1,
        };
        // A sequence that was cut off never swallows the line's end.
        let length = tail[..length].iter().position(|byte| *byte == b'\n').unwrap_or(length);
        rest = &tail[length..];
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// The lines without what stands before them.
fn without_prefix(bytes: &[u8], prefix: &Prefix) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let end = line.strip_suffix(b"\n").unwrap_or(line);
        let text = end.strip_suffix(b"\r").unwrap_or(end);
        out.extend_from_slice(text.get(prefix.strip(text).text).unwrap_or_default());
        out.extend_from_slice(line.get(text.len()..).unwrap_or_default());
    }
    out
}

/// `\"` becomes `"`, `\n` and `\t` a blank, however often they were escaped. `None`: nothing to do.
fn without_escapes(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut copied = 0;
    let mut next = 0;
    for at in memchr_iter(b'\\', bytes) {
        if at < next {
            continue;
        }
        let run = bytes[at..].iter().take_while(|byte| **byte == b'\\').count();
        next = at + run;
        let stands_for = match bytes.get(next) {
            Some(b'"') => b'"',
            Some(b'n' | b't') => b' ',
            _ => continue,
        };
        if out.capacity() == 0 {
            out.reserve_exact(bytes.len());
        }
        out.extend_from_slice(&bytes[copied..at]);
        out.push(stands_for);
        next += 1;
        copied = next;
    }
    if copied == 0 {
        return None;
    }
    out.extend_from_slice(&bytes[copied..]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn windows_captures_read_like_any_other() {
        let text = "NAME  READY\r\nапи  0/1\r\n";
        let mut utf16 = vec![0xFF, 0xFE];
        utf16.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        let page = Page::new(&utf16);
        assert_eq!(page.end(), 3);
        assert_eq!(page.line(1), "апи  0/1".as_bytes());
        assert_eq!(Page::new(b"\xEF\xBB\xBFa\r\nb").line(0), b"a");
    }

    #[test]
    fn colours_go_and_line_numbers_stay() {
        let page = Page::new(b"\x1b[31mERROR\x1b[0m a\n\x1b]0;title\x07b\n\x1b[");
        assert_eq!((page.shown(0), page.shown(1), page.end()), (&b"ERROR a"[..], &b"b"[..], 3));
    }

    #[test]
    fn escapes_are_read_and_quoted_as_they_stand() {
        let page = Page::new(br#"{"msg":"pull image \"x\"\nat y"}"#);
        assert_eq!(page.line(0), br#"{"msg":"pull image "x" at y"}"#);
        assert_eq!(page.shown(0), br#"{"msg":"pull image \"x\"\nat y"}"#);
        assert!(!page.same(0));
    }

    #[test]
    fn offsets_find_their_lines() {
        let page = Page::new(b"ab\ncd\n");
        assert_eq!(page.place(0), (0, 0));
        assert_eq!(page.place(4), (1, 1));
        assert_eq!(page.place(99).0, 2);
    }

    #[test]
    fn a_piece_counts_its_lines_from_the_start_of_the_document() {
        let page = Page::piece(Cow::Borrowed(b"ab\ncd\n"), None, 10, false);
        assert_eq!((page.first(), page.end()), (10, 12));
        assert_eq!((page.line(11), page.line(12), page.line(3)), (&b"cd"[..], &b""[..], &b""[..]));
        assert_eq!((page.place(4), page.start(11), page.start(10)), ((11, 1), 3, 0));
    }

    proptest! {
        #[test]
        fn both_faces_have_the_same_lines(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let page = Page::new(&bytes);
            prop_assert_eq!(page.end(), page.face().all + 1);
            for line in 0..page.end() {
                let _ = (page.line(line), page.shown(line));
            }
        }
    }
}
