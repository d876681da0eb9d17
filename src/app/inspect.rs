//! The commands that look: list, show, history, schema.

use super::context::{Context, write_all};
use super::learn;
use super::load;
use crate::adapter::files;
use crate::adapter::state::State;
use crate::adapter::terminal::Out;
use crate::cli;
use crate::config;
use crate::error::{Code, Failure};
use crate::report::history::{self, Journal};
use crate::report::{listing, show};

/// A journal of more than this is not one of ours.
const MAX_JOURNAL: u64 = 256 << 20;

/// `refloat` and `refloat list`.
pub(super) fn list(context: &Context) -> Result<Code, Failure> {
    let catalog = load::catalog(context)?;
    let last = runs(&load::state(&catalog))?.find_map(|journal| journal.row());
    let line = last.as_ref().map(history::last_run);
    let look = context.out_look();
    learn::answer(context, &catalog, || listing::text(&catalog, line.as_deref(), &look), || listing::json(&catalog))?;
    Ok(Code::Done)
}

/// `refloat show TASK`.
pub(super) fn show(context: &Context, name: &str) -> Result<Code, Failure> {
    let catalog = load::catalog(context)?;
    let task = load::task(&catalog, Some("show"), name)?;
    let look = context.out_look();
    learn::answer(context, &catalog, || show::text(&catalog, task, &look), || show::json(&catalog, task))?;
    Ok(Code::Done)
}

/// `refloat help [TOPIC]`: a command's help, or what `show` says of a task.
pub(super) fn help(context: &Context, topic: Option<&str>) -> Result<Code, Failure> {
    match (cli::help(topic), topic) {
        (None, Some(task)) => show(context, task),
        (text, _) => {
            write_all(&mut Out::stdout(), &text.unwrap_or_default())?;
            Ok(Code::Done)
        }
    }
}

/// `refloat history [RUN]`.
pub(super) fn history(context: &Context, run: Option<&str>) -> Result<Code, Failure> {
    // What was done can be read whatever has become of the task file since.
    let state = load::state_here(context)?;
    let Some(run) = run else {
        let rows: Vec<_> = runs(&state)?.filter_map(|journal| journal.row()).collect();
        context.answer(|| history::text(&rows, &context.out_look()), || history::json(&rows))?;
        return Ok(Code::Done);
    };
    let entries = state.list_runs().map_err(|error| unreadable(&error))?;
    let mut found = entries.iter().filter(|entry| entry.id.starts_with(run));
    let entry = match (found.next(), found.next()) {
        (Some(entry), None) => entry,
        (None, _) => {
            return Err(Failure::new(Code::Usage, format!("there is no run `{run}`")).hint("refloat history"));
        }
        (Some(_), Some(_)) => {
            return Err(
                Failure::new(Code::Usage, format!("more than one run begins with `{run}`")).hint("refloat history")
            );
        }
    };
    let bytes = files::read_capped(&entry.journal, MAX_JOURNAL).map_err(|error| unreadable(&error))?;
    let journal = Journal { running: entry.is_running(), ..Journal::read(&bytes) };
    context.answer(
        || journal.story(context.out_look(), context.verbosity()).err,
        || serde_json::json!({ "schema": 1, "run": entry.id, "events": journal.events }),
    )?;
    Ok(Code::Done)
}

/// `refloat schema`.
pub(super) fn schema() -> Result<Code, Failure> {
    write_all(&mut Out::stdout(), &format!("{:#}\n", config::schema()))?;
    Ok(Code::Done)
}

/// Newest first, each read when it is asked for.
fn runs(state: &State) -> Result<impl Iterator<Item = Journal> + use<>, Failure> {
    let entries = state.list_runs().map_err(|error| unreadable(&error))?;
    // A run folder without a readable journal was cut off before its first event.
    Ok(entries.into_iter().filter_map(|entry| {
        let bytes = files::read_capped(&entry.journal, MAX_JOURNAL).ok()?;
        let journal = Journal::read_steps(&bytes);
        if journal.row().is_some_and(|row| row.outcome.is_none()) {
            // How far it came, its last line of output tells.
            return Some(Journal { running: entry.is_running(), ..Journal::read(&bytes) });
        }
        Some(journal)
    }))
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::new(Code::Unwritable, format!("the earlier runs cannot be read: {error}"))
}
