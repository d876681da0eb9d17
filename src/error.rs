//! Errors for people: what happened, where, and what to type next. The only exit-code table.

use std::fmt;

/// Our exit codes; documented and stable. A child's code is data in the report, never ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// Done.
    Done = 0,
    /// A step failed.
    StepFailed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// A diagnosis named something.
    Findings = 3,
    /// Refused by a requirement of the task that was asked for, or not confirmed. Nothing was done.
    /// A task that another one calls fails when it is refused: steps may have run before it.
    Refused = 4,
    /// A tool is missing or too old.
    ToolMissing = 5,
    /// Another run holds the lock.
    Locked = 6,
    /// Stopped half-way; can be resumed.
    Resumable = 7,
    /// A bug of ours.
    Bug = 70,
    /// Output or evidence could not be written.
    Unwritable = 74,
    /// `tasks.toml` is wrong.
    Config = 78,
    /// A limit passed.
    TimedOut = 124,
    /// SIGHUP.
    Hangup = 129,
    /// SIGINT, Ctrl-C.
    Interrupted = 130,
    /// SIGQUIT, Ctrl-\.
    Quit = 131,
    /// SIGTERM.
    Terminated = 143,
}

impl Code {
    /// The code for a run that a signal stopped.
    pub fn of_signal(signal: i32) -> Self {
        match signal {
            1 => Self::Hangup,
            3 => Self::Quit,
            15 => Self::Terminated,
            _ => Self::Interrupted,
        }
    }
}

/// Something that ends the program, told to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub code: Code,
    /// What happened: one line, or a finished report (`tasks.toml` errors).
    pub message: String,
    /// What to do: a command to type, or one line of advice each.
    pub hints: Vec<String>,
    /// The reader of our output went away: leave without a word.
    pub silent: bool,
}

impl Failure {
    /// A failure without hints.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hints: Vec::new(), silent: false }
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
