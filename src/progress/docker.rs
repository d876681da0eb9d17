//! `docker build`: which of the two builders is at work shows in its first lines.
//!
//! BuildKit prints to standard error, the classic builder to standard output. What is built may print
//! anything, so lines of the other builder are not read once one of them has shown itself.

use super::buildkit::BuildKit;
use super::classic::Classic;
use super::meter::Reading;

/// One build.
#[derive(Debug, Default)]
pub(super) enum Docker {
    /// Nothing seen yet.
    #[default]
    Unknown,
    /// The classic builder.
    Classic(Classic),
    /// BuildKit.
    BuildKit(BuildKit),
}

impl Docker {
    /// Takes a line. Does it change something?
    pub(super) fn line(&mut self, line: &[u8]) -> bool {
        match self {
            Self::Classic(classic) => return classic.line(line),
            Self::BuildKit(buildkit) => return buildkit.line(line),
            Self::Unknown => {}
        }
        let mut classic = Classic::default();
        let mut buildkit = BuildKit::default();
        if classic.line(line) {
            *self = Self::Classic(classic);
        } else if buildkit.line(line) {
            *self = Self::BuildKit(buildkit);
        } else {
            return false;
        }
        true
    }

    /// The build succeeded.
    pub(super) fn complete(&mut self) {
        match self {
            Self::Classic(classic) => classic.complete(),
            Self::BuildKit(buildkit) => buildkit.complete(),
            Self::Unknown => {}
        }
    }

    pub(super) fn reading(&self) -> Reading {
        match self {
            Self::Classic(classic) => classic.reading(),
            Self::BuildKit(buildkit) => buildkit.reading(),
            Self::Unknown => Reading::default(),
        }
    }
}
