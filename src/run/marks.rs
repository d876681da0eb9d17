//! When the lines of a call came: for a recording that can be played as it was.

use super::desk::{Desk, millis};
use crate::model::command::{Mark, Stream};
use std::time::Duration;

/// Lines that come closer than this, in milliseconds, come together.
const TOGETHER: u64 = 50;
/// More marks than this tell nothing more; what comes later belongs to the last one.
const MOST: usize = 2000;

/// The marks of one call.
#[derive(Debug)]
pub(super) struct Marks {
    begun: Duration,
    marks: Vec<Mark>,
}

impl Marks {
    /// The call starts now.
    pub(super) fn start(desk: &Desk<'_>) -> Self {
        Self { begun: desk.world.clock.elapsed(), marks: Vec::new() }
    }

    /// So many bytes of a stream came.
    pub(super) fn add(&mut self, desk: &Desk<'_>, stream: Stream, bytes: usize) {
        let at = millis(desk.world.clock.elapsed().saturating_sub(self.begun));
        self.at(at, stream as u8 + 1, bytes as u64);
    }

    fn at(&mut self, at: u64, stream: u8, bytes: u64) {
        let is_full = self.marks.len() >= MOST;
        match self.marks.last_mut() {
            Some(last) if last.1 == stream && (is_full || at.saturating_sub(last.0) < TOGETHER) => last.2 += bytes,
            _ if is_full => {}
            _ => self.marks.push(Mark(at, stream, bytes)),
        }
    }

    /// The marks, in order.
    pub(super) fn take(&mut self) -> Vec<Mark> {
        std::mem::take(&mut self.marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_come_together_share_a_mark() {
        let mut marks = Marks { begun: Duration::ZERO, marks: Vec::new() };
        for (at, stream, bytes) in [(1, 1, 5), (2, 1, 5), (3, 2, 7), (900, 1, 1), (949, 1, 1), (950, 1, 1)] {
            marks.at(at, stream, bytes);
        }
        assert_eq!(marks.take(), [Mark(1, 1, 10), Mark(3, 2, 7), Mark(900, 1, 2), Mark(950, 1, 1)]);
    }
}
