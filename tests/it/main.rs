//! Outside-in tests: one binary, a file per feature.

#[cfg(unix)]
mod interrupt;
mod lookup;
mod process;
mod replay;
#[cfg(unix)]
mod stops;
mod stub;
