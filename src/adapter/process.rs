//! Runs tools: duct starts them, two threads read them, one loop watches them.
//!
//! duct's own `read` and `stdout_capture` are not used: they keep everything in memory, want UTF-8,
//! and wait for every grandchild that holds the pipe. What happens instead is in `watch.rs`; here a
//! call is checked and started.

#![expect(clippy::disallowed_methods, reason = "this is where processes are started and timed")]

use super::clock::running;
use super::lock::Held;
use super::os::Family;
use super::watch::{Child, Chunk, WAITING, Watch, read};
use crate::model::command::{Exit, Invocation, Outcome, Stream};
use crate::port::{Runner, Stop};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Set for every child, unless the task or our own environment says otherwise: both tools print
/// in colour or redraw lines, even into a pipe, when they believe to see a modern terminal.
const QUIET: [(&str, &str); 2] = [("MINIKUBE_IN_STYLE", "false"), ("BUILDKIT_PROGRESS", "plain")];

/// Held while pipes are made and handed over. Where the system cannot make a pipe that other
/// children do not inherit, a child started meanwhile would hold this one's output open.
static STARTING: Mutex<()> = Mutex::new(());

/// While it is held, no child starts.
pub(super) fn starting() -> MutexGuard<'static, ()> {
    STARTING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// For those who cannot wait for it.
pub(super) fn starting_lock() -> &'static Mutex<()> {
    &STARTING
}

/// How long to wait for what should not take long.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the output to end, once the child has.
    pub leak: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { leak: Duration::from_secs(2) }
    }
}

/// Runs real programs.
pub struct Processes {
    stop: Arc<dyn Stop + Send + Sync>,
    base: PathBuf,
    patience: Patience,
    lock: Option<Arc<Held>>,
}

impl Processes {
    /// A runner whose children live in `base` (the directory of `tasks.toml`) and end when `stop`
    /// says so.
    pub fn new(stop: Arc<dyn Stop + Send + Sync>, base: PathBuf) -> Self {
        Self { stop, base, patience: Patience::default(), lock: None }
    }

    /// The same with other waiting times.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// The same under a lock, which lasts as long as any child: should we be killed, the next run must
    /// not find the place free while one of them still works.
    #[must_use]
    pub fn under(mut self, lock: Option<Arc<Held>>) -> Self {
        self.lock = lock;
        self
    }

    fn start_and_watch(
        &self,
        call: &Invocation,
        finish: bool,
        stop: &dyn Stop,
        sink: &mut dyn FnMut(Stream, &[u8]),
    ) -> Outcome {
        let begun = running();
        let end = |exit, leaked| Outcome { exit, elapsed: running().saturating_sub(begun), leaked };
        if stop.hard() || (!finish && stop.requested().is_some()) {
            return end(Exit::Interrupted, false);
        }
        let (child, output) = match self.start(call) {
            Ok(started) => started,
            Err(why) => return end(Exit::NotStarted(why), false),
        };
        let pid = child.pid();
        let lock = self.lock.as_ref().inspect(|lock| lock.started(&call.label, pid));
        let watch = Watch {
            child,
            stop,
            patience: self.patience,
            interactive: call.interactive,
            finish,
            grace: call.grace,
            limit: call.timeout.map(|limit| begun.saturating_add(limit)),
            asked: None,
        };
        let (exit, leaked) = watch.until_it_ends(&output, sink);
        if let Some(lock) = lock {
            lock.ended(pid);
        }
        end(exit, leaked)
    }

    fn start(&self, call: &Invocation) -> Result<(Child, Receiver<Chunk>), String> {
        let (name, arguments) = call.argv.split_first().ok_or("there is nothing to run")?;
        let program = call.program.as_ref().ok_or_else(|| format!("no program was looked up for `{name}`"))?;
        check_text(call)?;
        let directory = self.directory(call)?;
        let mut expression = duct::cmd(program, arguments).dir(directory).unchecked();
        let chosen =
            |name: &str| std::env::var_os(name).is_some() || call.env.keys().any(|key| key.eq_ignore_ascii_case(name));
        for (key, value) in QUIET.iter().filter(|(key, _)| !chosen(key)) {
            expression = expression.env(key, value);
        }
        for (key, value) in &call.env {
            expression = expression.env(key, value);
        }
        let (sender, output) = sync_channel(WAITING);
        let starting = starting();
        let mut readers = Vec::new();
        let mut input = None;
        if !call.interactive {
            let (out, out_end) = io::pipe().map_err(|error| format!("no pipe for its output: {error}"))?;
            let (err, err_end) = io::pipe().map_err(|error| format!("no pipe for its output: {error}"))?;
            readers = vec![(Stream::Stdout, out), (Stream::Stderr, err)];
            expression = match call.input {
                // Whoever asks so only looks: the lock need not last as long as it does.
                Some(_) => {
                    let (read_end, write_end) =
                        io::pipe().map_err(|error| format!("no pipe for its input: {error}"))?;
                    input = Some(write_end);
                    expression.stdin_file(read_end)
                }
                None => {
                    let held = self.lock.as_ref().map_or(Ok(None), |lock| lock.for_child());
                    match held.map_err(|error| format!("the lock cannot be handed on: {error}"))? {
                        // Empty, so it is as good as no input.
                        Some(lock) => expression.stdin_file(lock),
                        None => expression.stdin_null(),
                    }
                }
            };
            expression = expression.stdout_file(out_end).stderr_file(err_end);
        }
        let group = !call.interactive;
        expression = expression.before_spawn(move |command| {
            Family::prepare(command, group);
            Ok(())
        });
        let started = expression.start();
        // The expression owns our copies of the pipes' write ends: until it is gone, no reader
        // would ever see the end of the output.
        drop(expression);
        // Known before anything else starts or stops: whoever stops all children must find this one.
        let child = started.map(|handle| Child::new(handle, group)).and_then(Child::begun);
        drop(starting);
        let child = child.map_err(|error| in_words(program, &error))?;
        for (stream, pipe) in readers {
            let sender = sender.clone();
            std::thread::Builder::new()
                .name(format!("{name} {stream:?}"))
                .spawn(move || read(stream, pipe, &sender))
                .map_err(|error| format!("no thread to read its output: {error}"))?;
        }
        if let (Some(mut pipe), Some(text)) = (input, call.input.clone()) {
            // On a thread of its own: a child that prints before it reads would wait for us, and we for it. One that
            // ends without reading to the end has its reasons.
            std::thread::Builder::new()
                .name(format!("{name} input"))
                .spawn(move || drop(pipe.write_all(text.as_bytes())))
                .map_err(|error| format!("no thread to write its input: {error}"))?;
        }
        Ok((child, output))
    }

    fn directory(&self, call: &Invocation) -> Result<PathBuf, String> {
        let directory = call.cwd.as_ref().map_or_else(|| self.base.clone(), |cwd| self.base.join(cwd));
        // Asked first: the system reports a missing directory like a missing program.
        match std::fs::metadata(&directory) {
            Ok(found) if found.is_dir() => Ok(directory),
            Ok(_) => Err(format!("its working directory `{}` is not a directory", directory.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(format!("its working directory `{}` does not exist", directory.display()))
            }
            Err(error) => Err(format!("its working directory `{}` cannot be entered: {error}", directory.display())),
        }
    }
}

impl Runner for Processes {
    fn run(&self, call: &Invocation, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
        self.start_and_watch(call, false, self.stop.as_ref(), sink)
    }

    fn run_to_end(&self, call: &Invocation, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
        self.start_and_watch(call, true, self.stop.as_ref(), sink)
    }

    fn run_beside(&self, call: &Invocation, over: &dyn Stop, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
        self.start_and_watch(call, false, over, sink)
    }
}

/// What no program can be given.
fn check_text(call: &Invocation) -> Result<(), String> {
    if let Some(index) = call.argv.iter().position(|argument| argument.contains('\0')) {
        return Err(format!("argument {index} holds a NUL character, which no program can be given"));
    }
    for (key, value) in &call.env {
        if key.is_empty() || key.contains(['=', '\0']) {
            return Err(format!("`{}` is no name for an environment variable", key.escape_debug()));
        }
        if value.contains('\0') {
            return Err(format!("the environment variable `{key}` holds a NUL character"));
        }
    }
    Ok(())
}

/// Why the system did not start it.
fn in_words(program: &Path, error: &io::Error) -> String {
    let program = program.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            format!("`{program}` does not exist (or, for a script, the interpreter that its first line names)")
        }
        io::ErrorKind::PermissionDenied => format!("`{program}` may not be executed: permission denied"),
        io::ErrorKind::ArgumentListTooLong | io::ErrorKind::InvalidFilename => {
            "the arguments are longer than the system allows".to_owned()
        }
        _ => format!("`{program}` could not be started: {error}"),
    }
}
