//! `refloat` puts a grounded Helm deployment back afloat.
//!
//! This page is the map of the house. Data flows one way:
//!
//! `tasks.toml` → [`config`] → [`model::catalog`] → [`plan`] → [`run`] → [`model::event`] → [`report`]
//!
//! [`classify`] turns text into findings and [`progress`] into how far a call is; neither does I/O. [`adapter`] is the operating system.
//! [`app`] is the only place that sees everything. `tests/it/layers.rs` holds these borders.

/// Words for people: plurals, durations, "did you mean".
pub mod text;

/// What went wrong, which exit code that is, and what to type next.
pub mod error;

/// What the engine asks of the world: the traits that [`adapter`] fulfils.
pub mod port;

/// A task made concrete: what will run, in which order, behind which gates. Nothing has run yet.
pub mod plan {
    mod args;
    pub mod build;
    pub mod checks;
    pub mod clusters;
    pub mod exchange;
    mod gate;
    pub mod hide;
    pub mod limits;
    pub mod types;
    mod values;

    pub use build::{alone, build};
    pub use hide::{Hide, ReadSecrets};
    pub use types::*;
}

/// The built-in symptoms (`src/catalog/*.toml`), embedded.
pub mod catalog;

/// Plain types. They know only each other.
pub mod model {
    pub mod argv;
    pub mod catalog;
    pub mod cause;
    pub mod command;
    pub mod comparison;
    pub mod danger;
    pub mod event;
    pub mod exchange;
    pub mod finding;
    pub mod incident;
    pub mod json_path;
    pub mod lint;
    pub mod pattern;
    pub mod quantity;
    pub mod step;
    pub mod symptom;
    pub mod template;
    pub mod trial;
    pub mod usual;
    pub mod value;
}

/// `tasks.toml`: text with places → a catalog in which nothing dangles, or every error at once.
pub mod config {
    pub mod book;
    pub mod calls;
    pub mod checks;
    pub mod decode;
    pub mod fault;
    pub mod filling;
    pub mod format;
    mod format_app;
    pub mod graph;
    pub mod incident;
    pub mod input;
    pub mod load;
    pub mod names;
    pub mod operations;
    pub mod patterns;
    pub mod redact;
    pub mod rules;
    pub mod schema;
    pub mod scope;
    pub mod shape;
    pub mod spots;
    pub mod steps;
    pub mod symptoms;
    pub mod syntax;
    pub mod targets;
    pub mod tasks;
    pub mod tools;
    pub mod tree;
    pub mod vars;
    pub mod walk;

    pub use input::{Input, Loaded, Os, Source};
    pub use load::{load, load_to_lint};
    pub use schema::schema;
}

/// Text in, findings out. Pure, on bytes.
pub mod classify {
    pub mod answers;
    mod cells;
    /// What the last revision changed, and whether going back helps.
    pub mod changes {
        mod calls;
        mod diff;
        mod families;
        mod fields;
        mod history;
        pub mod join;
        mod masks;
        mod parts;
        #[cfg(test)]
        mod properties;
        mod relation;
        mod rollback;
        pub(crate) mod tree;
    }
    mod command;
    pub(crate) mod decode;
    pub mod diagnose;
    mod eventrow;
    mod facts;
    mod focus;
    mod glance;
    mod group;
    mod header;
    mod heads;
    mod jsonlog;
    mod level;
    /// What is wrong with the symptoms themselves.
    pub mod lint {
        mod advice;
        mod all;
        mod bench;
        mod examples;
        mod graph;
        mod missing;
        mod patterns;
        mod possible;
        mod shadow;
        mod unescaped;

        pub use all::lint;
    }
    mod literals;
    mod loglines;
    mod marks;
    mod minikube;
    mod page;
    mod podrow;
    mod prefix;
    mod rank;
    pub mod reading;
    pub mod recording;
    mod rejoin;
    pub mod rollout;
    mod rollout_rows;
    pub mod rules;
    pub mod sample;
    mod scan;
    mod search;
    mod settle;
    mod sieve;
    mod signs;
    mod sources;
    mod stamp;
    mod table;
    mod telling;
    mod text;
    pub mod warnings;
    mod wording;
    mod wrap;
}

/// What tools print while they work, read as how far they are. Pure, on bytes.
pub mod progress {
    mod buildkit;
    mod classic;
    mod count;
    mod docker;
    pub mod meter;
    mod minikube;
    pub mod parts;
    mod pattern;
    #[cfg(test)]
    mod properties;
    mod rollout;
    mod tool;

    pub use meter::{Meter, Reading, Unit};
}

/// The loop: a planned step becomes events. Secrets are removed before an event exists.
pub mod run {
    pub mod aside;
    pub mod ask;
    pub mod attempt;
    pub mod block;
    pub mod call;
    pub mod capture;
    pub mod clean;
    pub mod compare;
    pub mod console;
    pub mod desk;
    pub mod engine;
    #[cfg(test)]
    mod engine_tests;
    pub mod evidence;
    pub mod exchange;
    pub mod exchange_answer;
    pub mod exchange_config;
    pub mod exchange_judge;
    pub mod exchange_show;
    mod fail_fast;
    mod fail_fast_look;
    pub mod gate;
    pub mod holds;
    pub mod judge;
    pub mod learn;
    pub mod lines;
    pub mod listen;
    pub mod live;
    mod manifest;
    mod marks;
    mod order;
    pub mod outline;
    pub mod past;
    pub mod redact;
    mod redact_keys;
    mod redact_literals;
    pub mod redact_mask;
    mod redact_messages;
    mod redact_public;
    mod redact_shapes;
    pub mod redact_stream;
    #[cfg(test)]
    mod redact_tests;
    mod redact_value;
    mod redact_words;
    pub mod room;
    mod room_text;
    pub mod rounds;
    pub mod scope;
    pub mod secrets;
    pub mod step;
    #[cfg(test)]
    mod step_tests;
    #[cfg(test)]
    pub(crate) mod testing;
    pub mod tools;
    mod watching;
    pub mod wide;
    pub mod world;
}

/// Events and answers, rendered.
pub mod report {
    pub mod chain;
    pub mod changes;
    pub mod conditions;
    pub mod confirmed;
    pub mod diagnosis;
    pub mod doctor;
    pub mod exchange;
    pub mod explain;
    pub mod failure;
    pub mod fanout;
    pub mod history;
    pub mod incident;
    pub mod journal;
    pub mod jsonl;
    pub mod layout;
    pub mod lint;
    pub mod listing;
    pub mod parity;
    pub mod plain;
    pub mod plan;
    pub mod plan_diff;
    pub mod plan_json;
    pub mod progress;
    pub mod quote;
    pub mod quoting;
    pub mod render;
    #[cfg(test)]
    pub(crate) mod samples;
    pub mod scan;
    pub mod show;
    pub mod style;
    pub mod summary;
    pub mod trial;
    pub mod usual;
    pub mod variables;
    /// The view of a run at a terminal, as text: what runs, what is still to come, how far it is.
    pub mod view {
        pub mod amount;
        pub mod live;
        pub mod overall;
        mod row;
        pub mod screen;
        pub mod taskbar;
        pub mod telling;
        pub mod tree;
    }
}

/// The operating system: the only place with `#[cfg(windows)]`, processes, files, clocks.
pub mod adapter {
    pub mod chance;
    pub mod clock;
    pub mod crash;
    pub mod files;
    pub mod home;
    pub mod interrupt;
    pub mod lock;
    pub mod lookup;
    #[cfg(unix)]
    #[path = "os_unix.rs"]
    mod os;
    #[cfg(windows)]
    #[path = "os_windows.rs"]
    mod os;
    pub mod pace;
    pub mod person;
    pub mod process;
    pub mod record;
    pub mod replay;
    pub mod state;
    pub mod taskbar;
    pub mod terminal;
    pub mod trust;
    mod watch;
    pub mod who;
    pub mod whole;
    mod workflow;
}

/// The command line's types.
pub mod cli;

/// The composition root: parse, wire, exit code.
pub mod app {
    mod advice;
    mod aftermath;
    mod changes;
    mod clean;
    mod confirm;
    mod confirming;
    mod context;
    mod diagnose;
    mod doctor;
    mod explain;
    mod incident;
    mod incidents;
    mod input;
    mod inspect;
    mod keeping;
    mod learn;
    mod lint;
    mod load;
    mod lock;
    mod preview;
    mod resume;
    mod scan;
    mod start;
    mod tape;
    mod task;
    mod trial;
    mod trust;
    mod usual;
    mod watched;

    pub use start::start;
}
