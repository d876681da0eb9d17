//! Outside-in tests: one binary, a file per feature.

mod config;
mod layers;
mod process;
mod replay;
mod stub;
