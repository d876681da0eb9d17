//! `refloat`: see the library for the map of the house.

use std::process::ExitCode;

fn main() -> ExitCode {
    refloat::adapter::crash::install();
    refloat::app::start(std::env::args_os())
}
