//! The loop around one child: its output, its limit, a person's wish to stop, its end.
//!
//! Output flows in chunks through a channel of fixed length, so a slow reader slows the tool and
//! memory stays bounded. Once the child has ended, its pipes get a moment to run dry, then the run
//! goes on: a grandchild that holds them open is reported, never waited for.

#![expect(clippy::disallowed_methods, reason = "this is where children are timed")]

use super::clock::running;
use super::os::{self, Family};
use super::process::Patience;
use crate::model::command::{Exit, Stream};
use crate::port::Stop;
use std::collections::BTreeMap;
use std::io::{self, PipeReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// How many chunks may wait for the sink.
pub(super) const WAITING: usize = 8;

/// How often the loop looks up from reading.
const TICK: Duration = Duration::from_millis(20);

/// How long a killed child is waited for at most, behind its grace.
const LAST: Duration = Duration::from_secs(10);

/// How long the end of a killed child is waited for when nobody wants to know about it.
const REAP: Duration = Duration::from_secs(1);

/// SIGTERM: the one signal that reaches only us, not the terminal's whole group.
const TERMINATE: i32 = 15;

/// The children that run now, for [`kill_all`].
static LIVE: Mutex<BTreeMap<u32, Arc<Family>>> = Mutex::new(BTreeMap::new());

/// Ends every child that runs, at once, and lets none start any more. For those who are about to leave
/// without waiting: not even for a lock that this very thread may hold.
pub(super) fn kill_all() {
    // Never let go: no child may start behind our back.
    std::mem::forget(soon(super::process::starting_lock()));
    if let Some(live) = soon(&LIVE) {
        live.values().for_each(|family| family.kill());
    }
}

/// The lock, if it can be had within a moment.
fn soon<T>(lock: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    const TRIES: usize = 50;
    (0..TRIES).find_map(|_| match lock.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(guard)) => Some(guard.into_inner()),
        Err(TryLockError::WouldBlock) => {
            std::thread::sleep(Duration::from_millis(2));
            None
        }
    })
}

/// Ctrl-Z: stops every child that runs, then ourselves, and goes on with them when we do. Nothing starts
/// meanwhile, and nothing runs out of time.
#[cfg(unix)]
pub(super) fn stop_all_and_ourselves() {
    /// For tools that tidy up before they stop.
    const MOMENT: Duration = Duration::from_millis(50);
    let _starting = super::process::starting();
    let families: Vec<_> = LIVE.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
    super::clock::stand();
    families.iter().for_each(|family| family.suspend());
    std::thread::sleep(MOMENT);
    // Who takes no notice of the first is stopped by the second, which nobody can ignore.
    families.iter().for_each(|family| family.freeze());
    os::stop_ourselves();
    families.iter().for_each(|family| family.wake());
    super::clock::go_on();
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

    /// The same, at work.
    ///
    /// # Errors
    /// The system does not let it begin; then it is ended.
    pub(super) fn begun(self) -> io::Result<Self> {
        self.family.begin()?;
        Ok(self)
    }

    /// Its number.
    pub(super) fn pid(&self) -> u32 {
        self.pid
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
            // One that was ended is there until somebody asks how.
            let _ = self.handle.wait_timeout(REAP);
        }
    }
}

/// Why the child was asked to end, and when it will be made to.
pub(super) struct Asked {
    exit: Exit,
    /// On the clock that stands while we are stopped, like every time here.
    kill_at: Duration,
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
    /// Between asking it to end and ending it.
    pub(super) grace: Duration,
    /// When its time is over.
    pub(super) limit: Option<Duration>,
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
        let mut look = running();
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
            if open && running().saturating_sub(look) < TICK {
                continue;
            }
            look = running();
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
        let now = running();
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

    fn ask(&mut self, exit: Exit, now: Duration) -> &mut Asked {
        let kill_at = now.saturating_add(self.grace);
        self.asked.insert(Asked { exit, kill_at, killed: false })
    }

    /// Killed, and still there quite a while later: a child that runs as somebody else (`sudo`),
    /// or that hangs in the kernel. Waiting on would be for ever.
    fn is_beyond_reach(&self) -> bool {
        let until = |asked: &Asked| asked.kill_at.saturating_add(self.grace.min(LAST));
        self.asked.as_ref().is_some_and(|asked| asked.killed && running() >= until(asked))
    }

    /// May the rest of the child's family go on for now? Only when asked to end, and in the grace.
    fn is_in_grace(&self) -> bool {
        self.asked.as_ref().is_some_and(|asked| {
            !asked.killed && running() < asked.kill_at && !self.stop.hard() && self.child.family.is_alive()
        })
    }

    /// Takes what is left in the pipes. Is somebody still holding them open?
    fn drain(&self, output: &Receiver<Chunk>, sink: &mut dyn FnMut(Stream, &[u8])) -> bool {
        let ended = running();
        // What the child wrote is in the channel, in a reader's hand, or in a pipe; a slow sink
        // must not lose it to the clock.
        let mut owed = 2 * WAITING;
        loop {
            let late = running().saturating_sub(ended) >= self.patience.leak && !self.is_in_grace();
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
        let begun = running();
        while self.child.family.is_alive() {
            if asked.killed || running().saturating_sub(begun) >= self.patience.leak || !self.is_in_grace() {
                self.child.family.kill();
                return;
            }
            std::thread::sleep(TICK);
        }
    }
}
