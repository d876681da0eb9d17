//! From the command line to the exit code.

use super::context::{Context, write_all};
use super::{diagnose, doctor, explain, incident, inspect, learn, lint, scan, task, trial};
use crate::adapter::terminal::Out;
use crate::cli::{Cli, Command, Format};
use crate::error::{Code, Failure};
use crate::report::failure;
use clap::Parser;
use clap::error::ErrorKind;
use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program with `arguments`, the program's name first.
pub fn start(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let Cli { command, run, global } = cli;
    let context = Context::new(global);
    let is_task = command.is_none() && run.task.is_some() && !run.is_scan();
    let done = match (command, run.task.is_some()) {
        _ if context.global.format == Format::Markdown && !is_task => {
            Err(Failure::new(Code::Usage, "only a task that compares two targets can be told in Markdown")
                .hint("--format json, or without --format"))
        }
        (Some(_), true) => Err(Failure::new(
            Code::Usage,
            "a task and a command at once; a task's argument that is named like a command goes behind `--`",
        )),
        // The task of that name takes no such argument.
        (None, true) if run.is_scan() => scan::scan(&context, run.args.get(1..).unwrap_or_default()),
        (None, true) => task::run(&context, &run),
        (None, false) | (Some(Command::List), _) => inspect::list(&context),
        (Some(Command::Show { task }), _) => inspect::show(&context, &task),
        (Some(Command::Diagnose { path, no_confirm }), _) => diagnose::diagnose(&context, path.as_deref(), !no_confirm),
        (Some(Command::Explain { words }), _) => explain::explain(&context, &words),
        (Some(Command::Check { names }), _) => task::check(&context, &names),
        (Some(Command::Doctor), _) => doctor::doctor(&context),
        (Some(Command::History { run }), _) => inspect::history(&context, run.as_deref()),
        (Some(Command::Incident { what }), _) => incident::incident(&context, what.as_ref()),
        (Some(Command::Lint { strict, built_in }), _) => lint::lint(&context, strict, built_in),
        (Some(Command::Test { dir }), _) => trial::test(&context, &dir),
        (Some(Command::Schema), _) => inspect::schema(),
        (Some(Command::Help { topic }), _) => inspect::help(&context, topic.as_deref()),
    };
    match done {
        Ok(code) => ExitCode::from(code as u8),
        Err(failure) => {
            tell(&context, &failure);
            ExitCode::from(failure.code as u8)
        }
    }
}

fn tell(context: &Context, failure: &Failure) {
    if failure.silent {
        return;
    }
    let failure = &learn::harmless(failure);
    // The story goes to standard error, also as data: standard output stays an answer or empty.
    let text = match context.global.format {
        Format::Human | Format::Markdown => failure::text(failure, &context.err_look()),
        Format::Json | Format::Jsonl => format!("{}\n", failure::json(failure)),
    };
    let _ = write_all(&mut Out::stderr(), &text);
}

/// Help and version are answers; everything else that clap says is a usage error.
fn usage(error: &clap::Error) -> ExitCode {
    let code = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Code::Done,
        _ => Code::Usage,
    };
    // What it quotes of the command line may be a secret.
    let told = error.render().to_string();
    let harmless = learn::harmless(&Failure::new(code, told.trim_end())).message;
    if code != Code::Done && harmless != told.trim_end() {
        let _ = write_all(&mut Out::stderr(), &format!("{harmless}\n"));
        return ExitCode::from(code as u8);
    }
    match error.print() {
        Ok(()) => ExitCode::from(code as u8),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::from(code as u8),
        Err(_) => ExitCode::from(Code::Unwritable as u8),
    }
}
