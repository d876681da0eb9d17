//! Windows: what std has no safe call for. `os_unix.rs` has the same functions.

use crate::model::command::Exit;
use std::fs::{DirBuilder, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use windows_sys::Win32::Foundation;
use windows_sys::Win32::Storage::FileSystem;
use windows_sys::Win32::System::Diagnostics::ToolHelp;
use windows_sys::Win32::System::{Console, JobObjects, Threading};

/// The exit code of what we end; the same as a shell shows for a killed program.
const ENDED: u32 = 1;

/// What the system starts by itself, and what it hands to its shell. `PATHEXT` lists more (scripts
/// that need an interpreter), may be changed by anybody, and is no promise that a program starts.
const PROGRAMS: [&str; 2] = ["exe", "com"];
const BATCH: [&str; 2] = ["bat", "cmd"];

/// A child and everything it started. A job, because package managers' shims make the real tool a
/// grandchild. The job does not kill when it closes: a tool may leave a virtual machine running.
#[derive(Debug)]
pub(super) struct Family {
    pid: u32,
    /// The child leads a process group of its own, which CTRL_BREAK can reach.
    group: bool,
    /// `None` when the system refused one: then only the child itself can be ended.
    job: Option<OwnedHandle>,
    /// The child, for when there is no job.
    child: Option<OwnedHandle>,
}

impl Family {
    /// Readies a child that is about to start. It stands until [`Family::begin`]: what it starts before it
    /// is in its job would never be in there, and outlive it. `group`: it gets a group of its own; the
    /// console's Ctrl-C reaches only us then, so that nobody gets it twice.
    pub(super) fn prepare(command: &mut Command, group: bool) {
        keep_streams();
        let group = if group { Threading::CREATE_NEW_PROCESS_GROUP } else { 0 };
        command.creation_flags(Threading::CREATE_SUSPENDED | group);
    }

    /// The family of a child that has started, and that the caller still holds a handle of.
    #[expect(unsafe_code, reason = "std has no job objects")]
    pub(super) fn of(pid: u32, group: bool) -> Self {
        // SAFETY: takes and returns plain values; the caller's handle keeps `pid` from being
        // given to another process meanwhile.
        let child =
            unsafe { Threading::OpenProcess(Threading::PROCESS_SET_QUOTA | Threading::PROCESS_TERMINATE, 0, pid) };
        // SAFETY: a handle that was just opened, owned by nobody else; null is sorted out.
        let child = (!child.is_null()).then(|| unsafe { OwnedHandle::from_raw_handle(child) });
        // SAFETY: both pointers may be null: default security, no name.
        let job = unsafe { JobObjects::CreateJobObjectW(std::ptr::null(), std::ptr::null()) };
        // SAFETY: a handle that was just made, owned by nobody else; null is sorted out.
        let job = (!job.is_null()).then(|| unsafe { OwnedHandle::from_raw_handle(job) });
        let job = job.filter(|job| {
            child.as_ref().is_some_and(|child| {
                // SAFETY: both handles are open for the duration of the call.
                unsafe { JobObjects::AssignProcessToJobObject(job.as_raw_handle(), child.as_raw_handle()) != 0 }
            })
        });
        Self { pid, group, job, child }
    }

    /// Lets the child begin, now that whatever it starts is in its job, too.
    ///
    /// # Errors
    /// The system does not let us: the child does nothing, and must be ended.
    #[expect(unsafe_code, reason = "std keeps the handle of the child's thread to itself")]
    pub(super) fn begin(&self) -> io::Result<()> {
        let mut thread = ToolHelp::THREADENTRY32 {
            dwSize: u32::try_from(size_of::<ToolHelp::THREADENTRY32>()).unwrap_or(0),
            ..ToolHelp::THREADENTRY32::default()
        };
        // SAFETY: takes two integers, and returns a handle or a value that is none.
        let all = unsafe { ToolHelp::CreateToolhelp32Snapshot(ToolHelp::TH32CS_SNAPTHREAD, 0) };
        if all == Foundation::INVALID_HANDLE_VALUE {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a handle that was just made, owned by nobody else.
        let all = unsafe { OwnedHandle::from_raw_handle(all) };
        // SAFETY: the handle is open, and the pointer is valid for one structure that knows its size.
        let mut more = unsafe { ToolHelp::Thread32First(all.as_raw_handle(), &raw mut thread) } != 0;
        let mut begun = false;
        while more {
            begun |= thread.th32OwnerProcessID == self.pid && resume(thread.th32ThreadID);
            // SAFETY: as above.
            more = unsafe { ToolHelp::Thread32Next(all.as_raw_handle(), &raw mut thread) } != 0;
        }
        if begun { Ok(()) } else { Err(io::Error::other("the system does not let it begin")) }
    }

    /// Hands a person's wish to stop on, as CTRL_BREAK: the only one that reaches one group alone.
    #[expect(unsafe_code, reason = "std cannot send console events")]
    pub(super) fn forward(&self, _signal: i32) {
        if self.group {
            // SAFETY: takes two integers. Failure (no shared console) is covered by the grace:
            // whoever is left after it is ended through the job.
            let _ = unsafe { Console::GenerateConsoleCtrlEvent(Console::CTRL_BREAK_EVENT, self.pid) };
        }
    }

    /// Ends it, because its time is over. There is no polite way that a windowless program hears.
    pub(super) fn expire(&self) {
        self.kill();
    }

    /// Ends it now.
    #[expect(unsafe_code, reason = "std has no job objects")]
    pub(super) fn kill(&self) {
        if let Some(job) = &self.job {
            // SAFETY: the handle is open as long as `self` is.
            let _ = unsafe { JobObjects::TerminateJobObject(job.as_raw_handle(), ENDED) };
        } else if let Some(child) = &self.child {
            // SAFETY: the handle is open as long as `self` is.
            let _ = unsafe { Threading::TerminateProcess(child.as_raw_handle(), ENDED) };
        }
    }

    /// Is anyone left?
    #[expect(unsafe_code, reason = "std has no job objects")]
    pub(super) fn is_alive(&self) -> bool {
        let Some(job) = &self.job else { return false };
        let mut count = JobObjects::JOBOBJECT_BASIC_ACCOUNTING_INFORMATION::default();
        let size = u32::try_from(size_of_val(&count)).unwrap_or(0);
        // SAFETY: the pointer is valid for `size` bytes, which is the size of the structure that
        // this class of information fills; the returned length is not wanted.
        let known = unsafe {
            JobObjects::QueryInformationJobObject(
                job.as_raw_handle(),
                JobObjects::JobObjectBasicAccountingInformation,
                (&raw mut count).cast(),
                size,
                std::ptr::null_mut(),
            )
        };
        known != 0 && count.ActiveProcesses > 0
    }
}

/// Our own streams stay ours: a child gets every handle that can be inherited, not only its own three, and
/// one that a tool leaves behind would hold open the pipe through which somebody reads us.
#[expect(unsafe_code, reason = "std does not say who inherits")]
fn keep_streams() {
    for which in [Console::STD_INPUT_HANDLE, Console::STD_OUTPUT_HANDLE, Console::STD_ERROR_HANDLE] {
        // SAFETY: takes an integer; the handle belongs to the process and is not closed here.
        let handle = unsafe { Console::GetStdHandle(which) };
        // SAFETY: takes a handle and flags; a bad handle is an error, not undefined. A child that is to have
        // them gets duplicates.
        let _ = unsafe { Foundation::SetHandleInformation(handle, Foundation::HANDLE_FLAG_INHERIT, 0) };
    }
}

/// Lets a thread run that stands.
#[expect(unsafe_code, reason = "std only knows its own threads")]
fn resume(thread: u32) -> bool {
    // SAFETY: takes and returns plain values.
    let handle = unsafe { Threading::OpenThread(Threading::THREAD_SUSPEND_RESUME, 0, thread) };
    if handle.is_null() {
        return false;
    }
    // SAFETY: a handle that was just opened, owned by nobody else.
    let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
    // SAFETY: the handle is open for the duration of the call.
    unsafe { Threading::ResumeThread(handle.as_raw_handle()) != u32::MAX }
}

/// A lock vanishes with the process that took it, whoever else has the file open.
pub(super) const LOCKS_ARE_INHERITED: bool = false;

/// Opens a link itself, not what it leads to; and a link cannot be locked or written.
pub(super) fn no_link(options: &mut OpenOptions) -> &mut OpenOptions {
    options.custom_flags(FileSystem::FILE_FLAG_OPEN_REPARSE_POINT)
}

/// Does this process run?
pub(super) fn is_alive(pid: u32) -> bool {
    birth(pid).is_some()
}

/// When the process started, in 100 ns since 1601: with the number it tells one process from all others.
/// `None`: it has ended, or may not be asked.
#[expect(unsafe_code, reason = "std only knows its own children")]
pub(super) fn birth(pid: u32) -> Option<u64> {
    // SAFETY: takes and returns plain values.
    let process = unsafe {
        Threading::OpenProcess(Threading::PROCESS_QUERY_LIMITED_INFORMATION | Threading::PROCESS_SYNCHRONIZE, 0, pid)
    };
    if process.is_null() {
        return None;
    }
    // SAFETY: a handle that was just opened, owned by nobody else.
    let process = unsafe { OwnedHandle::from_raw_handle(process) };
    // SAFETY: the handle is open for the duration of the call. One that has ended can still be asked.
    if unsafe { Threading::WaitForSingleObject(process.as_raw_handle(), 0) } != Foundation::WAIT_TIMEOUT {
        return None;
    }
    let mut times = [Foundation::FILETIME { dwLowDateTime: 0, dwHighDateTime: 0 }; 4];
    let [start, end, kernel, user] = &mut times;
    // SAFETY: the handle is open, and each pointer is valid for one structure.
    let known = unsafe { Threading::GetProcessTimes(process.as_raw_handle(), start, end, kernel, user) } != 0;
    known.then(|| u64::from(times[0].dwHighDateTime) << 32 | u64::from(times[0].dwLowDateTime))
}

/// How a child ended.
pub(super) fn exit_of(status: ExitStatus) -> Exit {
    // Windows always has a code.
    Exit::Code(status.code().unwrap_or(-1))
}

/// Columns of the console, standard error's first.
pub(super) fn width() -> Option<usize> {
    size().map(|(columns, _)| columns)
}

/// Lines of the same console.
pub(super) fn height() -> Option<usize> {
    size().map(|(_, lines)| lines)
}

#[expect(unsafe_code, reason = "std cannot ask for a console's size")]
fn size() -> Option<(usize, usize)> {
    [Console::STD_ERROR_HANDLE, Console::STD_OUTPUT_HANDLE].into_iter().find_map(|which| {
        // SAFETY: takes an integer; the handle belongs to the process and is not closed here.
        let handle = unsafe { Console::GetStdHandle(which) };
        let mut info = Console::CONSOLE_SCREEN_BUFFER_INFO::default();
        // SAFETY: the pointer is valid for one structure; a bad handle is an error, not undefined.
        let known = unsafe { Console::GetConsoleScreenBufferInfo(handle, &raw mut info) } != 0;
        let window = info.srWindow;
        let between =
            |from: i16, to: i16| usize::try_from(i32::from(to) - i32::from(from) + 1).ok().filter(|size| *size > 0);
        known.then(|| between(window.Left, window.Right).zip(between(window.Top, window.Bottom))).flatten()
    })
}

/// Makes old consoles understand escape sequences. `false`: this one cannot.
#[expect(unsafe_code, reason = "std does not set console modes")]
pub(super) fn enable_escapes() -> bool {
    // Both are tried: one of them may be a pipe or a file.
    [Console::STD_ERROR_HANDLE, Console::STD_OUTPUT_HANDLE]
        .map(|which| {
            // SAFETY: takes an integer; the handle belongs to the process and is not closed here.
            let handle = unsafe { Console::GetStdHandle(which) };
            let mut mode = 0;
            // SAFETY: the pointer is valid for one mode; a bad handle is an error, not undefined.
            let known = unsafe { Console::GetConsoleMode(handle, &raw mut mode) } != 0;
            // SAFETY: takes a handle and an integer.
            known && unsafe { Console::SetConsoleMode(handle, mode | Console::ENABLE_VIRTUAL_TERMINAL_PROCESSING) } != 0
        })
        .contains(&true)
}

/// A new file. Windows gives it the rights of its directory.
pub(super) fn private_file(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// A new directory. Windows gives it the rights of the one above.
pub(super) fn private_dir(builder: &mut DirBuilder) -> &mut DirBuilder {
    builder
}

/// Windows is not asked for an owner: what lies in a folder has its rights.
pub(super) fn is_own(_found: &Metadata) -> bool {
    true
}

/// Windows gives a directory the rights of the one above.
pub(super) fn tighten_dir(_path: &Path, _found: &Metadata) -> io::Result<()> {
    Ok(())
}

/// The files that may be meant by a program's name at this place.
pub(super) fn spellings(place: PathBuf) -> Vec<PathBuf> {
    if has_end(&place, &PROGRAMS) || has_end(&place, &BATCH) {
        return vec![place];
    }
    let with_end = |end: &&str| {
        let mut spelling = place.clone().into_os_string();
        spelling.push(".");
        spelling.push(end);
        PathBuf::from(spelling)
    };
    PROGRAMS.iter().chain(&BATCH).map(with_end).collect()
}

/// Is this something that the system starts by itself?
pub(super) fn is_startable(program: &Path) -> bool {
    has_end(program, &PROGRAMS)
}

fn has_end(path: &Path, ends: &[&str]) -> bool {
    path.extension().is_some_and(|have| ends.iter().any(|end| have.eq_ignore_ascii_case(end)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// However long we take to make its job: a child of its own that it starts meanwhile would escape.
    #[test]
    fn a_child_does_nothing_before_it_is_in_its_job() {
        for group in [true, false] {
            let mut command = Command::new("cmd");
            command.args(["/c", "exit", "7"]);
            Family::prepare(&mut command, group);
            let mut child = command.spawn().unwrap();
            std::thread::sleep(Duration::from_secs(3));
            assert_eq!(child.try_wait().unwrap(), None, "it has begun, and even ended");
            let family = Family::of(child.id(), group);
            assert!(family.job.is_some() && family.is_alive());
            family.begin().unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(7));
            assert!(!family.is_alive());
        }
    }

    #[test]
    fn nobody_begins_who_is_not_there() {
        let mut child = Command::new("cmd").args(["/c", "exit"]).spawn().unwrap();
        let family = Family::of(child.id(), true);
        child.wait().unwrap();
        assert!(family.begin().is_err());
    }
}
