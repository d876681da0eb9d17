//! Unix: what std has no safe call for. `os_windows.rs` has the same functions.

use crate::model::command::Exit;
use std::fs::{DirBuilder, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// A child and everything it started, as far as that can be reached.
#[derive(Debug)]
pub(super) struct Family {
    pid: libc::pid_t,
    /// The child leads a process group of its own.
    group: bool,
}

impl Family {
    /// Readies a child that is about to start. `group`: it gets a group of its own; a signal reaches its
    /// children, too, and the terminal's Ctrl-C reaches only us, so that nobody gets it twice.
    pub(super) fn prepare(command: &mut Command, group: bool) {
        if group {
            command.process_group(0);
        }
    }

    /// The family of a child that has started. `group`: as it was [prepared](Family::prepare).
    pub(super) fn of(pid: u32, group: bool) -> Self {
        // A pid is positive; the fallback of 0 is never signalled, see `send`.
        Self { pid: libc::pid_t::try_from(pid).unwrap_or(0), group }
    }

    /// Lets the child begin; here it has.
    ///
    /// # Errors
    /// None: elsewhere the system may refuse.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "os_windows.rs has the same functions")]
    pub(super) fn begin(&self) -> std::io::Result<()> {
        Ok(())
    }

    /// Hands a person's signal on.
    pub(super) fn forward(&self, signal: i32) {
        self.send(signal);
    }

    /// Asks it to end, because its time is over.
    pub(super) fn expire(&self) {
        self.send(libc::SIGTERM);
    }

    /// Ends it now.
    pub(super) fn kill(&self) {
        self.send(libc::SIGKILL);
    }

    /// Asks it to stop (not to end), as Ctrl-Z does. One that shares our group got that from the
    /// terminal, like us.
    pub(super) fn suspend(&self) {
        if self.group {
            self.send(libc::SIGTSTP);
        }
    }

    /// Stops it.
    pub(super) fn freeze(&self) {
        if self.group {
            self.send(libc::SIGSTOP);
        }
    }

    /// Lets it go on.
    pub(super) fn wake(&self) {
        if self.group {
            self.send(libc::SIGCONT);
        }
    }

    /// Is anyone left? A process that has ended and that nobody waits for counts as well.
    pub(super) fn is_alive(&self) -> bool {
        self.send(0)
    }

    /// Did the signal arrive? An error means that nobody is left to take it.
    #[expect(unsafe_code, reason = "std can neither signal a group nor send anything but SIGKILL")]
    fn send(&self, signal: i32) -> bool {
        if self.pid <= 1 {
            // 0 would be our own group, -1 everybody.
            return false;
        }
        let target = if self.group { -self.pid } else { self.pid };
        // SAFETY: kill(2) takes two integers, touches no memory of ours, and reports errors by
        // its return value. `target` names one process or one group, never 0 or -1.
        unsafe { libc::kill(target, signal) == 0 }
    }
}

/// How a child ended.
pub(super) fn exit_of(status: ExitStatus) -> Exit {
    // Without a code there is a signal: stopped children are reported only to those who ask.
    status.code().map_or_else(|| Exit::Signal(status.signal().unwrap_or(0)), Exit::Code)
}

/// Was this signal ignored when we started (SIGHUP by `nohup`)? Then it must stay so.
#[expect(unsafe_code, reason = "std cannot ask for a signal's disposition")]
pub(super) fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action (null), sigaction(2) only writes the old one to the pointer,
    // which is valid for one `sigaction`. The struct is plain data: zeroed is a value of it.
    let known = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) } == 0;
    // SAFETY: see above: zeroed, and perhaps filled.
    known && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}

/// A file that is locked stays so as long as a child has it open, too: the lock belongs to the open file.
pub(super) const LOCKS_ARE_INHERITED: bool = true;

/// Opens no link.
pub(super) fn no_link(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(libc::O_NOFOLLOW)
}

/// Does this process run? One that has ended and that nobody waits for does not, where that can be told.
#[expect(unsafe_code, reason = "std only knows its own children")]
pub(super) fn is_alive(pid: u32) -> bool {
    let Some(pid) = libc::pid_t::try_from(pid).ok().filter(|pid| *pid > 0) else { return false };
    if cfg!(target_os = "linux") {
        return status_of(pid).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'));
    }
    // SAFETY: signal 0 is sent to nobody; the call takes two integers and reports by its return value.
    let asked = unsafe { libc::kill(pid, 0) };
    asked == 0 || std::io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}

/// When the process started, in a unit of the system's: with the number it tells one process from all
/// others. `None`: it is gone, or this system does not say.
pub(super) fn birth(pid: u32) -> Option<u64> {
    let (_, birth) = status_of(libc::pid_t::try_from(pid).ok()?)?;
    Some(birth)
}

/// State and start (field 22) in Linux's `/proc/PID/stat`. The name before them, in parentheses, may hold
/// anything.
fn status_of(pid: libc::pid_t) -> Option<(char, u64)> {
    const CAP: u64 = 4096;
    let text = super::files::read_capped(&PathBuf::from(format!("/proc/{pid}/stat")), CAP).ok()?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let (_, behind) = text.rsplit_once(')')?;
    let mut fields = behind.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

/// Stops this process as Ctrl-Z would if we did not listen for it. Returns when it goes on, or at once
/// where nobody could ever continue it (an orphaned group): there the system ignores the wish.
#[expect(unsafe_code, reason = "std can neither set a signal's action nor raise a signal")]
pub(super) fn stop_ourselves() {
    let mut ours = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all zero is a value of this plain struct.
    let mut plain: libc::sigaction = unsafe { std::mem::zeroed() };
    plain.sa_sigaction = libc::SIG_DFL;
    // SAFETY: both pointers are valid for one `sigaction`; the old action is written to the second.
    if unsafe { libc::sigaction(libc::SIGTSTP, &raw const plain, ours.as_mut_ptr()) } != 0 {
        return;
    }
    // SAFETY: raise(3) takes an integer. The action is the default one, so no handler runs. Then the
    // action that was there is put back: it was written above, and the pointer is valid for one.
    unsafe {
        libc::raise(libc::SIGTSTP);
        libc::sigaction(libc::SIGTSTP, ours.as_ptr(), std::ptr::null_mut());
    }
}

/// Columns of the terminal, standard error's first.
pub(super) fn width() -> Option<usize> {
    size().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Lines of the same terminal.
pub(super) fn height() -> Option<usize> {
    size().map(|size| usize::from(size.ws_row)).filter(|lines| *lines > 0)
}

#[expect(unsafe_code, reason = "std cannot ask for a terminal's size")]
fn size() -> Option<libc::winsize> {
    [libc::STDERR_FILENO, libc::STDOUT_FILENO].into_iter().find_map(|fd| {
        let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: TIOCGWINSZ writes one `winsize` to the pointer, which is valid for one.
        let known = unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &raw mut size) } == 0;
        (known && size.ws_col > 0).then_some(size)
    })
}

/// Makes the terminal understand escape sequences. Unix terminals do.
pub(super) fn enable_escapes() -> bool {
    true
}

/// A file that only its owner reads; a link in its place is an error.
pub(super) fn private_file(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600).custom_flags(libc::O_NOFOLLOW)
}

/// A directory that only its owner enters.
pub(super) fn private_dir(builder: &mut DirBuilder) -> &mut DirBuilder {
    builder.mode(0o700)
}

/// May a file of this owner be relied on? Git's rule (`safe.directory`): ours, or root's; and where we are
/// root by `sudo`, also the one's who called it.
pub(super) fn is_ours(owner: u32, us: u32, sudo: Option<u32>) -> bool {
    const ROOT: u32 = 0;
    owner == us || owner == ROOT || (us == ROOT && sudo == Some(owner))
}

/// The same, of what was found on the disk.
#[expect(clippy::disallowed_methods, reason = "who called sudo stands in the environment")]
pub(super) fn is_own(found: &Metadata) -> bool {
    let sudo = std::env::var("SUDO_UID").ok().and_then(|user| user.parse().ok());
    is_ours(found.uid(), user(), sudo)
}

/// Makes an existing directory of ours one that only its owner enters. Some file systems keep no rights:
/// there it must do that nobody else may write.
///
/// # Errors
/// Others may write to it, and go on to.
pub(super) fn tighten_dir(path: &Path, found: &Metadata) -> io::Result<()> {
    const OTHERS: u32 = 0o077;
    const OTHERS_WRITE: u32 = 0o022;
    if found.mode() & OTHERS == 0 {
        return Ok(());
    }
    let changed = std::fs::set_permissions(path, Permissions::from_mode(0o700));
    if std::fs::symlink_metadata(path)?.mode() & OTHERS_WRITE == 0 {
        return Ok(());
    }
    changed.and(Err(io::Error::other("others may write to it, and its rights cannot be changed")))
}

/// The files that may be meant by a program's name at this place.
pub(super) fn spellings(place: PathBuf) -> Vec<PathBuf> {
    vec![place]
}

/// Is this something that the system starts by itself? The right to execute says so.
pub(super) fn is_startable(_program: &Path) -> bool {
    true
}

/// Who we are to the file system.
#[expect(unsafe_code, reason = "std cannot ask for our user")]
pub(super) fn user() -> u32 {
    // SAFETY: geteuid(2) takes nothing, touches no memory of ours, and always succeeds.
    unsafe { libc::geteuid() }
}
