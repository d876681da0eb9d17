//! What is kept of a call's output: bounded, whatever the tool prints.

use crate::text;
use std::collections::VecDeque;

/// Bytes kept from the beginning, and as many from the end.
pub const HALF: usize = 2 << 20;
/// Lines of a failed step that are shown.
const TAIL: usize = 20;

/// The head and the tail of a stream.
#[derive(Debug, Default)]
pub struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    dropped: u64,
}

impl Capture {
    /// Adds bytes; beyond the bound the middle goes.
    pub fn push(&mut self, bytes: &[u8]) {
        let kept = bytes.len().min(HALF - self.head.len());
        self.head.extend_from_slice(&bytes[..kept]);
        self.tail.extend(&bytes[kept..]);
        if let Some(excess) = self.tail.len().checked_sub(HALF) {
            self.tail.drain(..excess);
            self.dropped += excess as u64;
        }
    }

    /// How many bytes of the middle are gone.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// What was kept, with a line that says how much was not.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut out = self.head;
        if self.dropped > 0 {
            let gone = text::count(usize::try_from(self.dropped).unwrap_or(usize::MAX), "byte");
            out.extend_from_slice(format!("\n[{gone} not kept]\n").as_bytes());
        }
        out.extend(self.tail);
        out
    }
}

/// The last lines, for the report of a failure.
#[derive(Debug, Default)]
pub struct Tail(VecDeque<String>);

impl Tail {
    /// Adds a line.
    pub fn push(&mut self, line: &str) {
        if self.0.len() == TAIL {
            self.0.pop_front();
        }
        self.0.push_back(line.to_owned());
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> Vec<String> {
        self.0.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_stays_bounded_and_both_ends_survive() {
        let mut capture = Capture::default();
        capture.push(b"first");
        let chunk = vec![b'.'; 1 << 20];
        for _ in 0..50 {
            capture.push(&chunk);
        }
        capture.push(b"last");
        let dropped = capture.dropped();
        assert_eq!(dropped, (50 << 20) + 9 - 2 * HALF as u64);
        let bytes = capture.into_bytes();
        assert!(bytes.starts_with(b"first") && bytes.ends_with(b"last"));
        assert!(bytes.len() < 2 * HALF + 100);
        assert!(String::from_utf8(bytes).unwrap().contains(&format!("[{dropped} bytes not kept]")));
    }

    #[test]
    fn the_tail_is_twenty_lines() {
        let mut tail = Tail::default();
        (0..30).for_each(|number| tail.push(&number.to_string()));
        assert_eq!(tail.lines().first().unwrap(), "10");
        assert_eq!(tail.lines().len(), 20);
    }
}
