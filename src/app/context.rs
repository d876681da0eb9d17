//! What every command needs: the environment and the terminal, asked once, and the way out.

use crate::adapter::terminal::{Environment, Out, Terminal};
use crate::cli::{Format, Global, When};
use crate::error::{Code, Failure};
use crate::report::render::Verbosity;
use crate::report::style::{Look, Styles, Symbols};
use serde_json::Value;
use std::io::{self, Write};

/// Columns when nobody knows: a log, a pipe.
const DEFAULT_WIDTH: usize = 100;

/// Asked once, handed down.
pub(super) struct Context {
    pub(super) env: Environment,
    pub(super) terminal: Terminal,
    pub(super) global: Global,
}

impl Context {
    pub(super) fn new(global: Global) -> Self {
        let env = Environment::snapshot();
        let terminal = Terminal::detect(&env);
        Self { env, terminal, global }
    }

    pub(super) fn is_windows(&self) -> bool {
        self.terminal.os == "windows"
    }

    pub(super) fn colour(&self, is_terminal: bool) -> bool {
        let choice = match self.global.color {
            When::Auto => None,
            When::Always => Some(true),
            When::Never => Some(false),
        };
        self.terminal.colour(choice, &self.env, is_terminal)
    }

    /// How answers look.
    pub(super) fn out_look(&self) -> Look {
        self.look(self.terminal.stdout)
    }

    /// How the story looks.
    pub(super) fn err_look(&self) -> Look {
        self.look(self.terminal.stderr)
    }

    fn look(&self, is_terminal: bool) -> Look {
        let width = if is_terminal { self.terminal.width.unwrap_or(DEFAULT_WIDTH) } else { DEFAULT_WIDTH };
        Look {
            styles: if self.colour(is_terminal) { Styles::coloured() } else { Styles::default() },
            symbols: if self.terminal.unicode { Symbols::UNICODE } else { Symbols::ASCII },
            width,
        }
    }

    pub(super) fn verbosity(&self) -> Verbosity {
        match (self.global.quiet, self.global.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }

    /// Writes an answer: `human` text, or one JSON document.
    ///
    /// A reader that went away (`| head`) has read enough: the command's own exit code stands.
    ///
    /// # Errors
    /// [`Code::Unwritable`].
    pub(super) fn answer(&self, human: impl FnOnce() -> String, json: impl FnOnce() -> Value) -> Result<(), Failure> {
        let text = match self.global.format {
            Format::Human | Format::Markdown => human(),
            Format::Json => format!("{:#}\n", json()),
            Format::Jsonl => format!("{}\n", json()),
        };
        match write_all(&mut Out::stdout(), &text) {
            Err(failure) if failure.silent => Ok(()),
            written => written,
        }
    }

    /// A line on standard error, unless `--quiet`.
    pub(super) fn tell(&self, line: &str) {
        if !self.global.quiet {
            // Nobody is left to be told that nobody can be told.
            let _ = write_all(&mut Out::stderr(), &format!("{line}\n"));
        }
    }
}

/// Writes and flushes.
///
/// # Errors
/// [`Code::Unwritable`]; silent when the reader went away.
pub(super) fn write_all(to: &mut dyn Write, text: &str) -> Result<(), Failure> {
    to.write_all(text.as_bytes()).and_then(|()| to.flush()).map_err(|error| unwritable(&error))
}

/// Output that cannot be written; a reader that went away (`| head`) wants no word about it.
pub(super) fn unwritable(error: &io::Error) -> Failure {
    let failure = Failure::new(Code::Unwritable, format!("the output cannot be written: {error}"));
    Failure { silent: error.kind() == io::ErrorKind::BrokenPipe, ..failure }
}
