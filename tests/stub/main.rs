//! A stand-in for helm, kubectl, minikube and docker: it answers as its scenario says.
//!
//! `REFLOAT_STUB_SCENARIO` names a JSON file with a list of rules; the first that matches the argv
//! answers. `REFLOAT_STUB_LOG` names a file to which it adds one JSON line per call, signal, and
//! child of its own. A call that no rule matches says so and exits with 97.
//!
//! Called as `supervisor`, it runs the program that its arguments name as `refloat` would: real
//! signals reach real handlers, without a test process that has to survive them. With `--panic` before
//! the program, it has a bug that shows as soon as the program says something.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    clippy::exit,
    reason = "a program of its own, for tests"
)]

#[path = "exchange.rs"]
mod exchange;

use refloat::adapter::interrupt::Interrupts;
use refloat::adapter::process::Processes;
use refloat::model::command::Invocation;
use refloat::port::Runner;
use serde::Deserialize;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

/// Set for the stub's own child: it sleeps that many milliseconds and ends.
const SLEEPER: &str = "REFLOAT_STUB_SLEEPER";

/// One answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Rule {
    /// The call: first the name it was called by; `*` is any one argument, `**` all the rest. A limit
    /// that stands in front of what is asked (`--timeout=5m`) is no part of it.
    argv: Vec<String>,
    /// Printed first; need not be text.
    stdout_bytes: Vec<u8>,
    /// Wait between that and the rest: whoever reads gets it in two pieces.
    between_ms: u64,
    stdout: String,
    stderr: String,
    /// Below 256; on Windows any 32 bits.
    exit: u32,
    /// Wait before the first output.
    delay_ms: u64,
    /// Wait after every line of standard output.
    lines_delay_ms: u64,
    /// Wait after the last output.
    hang_ms: u64,
    /// Note signals and go on.
    ignore_signals: bool,
    /// Note a signal and exit with this code, instead of dying by it.
    signal_exit: Option<u8>,
    /// Say this to standard error first.
    signal_stderr: String,
    /// Do not exit before there is such a file.
    signal_until_file: String,
    /// Wait, after the last output, until there is such a file.
    until_file: String,
    /// Die by this signal, after the output.
    die_by: i32,
    /// Leave a child behind that holds the output open for so long.
    spawn_grandchild_ms: u64,
    /// Write so many bytes to standard output …
    bytes: u64,
    /// … and, at the same time, so many to standard error.
    stderr_bytes: u64,
    /// These bytes are one line without an end.
    without_lines: bool,
    /// Print these environment variables, `NAME=value` a line; nothing for those that are unset.
    print_env: Vec<String>,
    /// Print the working directory.
    print_cwd: bool,
    /// Copy standard input to standard output.
    echo_stdin: bool,
    /// It is curl, told by its config on standard input, and asks whoever answers at this port of ours.
    asks_port: u16,
    /// Only while all of these are there, in the world that the stubs share (a folder of names).
    if_there: Vec<String>,
    /// Only while none of these is there.
    if_missing: Vec<String>,
    /// What is there after the call.
    creates: Vec<String>,
    /// What is gone after the call.
    removes: Vec<String>,
    /// Kill whoever started us (SIGKILL): `before` we do anything, and end without doing it; `during`:
    /// before we do anything, and do it all the same, as an orphan; `after` all is done.
    kill_parent: Option<Kill>,
    /// Answer one call only; the next goes to a later rule.
    once: bool,
    /// Answer only the call of this number (from 1) that the rule fits; the others go to a later rule.
    nth: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kill {
    Before,
    During,
    After,
}

fn main() -> ExitCode {
    if let Ok(millis) = std::env::var(SLEEPER) {
        watch_signals(&Rule { ignore_signals: millis.ends_with('i'), ..Rule::default() });
        let millis = millis.trim_end_matches('i').parse().expect("milliseconds");
        std::thread::sleep(Duration::from_millis(millis));
        return ExitCode::SUCCESS;
    }
    let argv = argv();
    if argv[0] == "supervisor" {
        return supervise(&argv[1..]);
    }
    log(&json!({ "argv": argv, "argv_pid": std::process::id() }));
    let path = std::env::var("REFLOAT_STUB_SCENARIO").expect("REFLOAT_STUB_SCENARIO");
    let rules: Vec<Rule> = serde_json::from_slice(&std::fs::read(&path).expect("the scenario")).expect("rules");
    let asked = without_limit(&argv);
    let world = World::beside(&path);
    let fits = |rule: &Rule| (matches(&rule.argv, &argv) || matches(&rule.argv, &asked)) && world.fits(rule);
    let matching = |(index, rule): &(usize, Rule)| {
        fits(rule) && (!rule.once || claim(&path, *index)) && is_its_turn(&path, *index, rule.nth)
    };
    match rules.into_iter().enumerate().find(matching) {
        Some((_, rule)) => answer(&rule, &world),
        None => {
            eprintln!("stub: no rule for {argv:?}");
            ExitCode::from(97)
        }
    }
}

fn supervise(argv: &[String]) -> ExitCode {
    let has_bug = argv[0] == "--panic";
    let argv = &argv[usize::from(has_bug)..];
    if has_bug {
        refloat::adapter::crash::install();
    }
    refloat::adapter::taskbar::hold(std::env::var_os("REFLOAT_STUB_TASKBAR").is_some());
    let stop = std::sync::Arc::new(Interrupts::install().expect("handlers"));
    let here = std::env::current_dir().expect("a directory");
    let call = Invocation {
        argv: argv.to_vec(),
        label: String::new(),
        pinned: 0..0,
        program: Some(argv[0].clone().into()),
        cwd: None,
        env: std::collections::BTreeMap::new(),
        timeout: None,
        grace: Duration::from_secs(10),
        leaves: None,
        interactive: false,
        input: None,
    };
    let mut stdout = std::io::stdout();
    let outcome = Processes::new(stop, here).run(&call, &mut |_, bytes| {
        assert!(!has_bug, "a bug, and what it worked on: {}", String::from_utf8_lossy(bytes));
        stdout.write_all(bytes).and_then(|()| stdout.flush()).expect("standard output");
    });
    println!("{:?}", outcome.exit);
    ExitCode::SUCCESS
}

/// Our arguments, behind the name that we were copied to.
fn argv() -> Vec<String> {
    let mut arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let own = arguments.next().unwrap_or_default();
    let name = Path::new(&own).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    std::iter::once(name).chain(arguments).collect()
}

/// The call without the limit that `refloat` gives it, among the flags before the first word.
fn without_limit(argv: &[String]) -> Vec<String> {
    let mut at = 1;
    while let Some(flag) = argv.get(at).filter(|argument| argument.starts_with("--")) {
        if flag.starts_with("--timeout=") || flag.starts_with("--request-timeout=") {
            return [&argv[..at], &argv[at + 1..]].concat();
        }
        at += if flag.contains('=') { 1 } else { 2 };
    }
    argv.to_vec()
}

fn matches(pattern: &[String], argv: &[String]) -> bool {
    match pattern.split_first() {
        None => argv.is_empty(),
        Some((first, _)) if first == "**" => true,
        Some((first, rest)) => {
            argv.split_first().is_some_and(|(have, more)| (first == "*" || first == have) && matches(rest, more))
        }
    }
}

/// A file that can be made only once tells whether the rule was used, over all processes.
fn claim(scenario: &str, index: usize) -> bool {
    OpenOptions::new().write(true).create_new(true).open(format!("{scenario}.used{index}")).is_ok()
}

/// Counts the calls that a rule fits, over all processes.
fn is_its_turn(scenario: &str, index: usize, nth: u32) -> bool {
    let take = |number: &u32| {
        let name = format!("{scenario}.call{index}.{number}");
        OpenOptions::new().write(true).create_new(true).open(name).is_ok()
    };
    nth == 0 || (1..=nth + 1).find(take) == Some(nth)
}

/// One write to a file opened for appending: lines of several processes do not mix.
fn log(line: &serde_json::Value) {
    if let Ok(path) = std::env::var("REFLOAT_STUB_LOG") {
        let mut file = OpenOptions::new().append(true).create(true).open(path).expect("the log");
        file.write_all(format!("{line}\n").as_bytes()).expect("the log");
    }
}

/// What the stubs of a scenario have made: an empty file for each name.
struct World(std::path::PathBuf);

impl World {
    fn beside(scenario: &str) -> Self {
        Self(Path::new(scenario).with_file_name("world"))
    }

    fn fits(&self, rule: &Rule) -> bool {
        let is_there = |name: &String| self.0.join(name).exists();
        rule.if_there.iter().all(is_there) && !rule.if_missing.iter().any(is_there)
    }

    fn change(&self, rule: &Rule) {
        if !rule.creates.is_empty() {
            std::fs::create_dir_all(&self.0).expect("the world");
        }
        for name in &rule.creates {
            std::fs::write(self.0.join(name), "").expect("made");
        }
        for name in &rule.removes {
            // It may be gone already.
            let _ = std::fs::remove_file(self.0.join(name));
        }
    }
}

#[cfg(unix)]
fn kill_parent() {
    // SAFETY: two integers in, an integer out.
    #[expect(unsafe_code, reason = "std can neither name our parent nor signal it")]
    unsafe {
        libc::kill(libc::getppid(), libc::SIGKILL);
    }
}

#[cfg(not(unix))]
fn kill_parent() {}

fn answer(rule: &Rule, world: &World) -> ExitCode {
    if matches!(rule.kill_parent, Some(Kill::Before | Kill::During)) {
        kill_parent();
        if rule.kill_parent == Some(Kill::Before) {
            return ExitCode::SUCCESS;
        }
    }
    watch_signals(rule);
    pause(rule.delay_ms);
    if rule.spawn_grandchild_ms > 0 {
        leave_child_behind(rule);
    }
    for name in &rule.print_env {
        if let Ok(value) = std::env::var(name) {
            println!("{name}={value}");
        }
    }
    if rule.print_cwd {
        println!("{}", std::env::current_dir().expect("a directory").display());
    }
    if rule.echo_stdin {
        std::io::copy(&mut std::io::stdin(), &mut std::io::stdout()).expect("copied");
    }
    if rule.asks_port > 0 {
        exchange::exchange(rule.asks_port);
    }
    let (flood, without_lines) = (rule.stderr_bytes, rule.without_lines);
    let other = std::thread::spawn(move || write_bytes(&mut std::io::stderr(), flood, without_lines));
    write_bytes(&mut std::io::stdout(), rule.bytes, without_lines);
    other.join().expect("the flood");
    say(&mut std::io::stdout(), &rule.stdout_bytes);
    pause(rule.between_ms);
    for line in rule.stdout.split_inclusive('\n') {
        say(&mut std::io::stdout(), line.as_bytes());
        pause(rule.lines_delay_ms);
    }
    say(&mut std::io::stderr(), rule.stderr.as_bytes());
    pause(rule.hang_ms);
    wait_for_file(&rule.until_file);
    world.change(rule);
    if rule.kill_parent == Some(Kill::After) {
        kill_parent();
    }
    #[cfg(unix)]
    if rule.die_by > 0 {
        let _ = signal_hook::low_level::emulate_default_handler(rule.die_by);
    }
    // std's exit codes have 8 bits where the system's may have more.
    u8::try_from(rule.exit).map_or_else(|_| std::process::exit(rule.exit.cast_signed()), ExitCode::from)
}

#[expect(clippy::zombie_processes, reason = "the point of it is to outlive us")]
fn leave_child_behind(rule: &Rule) {
    let suffix = if rule.ignore_signals { "i" } else { "" };
    let child = Command::new(std::env::current_exe().expect("ourselves"))
        .env(SLEEPER, format!("{}{suffix}", rule.spawn_grandchild_ms))
        .spawn()
        .expect("a child");
    log(&json!({ "grandchild": child.id() }));
}

/// Writes at once. A reader that left is no reason to end.
fn say(out: &mut dyn Write, text: &[u8]) {
    let _ = out.write_all(text).and_then(|()| out.flush());
}

/// Lines of `x`, 1024 bytes with the end: countable, and no secret hides in them.
fn write_bytes(out: &mut dyn Write, count: u64, without_lines: bool) {
    let mut left = usize::try_from(count).expect("a size");
    let mut block = vec![b'x'; 65536];
    if !without_lines {
        for end in block.iter_mut().skip(1023).step_by(1024) {
            *end = b'\n';
        }
    }
    while left > 0 {
        let size = left.min(block.len());
        if out.write_all(&block[..size]).is_err() {
            return;
        }
        left -= size;
    }
    let _ = out.flush();
}

fn pause(millis: u64) {
    if millis > 0 {
        std::thread::sleep(Duration::from_millis(millis));
    }
}

/// Waits until there is such a file; an empty name is none.
fn wait_for_file(name: &str) {
    while !name.is_empty() && !Path::new(name).exists() {
        pause(20);
    }
}

#[cfg(unix)]
fn watch_signals(rule: &Rule) {
    let (ignore, exit) = (rule.ignore_signals, rule.signal_exit);
    let (says, until) = (rule.signal_stderr.clone(), rule.signal_until_file.clone());
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]).expect("signals");
    std::thread::spawn(move || {
        for signal in &mut signals {
            log(&json!({ "signal": signal, "pid": std::process::id() }));
            say(&mut std::io::stderr(), says.as_bytes());
            wait_for_file(&until);
            match exit {
                _ if ignore => {}
                Some(code) => std::process::exit(code.into()),
                None => {
                    let _ = signal_hook::low_level::emulate_default_handler(signal);
                }
            }
        }
    });
}

#[cfg(not(unix))]
fn watch_signals(_rule: &Rule) {}
