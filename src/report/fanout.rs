//! One event to all reporters. A full disk under the journal must not silence the terminal, and a
//! closed pipe must not stop the journal.

use crate::model::event::Event;
use crate::port::Reporter;
use std::collections::VecDeque;
use std::io;

/// Several reporters as one.
pub struct Fanout {
    reporters: Vec<Box<dyn Reporter>>,
    errors: VecDeque<io::Error>,
    /// Why a record has a gap: nothing more may be done that must be on it.
    gap: Option<(io::ErrorKind, String)>,
}

impl Fanout {
    /// All of these get every event, in this order.
    pub fn new(reporters: Vec<Box<dyn Reporter>>) -> Self {
        Self { reporters, errors: VecDeque::new(), gap: None }
    }
}

impl Reporter for Fanout {
    /// A reporter that fails gets no further event. Its error is returned once; that its reader
    /// has left is no error.
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let (errors, gap) = (&mut self.errors, &mut self.gap);
        self.reporters.retain_mut(|reporter| match reporter.event(event) {
            Ok(()) => true,
            Err(error) => {
                if reporter.keeps() {
                    gap.get_or_insert((error.kind(), error.to_string()));
                }
                if error.kind() != io::ErrorKind::BrokenPipe {
                    errors.push_back(error);
                }
                false
            }
        });
        self.errors.pop_front().map_or(Ok(()), Err)
    }

    fn settle(&mut self) -> io::Result<()> {
        if let Some((kind, why)) = &self.gap {
            return Err(io::Error::new(*kind, why.clone()));
        }
        self.reporters.iter_mut().try_for_each(|reporter| reporter.settle())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::EventKind;
    use std::cell::Cell;
    use std::rc::Rc;

    struct Counting {
        seen: Rc<Cell<usize>>,
        fails: Option<io::ErrorKind>,
        keeps: bool,
    }

    impl Reporter for Counting {
        fn event(&mut self, _: &Event) -> io::Result<()> {
            self.seen.set(self.seen.get() + 1);
            self.fails.map_or(Ok(()), |kind| Err(kind.into()))
        }

        fn keeps(&self) -> bool {
            self.keeps
        }
    }

    #[test]
    fn a_record_with_a_gap_never_settles_again() {
        let event = Event { at: 0, elapsed_ms: 0, kind: EventKind::Notice { text: String::new() } };
        for keeps in [true, false] {
            let failing = Counting { seen: Rc::default(), fails: Some(io::ErrorKind::StorageFull), keeps };
            let mut all = Fanout::new(vec![Box::new(failing)]);
            assert!(all.settle().is_ok());
            assert!(all.event(&event).is_err());
            for _ in 0..2 {
                assert_eq!(all.settle().is_err(), keeps, "a terminal may fail, the journal may not");
            }
        }
    }

    #[test]
    fn one_that_fails_does_not_stop_another() {
        let seen: Vec<Rc<Cell<usize>>> = (0..4).map(|_| Rc::default()).collect();
        let fails =
            [Some(io::ErrorKind::BrokenPipe), Some(io::ErrorKind::StorageFull), Some(io::ErrorKind::Other), None];
        let reporters = seen.iter().zip(fails).map(|(seen, fails)| {
            Box::new(Counting { seen: Rc::clone(seen), fails, keeps: false }) as Box<dyn Reporter>
        });
        let mut all = Fanout::new(reporters.collect());
        let event = Event { at: 0, elapsed_ms: 0, kind: EventKind::Notice { text: String::new() } };
        assert_eq!(all.event(&event).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(all.event(&event).unwrap_err().kind(), io::ErrorKind::Other);
        assert!(all.event(&event).is_ok());
        assert_eq!(seen.iter().map(|seen| seen.get()).collect::<Vec<_>>(), [1, 1, 1, 3]);
    }
}
