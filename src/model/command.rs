//! A call of a tool, and what came of it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

/// One call, ready to start: every variable is filled, nothing passes through a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The whole argument vector; `argv[0]` is the tool's name as `tasks.toml` has it.
    pub argv: Vec<String>,
    /// What others may read of it while it runs, in the story of a lock: `helm upgrade`, redacted.
    pub label: String,
    /// Which of `argv` are the tool's pinned arguments (`--kube-context …`): inserted on every
    /// call, and not part of the match when a recording answers.
    pub pinned: Range<usize>,
    /// The program to start; `None` when a recording answers.
    pub program: Option<PathBuf>,
    /// Working directory; `None` is the directory of `tasks.toml`.
    pub cwd: Option<PathBuf>,
    /// Variables added to the inherited environment.
    pub env: BTreeMap<String, String>,
    /// Our own limit, behind the tool's.
    pub timeout: Option<Duration>,
    /// Between asking the child to end and ending it.
    pub grace: Duration,
    /// What it may leave behind when it is broken off: fits behind "may leave".
    pub leaves: Option<&'static str>,
    /// The child owns the terminal: inherited standard streams, nothing captured.
    pub interactive: bool,
    /// What it reads from standard input; nothing when `None`. It may hold secrets: it is part of no argv, event,
    /// journal or recording.
    pub input: Option<String>,
}

impl Invocation {
    /// The arguments without the pinned ones: what a recording matches.
    pub fn asked(&self) -> impl Iterator<Item = &str> {
        self.argv
            .iter()
            .enumerate()
            .filter(|(index, _)| !self.pinned.contains(index))
            .map(|(_, argument)| argument.as_str())
    }
}

/// Which of the child's two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How a call ended. The whole space: there is no other way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// The child ended by itself with this code (on Windows any 32-bit value, as signed).
    Code(i32),
    /// A signal ended the child (Unix).
    Signal(i32),
    /// It never started; the text says why.
    NotStarted(String),
    /// Our limit passed and the child was ended.
    TimedOut,
    /// The person stopped the run and the child was ended.
    Interrupted,
}

impl Exit {
    /// Exit code 0?
    pub fn is_success(&self) -> bool {
        *self == Self::Code(0)
    }

    /// In words, fit for "it …": "exited with code 1".
    pub fn in_words(&self) -> String {
        match self {
            // Negative: Windows' own codes, NTSTATUS values, are known by their hexadecimal form.
            Self::Code(code @ ..0) => format!("exited with code {code:#010x}{}", status_name(*code)),
            Self::Code(code) => format!("exited with code {code}"),
            Self::Signal(signal) => format!("was ended by signal {signal}{}", signal_name(*signal)),
            Self::NotStarted(why) => format!("did not start: {why}"),
            Self::TimedOut => "ran out of time and was ended".to_owned(),
            Self::Interrupted => "was interrupted".to_owned(),
        }
    }
}

/// The signals that end tools in practice; numbers are the same on Linux and macOS.
fn signal_name(signal: i32) -> &'static str {
    match signal {
        1 => " (SIGHUP)",
        2 => " (SIGINT)",
        6 => " (SIGABRT)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        13 => " (SIGPIPE)",
        15 => " (SIGTERM)",
        _ => "",
    }
}

/// What Windows says of a program that did not end by itself, where it tells a person something.
fn status_name(code: i32) -> &'static str {
    match code.cast_unsigned() {
        0xc000_0005 => " (access violation)",
        0xc000_007b => " (a part of it is made for another kind of machine)",
        0xc000_00fd => " (stack overflow)",
        0xc000_0135 => " (a DLL is missing)",
        0xc000_013a => " (Ctrl-C)",
        0xc000_0142 => " (a DLL could not be started)",
        0xc000_0409 => " (it aborted)",
        _ => "",
    }
}

/// What the runner reports when a call is over. The output itself went to the caller's sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub exit: Exit,
    /// How long it took.
    pub elapsed: Duration,
    /// A grandchild still held the output open after the child had ended.
    pub leaked: bool,
}

/// One line of a recording: a call and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedCall {
    /// The arguments, without the tool's pinned ones.
    pub argv: Vec<String>,
    /// The child's exit code; 128 + n after signal n, 124 after a timeout.
    pub exit_code: i32,
    /// How long the call took, in milliseconds.
    #[serde(default)]
    pub elapsed_ms: u64,
    /// Standard output, redacted.
    #[serde(default)]
    pub stdout: String,
    /// Standard error, redacted.
    #[serde(default)]
    pub stderr: String,
    /// When what came; none when nobody took note.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
}

/// A piece of a recorded call's output: milliseconds after its start, the stream (1 or 2), and how
/// many bytes of that stream came then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark(pub u64, pub u8, pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_is_told_in_words() {
        for (exit, words) in [
            (Exit::Code(1), "exited with code 1"),
            // What `cmd` answers for a command that it does not know.
            (Exit::Code(9009), "exited with code 9009"),
            (Exit::Code(0xc000_013a_u32.cast_signed()), "exited with code 0xc000013a (Ctrl-C)"),
            (Exit::Code(0xc000_0135_u32.cast_signed()), "exited with code 0xc0000135 (a DLL is missing)"),
            (Exit::Code(-1), "exited with code 0xffffffff"),
            (Exit::Signal(9), "was ended by signal 9 (SIGKILL)"),
            (Exit::Signal(64), "was ended by signal 64"),
        ] {
            assert_eq!(exit.in_words(), words);
        }
    }
}
