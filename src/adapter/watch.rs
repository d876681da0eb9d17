//! The loop around one child: its output, its limit, a person's wish to stop, its end.
//!
//! Output flows in chunks through a channel of fixed length, so a slow reader slows the tool and
//! memory stays bounded. Once the child has ended, its pipes get a moment to run dry, then the run
//! goes on: a grandchild that holds them open is reported, never waited for.

#![expect(clippy::disallowed_methods, reason = "this is where children are timed")]

use super::os::{self, Family};
use super::process::Patience;
use crate::model::command::{Exit, Stream};
use crate::port::Stop;
use std::collections::BTreeMap;
use std::io::{self, PipeReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// How many chunks may wait for the sink.
pub(super) const WAITING: usize = 8;

/// How often the loop looks up from reading.
const TICK: Duration = Duration::from_millis(20);

/// SIGTERM: the one signal that reaches only us, not the terminal's whole group.
const TERMINATE: i32 = 15;

/// The children that run now, for [`kill_all`].
static LIVE: Mutex<BTreeMap<u32, Arc<Family>>> = Mutex::new(BTreeMap::new());

/// Ends every child that runs, at once. For those who are about to leave without waiting.
pub(super) fn kill_all() {
    for family in LIVE.lock().unwrap_or_else(PoisonError::into_inner).values() {
        family.kill();
    }
}

/// What a stream said.
pub(super) type Chunk = (Stream, Vec<u8>);

/// Reads until the end. Goes on when nobody listens any more: a grandchild that outlives the call
/// must not be ended by a broken pipe.
pub(super) fn read(stream: Stream, mut pipe: PipeReader, sender: &SyncSender<Chunk>) {
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
pub(super) struct Child {
    handle: duct::Handle,
    pid: u32,
    family: Arc<Family>,
    over: bool,
}

impl Child {
    /// Takes care of a child. `group`: it leads a process group of its own.
    pub(super) fn new(handle: duct::Handle, group: bool) -> Self {
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
pub(super) struct Asked {
    exit: Exit,
    kill_at: Instant,
    killed: bool,
}

/// The loop around one child.
pub(super) struct Watch<'a> {
    pub(super) child: Child,
    pub(super) stop: &'a dyn Stop,
    pub(super) patience: Patience,
    /// The child owns the terminal, and nothing of it is read.
    pub(super) interactive: bool,
    /// A first request to stop is not for this one.
    pub(super) finish: bool,
    /// When its time is over.
    pub(super) limit: Option<Instant>,
    /// Filled by the loop.
    pub(super) asked: Option<Asked>,
}

impl Watch<'_> {
    /// Streams until the child has ended. How it ended, and whether its output is still open.
    pub(super) fn until_it_ends(
        mut self,
        output: &Receiver<Chunk>,
        sink: &mut dyn FnMut(Stream, &[u8]),
    ) -> (Exit, bool) {
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
