//! Outside-in tests: one binary, a file per feature.

mod config;
mod diagnosis;
mod drills;
mod hostile;
#[cfg(unix)]
mod interrupt;
mod layers;
mod lookup;
mod process;
mod replay;
mod runbook;
mod scripted;
#[cfg(unix)]
mod stops;
mod stub;
mod support;
mod tools;
