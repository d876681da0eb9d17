//! A tool that prints without end: what we need for it, and what is left of it.

use super::steps::{project, rule};
use super::stub::Tools;
use super::support::Project;
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;

/// Largest peak that is allowed, in KiB.
const MOST: u64 = 100 * 1024;

/// More than an evidence file holds, and little enough for a debug build.
const FLOOD: u64 = 80_000_000;

/// The peak of resident memory of a run, in KiB, read until it ends; its exit code.
fn peak(project: &Project, args: &[&str]) -> (u64, i32) {
    let mut command = project.command(args);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    for _ in 0..60_000 {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(peak > 0, "it ended before it could be asked");
            return (peak, status.code().unwrap());
        }
        let told = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let now = told.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(now.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    panic!("it hangs");
}

fn run(answer: Value) -> (Project, Value) {
    let tools = Tools::new().rule(rule(&["helm", "go"], answer));
    let project = project("[[tasks.t.steps]]\nrun = [\"helm\", \"go\"]\nsave = \"flood.txt\"\n", &tools);
    let (peak, code) = peak(&project, &["t"]);
    assert_eq!(code, 0);
    assert!(peak < MOST, "{peak} KiB");
    eprintln!("peak of resident memory: {peak} KiB");
    let ended = project.finished("1");
    (project, ended)
}

#[test]
fn a_flood_of_lines_is_bounded_in_memory_and_in_the_evidence_and_what_is_lost_is_counted() {
    let (project, ended) = run(json!({ "bytes": FLOOD, "stdout": "the end\n" }));
    let evidence = &project.evidence()["flood.txt"];
    assert!(evidence.len() <= 64 << 20 | 100, "{} bytes", evidence.len());
    assert!(evidence.len() > 63 << 20, "{} bytes", evidence.len());
    assert!(evidence.starts_with("xxxx") && evidence.ends_with("\nthe end\n"));
    let dropped = ended["dropped"].as_u64().unwrap();
    assert!(evidence.contains(&format!("\n[{dropped} bytes not kept]\n")), "the file says {dropped}");
    let said = format!("\n[{dropped} bytes not kept]\n").len() as u64;
    assert_eq!(evidence.len() as u64 - said + dropped, FLOOD + "the end\n".len() as u64);
}

#[test]
fn a_line_without_an_end_is_bounded_too() {
    let (project, ended) = run(json!({ "bytes": FLOOD, "without_lines": true }));
    let evidence = &project.evidence()["flood.txt"];
    assert!(evidence.len() < 1 << 20, "{} bytes", evidence.len());
    assert!(evidence.contains("bytes more, not kept]"));
    assert!(ended["dropped"].as_u64().unwrap() > FLOOD - (1 << 20), "{ended}");
}

#[test]
fn what_fits_the_evidence_is_not_said_to_be_lost() {
    // More than is kept in memory for the patterns, less than the file holds.
    let (project, ended) = run(json!({ "bytes": 10_000_000 }));
    assert_eq!(project.evidence()["flood.txt"].len(), 10_000_000);
    assert_eq!(ended["dropped"], Value::Null, "{ended}");
}
