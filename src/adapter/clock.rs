//! Time.

#![expect(clippy::disallowed_methods, reason = "this is where time is told and spent")]

use crate::port::{Clock, Stop};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a sleeper sleeps before looking whether it should stop.
const NAP: Duration = Duration::from_millis(50);

/// The time that we have been stopped (Ctrl-Z), and since when we are.
static STOOD: Mutex<Stood> = Mutex::new(Stood { before: Duration::ZERO, since: None });

struct Stood {
    before: Duration,
    since: Option<Duration>,
}

/// Time since the first question, by a clock that never jumps, and that stands while the program is
/// stopped: what a person pauses does not run out of time.
pub(super) fn running() -> Duration {
    let stood = STOOD.lock().unwrap_or_else(PoisonError::into_inner);
    stood.since.unwrap_or_else(since_first).saturating_sub(stood.before)
}

/// The program is about to be stopped: the clock stands from now on, whichever thread wakes first.
#[cfg(unix)]
pub(super) fn stand() {
    let mut stood = STOOD.lock().unwrap_or_else(PoisonError::into_inner);
    stood.since.get_or_insert_with(since_first);
}

/// The program goes on, and so does the clock.
#[cfg(unix)]
pub(super) fn go_on() {
    let mut stood = STOOD.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(since) = stood.since.take() {
        stood.before += since_first().saturating_sub(since);
    }
}

fn since_first() -> Duration {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}

/// The system's time.
#[derive(Debug)]
pub struct SystemClock {
    started: Duration,
}

impl SystemClock {
    /// A clock that counts from now.
    pub fn start() -> Self {
        Self { started: running() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        // A clock set before 1970 is wrong anyway.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
    }

    fn elapsed(&self) -> Duration {
        running().saturating_sub(self.started)
    }

    fn sleep(&self, duration: Duration, stop: &dyn Stop) {
        let begun = running();
        loop {
            let left = duration.saturating_sub(running().saturating_sub(begun));
            if left.is_zero() || stop.requested().is_some() {
                return;
            }
            std::thread::sleep(left.min(NAP));
        }
    }
}

/// For recordings: nothing is waited for, but it counts as if it had been. So a poll against a
/// recording runs into its limit as it would against a cluster, at once.
#[derive(Debug)]
pub struct ReplayClock {
    system: SystemClock,
    skipped: AtomicU64,
}

impl ReplayClock {
    /// A clock that counts from now.
    pub fn start() -> Self {
        Self { system: SystemClock::start(), skipped: AtomicU64::new(0) }
    }
}

impl Clock for ReplayClock {
    fn now(&self) -> u64 {
        self.system.now().saturating_add(self.skipped.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        self.system.elapsed() + Duration::from_millis(self.skipped.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration, _stop: &dyn Stop) {
        self.skipped.fetch_add(millis(duration), Ordering::Relaxed);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::interrupt::NeverStop;

    struct Stopped;
    impl Stop for Stopped {
        fn requested(&self) -> Option<i32> {
            Some(2)
        }
    }

    #[test]
    fn a_replay_does_not_wait_but_counts() {
        let clock = ReplayClock::start();
        let before = clock.now();
        clock.sleep(Duration::from_secs(100_000), &NeverStop);
        assert!(clock.elapsed() >= Duration::from_secs(100_000));
        assert!(clock.now() >= before + 100_000_000);
    }

    #[test]
    fn a_sleeper_wakes_when_asked_to_stop() {
        // Fails by never ending.
        SystemClock::start().sleep(Duration::from_secs(1_000_000), &Stopped);
    }

    #[cfg(unix)]
    #[test]
    fn the_clock_stands_while_we_are_stopped() {
        stand();
        let before = running();
        std::thread::sleep(Duration::from_millis(20));
        stand();
        assert_eq!(running(), before);
        let paused = STOOD.lock().unwrap().before;
        go_on();
        assert!(STOOD.lock().unwrap().before >= paused + Duration::from_millis(20));
        assert!(running() >= before);
    }

    #[test]
    fn a_sleeper_sleeps() {
        let clock = SystemClock::start();
        clock.sleep(Duration::from_millis(5), &NeverStop);
        assert!(clock.elapsed() >= Duration::from_millis(5));
    }
}
