//! What the engine asks of the world. [`crate::adapter`] fulfils it; tests fake it.

use crate::model::command::{Invocation, Outcome, RecordedCall, Stream};
use crate::model::event::Event;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

/// Starts a tool and streams what it prints.
pub trait Runner: Sync {
    /// Runs `call` to its end. Output goes to `sink` in the order it arrives, in chunks that end
    /// anywhere; both streams are always drained. Blocks; never holds more than a chunk.
    fn run(&self, call: &Invocation, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome;

    /// Like [`Runner::run`], for a call that must not be broken off half-way (`helm rollback`) or
    /// that cleans up after a stop: a first request to stop is not handed on, and one that came
    /// before does not keep the call from starting. Only [`Stop::hard`] ends it.
    fn run_to_end(&self, call: &Invocation, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
        self.run(call, sink)
    }

    /// Runs a call with a stop of its own: something beside a step, or a call that is ended early.
    fn run_beside(&self, call: &Invocation, over: &dyn Stop, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
        let _ = over;
        self.run(call, sink)
    }

    /// Of a recording: what it holds of a call that is about to be made, and of these that are made beside
    /// it. What was recorded before the call's end is used up by that. `None`: the call is real.
    fn rehearse(&self, call: &Invocation, beside: &[Invocation]) -> Option<Rehearsal> {
        let _ = (call, beside);
        None
    }

    /// Do answers come from a recording? Then no program is looked up and no version asked.
    fn is_replay(&self) -> bool {
        false
    }
}

/// What a recording holds of a call, and of what was asked beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rehearsal {
    /// How long the call took.
    pub took: Duration,
    /// It is played at a pace; otherwise nobody waits.
    pub is_paced: bool,
    /// Of each call beside it, in order.
    pub beside: Vec<Beside>,
}

/// The answers to a call that was made beside another one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beside {
    /// Those recorded before the other's end that nobody has had yet, in order.
    pub before: Vec<RecordedCall>,
    /// The first behind it; nobody has had it by that.
    pub after: Option<RecordedCall>,
}

/// Finds programs.
pub trait Locate: Sync {
    /// The absolute path of `program`.
    ///
    /// # Errors
    /// One line that says why it cannot be run: not on PATH, not executable, a batch file.
    fn find(&self, program: &str) -> Result<PathBuf, String>;

    /// The first of several that is there.
    ///
    /// # Errors
    /// As [`Locate::find`], of the first one, and that the others are not there either.
    fn find_any(&self, program: &str, others: &[String]) -> Result<PathBuf, String> {
        let first = self.find(program);
        if first.is_ok() || others.is_empty() {
            return first;
        }
        let found = others.iter().find_map(|other| self.find(other).ok());
        found.ok_or_else(|| {
            let names: Vec<String> = others.iter().map(|other| format!("`{other}`")).collect();
            format!("{}, and neither is {}", first.err().unwrap_or_default(), names.join(", "))
        })
    }
}

/// Tells the time and waits.
pub trait Clock: Sync {
    /// Milliseconds since 1970-01-01 UTC.
    fn now(&self) -> u64;
    /// Time since the program started, by a clock that never jumps.
    fn elapsed(&self) -> Duration;
    /// Waits, but not past a stop.
    fn sleep(&self, duration: Duration, stop: &dyn Stop);
}

/// Has the person (or the system) asked us to stop?
pub trait Stop: Sync {
    /// The signal that asked: 1, 2, 3 or 15; `None` means go on.
    fn requested(&self) -> Option<i32>;

    /// Asked a second time: what runs must end now, whatever it leaves behind.
    fn hard(&self) -> bool {
        false
    }
}

/// Where evidence goes. One directory, made when the first file is.
pub trait Store: Sync {
    /// Creates a file; `name` is a plain file name. A second file of the same name is an error.
    ///
    /// # Errors
    /// Whatever the file system says, the path in the message.
    fn create(&self, name: &str) -> io::Result<Box<dyn Write + Send>>;
    /// The directory, as a person would type it.
    fn place(&self) -> String;
    /// Is anything kept? Where nothing is, nothing is said to be saved.
    fn keeps(&self) -> bool {
        true
    }
}

/// Keeps the calls of a run, for `--record`.
pub trait Recorder: Sync {
    /// Adds a call; the caller has redacted it.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn keep(&self, call: &RecordedCall) -> io::Result<()>;
}

/// Takes events. The plain lines, the progress view, the JSON lines and the journal are each one.
pub trait Reporter {
    /// Takes one event.
    ///
    /// # Errors
    /// The place it writes to is gone or full.
    fn event(&mut self, event: &Event) -> io::Result<()>;

    /// Makes everything taken so far survive a power cut, where that is its business.
    ///
    /// # Errors
    /// Something that it was given could not be kept, now or earlier.
    fn settle(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Is it a record that must not have gaps (the journal)?
    fn keeps(&self) -> bool {
        false
    }
}

/// A person who can be asked.
pub trait Person {
    /// Is there a terminal to ask at?
    fn is_present(&self) -> bool;
    /// Shows `prompt`, reads a line without its end. `None` is the end of input.
    ///
    /// # Errors
    /// The terminal is gone.
    fn ask(&mut self, prompt: &str) -> io::Result<Option<String>>;
}
