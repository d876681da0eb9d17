//! A bug of ours must leave nobody behind: every tool that runs is ended, one calm line is said, and the
//! exit code says whose fault it was.

#![expect(clippy::exit, reason = "after a bug nothing of ours is trusted to run on")]

use super::taskbar;
use super::terminal::Out;
use super::watch;
use crate::error::Code;
use std::io::Write;

/// Takes care of every panic from now on, in whatever thread.
pub fn install() {
    std::panic::set_hook(Box::new(|panic| {
        watch::kill_all();
        // What a panic says may quote what it worked on, and that may be a secret; where it was is enough.
        let place = panic.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
        let told = format!(
            "\nerror: a bug in refloat itself{place}; the tools that ran have been ended\n  \
             next: refloat history   (how far the run got)\n"
        );
        // Nobody is left to be told that nobody can be told.
        let _ = Out::stderr().write_all(told.as_bytes());
        taskbar::let_go();
        std::process::exit(Code::Bug as i32);
    }));
}
