//! What a resumed run must not be talked into: a destruction that is over happens no second time, a
//! guard stands before every try, and what tidied up has undone what came before.

use super::stub::Tools;
use super::support::Project;
use serde_json::{Value, json};
use std::fs;

const HEAD: &str = "version = 1\n[app]\nname = \"x\"\n[tools.helm]\n[checks.ours]\ntitle = \"It is ours\"\nrun = [\"helm\", \"ours\"]\n";

fn project(tasks: &str, rules: &[Value]) -> (Tools, Project) {
    let mut tools = Tools::new();
    for rule in rules {
        tools = tools.rule(rule.clone());
    }
    let tools = tools.rule(json!({ "argv": ["helm", "**"], "stdout": "fine\n" }));
    let project = Project::new(&format!("{HEAD}{tasks}")).with_tools(&tools);
    (tools, project)
}

fn called(tools: &Tools) -> Vec<String> {
    tools.calls().iter().map(|call| call[1..].join(" ")).collect()
}

fn count(tools: &Tools, what: &str) -> usize {
    called(tools).iter().filter(|call| *call == what).count()
}

const RENEW: &str = "[tasks.renew]\nsummary = \"x\"\ndanger = \"destroy\"\nconfirm = \"all\"\n\
    [[tasks.renew.steps]]\nrun = [\"helm\", \"destroy\"]\n\
    [[tasks.renew.steps]]\ndanger = \"change\"\nrun = [\"helm\", \"build\"]\n";

#[test]
fn a_resumed_run_that_dies_at_the_step_it_keeps_still_keeps_it() {
    let (tools, project) = project(RENEW, &[json!({ "argv": ["helm", "build"], "exit": 1, "nth": 1 })]);
    project.run(&["renew", "--confirm", "all"]).exits(7);
    project.run(&["renew", "--resume"]).exits(0);
    // Cut after every line of the second run: whatever it had begun, the first run's word stands.
    let second = project.runs().pop().unwrap().join("journal.jsonl");
    let whole = fs::read_to_string(&second).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    for cut in 1..lines.len() {
        fs::write(&second, lines[..cut].concat()).unwrap();
        project.run(&["renew", "--resume", "--confirm", "all"]).exits(0);
        assert_eq!(count(&tools, "destroy"), 1, "cut after line {cut}: {:#?}", called(&tools));
        let third = project.runs().pop().unwrap();
        fs::remove_dir_all(third).unwrap();
    }
}

#[test]
fn a_journal_that_cannot_be_understood_is_not_passed_over() {
    let (tools, project) = project(RENEW, &[json!({ "argv": ["helm", "build"], "exit": 1 })]);
    project.run(&["renew", "--confirm", "all"]).exits(7);
    project.run(&["renew", "--resume"]).exits(7);
    let newest = project.runs().pop().unwrap().join("journal.jsonl");
    let text = fs::read_to_string(&newest).unwrap();
    fs::write(&newest, format!("garbled{text}")).unwrap();
    project
        .run(&["renew", "--resume", "--confirm", "all"])
        .exits(4)
        .says(&["cannot be understood", "nothing was done"]);
    assert_eq!(count(&tools, "destroy"), 1);
    // One that died before its first line did nothing.
    fs::write(&newest, "").unwrap();
    project.run(&["renew", "--resume"]).exits(7);
    assert_eq!(count(&tools, "destroy"), 1);
}

#[test]
fn a_clock_that_was_put_back_hides_no_later_run() {
    let (tools, project) = project(RENEW, &[json!({ "argv": ["helm", "destroy"], "exit": 1, "nth": 1 })]);
    project.run(&["renew", "--confirm", "all"]).exits(1).says(&["refloat renew --resume"]);
    // As if the clock had been right again since.
    let first = project.runs().pop().unwrap();
    let late = first.with_file_name("20991231-000000-000-renew");
    fs::rename(&first, &late).unwrap();
    let journal = late.join("journal.jsonl");
    let name = first.file_name().unwrap().to_str().unwrap();
    let text = fs::read_to_string(&journal).unwrap().replace(name, "20991231-000000-000-renew");
    fs::write(&journal, text).unwrap();
    project.run(&["renew", "--resume", "--confirm", "all"]).exits(0);
    project.run(&["renew", "--resume", "--confirm", "all"]).exits(4).says(&["came to its end"]);
    assert_eq!(count(&tools, "destroy"), 2);
}

#[test]
fn the_guard_of_a_caller_stands_before_what_a_called_task_destroys() {
    let tasks = "[tasks.outer]\nsummary = \"x\"\ndanger = \"destroy\"\nconfirm = \"all\"\nguard = [\"ours\"]\n\
        [[tasks.outer.steps]]\ntask = \"inner\"\nallow_failure = true\n\
        [tasks.inner]\nsummary = \"x\"\ndanger = \"destroy\"\nconfirm = \"all\"\n\
        [[tasks.inner.steps]]\nrun = [\"helm\", \"destroy\"]\nallow_failure = true\n\
        [[tasks.inner.finally]]\nrun = [\"helm\", \"destroy\", \"more\"]\n";
    let (tools, project) = project(tasks, &[json!({ "argv": ["helm", "ours"], "exit": 1 })]);
    project.run(&["outer", "--confirm", "all"]);
    assert!(!called(&tools).iter().any(|call| call.starts_with("destroy")), "{:?}", called(&tools));
}

#[test]
fn every_try_of_what_destroys_is_guarded() {
    let tasks = "[tasks.t]\nsummary = \"x\"\ndanger = \"destroy\"\nconfirm = \"all\"\nguard = [\"ours\"]\n\
        [[tasks.t.steps]]\nrun = [\"helm\", \"destroy\"]\nretry = { times = 3, backoff = \"1ms\" }\n";
    let (tools, project) = project(
        tasks,
        &[json!({ "argv": ["helm", "ours"], "exit": 1, "nth": 2 }), json!({ "argv": ["helm", "destroy"], "exit": 1 })],
    );
    project.run(&["t", "--confirm", "all"]).exits(1).says(&["not tried again", "It is ours"]);
    assert_eq!(called(&tools), ["ours", "destroy", "ours"]);
}

#[test]
fn what_has_tidied_up_is_not_gone_on_from() {
    let tasks = "[tasks.t]\nsummary = \"x\"\ndanger = \"change\"\n\
        [[tasks.t.steps]]\nrun = [\"helm\", \"down\"]\n[[tasks.t.steps]]\nrun = [\"helm\", \"migrate\"]\n\
        [[tasks.t.finally]]\nrun = [\"helm\", \"up\"]\n";
    let (tools, project) = project(tasks, &[json!({ "argv": ["helm", "migrate"], "exit": 1, "nth": 1 })]);
    let answer = project.run(&["t"]).exits(1);
    assert!(!answer.err.contains("--resume"), "{}", answer.err);
    project.run(&["t", "--resume"]).exits(4).says(&["tidied up", "refloat t   (all of it, anew)"]);
    assert_eq!(called(&tools), ["down", "migrate", "up"]);
}

#[test]
fn what_later_steps_need_of_a_destruction_is_not_made_up() {
    let tasks = "[tasks.t]\nsummary = \"x\"\ndanger = \"destroy\"\nconfirm = \"all\"\n\
        [[tasks.t.steps]]\nrun = [\"helm\", \"destroy\"]\nexpect = '(?P<what>fine)'\n\
        [[tasks.t.steps]]\ndanger = \"change\"\nrun = [\"helm\", \"use\", \"${what}\"]\n";
    let (tools, project) = project(tasks, &[json!({ "argv": ["helm", "use", "**"], "exit": 1 })]);
    project.run(&["t", "--confirm", "all"]).exits(7);
    project.run(&["t", "--resume"]).exits(4).says(&["found out what later steps need"]);
    assert_eq!(count(&tools, "destroy"), 1);
}

#[test]
fn an_upgrade_from_a_values_file_is_made_again_for_the_file_may_be_mended() {
    let tasks = "[tasks.t]\nsummary = \"x\"\ndanger = \"change\"\n\
        [[tasks.t.steps]]\nrun = [\"helm\", \"upgrade\", \"x\", \"-f\", \"v.yaml\"]\n\
        [[tasks.t.steps]]\nrun = [\"helm\", \"polish\"]\n";
    let (tools, project) = project(tasks, &[json!({ "argv": ["helm", "polish"], "exit": 1, "nth": 1 })]);
    project.run(&["t"]).exits(7);
    project.run(&["t", "--resume"]).exits(0);
    assert_eq!(count(&tools, "upgrade x -f v.yaml"), 2);
}

#[test]
fn the_command_that_goes_on_makes_no_second_recording() {
    let (_tools, project) = project(RENEW, &[json!({ "argv": ["helm", "build"], "exit": 1, "nth": 1 })]);
    let answer = project.run(&["--record", "r.jsonl", "renew", "--confirm", "all"]).exits(7);
    let answer = answer.says(&["next", "refloat renew --resume"]);
    assert!(!answer.err.contains("--record"), "{}", answer.err);
}

#[cfg(unix)]
#[test]
fn nothing_that_must_finish_begins_after_a_stop() {
    use std::time::{Duration, Instant};
    let tasks = "[tasks.t]\nsummary = \"x\"\ndanger = \"destroy\"\nconfirm = \"all\"\nguard = [\"ours\"]\n\
        [[tasks.t.steps]]\nrun = [\"helm\", \"destroy\"]\non_interrupt = \"finish\"\n";
    let slow = json!({ "argv": ["helm", "ours"], "ignore_signals": true, "hang_ms": 2500 });
    let (tools, project) = project(tasks, &[slow]);
    let child = project.command(&["t", "--confirm", "all"]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while tools.calls().is_empty() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(called(&tools), ["ours"]);
}
