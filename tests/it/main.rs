//! Outside-in tests: one binary, a file per feature.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests meet the operating system themselves, and fail by panicking"
)]

mod blocks;
mod canary;
mod catalog_apps;
mod catalog_tools;
mod changes;
mod config;
mod confirmations;
mod confirming;
mod diagnose_cli;
mod diagnosis;
mod distractors;
mod docs;
mod drift;
mod drills;
mod dry_run;
mod emergency;
mod faults;
mod faults_files;
mod faults_names;
#[cfg(unix)]
mod faults_places;
#[cfg(unix)]
mod faults_terminal;
mod faults_tools;
mod formats;
mod history;
#[cfg(unix)]
mod half_way;
mod hostile;
#[cfg(unix)]
mod interrupt;
mod layers;
mod lint;
mod lookup;
mod noise;
mod passed;
#[cfg(unix)]
mod places;
mod planted;
mod portable;
mod process;
#[cfg(unix)]
mod pty;
mod readme;
mod recording_cli;
mod redacted;
mod replay;
#[cfg(unix)]
mod resume;
mod resume_rules;
mod runbook;
mod scan;
mod screens;
mod scripted;
mod secrets;
mod steps;
#[cfg(unix)]
mod stopping;
#[cfg(unix)]
mod stops;
mod stub;
mod support;
#[cfg(unix)]
mod terminal;
mod tools;
mod trial;
mod trust;
mod wordings;
