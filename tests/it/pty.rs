//! A terminal for the binary: what a person sees, and what they type.

#![expect(unsafe_code, reason = "the standard library opens no pseudo-terminal")]

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Every terminal's height.
const LINES: u16 = 24;

/// A program at a terminal.
pub(crate) struct AtPty {
    child: Child,
    keyboard: Option<File>,
    screen: Arc<Mutex<Vec<u8>>>,
    closed: Arc<AtomicBool>,
    /// The columns it had, each from so many bytes of what was shown on.
    widths: Vec<(usize, u16)>,
}

impl AtPty {
    /// Starts it with all three streams at a terminal of its own, whose Ctrl-C reaches it.
    pub(crate) fn start(command: Command) -> Self {
        Self::start_as(command, "xterm", None)
    }

    /// The same at a terminal of this kind and this many columns.
    pub(crate) fn start_as(mut command: Command, kind: &str, columns: Option<u16>) -> Self {
        let (ours, its) = open();
        if let Some(columns) = columns {
            resize(&ours, columns);
        }
        let (stdin, stdout) = (its.try_clone().unwrap(), its.try_clone().unwrap());
        command.stdin(stdin).stdout(stdout).stderr(Stdio::from(its)).env("TERM", kind);
        let own_terminal = || {
            // SAFETY: both calls are async-signal-safe and touch no memory of ours.
            let done = unsafe { libc::setsid() != -1 && libc::ioctl(0, libc::TIOCSCTTY as _, 0) != -1 };
            if done { Ok(()) } else { Err(std::io::Error::last_os_error()) }
        };
        // SAFETY: between fork and exec only the two calls above run.
        unsafe { command.pre_exec(own_terminal) };
        let child = command.spawn().unwrap();
        // The command holds copies of the terminal's other side: the screen would never end.
        drop(command);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let closed = Arc::new(AtomicBool::new(false));
        let (mut eye, seen, gone) = (ours.try_clone().unwrap(), Arc::clone(&screen), Arc::clone(&closed));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while !gone.load(Ordering::SeqCst) {
                if !has_something(&eye) {
                    continue;
                }
                // The end of a terminal is an error on Linux.
                let Ok(count @ 1..) = eye.read(&mut bytes) else { return };
                seen.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        Self { child, keyboard: Some(ours), screen, closed, widths: vec![(0, columns.unwrap_or(80))] }
    }

    /// What has been shown so far.
    pub(crate) fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    /// The lines that a person sees, those that have scrolled away above them; blanks at their ends and
    /// blank lines at the end left out.
    pub(crate) fn picture(&self) -> String {
        let bytes = self.screen.lock().unwrap().clone();
        let mut parser = vt100::Parser::new(sized(LINES), sized(80), 1000);
        for (index, (from, columns)) in self.widths.iter().enumerate() {
            let to = self.widths.get(index + 1).map_or(bytes.len(), |(to, _)| *to);
            parser.screen_mut().set_size(sized(LINES), sized(*columns));
            parser.process(&bytes[*from..to]);
        }
        assert!(!parser.screen().hide_cursor(), "the cursor was hidden");
        let columns = self.widths.last().unwrap().1;
        parser.screen_mut().set_scrollback(usize::MAX);
        let above = parser.screen().scrollback();
        let mut lines: Vec<String> = Vec::new();
        for back in (1..=above).rev() {
            parser.screen_mut().set_scrollback(back);
            lines.extend(parser.screen().rows(0, columns).next());
        }
        parser.screen_mut().set_scrollback(0);
        lines.extend(parser.screen().rows(0, columns));
        let text: String = lines.iter().map(|line| format!("{}\n", line.trim_end())).collect();
        format!("{}\n", text.trim_end())
    }

    /// The same at a terminal that breaks lines anew when its window is made narrower or wider, and that has
    /// been in use: the cursor stands at its bottom.
    pub(crate) fn picture_where_lines_reflow(&self) -> String {
        let bytes = self.screen();
        let mut terminal = avt::Terminal::with_scrollback(80, LINES.into(), None).unwrap();
        terminal.feed("\n".repeat(LINES.into()).as_str());
        for (index, (from, columns)) in self.widths.iter().enumerate() {
            let to = self.widths.get(index + 1).map_or(bytes.len(), |(to, _)| *to);
            terminal.resize((*columns).into(), LINES.into());
            terminal.feed(&bytes[*from..to]);
        }
        let lines = terminal.screen().all_lines().map(avt::Line::text);
        let text: String = lines.map(|line| format!("{}\n", line.trim_end())).collect();
        format!("{}\n", text.trim_start_matches('\n').trim_end())
    }

    /// Sends it a signal.
    pub(crate) fn signals(&self, signal: &str) {
        let status = Command::new("kill").args([&format!("-{signal}"), &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits until this has been shown.
    pub(crate) fn sees(&mut self, text: &str) -> &mut Self {
        for _ in 0..1200 {
            if self.screen().contains(text) {
                return self;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{text:?} was never shown:\n{}", self.screen());
    }

    /// Types these keys.
    pub(crate) fn types(&mut self, keys: &str) -> &mut Self {
        self.keyboard.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Gives the terminal so many columns, as a person does who pulls at the window.
    pub(crate) fn resize(&mut self, columns: u16) -> &mut Self {
        let shown = self.screen.lock().unwrap().len();
        self.widths.push((shown, columns));
        resize(self.keyboard.as_ref().unwrap(), columns);
        self
    }

    /// Closes the window.
    pub(crate) fn hangs_up(&mut self) -> &mut Self {
        self.closed.store(true, Ordering::SeqCst);
        self.keyboard = None;
        self
    }

    /// Does the terminal show what is typed?
    pub(crate) fn echoes(&self) -> bool {
        let terminal = self.keyboard.as_ref().unwrap().as_raw_fd();
        let mut settings = std::mem::MaybeUninit::<libc::termios>::zeroed();
        // SAFETY: the place is valid for one `termios`, of which all zero is a value.
        let settings = unsafe {
            assert_eq!(libc::tcgetattr(terminal, settings.as_mut_ptr()), 0);
            settings.assume_init()
        };
        settings.c_lflag & libc::ECHO != 0
    }

    /// Waits for its end: the exit code.
    pub(crate) fn exits(&mut self, code: i32) {
        for _ in 0..1200 {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert_eq!(status.code(), Some(code), "{}", self.screen());
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        panic!("it hangs:\n{}", self.screen());
    }
}

fn sized(size: u16) -> NonZero<u16> {
    NonZero::new(size).expect("a terminal that shows something")
}

fn resize(terminal: &File, columns: u16) {
    let size = libc::winsize { ws_row: LINES, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCSWINSZ reads one `winsize` from the pointer, which is valid for one.
    let done = unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    assert_eq!(done, 0, "no size: {}", std::io::Error::last_os_error());
}

/// Is there something to read, within a moment?
fn has_something(eye: &File) -> bool {
    let mut asked = libc::pollfd { fd: eye.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: the place is valid for one `pollfd`.
    unsafe { libc::poll(&raw mut asked, 1, 50) > 0 }
}

/// Both sides of a new terminal; a child inherits neither by accident.
fn open() -> (File, OwnedFd) {
    let (mut ours, mut its) = (-1, -1);
    let none = std::ptr::null_mut();
    // SAFETY: the two places are ours; the other arguments may be null.
    let done = unsafe { libc::openpty(&mut ours, &mut its, none, none.cast(), none.cast()) };
    assert_eq!(done, 0, "no terminal: {}", std::io::Error::last_os_error());
    for side in [ours, its] {
        // SAFETY: it was just opened.
        assert_ne!(unsafe { libc::fcntl(side, libc::F_SETFD, libc::FD_CLOEXEC) }, -1);
    }
    // SAFETY: both were just opened, and nobody else owns them.
    unsafe { (File::from_raw_fd(ours), OwnedFd::from_raw_fd(its)) }
}
