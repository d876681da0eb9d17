//! Ctrl-C, SIGTERM, SIGHUP: the first asks, the second insists, the third leaves at once. Ctrl-\
//! (SIGQUIT) asks and insists in one. Ctrl-Z stops the children with us.
//!
//! Nothing is printed here: the engine tells the person.

use super::{taskbar, watch};
use crate::port::Stop;
use std::io;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// SIGINT, as a number: Windows knows it only as Ctrl-C.
#[cfg(windows)]
const INTERRUPT: i32 = 2;

/// SIGQUIT, as a number: who presses Ctrl-\ does not want to wait.
const QUIT: i32 = 3;

/// The one set of handlers that a process can have.
static INSTALLED: Mutex<Option<Interrupts>> = Mutex::new(None);

/// What has been asked of us so far.
#[derive(Debug, Clone, Default)]
pub struct Interrupts {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The first signal; 0 is none.
    first: AtomicI32,
    count: AtomicUsize,
}

impl Interrupts {
    /// Takes the signals over. A second call gives what the first gave.
    ///
    /// # Errors
    /// The system refuses.
    pub fn install() -> io::Result<Self> {
        let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(there) = installed.as_ref() {
            return Ok(there.clone());
        }
        let fresh = Self::default();
        listen(fresh.clone())?;
        *installed = Some(fresh.clone());
        Ok(fresh)
    }

    /// Notes a signal. How many there have been; a quit counts for two.
    fn note(&self, signal: i32) -> usize {
        let weight = if signal == QUIT { 2 } else { 1 };
        // Counted first: whoever hears that a stop was asked for hears how urgently.
        let before = self.state.count.fetch_add(weight, Ordering::SeqCst);
        // Only the first is kept; that there was one already is no failure.
        let _ = self.state.first.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
        before + weight
    }

    fn take(&self, signal: i32) {
        if self.note(signal) >= 3 {
            // Whatever hangs: leave.
            watch::kill_all();
            taskbar::let_go();
            std::process::exit(128 + signal);
        }
    }
}

impl Stop for Interrupts {
    fn requested(&self) -> Option<i32> {
        Some(self.state.first.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    fn hard(&self) -> bool {
        self.state.count.load(Ordering::SeqCst) >= 2
    }
}

/// Nobody ever asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct NeverStop;

impl Stop for NeverStop {
    fn requested(&self) -> Option<i32> {
        None
    }
}

#[cfg(unix)]
fn listen(interrupts: Interrupts) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
    let mut wanted = vec![SIGINT, SIGTERM];
    // What was ignored when we started stays so: SIGHUP under `nohup`, SIGTSTP and SIGQUIT without job control.
    wanted.extend([SIGHUP, SIGQUIT, SIGTSTP].into_iter().filter(|signal| !super::os::is_ignored(*signal)));
    let mut signals = signal_hook::iterator::Signals::new(wanted)?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in &mut signals {
            match signal {
                SIGTSTP => watch::stop_all_and_ourselves(),
                signal => interrupts.take(signal),
            }
        }
    })?;
    Ok(())
}

#[cfg(windows)]
fn listen(interrupts: Interrupts) -> io::Result<()> {
    ctrlc::set_handler(move || interrupts.take(INTERRUPT)).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_asks_and_the_second_insists() {
        let asked = Interrupts::default();
        assert_eq!((asked.requested(), asked.hard()), (None, false));
        asked.note(15);
        assert_eq!((asked.requested(), asked.hard()), (Some(15), false));
        asked.note(2);
        assert_eq!((asked.requested(), asked.hard()), (Some(15), true));
    }

    #[test]
    fn a_quit_insists_at_once() {
        let asked = Interrupts::default();
        asked.take(QUIT);
        assert_eq!((asked.requested(), asked.hard()), (Some(QUIT), true));
    }
}
