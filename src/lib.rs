//! `refloat` puts a grounded Helm deployment back afloat.
//!
//! This page is the map of the house. Data flows one way:
//!
//! `tasks.toml` → [`config`] → [`model::catalog`] → [`plan`] → [`run`] → [`model::event`] → [`report`]
//!
//! [`classify`] turns text into findings and does no I/O. [`adapter`] is the operating system.
//! [`app`] is the only place that sees everything. `tests/it/layers.rs` holds these borders.

/// Words for people: plurals, durations, "did you mean".
pub mod text;

/// What went wrong, which exit code that is, and what to type next.
pub mod error;

/// What the engine asks of the world: the traits that [`adapter`] fulfils.
pub mod port;

/// A task made concrete: what will run, in which order, behind which gates. Nothing has run yet.
pub mod plan;

/// The built-in symptoms (`src/catalog/*.toml`), embedded.
pub mod catalog;

/// Plain types. They know only each other.
pub mod model {
    pub mod catalog;
    pub mod command;
    pub mod event;
    pub mod finding;
    pub mod pattern;
    pub mod step;
    pub mod template;
}

/// `tasks.toml`: text with places → a catalog in which nothing dangles, or every error at once.
pub mod config {}

/// Text in, findings out. Pure, on bytes.
pub mod classify {
    mod command;
    pub mod diagnose;
    mod facts;
    mod heads;
    mod literals;
    mod marks;
    mod page;
    mod rank;
    pub mod recording;
    pub mod rules;
    mod scan;
    mod settle;
    mod sources;
    mod table;
    mod telling;
    mod wording;
}

/// The loop: a planned step becomes events. Secrets are removed before an event exists.
pub mod run {}

/// Events and answers, rendered.
pub mod report {}

/// The operating system: the only place with `#[cfg(windows)]`, processes, files, clocks.
pub mod adapter {}

/// The command line's types.
pub mod cli;

/// The composition root: parse, wire, exit code.
pub mod app;
