//! Real processes: streams, limits, signals, and everything that keeps a tool from starting.

use crate::stub::Tools;
use refloat::adapter::interrupt::NeverStop;
use refloat::adapter::process::{Patience, Processes};
use refloat::model::command::{Exit, Invocation, Outcome, Stream};
use refloat::port::Runner;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

/// Longer than any test may take: a hang fails instead of hanging.
const WATCHDOG: Duration = Duration::from_secs(300);

/// Long enough for a loaded machine to start a program, short enough to wait for.
pub(crate) const SHORT: Patience = Patience { leak: Duration::from_millis(300) };

/// The same for the grace.
pub(crate) const GRACE: Duration = Duration::from_millis(300);

pub(crate) fn call(tools: &Tools, argv: &[&str]) -> Invocation {
    Invocation {
        argv: argv.iter().map(|argument| (*argument).to_owned()).collect(),
        label: argv[0].to_owned(),
        pinned: 0..0,
        program: Some(tools.bin(argv[0])),
        cwd: None,
        env: tools.env(),
        timeout: None,
        grace: GRACE,
        leaves: None,
        interactive: false,
        input: None,
    }
}

/// What a call gave.
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    pub(crate) stdout: Vec<u8>,
    stderr: Vec<u8>,
    largest_chunk: usize,
}

impl Answer {
    fn stdout(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap()
    }
}

/// Runs it in a thread, so that a hang is a failure.
pub(crate) fn run_with(
    runner: Processes,
    call: Invocation,
    to_end: bool,
    seen: impl Fn(&[u8]) + Send + 'static,
) -> Answer {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let (mut stdout, mut stderr, mut largest_chunk) = (Vec::new(), Vec::new(), 0);
        let mut sink = |stream, bytes: &[u8]| {
            seen(bytes);
            largest_chunk = largest_chunk.max(bytes.len());
            match stream {
                Stream::Stdout => stdout.extend_from_slice(bytes),
                Stream::Stderr => stderr.extend_from_slice(bytes),
            }
        };
        let outcome = if to_end { runner.run_to_end(&call, &mut sink) } else { runner.run(&call, &mut sink) };
        let _ = sender.send(Answer { outcome, stdout, stderr, largest_chunk });
    });
    receiver.recv_timeout(WATCHDOG).unwrap_or_else(|_| panic!("the call hangs"))
}

pub(crate) fn run(call: Invocation) -> Answer {
    run_with(Processes::new(Arc::new(NeverStop), here()).with_patience(SHORT), call, false, |_| {})
}

pub(crate) fn here() -> PathBuf {
    std::env::current_dir().unwrap()
}

fn why_not_started(answer: &Answer) -> &str {
    match &answer.outcome.exit {
        Exit::NotStarted(why) => why,
        other => panic!("it started: {other:?}"),
    }
}

#[test]
fn output_code_arguments_and_environment_arrive() {
    let tools = Tools::new().rule(json!({
        "argv": ["helm", "a b", "; rm -rf /", "", "$(x)"], "stdout": "out\r\nno end", "stderr": "err", "exit": 3,
    }));
    let argv = ["helm", "a b", "; rm -rf /", "", "$(x)"];
    let answer = run(call(&tools, &argv));
    assert_eq!(answer.outcome.exit, Exit::Code(3));
    assert!(!answer.outcome.leaked);
    assert_eq!((answer.stdout().as_str(), answer.stderr.as_slice()), ("out\r\nno end", b"err".as_slice()));
    assert_eq!(tools.calls(), [argv.map(str::to_owned).to_vec()]);
}

#[test]
fn standard_input_is_empty_whatever_ours_holds() {
    let tools =
        Tools::new().tool("supervisor").rule(json!({ "argv": ["helm"], "echo_stdin": true, "stdout": "end\n" }));
    let (input, mut ours) = std::io::pipe().unwrap();
    ours.write_all(b"meant for us\n").unwrap();
    drop(ours);
    let mut supervisor = std::process::Command::new(tools.bin("supervisor"));
    let output = supervisor.arg(tools.bin("helm")).envs(tools.env()).stdin(input).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "end\nCode(0)\n");
}

#[test]
fn a_call_runs_in_its_directory() {
    let tools = Tools::new().rule(json!({ "argv": ["helm"], "print_cwd": true }));
    let folder = tempfile::tempdir().unwrap();
    let runner = Processes::new(Arc::new(NeverStop), folder.path().to_owned());
    let answer = run_with(runner, call(&tools, &["helm"]), false, |_| {});
    let real = |path: &std::path::Path| std::fs::canonicalize(path).unwrap();
    assert_eq!(real(answer.stdout().trim_end().as_ref()), real(folder.path()), "the base when nothing is said");
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    let runner = Processes::new(Arc::new(NeverStop), folder.path().to_owned());
    let relative = Invocation { cwd: Some("sub".into()), ..call(&tools, &["helm"]) };
    let answer = run_with(runner, relative, false, |_| {});
    assert_eq!(real(answer.stdout().trim_end().as_ref()), real(&folder.path().join("sub")));
}

#[test]
fn tools_are_told_to_print_plainly_unless_the_task_says_otherwise() {
    let names = json!(["MINIKUBE_IN_STYLE", "BUILDKIT_PROGRESS"]);
    let tools = Tools::new().rule(json!({ "argv": ["minikube"], "print_env": names }));
    assert_eq!(
        run(call(&tools, &["minikube"])).stdout().replace("\r\n", "\n"),
        "MINIKUBE_IN_STYLE=false\nBUILDKIT_PROGRESS=plain\n"
    );
    let mut own = call(&tools, &["minikube"]);
    own.env.insert("BUILDKIT_PROGRESS".to_owned(), "rawjson".to_owned());
    assert!(run(own).stdout().contains("BUILDKIT_PROGRESS=rawjson"));
}

#[test]
fn a_flood_on_both_streams_is_drained() {
    let tools = Tools::new().rule(json!({ "argv": ["docker"], "bytes": 5_000_000, "stderr_bytes": 5_000_000 }));
    let answer = run(call(&tools, &["docker"]));
    assert_eq!((answer.stdout.len(), answer.stderr.len()), (5_000_000, 5_000_000));
    assert_eq!(answer.outcome.exit, Exit::Code(0));
}

#[test]
fn a_flood_on_one_stream_does_not_wait_for_the_other() {
    let tools = Tools::new().rule(json!({ "argv": ["docker"], "stderr_bytes": 5_000_000, "stdout": "end" }));
    let answer = run(call(&tools, &["docker"]));
    assert_eq!((answer.stdout().as_str(), answer.stderr.len()), ("end", 5_000_000));
}

#[test]
fn much_output_comes_in_small_pieces_and_a_slow_reader_holds_the_tool_back() {
    let tools = Tools::new().rule(json!({ "argv": ["docker"], "bytes": 50_000_000, "stderr": "written\n" }));
    // The tool notes nothing until its output is taken; so what is taken late shows that it waited.
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    let early = Arc::new(AtomicUsize::new(usize::MAX));
    let seen = Arc::clone(&early);
    let runner = Processes::new(Arc::new(NeverStop), here());
    let answer = run_with(runner, call(&tools, &["docker"]), false, move |bytes| {
        if bytes == b"written\n" {
            seen.store(count.load(Ordering::SeqCst), Ordering::SeqCst);
        } else {
            count.fetch_add(bytes.len(), Ordering::SeqCst);
        }
    });
    assert_eq!(answer.stdout.len(), 50_000_000);
    assert!(answer.largest_chunk <= 64 * 1024, "a chunk of {} bytes", answer.largest_chunk);
    // Ten waiting chunks and a pipe lie between the tool and us, never the whole output.
    let (written, taken) = (early.load(Ordering::SeqCst), taken.load(Ordering::SeqCst));
    assert_eq!(taken, 50_000_000);
    assert!(taken - written <= 2 * 1024 * 1024, "the tool was {} bytes ahead", taken - written);
}

#[test]
fn a_slow_reader_loses_nothing_that_was_written_before_the_end() {
    let tools = Tools::new().rule(json!({ "argv": ["docker"], "bytes": 600_000 }));
    let runner = Processes::new(Arc::new(NeverStop), here()).with_patience(Patience { leak: Duration::ZERO });
    let answer = run_with(runner, call(&tools, &["docker"]), false, |_| std::thread::sleep(Duration::from_millis(30)));
    assert_eq!(answer.stdout.len(), 600_000);
}

#[test]
fn calls_run_side_by_side() {
    let tools = Tools::new().rule(json!({ "argv": ["kubectl", "*"], "stdout": "x", "hang_ms": 50 }));
    let runner = Processes::new(Arc::new(NeverStop), here());
    std::thread::scope(|scope| {
        let started: Vec<_> = (0..6)
            .map(|index| {
                let (runner, call) = (&runner, call(&tools, &["kubectl", &index.to_string()]));
                scope.spawn(move || {
                    let mut out = Vec::new();
                    let outcome = runner.run(&call, &mut |_, bytes| out.extend_from_slice(bytes));
                    (outcome.exit, outcome.leaked, out)
                })
            })
            .collect();
        for thread in started {
            assert_eq!(thread.join().unwrap(), (Exit::Code(0), false, b"x".to_vec()));
        }
    });
    assert_eq!(tools.calls().len(), 6);
}

#[test]
fn what_keeps_a_tool_from_starting_is_told() {
    let tools = Tools::new().rule(json!({ "argv": ["helm", "**"] }));
    let missing = run(call(&tools, &["kubectl"]));
    let want = format!(
        "`{}` does not exist (or, for a script, the interpreter that its first line names)",
        tools.bin("kubectl").display()
    );
    assert_eq!(why_not_started(&missing), want);

    let nowhere = run(Invocation { cwd: Some("no/such".into()), ..call(&tools, &["helm"]) });
    let want = format!("its working directory `{}` does not exist", here().join("no/such").display());
    assert_eq!(why_not_started(&nowhere), want);

    let file = run(Invocation { cwd: Some(tools.bin("helm")), ..call(&tools, &["helm"]) });
    let want = format!("its working directory `{}` is not a directory", tools.bin("helm").display());
    assert_eq!(why_not_started(&file), want);

    let nul = run(call(&tools, &["helm", "a\0b"]));
    assert_eq!(why_not_started(&nul), "argument 1 holds a NUL character, which no program can be given");

    let mut env = call(&tools, &["helm"]);
    env.env.insert("A=B".to_owned(), "x".to_owned());
    assert_eq!(why_not_started(&run(env)), "`A=B` is no name for an environment variable");

    let unknown = run(Invocation { program: None, ..call(&tools, &["helm"]) });
    assert_eq!(why_not_started(&unknown), "no program was looked up for `helm`");
    assert_eq!(tools.calls(), Vec::<Vec<String>>::new(), "nothing ran");
}

#[test]
fn arguments_that_are_too_long_are_told() {
    let tools = Tools::new().rule(json!({ "argv": ["helm", "**"] }));
    let long = "x".repeat(200 * 1024);
    let long = run(call(&tools, &["helm", &long]));
    assert_eq!(why_not_started(&long), "the arguments are longer than the system allows");
    assert_eq!(tools.calls(), Vec::<Vec<String>>::new(), "nothing ran");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_executed_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let tools = Tools::new();
    std::fs::write(tools.bin("helm"), "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(tools.bin("helm"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let want = format!("`{}` may not be executed: permission denied", tools.bin("helm").display());
    assert_eq!(why_not_started(&run(call(&tools, &["helm"]))), want);
}

#[test]
fn a_child_of_the_tool_that_keeps_the_output_open_is_not_waited_for() {
    let tools = Tools::new().rule(json!({ "argv": ["minikube"], "stdout": "done\n", "spawn_grandchild_ms": 600_000 }));
    let answer = run(call(&tools, &["minikube"]));
    assert_eq!(answer.outcome.exit, Exit::Code(0));
    assert!(answer.outcome.leaked);
    assert_eq!(answer.stdout().trim_end(), "done");
    for pid in tools.grandchildren() {
        assert!(is_there(pid), "left alone: it may be a virtual machine");
        end(pid);
    }
}

#[test]
fn a_limit_ends_the_tool_and_its_children() {
    let tools = Tools::new()
        .rule(json!({ "argv": ["helm"], "spawn_grandchild_ms": 600_000, "stdout": "begun\n", "hang_ms": 600_000 }));
    let limited = Invocation { timeout: Some(Duration::from_secs(5)), ..call(&tools, &["helm"]) };
    let answer = run(limited);
    assert_eq!(answer.outcome.exit, Exit::TimedOut);
    assert_eq!(answer.stdout().trim_end(), "begun", "what it said before is kept");
    let left = tools.grandchildren();
    assert_eq!(left.len(), 1);
    wait_until_gone(left[0]);
}

/// Does the process run? One that has ended and that nobody has waited for does not.
#[cfg(unix)]
pub(crate) fn is_there(pid: u32) -> bool {
    let state = std::process::Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

#[cfg(windows)]
#[expect(unsafe_code, reason = "std only knows its own children")]
pub(crate) fn is_there(pid: u32) -> bool {
    use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
    use windows_sys::Win32::{Foundation::WAIT_TIMEOUT, System::Threading};
    // SAFETY: takes and returns plain values.
    let handle = unsafe { Threading::OpenProcess(Threading::PROCESS_SYNCHRONIZE, 0, pid) };
    if handle.is_null() {
        return false;
    }
    // SAFETY: a handle that was just opened, owned by nobody else.
    let process = unsafe { OwnedHandle::from_raw_handle(handle) };
    // SAFETY: the handle is open for the duration of the call.
    unsafe { Threading::WaitForSingleObject(process.as_raw_handle(), 0) == WAIT_TIMEOUT }
}

pub(crate) fn wait_until_gone(pid: u32) {
    for _ in 0..600 {
        if !is_there(pid) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    end(pid);
    panic!("process {pid} survived");
}

pub(crate) fn end(pid: u32) {
    let pid = pid.to_string();
    let (program, arguments): (&str, &[&str]) =
        if cfg!(windows) { ("taskkill", &["/F", "/PID"]) } else { ("kill", &["-9"]) };
    let status = std::process::Command::new(program).args(arguments).arg(pid).status().unwrap();
    assert!(status.success());
}

#[test]
fn an_interactive_call_captures_nothing() {
    let tools = Tools::new().rule(json!({ "argv": ["minikube"], "exit": 4 }));
    let answer = run(Invocation { interactive: true, ..call(&tools, &["minikube"]) });
    assert_eq!((answer.outcome.exit, answer.outcome.leaked), (Exit::Code(4), false));
    assert!(answer.stdout.is_empty() && answer.stderr.is_empty());
}

#[test]
fn a_scenario_can_answer_once_and_then_otherwise() {
    let tools = Tools::new()
        .rule(json!({ "argv": ["helm", "status", "*"], "exit": 1, "once": true }))
        .rule(json!({ "argv": ["helm", "**"], "exit": 0 }));
    let status = || run(call(&tools, &["helm", "status", "x"])).outcome.exit;
    assert_eq!((status(), status()), (Exit::Code(1), Exit::Code(0)));
    let other = Tools::new().rule(json!({ "argv": ["helm"] }));
    assert_eq!(run(call(&other, &["helm", "x"])).outcome.exit, Exit::Code(97), "no rule");
}

/// More than a pipe holds, to a child that answers while it reads.
#[test]
fn a_child_is_told_on_standard_input_and_it_ends() {
    let tools = Tools::new().rule(json!({ "argv": ["curl"], "echo_stdin": true, "stdout": "over\n" }));
    let text = "header = \"x\"\n".repeat(30_000);
    let answer = run(Invocation { input: Some(text.clone()), ..call(&tools, &["curl"]) });
    assert_eq!(answer.outcome.exit, Exit::Code(0));
    assert!(answer.stdout() == format!("{text}over\n"), "{} bytes", answer.stdout.len());
}

/// One that ends without reading what it is told has its reasons, and keeps nobody.
#[test]
fn a_child_need_not_read_what_it_is_told() {
    let tools = Tools::new().rule(json!({ "argv": ["curl"], "stdout": "no\n", "exit": 2 }));
    let answer = run(Invocation { input: Some("x".repeat(1 << 20)), ..call(&tools, &["curl"]) });
    assert_eq!((answer.outcome.exit.clone(), answer.stdout()), (Exit::Code(2), "no\n".to_owned()));
}
