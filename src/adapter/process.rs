//! Runs tools: duct starts them, two threads read them, one loop watches them.
//!
//! duct's own `read` and `stdout_capture` are not used: they keep everything in memory, want UTF-8,
//! and wait for every grandchild that holds the pipe. Here output flows in chunks through a channel
//! of fixed length, so a slow reader slows the tool and memory stays bounded; and once the child
//! has ended, its pipes get a moment to run dry, then the run goes on.

#![expect(clippy::disallowed_methods, reason = "this is where processes are started and timed")]

use super::os::{self, Family};
use crate::model::command::{Exit, Invocation, Outcome, Stream};
use crate::port::{Runner, Stop};
use std::collections::BTreeMap;
use std::io::{self, PipeReader, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// How many chunks may wait for the sink.
const WAITING: usize = 8;

/// How often the loop looks up from reading.
const TICK: Duration = Duration::from_millis(20);

/// Set for every child, unless the task or our own environment says otherwise: both tools print
/// in colour or redraw lines, even into a pipe, when they believe to see a modern terminal.
const QUIET: [(&str, &str); 2] = [("MINIKUBE_IN_STYLE", "false"), ("BUILDKIT_PROGRESS", "plain")];

/// The children that run now, for [`kill_all`].
static LIVE: Mutex<BTreeMap<u32, Arc<Family>>> = Mutex::new(BTreeMap::new());

/// Held while pipes are made and handed over. Where the system cannot make a pipe that other
/// children do not inherit, a child started meanwhile would hold this one's output open.
static STARTING: Mutex<()> = Mutex::new(());

/// How long to wait for what should not take long.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Between asking a child to end and ending it.
    pub grace: Duration,
    /// For the output to end, once the child has.
    pub leak: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { grace: Duration::from_secs(10), leak: Duration::from_secs(2) }
    }
}

/// Runs real programs.
pub struct Processes {
    stop: Arc<dyn Stop + Send + Sync>,
    base: PathBuf,
    patience: Patience,
}

impl Processes {
    /// A runner whose children live in `base` (the directory of `tasks.toml`) and end when `stop`
    /// says so.
    pub fn new(stop: Arc<dyn Stop + Send + Sync>, base: PathBuf) -> Self {
        Self { stop, base, patience: Patience::default() }
    }

    /// The same with other waiting times.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    fn start_and_watch(&self, call: &Invocation, finish: bool, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
        let begun = Instant::now();
        let end = |exit, leaked| Outcome { exit, elapsed: begun.elapsed(), leaked };
        if self.stop.hard() || (!finish && self.stop.requested().is_some()) {
            return end(Exit::Interrupted, false);
        }
        let (child, output) = match self.start(call) {
            Ok(started) => started,
            Err(why) => return end(Exit::NotStarted(why), false),
        };
        let watch = Watch {
            child,
            stop: self.stop.as_ref(),
            patience: self.patience,
            interactive: call.interactive,
            finish,
            limit: call.timeout.and_then(|limit| begun.checked_add(limit)),
            asked: None,
        };
        let (exit, leaked) = watch.until_it_ends(&output, sink);
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
        let starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut readers = Vec::new();
        if !call.interactive {
            let (out, out_end) = io::pipe().map_err(|error| format!("no pipe for its output: {error}"))?;
            let (err, err_end) = io::pipe().map_err(|error| format!("no pipe for its output: {error}"))?;
            readers = vec![(Stream::Stdout, out), (Stream::Stderr, err)];
            expression = expression.stdin_null().stdout_file(out_end).stderr_file(err_end).before_spawn(|command| {
                Family::separate(command);
                Ok(())
            });
        }
        let started = expression.start();
        // The expression owns our copies of the pipes' write ends: until it is gone, no reader
        // would ever see the end of the output.
        drop(expression);
        drop(starting);
        let handle = started.map_err(|error| in_words(program, &error))?;
        let child = Child::new(handle, !call.interactive);
        for (stream, pipe) in readers {
            let sender = sender.clone();
            std::thread::Builder::new()
                .name(format!("{name} {stream:?}"))
                .spawn(move || read(stream, pipe, &sender))
                .map_err(|error| format!("no thread to read its output: {error}"))?;
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
        self.start_and_watch(call, false, sink)
    }

    fn run_to_end(&self, call: &Invocation, sink: &mut dyn FnMut(Stream, &[u8])) -> Outcome {
        self.start_and_watch(call, true, sink)
    }
}

/// Ends every child that runs, at once. For those who are about to leave without waiting.
pub(super) fn kill_all() {
    for family in LIVE.lock().unwrap_or_else(PoisonError::into_inner).values() {
        family.kill();
    }
}

type Chunk = (Stream, Vec<u8>);

/// Reads until the end. Goes on when nobody listens any more: a grandchild that outlives the call
/// must not be ended by a broken pipe.
fn read(stream: Stream, mut pipe: PipeReader, sender: &SyncSender<Chunk>) {
    let mut buffer = vec![0; CHUNK];
    let mut heard = true;
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                if heard {
                    heard = sender.send((stream, buffer.get(..count).unwrap_or_default().to_vec())).is_ok();
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// A child that has started. Dropped early (a panic in the sink), it takes its family along.
struct Child {
    handle: duct::Handle,
    pid: u32,
    family: Arc<Family>,
    over: bool,
}

impl Child {
    fn new(handle: duct::Handle, group: bool) -> Self {
        // One command has one pid; 0 is never signalled.
        let pid = handle.pids().first().copied().unwrap_or(0);
        let family = Arc::new(Family::of(pid, group));
        LIVE.lock().unwrap_or_else(PoisonError::into_inner).insert(pid, Arc::clone(&family));
        Self { handle, pid, family, over: false }
    }

    /// How it ended, if it has.
    fn ended(&self) -> Option<Exit> {
        match self.handle.try_wait() {
            Ok(output) => output.map(|output| os::exit_of(output.status)),
            Err(error) => Some(Exit::NotStarted(format!("it started, but the system lost it: {error}"))),
        }
    }

    /// Waits a little for its end.
    fn pause(&self) {
        // Either way the caller asks again.
        let _ = self.handle.wait_timeout(TICK);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        LIVE.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.pid);
        if !self.over {
            self.family.kill();
        }
    }
}

/// Why the child was asked to end, and when it will be made to.
struct Asked {
    exit: Exit,
    kill_at: Instant,
    killed: bool,
}

/// The loop around one child.
struct Watch<'a> {
    child: Child,
    stop: &'a dyn Stop,
    patience: Patience,
    interactive: bool,
    finish: bool,
    limit: Option<Instant>,
    asked: Option<Asked>,
}

impl Watch<'_> {
    /// Streams until the child has ended. How it ended, and whether its output is still open.
    fn until_it_ends(mut self, output: &Receiver<Chunk>, sink: &mut dyn FnMut(Stream, &[u8])) -> (Exit, bool) {
        let mut open = !self.interactive;
        let mut look = Instant::now();
        let own = loop {
            if open {
                match output.recv_timeout(TICK) {
                    Ok((stream, bytes)) => sink(stream, &bytes),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => open = false,
                }
            } else {
                self.child.pause();
            }
            // A flood must not ask the system about the child for every chunk of it.
            if open && look.elapsed() < TICK {
                continue;
            }
            look = Instant::now();
            if let Some(exit) = self.child.ended() {
                break exit;
            }
            self.intervene();
            if self.is_beyond_reach() {
                self.child.over = true;
                return (self.asked.map_or(Exit::TimedOut, |asked| asked.exit), true);
            }
        };
        if open {
            open = self.drain(output, sink);
        }
        if let Some(asked) = &self.asked {
            self.bury(asked);
        }
        self.child.over = true;
        let exit = match self.asked {
            // It was done before the request reached it, or took it as a wish to finish.
            Some(Asked { exit: Exit::Interrupted, .. }) if own.is_success() => own,
            Some(Asked { exit, .. }) => exit,
            None => own,
        };
        (exit, open)
    }

    /// Limits and stops.
    fn intervene(&mut self) {
        let now = Instant::now();
        if let Some(asked) = &mut self.asked {
            if !asked.killed && (now >= asked.kill_at || self.stop.hard()) {
                asked.killed = true;
                self.child.family.kill();
            }
        } else if self.stop.hard() {
            self.ask(Exit::Interrupted, now).killed = true;
            self.child.family.kill();
        } else if self.limit.is_some_and(|limit| now >= limit) {
            self.ask(Exit::TimedOut, now);
            self.child.family.expire();
        } else if let Some(signal) = self.stop.requested().filter(|_| !self.finish) {
            // Who owns the terminal has got its Ctrl-C already, and may do with it what it likes.
            if self.interactive && signal != TERMINATE {
                return;
            }
            self.ask(Exit::Interrupted, now);
            self.child.family.forward(signal);
        }
    }

    fn ask(&mut self, exit: Exit, now: Instant) -> &mut Asked {
        let kill_at = now.checked_add(self.patience.grace).unwrap_or(now);
        self.asked.insert(Asked { exit, kill_at, killed: false })
    }

    /// Killed, and still there another grace later: a child that runs as somebody else (`sudo`),
    /// or that hangs in the kernel. Waiting on would be for ever.
    fn is_beyond_reach(&self) -> bool {
        let grace = self.patience.grace;
        self.asked.as_ref().is_some_and(|asked| {
            asked.killed && asked.kill_at.checked_add(grace).is_some_and(|until| Instant::now() >= until)
        })
    }

    /// May the rest of the child's family go on for now? Only when asked to end, and in the grace.
    fn is_in_grace(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| {
            !asked.killed && Instant::now() < asked.kill_at && !self.stop.hard() && self.child.family.is_alive()
        })
    }

    /// Takes what is left in the pipes. Is somebody still holding them open?
    fn drain(&self, output: &Receiver<Chunk>, sink: &mut dyn FnMut(Stream, &[u8])) -> bool {
        let ended = Instant::now();
        // What the child wrote is in the channel, in a reader's hand, or in a pipe; a slow sink
        // must not lose it to the clock.
        let mut owed = 2 * WAITING;
        loop {
            let late = ended.elapsed() >= self.patience.leak && !self.is_in_grace();
            if late && owed == 0 {
                return true;
            }
            match output.recv_timeout(TICK) {
                Ok((stream, bytes)) => sink(stream, &bytes),
                Err(RecvTimeoutError::Timeout) if late => return true,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
            if late {
                owed -= 1;
            }
        }
    }

    /// The child was asked to end, and has; whoever of its family has not is made to. Those who
    /// have closed their output get a moment, those who have not have had the grace.
    fn bury(&self, asked: &Asked) {
        let begun = Instant::now();
        while self.child.family.is_alive() {
            if asked.killed || begun.elapsed() >= self.patience.leak || !self.is_in_grace() {
                self.child.family.kill();
                return;
            }
            std::thread::sleep(TICK);
        }
    }
}

/// SIGTERM: the one signal that reaches only us, not the terminal's whole group.
const TERMINATE: i32 = 15;

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
