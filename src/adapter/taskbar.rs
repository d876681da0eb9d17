//! Progress in the terminal's taskbar or tab (OSC 9;4): who shows it, and that it never stays behind.
//!
//! Other terminals take the sequence for a notification, so it goes only to those that are known; the list
//! is that of the crate anstyle-progress, by which cargo decides.

use super::terminal::{Environment, Out};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// Takes the progress away.
const REMOVE: &str = "\u{1b}]9;4;0;0\u{1b}\\";

/// How long the terminal may take for it, when we leave at once.
const MOMENT: Duration = Duration::from_millis(100);

/// It may show something of ours.
static HELD: AtomicBool = AtomicBool::new(false);

/// Does the terminal of this environment show it? Windows Terminal, ConEmu, WezTerm, Ghostty, iTerm2 from
/// 3.6.6 on, Ptyxis from 48 on.
pub(super) fn is_there(env: &Environment) -> bool {
    let program = env.filled("TERM_PROGRAM").unwrap_or_default();
    let ptyxis = env.filled("PTYXIS_VERSION").and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    env.filled("WT_SESSION").is_some()
        || env.filled("ConEmuANSI") == Some("ON")
        || ["WezTerm", "ghostty"].contains(&program)
        || (program == "iTerm.app" && env.filled("TERM_FEATURES").is_some_and(has_progress))
        || ptyxis.is_some_and(|version| version >= 48)
}

/// iTerm2 tells what it can in words of a capital letter and small ones; this one is `P`
/// (<https://iterm2.com/feature-reporting/>).
fn has_progress(features: &str) -> bool {
    let features = features.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    features.match_indices('P').any(|(at, _)| !features.as_bytes().get(at + 1).is_some_and(u8::is_ascii_lowercase))
}

/// From now on the taskbar may show something, when there `is_there` one.
pub fn hold(is_there: bool) -> bool {
    HELD.store(is_there, Ordering::SeqCst);
    is_there
}

/// Takes the progress away: for those who leave at once. Whoever hangs in writing to the terminal must not
/// keep us, so nobody waits for long.
pub(super) fn let_go() {
    if !HELD.swap(false, Ordering::SeqCst) {
        return;
    }
    let (done, wait) = mpsc::channel();
    let written = std::thread::Builder::new().spawn(move || {
        let _ = Out::stderr().write_all(REMOVE.as_bytes());
        let _ = done.send(());
    });
    if written.is_ok() {
        let _ = wait.recv_timeout(MOMENT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_terminals_that_are_known_to_show_it_get_it() {
        type Case = (&'static [(&'static str, &'static str)], bool);
        let table: &[Case] = &[
            (&[], false),
            (&[("TERM", "xterm-256color")], false),
            (&[("WT_SESSION", "0e1c")], true),
            (&[("ConEmuANSI", "ON")], true),
            (&[("ConEmuANSI", "OFF")], false),
            (&[("TERM_PROGRAM", "ghostty")], true),
            (&[("TERM_PROGRAM", "WezTerm")], true),
            (&[("TERM_PROGRAM", "vscode")], false),
            (&[("TERM_PROGRAM", "iTerm.app")], false),
            (&[("TERM_PROGRAM", "iTerm.app"), ("TERM_FEATURES", "T3LrMSc7UUw9Ts3BFGsSyHNoSxF")], false),
            (&[("TERM_PROGRAM", "iTerm.app"), ("TERM_FEATURES", "MBT2ScP")], true),
            (&[("TERM_PROGRAM", "iTerm.app"), ("TERM_FEATURES", "PaMB")], false),
            (&[("TERM_FEATURES", "MBT2ScP")], false),
            (&[("PTYXIS_VERSION", "48.1")], true),
            (&[("PTYXIS_VERSION", "47.9")], false),
        ];
        for (pairs, want) in table {
            let env = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            assert_eq!(is_there(&env), *want, "{pairs:?}");
        }
    }
}
