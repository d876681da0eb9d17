//! Outside-in tests: one binary, a file per feature.

#[cfg(unix)]
mod interrupt;
mod lookup;
mod process;
mod replay;
mod stub;
