//! Chunks that end anywhere → lines. `\n`, `\r\n` and a lone `\r` (progress bars) end a line.

/// Longest line that is kept; the rest of a longer one is counted.
pub const LINE_MAX: usize = 256 << 10;

/// One line of output.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// Its bytes, without the line end.
    pub text: Vec<u8>,
    /// What ended it; empty for a last line without an end.
    pub end: &'static [u8],
    /// Bytes of it that were not kept.
    pub cut: u64,
}

/// Splits a stream into lines, holding back only an unfinished one.
#[derive(Debug, Default)]
pub struct Lines {
    line: Line,
    /// A `\r` came last: whether it stands alone, the next byte tells.
    carriage: bool,
}

impl Lines {
    /// Takes a chunk and hands out the lines that it completes.
    pub fn feed(&mut self, chunk: &[u8], each: &mut dyn FnMut(&Line)) {
        let mut rest = chunk;
        if self.carriage
            && let Some(next) = rest.first()
        {
            self.carriage = false;
            if *next == b'\n' {
                rest = &rest[1..];
                self.end(b"\r\n", each);
            } else {
                self.end(b"\r", each);
            }
        }
        while let Some(at) = memchr::memchr2(b'\n', b'\r', rest) {
            self.push(&rest[..at]);
            let (ended, skip): (&'static [u8], usize) = match (rest[at], rest.get(at + 1)) {
                (b'\n', _) => (b"\n", 1),
                (_, Some(b'\n')) => (b"\r\n", 2),
                (_, Some(_)) => (b"\r", 1),
                (_, None) => {
                    self.carriage = true;
                    return;
                }
            };
            self.end(ended, each);
            rest = &rest[at + skip..];
        }
        self.push(rest);
    }

    /// The stream is over: hands out what was held back.
    pub fn finish(&mut self, each: &mut dyn FnMut(&Line)) {
        if std::mem::take(&mut self.carriage) {
            self.end(b"\r", each);
        } else if !self.line.text.is_empty() || self.line.cut > 0 {
            self.end(b"", each);
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = LINE_MAX - self.line.text.len().min(LINE_MAX);
        let kept = bytes.len().min(room);
        self.line.text.extend_from_slice(&bytes[..kept]);
        self.line.cut += (bytes.len() - kept) as u64;
    }

    fn end(&mut self, end: &'static [u8], each: &mut dyn FnMut(&Line)) {
        self.line.end = end;
        each(&self.line);
        self.line.text.clear();
        self.line.cut = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(chunks: &[&[u8]]) -> Vec<(Vec<u8>, &'static [u8])> {
        let mut lines = Lines::default();
        let mut out = Vec::new();
        for chunk in chunks {
            lines.feed(chunk, &mut |line| out.push((line.text.clone(), line.end)));
        }
        lines.finish(&mut |line| out.push((line.text.clone(), line.end)));
        out
    }

    #[test]
    fn a_carriage_return_at_the_end_of_a_chunk_waits_for_the_next_byte() {
        assert_eq!(
            split(&[b"a\r", b"\nb\r", b"c"]),
            [(b"a".to_vec(), b"\r\n".as_slice()), (b"b".to_vec(), b"\r"), (b"c".to_vec(), b"")]
        );
    }

    #[test]
    fn a_line_without_end_is_cut_and_counted() {
        let mut lines = Lines::default();
        let chunk = vec![b'x'; 70_000];
        for _ in 0..20 {
            lines.feed(&chunk, &mut |_| panic!("no line has ended"));
        }
        let mut seen = None;
        lines.feed(b"\n", &mut |line| seen = Some((line.text.len(), line.cut)));
        assert_eq!(seen, Some((LINE_MAX, 1_400_000 - LINE_MAX as u64)));
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_lines_and_loses_nothing(
            text in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'a'), any::<u8>()], 0..80),
            cuts in proptest::collection::vec(0usize..80, 0..8),
        ) {
            let whole = split(&[&text]);
            let joined: Vec<u8> = whole.iter().flat_map(|(line, end)| line.iter().chain(end.iter())).copied().collect();
            prop_assert_eq!(&joined, &text);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.push(0);
            cuts.push(text.len());
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
            prop_assert_eq!(split(&chunks), whole);
        }
    }
}
