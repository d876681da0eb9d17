//! The command line's types. Parsing only: nothing here reads a file or starts a process.

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Puts a grounded Helm deployment back afloat.
///
/// Runs the tasks that tasks.toml declares, and names the root cause when a deployment breaks.
/// Without arguments: the list of tasks.
#[derive(Debug, Parser)]
#[command(name = "refloat", version, disable_help_subcommand = true)]
#[command(override_usage = "refloat TASK [ARGS] [OPTIONS]\n       refloat COMMAND")]
#[command(
    after_help = "refloat evidence scan PATH: do these files hold a secret?\n\nExit codes: 0 done, 1 a step failed, 2 usage, 3 findings, 4 refused or not confirmed, \
5 tool missing or too old,\n6 locked, 7 stopped half-way, 70 bug, 74 output not written, 78 tasks.toml is wrong, \
124 timed out, 129/130/131/143 signals"
)]
pub struct Cli {
    /// One of the built-in commands.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// A task to run.
    #[command(flatten)]
    pub run: RunArgs,
    /// Options that every command takes.
    #[command(flatten)]
    pub global: Global,
}

/// A task and how to run it.
#[derive(Debug, Args, Default)]
pub struct RunArgs {
    /// The task to run
    pub task: Option<String>,
    /// Its arguments: in order, or as name=value
    pub args: Vec<String>,
    /// Go on with the last run of this task that did not come to its end
    #[arg(long, conflicts_with = "dry_run")]
    pub resume: bool,
    /// When it fails, run the task that its `on_failure` names, unasked
    #[arg(long)]
    pub rollback_on_failure: bool,
    /// Show what would run, to the last argument, and run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Answer yes to yes-or-no questions (never enough for a task that destroys)
    #[arg(long)]
    pub yes: bool,
    /// Type the name that a task asks for
    #[arg(long, value_name = "NAME")]
    pub confirm: Vec<String>,
    /// Trust this task file until it changes, without being asked
    #[arg(long)]
    pub trust: bool,
}

impl RunArgs {
    /// `evidence scan PATH`: built in, although `evidence` may be a task.
    pub fn is_scan(&self) -> bool {
        self.task.as_deref() == Some("evidence") && self.args.first().is_some_and(|word| word == "scan")
    }
}

/// Options that every command takes.
#[derive(Debug, Args, Default)]
pub struct Global {
    /// The task file [default: tasks.toml here or in a folder above]
    #[arg(short = 'f', long, value_name = "FILE", global = true)]
    pub file: Option<PathBuf>,
    /// Give a variable another value
    #[arg(long, value_name = "NAME=VALUE", global = true)]
    pub set: Vec<String>,
    /// How to answer
    #[arg(long, value_enum, default_value_t, global = true)]
    pub format: Format,
    /// When to use colour
    #[arg(long, value_enum, default_value_t, global = true)]
    pub color: When,
    /// Say less
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Show the tools' output as it comes
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Write every tool call of the run, redacted, to a new file
    #[arg(long, value_name = "FILE", global = true, conflicts_with = "replay")]
    pub record: Option<PathBuf>,
    /// Answer every tool call from a recording; nothing real is touched
    #[arg(long, value_name = "FILE", global = true)]
    pub replay: Option<PathBuf>,
    /// How fast the recording answers: 0 at once, 1x as it was, 10x ten times as fast [default: 0]
    #[arg(long, value_name = "SPEED", global = true, requires = "replay", value_parser = pace)]
    pub pace: Option<f64>,
}

/// `1x`, `2.5x`, `10`; 0 is at once.
fn pace(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('x').unwrap_or(text);
    match number.parse::<f64>() {
        Ok(pace) if (0.01..=1000.0).contains(&pace) || pace == 0.0 => Ok(pace),
        _ => Err("a speed is 0 (at once), or from 0.01x to 1000x".to_owned()),
    }
}

/// The built-in commands. A task may not take one of these names.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The tasks by group, and how the last run ended
    List,
    /// A task in full: parameters, gates, steps, variables and where their values come from
    Show {
        /// The task
        task: String,
    },
    /// Name what is wrong: live, or in a file, a folder, a recording, or - for standard input
    Diagnose {
        /// Evidence to read; none asks the cluster
        path: Option<PathBuf>,
        /// Ask the cluster no confirming checks
        #[arg(long)]
        no_confirm: bool,
    },
    /// A symptom in full: cause, fixes, the texts it is known by; or what a message means
    Explain {
        /// A symptom's id, a family, or a message or status as a tool prints it; none lists all symptoms
        words: Vec<String>,
    },
    /// Ask checks now; without a name all, but not those that only decide what runs
    Check {
        /// The checks
        names: Vec<String>,
    },
    /// Are the tools there, and new enough? Which variables hold what?
    Doctor,
    /// Earlier runs, newest first; or one of them, step by step
    History {
        /// A run's id, or the start of one
        run: Option<String>,
    },
    /// The failure that is being worked on: what is known, and what is still to do
    Incident {
        /// What to do with it; shows the open one unless given
        #[command(subcommand)]
        what: Option<IncidentCommand>,
    },
    /// Are the symptoms, built-in and your own, free of mistakes?
    Lint {
        /// Warnings count as errors
        #[arg(long)]
        strict: bool,
        /// The built-in ones alone, as if there were no task file
        #[arg(long, conflicts_with = "file")]
        built_in: bool,
    },
    /// Diagnose labelled samples, and tell which are not named as they should be
    Test {
        /// The folder with samples.toml
        dir: PathBuf,
    },
    /// The JSON Schema of tasks.toml
    Schema,
    /// This help; or a task's, as `show` gives it
    Help {
        /// The task, or a built-in command
        topic: Option<String>,
    },
}

/// What is done with an incident.
#[derive(Debug, Subcommand)]
pub enum IncidentCommand {
    /// All incidents, newest first
    List,
    /// One in full
    Show {
        /// Its id, or the start of it
        id: String,
    },
    /// Record the root cause of the open one
    Cause {
        /// The cause, in words; with --accept the finding to accept
        text: Vec<String>,
        /// Accept the root cause that the newest diagnosis named
        #[arg(long)]
        accept: bool,
    },
    /// Write something down
    Note {
        /// What
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// Open one by hand
    Open {
        /// Why
        text: Vec<String>,
    },
    /// Close the open one: its cause is on record, and a validation has passed since
    Close,
    /// End a drill as it is; for those that --replay plays
    Drop,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// One JSON document
    Json,
    /// One JSON object a line, as it happens
    Jsonl,
    /// For a ticket: what a comparison of two targets came to
    Markdown,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum When {
    /// On a terminal, unless NO_COLOR says otherwise
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The help of a built-in command, or of all; `None` when `topic` is none.
pub fn help(topic: Option<&str>) -> Option<String> {
    let mut all = Cli::command();
    // Gives every command the whole name that its usage line shows.
    all.build();
    let command = match topic {
        Some(topic) => all.find_subcommand_mut(topic)?,
        None => &mut all,
    };
    Some(command.render_long_help().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_topic_has_help_of_its_own_only_when_it_is_a_command() {
        assert!(help(None).unwrap().contains("Exit codes"));
        assert!(help(Some("history")).unwrap().contains("Usage: refloat history"));
        assert_eq!(help(Some("rollback")), None);
    }

    #[test]
    fn a_task_and_a_command_are_told_apart() {
        let cli = Cli::try_parse_from(["refloat", "rollback", "3", "--dry-run", "--set", "a=b"]).unwrap();
        assert_eq!(cli.run.task.as_deref(), Some("rollback"));
        assert_eq!(cli.run.args, ["3"]);
        assert!(cli.run.dry_run && cli.command.is_none());
        let cli = Cli::try_parse_from(["refloat", "--format", "json", "diagnose", "x.jsonl"]).unwrap();
        assert!(matches!(cli.command, Some(Command::Diagnose { path: Some(_), no_confirm: false })));
        assert_eq!(cli.global.format, Format::Json);
        let cli = Cli::try_parse_from(["refloat", "--replay", "x.jsonl", "evidence"]).unwrap();
        assert_eq!(cli.run.task.as_deref(), Some("evidence"));
        assert!(cli.global.replay.is_some());
    }
}
