//! Finds and reads the task file.

use super::context::Context;
use super::trust::{self, Content};
use crate::adapter::files;
use crate::adapter::state::State;
use crate::catalog;
use crate::cli::Cli;
use crate::config::spots::Spots;
use crate::config::{self, Input, Loaded, Os, Source};
use crate::error::{Code, Failure};
use crate::model::catalog::Catalog;
use crate::model::step::Task;
use crate::plan::build;
use crate::text;
use clap::CommandFactory;
use std::path::{Path, PathBuf};

/// A task file of more than this is none.
const MAX_FILE: u64 = 4 << 20;

/// What belongs to one person, beside the task file.
const LOCAL: &str = "tasks.local.toml";

/// Reads the task file that the command line names, or the nearest one.
///
/// # Errors
/// [`Code::Usage`]: none found, or a bad `--set`. [`Code::Config`]: its errors, all of them.
pub(super) fn catalog(context: &Context) -> Result<Catalog, Failure> {
    let path = find(context)?;
    let loaded = with(context, &read(&path)?, config::load)?;
    trust::warn(context, &parts(&path));
    Ok(told(context, loaded))
}

/// The same, to run something of it.
///
/// # Errors
/// As [`catalog`]; [`Code::Refused`]: somebody else could have written it.
pub(super) fn to_act(context: &Context) -> Result<Catalog, Failure> {
    to_run(context, false).map(|(catalog, _)| catalog)
}

/// The same, with what it takes to know the file again. Where nothing real will be touched (a dry
/// run, a recording) a file of somebody else is told and not refused.
///
/// # Errors
/// As [`to_act`].
pub(super) fn to_run(context: &Context, only_shows: bool) -> Result<(Catalog, Content), Failure> {
    let path = find(context)?;
    let text = read(&path)?;
    let loaded = with(context, &text, config::load)?;
    if only_shows || context.global.replay.is_some() {
        trust::warn(context, &parts(&path));
    } else {
        trust::hold(context, &parts(&path))?;
    }
    let content = Content::of(&path, &text.file.text, text.local.as_ref().map(|local| local.text.as_slice()));
    Ok((told(context, loaded), content))
}

/// The same, when there is one, for its symptoms to be linted.
///
/// # Errors
/// As [`catalog`]; a file named with `-f` is missing.
pub(super) fn to_lint(context: &Context) -> Result<Option<(Catalog, Spots)>, Failure> {
    let path = match find(context) {
        Ok(path) => path,
        Err(failure) if context.global.file.is_some() => return Err(failure),
        Err(_) => return Ok(None),
    };
    let (loaded, spots) = with(context, &read(&path)?, config::load_to_lint)?;
    Ok(Some((told(context, loaded), spots)))
}

/// What a task file is made of, read once.
struct Text {
    file: Source,
    local: Option<Source>,
}

/// Where its parts lie, those that are there.
fn parts(path: &Path) -> Vec<PathBuf> {
    let local = path.with_file_name(LOCAL);
    std::iter::once(path.to_owned()).chain(files::exists(&local).then_some(local)).collect()
}

fn read(path: &Path) -> Result<Text, Failure> {
    let local = path.with_file_name(LOCAL);
    let local = if files::exists(&local) { Some(source(&local)?) } else { None };
    Ok(Text { file: source(path)?, local })
}

/// The file as it says it itself, without `--set` and the environment.
///
/// # Errors
/// As [`catalog`].
pub(super) fn as_written(context: &Context) -> Result<Catalog, Failure> {
    let text = read(&find(context)?)?;
    let known: Vec<&str> = catalog::ids().collect();
    Ok(config::load(&Input { env: Vec::new(), sets: Vec::new(), ..input(context, &text, &known)? })?.catalog)
}

fn with<T>(context: &Context, text: &Text, load: impl FnOnce(&Input<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
    let known: Vec<&str> = catalog::ids().collect();
    load(&input(context, text, &known)?)
}

fn input<'a>(context: &Context, text: &Text, known_symptoms: &'a [&'a str]) -> Result<Input<'a>, Failure> {
    Ok(Input {
        file: text.file.clone(),
        local: text.local.clone(),
        env: context.env.pairs(),
        sets: sets(&context.global.set)?,
        os: Os::named(context.terminal.os),
        known_symptoms,
        color: context.colour(context.terminal.stderr),
    })
}

fn told(context: &Context, loaded: Loaded) -> Catalog {
    for warning in &loaded.warnings {
        context.tell(&format!("warning: {warning}"));
    }
    loaded.catalog
}

/// The task file, when there is one: `diagnose FILE` and `explain` need none, and a mistake in it
/// must not keep anybody from an answer.
///
/// # Errors
/// A file named with `-f` is missing or wrong.
pub(super) fn catalog_if_any(context: &Context) -> Result<Option<Catalog>, Failure> {
    let named = context.global.file.is_some();
    if !named && find(context).is_err() {
        return Ok(None);
    }
    match catalog(context) {
        Ok(catalog) => Ok(Some(catalog)),
        Err(failure) if named || failure.code != Code::Config => Err(failure),
        Err(_) => {
            context.tell("warning: tasks.toml is wrong; its own symptoms are left out (refloat list shows why)");
            Ok(None)
        }
    }
}

/// The task of that name.
///
/// # Errors
/// [`Code::Usage`]: there is none. Names the nearest word that may stand behind `refloat` there.
pub(super) fn task<'a>(catalog: &'a Catalog, command: Option<&str>, name: &str) -> Result<&'a Task, Failure> {
    build::find(catalog, name).map_err(|mut failure| {
        let cli = Cli::command();
        let tasks = catalog.tasks.iter().map(|task| task.name.as_str());
        let built_in = cli.get_subcommands().map(clap::Command::get_name).filter(|_| command.is_none());
        if let Some(near) = text::suggest(name, tasks.chain(built_in)) {
            let whole = command.map_or_else(|| near.to_owned(), |command| format!("{command} {near}"));
            failure.hints = vec![format!("did you mean `{near}`?  refloat {whole}")];
        }
        failure
    })
}

/// The state directory beside a task file.
pub(super) fn state(catalog: &Catalog) -> State {
    State::beside(&catalog.path)
}

/// The same, whatever the task file says.
///
/// # Errors
/// [`Code::Usage`]: none found.
pub(super) fn state_here(context: &Context) -> Result<State, Failure> {
    let path = find(context)?;
    trust::warn(context, &parts(&path));
    Ok(State::beside(&path))
}

fn find(context: &Context) -> Result<PathBuf, Failure> {
    let here = files::current_directory().map_err(|error| Failure::new(Code::Usage, error.to_string()))?;
    if let Some(file) = &context.global.file {
        let path = here.join(file);
        return if files::exists(&path) {
            Ok(path)
        } else {
            Err(Failure::new(Code::Usage, format!("there is no file `{}`", file.display())))
        };
    }
    files::find_tasks_file(&here).ok_or_else(|| {
        Failure::new(Code::Usage, "no tasks.toml here, nor in a folder above")
            .hint("cd to the project, or name the file: refloat -f FILE …")
            .hint("refloat diagnose FILE   (needs none)")
    })
}

fn source(path: &Path) -> Result<Source, Failure> {
    let shown = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let text = files::read_capped(path, MAX_FILE).map_err(|error| Failure::new(Code::Config, error.to_string()))?;
    Ok(Source { path: path.to_owned(), shown, text })
}

/// What reads like a name at the beginning.
fn name_of(set: &str) -> String {
    let end = set.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-').unwrap_or(set.len());
    let rest = if end < set.len() { "…" } else { "" };
    format!("{}{rest}", set.get(..end).unwrap_or_default())
}

fn sets(given: &[String]) -> Result<Vec<(String, String)>, Failure> {
    given
        .iter()
        .map(|set| match set.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            // A value that was meant for a secret may stand in it: the name alone is repeated.
            _ => {
                Err(Failure::new(Code::Usage, format!("`--set {}` has no `=`", name_of(set))).hint("--set NAME=VALUE"))
            }
        })
        .collect()
}
