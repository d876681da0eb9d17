//! What we are connected to, and how to write there: asked once, then handed down.
//!
//! Libraries disagree about `NO_COLOR` and its kin, so colour is decided here and nowhere else.

#![expect(clippy::disallowed_methods, reason = "this is where the terminal and the environment are asked")]

use super::os;
use super::taskbar;
use super::workflow::Guard;
use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};

/// The environment, as it was when asked. Values that are not Unicode are left out: whatever they
/// are, they are none of the settings that we know.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Our own.
    pub fn snapshot() -> Self {
        std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// A variable that is set to something.
    pub(super) fn filled(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Every variable with its value.
    pub fn pairs(&self) -> Vec<(String, String)> {
        self.0.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// What we are connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Standard input is a terminal.
    pub stdin: bool,
    /// Standard output is a terminal.
    pub stdout: bool,
    /// Standard error is a terminal.
    pub stderr: bool,
    /// Its columns, when known.
    pub width: Option<usize>,
    /// It understands no escape sequences: nothing may be redrawn.
    pub dumb: bool,
    /// A CI system runs us: nobody watches a progress bar.
    pub ci: bool,
    /// It shows more than ASCII.
    pub unicode: bool,
    /// It shows progress in its taskbar or tab.
    pub taskbar: bool,
    /// It breaks lines anew when its window is made narrower.
    pub reflows: bool,
    /// `windows`, `macos` or `linux`; every other Unix counts as the last.
    pub os: &'static str,
}

impl Terminal {
    /// Asks the system, and prepares an old Windows console for escape sequences.
    pub fn detect(env: &Environment) -> Self {
        let (stdout, stderr) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let os = if cfg!(windows) {
            "windows"
        } else if cfg!(target_os = "macos") {
            "macos"
        } else {
            "linux"
        };
        let escapes = !(stdout || stderr) || os::enable_escapes();
        Self {
            stdin: io::stdin().is_terminal(),
            stdout,
            stderr,
            width: os::width(),
            dumb: !escapes || is_dumb(env, os),
            ci: is_ci(env),
            unicode: shows_unicode(env, os),
            taskbar: taskbar::is_there(env),
            reflows: reflows(env),
            os,
        }
    }

    /// May a progress view be drawn on standard error?
    pub fn can_redraw(&self) -> bool {
        self.stderr && !self.dumb && !self.ci
    }

    /// Colour for a stream that is (or is not) a terminal? `choice` is `--color`; `None` is `auto`.
    pub fn colour(&self, choice: Option<bool>, env: &Environment, is_terminal: bool) -> bool {
        colour(choice, env, is_terminal && !self.dumb)
    }
}

/// The terminal's columns and lines now, for views that follow a resize.
pub fn size() -> (u16, u16) {
    let number = |value: Option<usize>| value.and_then(|value| u16::try_from(value).ok());
    (number(os::width()).unwrap_or(80), number(os::height()).unwrap_or(24))
}

/// Standard input.
pub fn stdin() -> impl io::Read {
    io::stdin().lock()
}

/// `--color` before a filled `NO_COLOR` before `CLICOLOR_FORCE` (unless 0) before `CLICOLOR=0`
/// before what the terminal can do.
fn colour(choice: Option<bool>, env: &Environment, capable: bool) -> bool {
    if let Some(choice) = choice {
        return choice;
    }
    if env.filled("NO_COLOR").is_some() {
        return false;
    }
    if env.filled("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    env.filled("CLICOLOR") != Some("0") && capable
}

/// On Windows nobody sets TERM; elsewhere every terminal does.
fn is_dumb(env: &Environment, os: &str) -> bool {
    match env.filled("TERM") {
        Some(term) => term == "dumb",
        None => os != "windows",
    }
}

/// Terminals that are known to: tmux, those built on VTE, and others that name themselves. Of the rest
/// (xterm) it is not assumed: whoever clears too much clears what was told.
fn reflows(env: &Environment) -> bool {
    const NAMES: [&str; 8] = [
        "TMUX",
        "VTE_VERSION",
        "WT_SESSION",
        "KITTY_WINDOW_ID",
        "ALACRITTY_WINDOW_ID",
        "KONSOLE_VERSION",
        "WEZTERM_PANE",
        "GHOSTTY_RESOURCES_DIR",
    ];
    const PROGRAMS: [&str; 4] = ["iTerm.app", "WezTerm", "ghostty", "vscode"];
    NAMES.iter().any(|name| env.filled(name).is_some())
        || env.filled("TERM_PROGRAM").is_some_and(|program| PROGRAMS.contains(&program))
}

fn is_ci(env: &Environment) -> bool {
    env.filled("CI").is_some_and(|value| value != "false" && value != "0")
}

/// Unix: what the locale says. Windows: the terminals that are known to.
fn shows_unicode(env: &Environment, os: &str) -> bool {
    if os == "windows" {
        return env.filled("WT_SESSION").is_some() || env.filled("TERM_PROGRAM") == Some("vscode");
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|key| env.filled(key)).unwrap_or_default();
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// One of our two output streams. A reader that went away is an `io::Error` of kind `BrokenPipe`,
/// not a panic: a run must not break off half-way because somebody typed `| head`.
#[derive(Debug)]
pub struct Out {
    which: Which,
    /// A CI system reads what we print, and takes some of it for commands.
    guard: Option<Guard>,
}

#[derive(Debug, Clone, Copy)]
enum Which {
    Stdout,
    Stderr,
}

impl Which {
    fn write(self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout => io::stdout().write(bytes),
            Self::Stderr => io::stderr().write(bytes),
        }
    }
}

/// Against commands in what we print, where somebody looks for them.
fn guard() -> Option<Guard> {
    const SYSTEMS: [&str; 5] = ["GITHUB_ACTIONS", "GITEA_ACTIONS", "FORGEJO_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION"];
    SYSTEMS.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())).then(Guard::new)
}

impl Out {
    /// Standard output: results.
    pub fn stdout() -> Self {
        Self { which: Which::Stdout, guard: guard() }
    }

    /// Standard error: everything else.
    pub fn stderr() -> Self {
        Self { which: Which::Stderr, guard: guard() }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(guard) = &mut self.guard else { return self.which.write(bytes) };
        let harmless = guard.pass(bytes);
        let mut rest = &harmless[..];
        while !rest.is_empty() {
            match self.which.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.which {
            Which::Stdout => io::stdout().flush(),
            Which::Stderr => io::stderr().flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn colour_is_decided_once() {
        type Case = (Option<bool>, &'static [(&'static str, &'static str)], bool, bool);
        let table: &[Case] = &[
            (None, &[], true, true),
            (None, &[], false, false),
            (Some(true), &[("NO_COLOR", "1")], false, true),
            (Some(false), &[("CLICOLOR_FORCE", "1")], true, false),
            (None, &[("NO_COLOR", "1")], true, false),
            (None, &[("NO_COLOR", "0")], true, false),
            (None, &[("NO_COLOR", "")], true, true),
            (None, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true, false),
            (None, &[("NO_COLOR", ""), ("CLICOLOR_FORCE", "1")], false, true),
            (None, &[("CLICOLOR_FORCE", "1")], false, true),
            (None, &[("CLICOLOR_FORCE", "0")], false, false),
            (None, &[("CLICOLOR_FORCE", "0")], true, true),
            (None, &[("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0")], false, true),
            (None, &[("CLICOLOR", "0")], true, false),
            (None, &[("CLICOLOR", "1")], false, false),
        ];
        for (choice, pairs, capable, want) in table {
            assert_eq!(colour(*choice, &env(pairs), *capable), *want, "{choice:?} {pairs:?} {capable}");
        }
    }

    #[test]
    fn a_dumb_terminal_gets_no_colour_and_no_redrawing() {
        let dumb = Terminal {
            stdin: true,
            stdout: true,
            stderr: true,
            width: None,
            dumb: true,
            ci: false,
            unicode: false,
            taskbar: false,
            reflows: false,
            os: "linux",
        };
        assert!(!dumb.colour(None, &env(&[]), true) && !dumb.can_redraw());
        assert!(dumb.colour(Some(true), &env(&[]), true));
        assert!(Terminal { dumb: false, ..dumb }.can_redraw());
        assert!(!Terminal { dumb: false, ci: true, ..dumb }.can_redraw());
    }

    #[test]
    fn the_environment_tells_the_terminal() {
        assert!(is_dumb(&env(&[("TERM", "dumb")]), "linux") && is_dumb(&env(&[]), "linux"));
        assert!(!is_dumb(&env(&[("TERM", "xterm")]), "linux") && !is_dumb(&env(&[]), "windows"));
        assert!(is_ci(&env(&[("CI", "true")])) && is_ci(&env(&[("CI", "1")])));
        assert!(!is_ci(&env(&[("CI", "false")])) && !is_ci(&env(&[("CI", "")])) && !is_ci(&env(&[])));
    }

    #[test]
    fn symbols_need_a_locale_or_a_terminal_that_has_them() {
        assert!(shows_unicode(&env(&[("LANG", "en_US.UTF-8")]), "linux"));
        assert!(shows_unicode(&env(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")]), "macos"));
        assert!(!shows_unicode(&env(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]), "linux"));
        assert!(!shows_unicode(&env(&[]), "linux"));
        assert!(shows_unicode(&env(&[("WT_SESSION", "x")]), "windows"));
        assert!(!shows_unicode(&env(&[("LANG", "en_US.UTF-8")]), "windows"));
    }
}
