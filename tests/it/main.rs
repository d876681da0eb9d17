//! Outside-in tests: one binary, a file per feature.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests meet the operating system themselves, and fail by panicking"
)]

mod app;
mod asks;
mod blocks;
#[cfg(unix)]
mod builds;
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
mod encodings;
mod fail_fast;
mod faults;
mod faults_files;
mod faults_names;
#[cfg(unix)]
mod faults_places;
#[cfg(unix)]
mod faults_terminal;
mod faults_tools;
mod formats;
mod guide;
mod half_way;
mod history;
mod hostile;
mod incident;
mod incident_closed;
mod incident_undone;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
mod ladder;
mod layers;
mod limits;
mod lint;
mod live;
mod lock;
mod lookup;
#[cfg(target_os = "linux")]
mod memory;
mod messages;
mod minikube_events;
mod noise;
mod operations;
mod outline;
mod pace;
mod page;
mod parity;
mod passed;
#[cfg(unix)]
mod places;
mod planted;
mod portable;
mod preflight;
mod preview;
mod process;
mod progress_sources;
#[cfg(unix)]
mod pty;
mod readme;
mod real_texts;
mod rebuild;
mod recording_cli;
mod redacted;
mod replay;
#[cfg_attr(not(unix), allow(dead_code, unused_imports, reason = "its tests kill, and others borrow its cluster"))]
mod resume;
mod resume_rules;
mod resume_traps;
mod rollout;
mod rounds;
mod runbook;
mod safe;
mod scan;
#[cfg(unix)]
mod scarce;
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
mod suspending;
#[cfg(unix)]
mod terminal;
mod tools;
mod trial;
mod trust;
mod unreadable;
#[cfg(unix)]
mod view;
mod watch;
mod whole_way;
mod wordings;
