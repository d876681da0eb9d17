//! What the loader is given, and what it gives back. It reads nothing by itself.

use crate::model::catalog::Catalog;
use std::path::PathBuf;

/// Everything that decides what a `tasks.toml` means on this machine, in this call.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    /// `tasks.toml`.
    pub file: Source,
    /// `tasks.local.toml`, when there is one.
    pub local: Option<Source>,
    /// The environment; only `REFLOAT_VAR_*` is looked at.
    pub env: Vec<(String, String)>,
    /// `--set name=value`, in the order given.
    pub sets: Vec<(String, String)>,
    /// The system whose overrides apply.
    pub os: Os,
    /// Ids of the built-in symptoms.
    pub known_symptoms: &'a [&'a str],
    /// Colours in the report of errors.
    pub color: bool,
}

/// A file, read by somebody else.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// How messages name it.
    pub shown: String,
    /// Its bytes.
    pub text: Vec<u8>,
}

/// The systems that a step may differ on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Os {
    /// Windows.
    Windows,
    /// macOS.
    Macos,
    /// Linux, and every other Unix.
    Linux,
}

impl Os {
    /// All of them: a file is right for all of them or wrong.
    pub const ALL: [Self; 3] = [Self::Windows, Self::Macos, Self::Linux];

    /// From the name that Rust gives it (`std::env::consts::OS`).
    pub fn named(name: &str) -> Self {
        match name {
            "windows" => Self::Windows,
            "macos" => Self::Macos,
            _ => Self::Linux,
        }
    }

    /// The tables that apply on it, weakest first.
    pub fn layers(self) -> &'static [&'static str] {
        match self {
            Self::Windows => &["windows"],
            Self::Macos => &["unix", "macos"],
            Self::Linux => &["unix", "linux"],
        }
    }

    /// Its own key in the file.
    pub fn key(self) -> &'static str {
        match self {
            Self::Windows => "windows",
            Self::Macos => "macos",
            Self::Linux => "linux",
        }
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Windows => "Windows",
            Self::Macos => "macOS",
            Self::Linux => "Linux",
        }
    }
}

/// A file that holds no error.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it says.
    pub catalog: Catalog,
    /// What a person should know; one line each.
    pub warnings: Vec<String>,
}
