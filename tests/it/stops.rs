//! Limits and stops: who gets which signal, how often, and who is left.

use crate::process::{Answer, GRACE, SHORT, call, here, run, run_with, wait_until_gone};
use crate::stub::Tools;
use refloat::adapter::interrupt::NeverStop;
use refloat::adapter::process::{Patience, Processes};
use refloat::model::command::{Exit, Invocation};
use refloat::port::{Runner, Stop};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::time::Duration;

/// For tests in which the grace must not pass.
const LONG: Duration = Duration::from_secs(600);

/// Somebody who presses Ctrl-C when told to.
#[derive(Default)]
struct Button {
    signal: AtomicI32,
    pressed: AtomicUsize,
}

impl Button {
    fn press(&self, signal: i32) {
        self.signal.store(signal, Ordering::SeqCst);
        self.pressed.fetch_add(1, Ordering::SeqCst);
    }
}

impl Stop for Button {
    fn requested(&self) -> Option<i32> {
        Some(self.signal.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
    }

    fn hard(&self) -> bool {
        self.pressed.load(Ordering::SeqCst) >= 2
    }
}

#[test]
fn a_signal_that_ends_a_tool_is_data() {
    let tools = Tools::new().rule(json!({ "argv": ["helm"], "die_by": 15 }));
    assert_eq!(run(call(&tools, &["helm"])).outcome.exit, Exit::Signal(15));
}

#[test]
fn a_tool_that_ignores_the_request_is_killed_after_the_grace_and_its_children_too() {
    let tools = Tools::new().rule(json!({
        "argv": ["helm"], "spawn_grandchild_ms": 600_000, "ignore_signals": true, "hang_ms": 600_000,
    }));
    let limited = Invocation { timeout: Some(Duration::from_secs(1)), ..call(&tools, &["helm"]) };
    let answer = run(limited);
    assert_eq!(answer.outcome.exit, Exit::TimedOut);
    assert!(tools.signals().contains(&15), "it was asked first: {:?}", tools.signals());
    for pid in tools.grandchildren() {
        wait_until_gone(pid);
    }
}

#[test]
fn a_child_of_a_tool_that_outlives_its_end_is_killed_after_the_grace() {
    // The tool ends when asked; its child takes no notice.
    let tools = Tools::new().rule(json!({
        "argv": ["helm"], "spawn_grandchild_ms": 600_000, "ignore_signals": true, "stdout": "begun\n",
        "hang_ms": 2000, "exit": 1,
    }));
    let limited = Invocation { timeout: Some(Duration::from_secs(1)), ..call(&tools, &["helm"]) };
    let limited = Invocation { grace: Duration::from_secs(3), ..limited };
    let patience = Patience { leak: Duration::from_millis(100) };
    let runner = Processes::new(Arc::new(NeverStop), here()).with_patience(patience);
    let answer = run_with(runner, limited, false, |_| {});
    assert_eq!((answer.outcome.exit, answer.outcome.leaked), (Exit::TimedOut, true));
    for pid in tools.grandchildren() {
        wait_until_gone(pid);
    }
}

/// Runs a tool that says "begun", and presses the button when it has.
fn press_when_begun(
    button: &Arc<Button>,
    tools: &Tools,
    grace: Duration,
    to_end: bool,
    presses: &'static [i32],
) -> Answer {
    let runner = Processes::new(Arc::clone(button) as Arc<dyn Stop + Send + Sync>, here()).with_patience(SHORT);
    let pressed = Arc::clone(button);
    let call = Invocation { grace, ..call(tools, &["helm"]) };
    run_with(runner, call, to_end, move |bytes| {
        if bytes.starts_with(b"begun") {
            presses.iter().for_each(|signal| pressed.press(*signal));
        }
    })
}

#[test]
fn a_stop_hands_the_same_signal_on_once() {
    for signal in [1, 2, 15] {
        let tools =
            Tools::new().rule(json!({ "argv": ["helm"], "stdout": "begun\n", "hang_ms": 600_000, "signal_exit": 1 }));
        let presses: &'static [i32] = Box::leak(Box::new([signal]));
        let answer = press_when_begun(&Arc::default(), &tools, LONG, false, presses);
        assert_eq!(answer.outcome.exit, Exit::Interrupted);
        assert_eq!(tools.signals(), [i64::from(signal)]);
    }
}

#[test]
fn a_tool_that_finishes_well_after_a_stop_has_finished_well() {
    let tools =
        Tools::new().rule(json!({ "argv": ["helm"], "stdout": "begun\n", "hang_ms": 600_000, "signal_exit": 0 }));
    let answer = press_when_begun(&Arc::default(), &tools, LONG, false, &[2]);
    assert_eq!(answer.outcome.exit, Exit::Code(0));
}

#[test]
fn a_second_request_kills_at_once() {
    let tools =
        Tools::new().rule(json!({ "argv": ["helm"], "stdout": "begun\n", "hang_ms": 600_000, "ignore_signals": true }));
    // The grace is longer than the watchdog: only the second request can end this.
    let answer = press_when_begun(&Arc::default(), &tools, LONG, false, &[2, 2]);
    assert_eq!(answer.outcome.exit, Exit::Interrupted);
    let button = Arc::default();
    let tools =
        Tools::new().rule(json!({ "argv": ["helm"], "stdout": "begun\n", "hang_ms": 600_000, "ignore_signals": true }));
    std::thread::scope(|scope| {
        let answer = scope.spawn(|| press_when_begun(&button, &tools, LONG, false, &[2]));
        while tools.signals().is_empty() && !answer.is_finished() {
            std::thread::sleep(Duration::from_millis(10));
        }
        button.press(2);
        assert_eq!(answer.join().unwrap().outcome.exit, Exit::Interrupted);
    });
    assert_eq!(tools.signals(), [2], "the second is not handed on: it kills");
}

#[test]
fn a_tool_that_ignores_a_stop_is_killed_after_the_grace() {
    let tools =
        Tools::new().rule(json!({ "argv": ["helm"], "stdout": "begun\n", "hang_ms": 600_000, "ignore_signals": true }));
    let answer = press_when_begun(&Arc::default(), &tools, GRACE, false, &[2]);
    assert_eq!(answer.outcome.exit, Exit::Interrupted);
    assert_eq!(tools.signals(), [2]);
}

#[test]
fn a_call_that_must_finish_is_left_alone_by_the_first_request() {
    let tools = Tools::new().rule(json!({ "argv": ["helm"], "stdout": "begun\n", "hang_ms": 300, "signal_exit": 9 }));
    let answer = press_when_begun(&Arc::default(), &tools, GRACE, true, &[2]);
    assert_eq!(answer.outcome.exit, Exit::Code(0));
    assert_eq!(tools.signals(), Vec::<i64>::new());
    let tools = Tools::new().rule(json!({ "argv": ["helm"], "stdout": "begun\n", "hang_ms": 600_000 }));
    let answer = press_when_begun(&Arc::default(), &tools, GRACE, true, &[2, 2]);
    assert_eq!(answer.outcome.exit, Exit::Interrupted);
}

#[test]
fn after_a_stop_only_calls_that_must_finish_start() {
    let tools = Tools::new().rule(json!({ "argv": ["helm"], "stdout": "x" }));
    let button = Arc::new(Button::default());
    button.press(2);
    let runner = || Processes::new(Arc::clone(&button) as Arc<dyn Stop + Send + Sync>, here());
    assert_eq!(run_with(runner(), call(&tools, &["helm"]), false, |_| {}).outcome.exit, Exit::Interrupted);
    assert_eq!(tools.calls().len(), 0);
    assert_eq!(run_with(runner(), call(&tools, &["helm"]), true, |_| {}).outcome.exit, Exit::Code(0));
    button.press(2);
    assert_eq!(run_with(runner(), call(&tools, &["helm"]), true, |_| {}).outcome.exit, Exit::Interrupted);
    assert_eq!(tools.calls().len(), 1);
}

#[test]
fn a_panic_of_ours_takes_the_tool_along() {
    let tools = Tools::new()
        .rule(json!({ "argv": ["helm"], "stdout": "begun\n", "spawn_grandchild_ms": 600_000, "hang_ms": 600_000 }));
    let runner = Processes::new(Arc::new(NeverStop), here());
    let call = call(&tools, &["helm"]);
    let caught = std::thread::spawn(move || runner.run(&call, &mut |_, _| panic!("on purpose"))).join();
    assert!(caught.is_err());
    for pid in tools.grandchildren() {
        wait_until_gone(pid);
    }
}
