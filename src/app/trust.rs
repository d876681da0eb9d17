//! Whether a task file is acted upon: whose it is, and, before it destroys anything for the first time,
//! whether a person has seen what it does.

use super::confirm::agreeing;
use super::context::Context;
use super::learn;
use crate::adapter::clock::SystemClock;
use crate::adapter::files;
use crate::adapter::home;
use crate::adapter::trust::{self, Fault, Memory};
use crate::error::{Code, Failure};
use crate::model::catalog::Catalog;
use crate::model::danger;
use crate::model::step::Danger;
use crate::plan::{Block, Call, Plan, PlannedStep, Work};
use crate::port::{Clock, Person};
use crate::report::layout::visible;
use crate::report::quoting::{Mask, quote, template};
use crate::run::redact::Redactor;
use crate::text;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Says yes for scripts.
const VARIABLE: &str = "REFLOAT_TRUST";

/// Refuses a task file that somebody else could have written; `paths` are all of which it is made.
///
/// # Errors
/// [`Code::Refused`], with the command that mends it.
pub(super) fn hold(context: &Context, paths: &[PathBuf]) -> Result<(), Failure> {
    let faults = faults(context, paths)?;
    if faults.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = faults.iter().map(in_words).collect();
    let mut failure = Failure::new(Code::Refused, format!("{}: nothing of it is run", told.join("; ")));
    failure.hints = faults.iter().map(mended).collect();
    Err(failure.hint("read the file before: whoever could write it says what runs"))
}

/// Says the same to those who only look; they may.
pub(super) fn warn(context: &Context, paths: &[PathBuf]) {
    match faults(context, paths) {
        Ok(faults) => faults.iter().for_each(|fault| context.tell(&format!("warning: {}", in_words(fault)))),
        Err(failure) => context.tell(&format!("warning: {failure}")),
    }
}

fn faults(context: &Context, paths: &[PathBuf]) -> Result<Vec<Fault>, Failure> {
    let mut all = Vec::new();
    for path in paths {
        let faults = trust::faults(path, &context.env);
        for fault in faults.map_err(|error| Failure::new(Code::Config, error.to_string()))? {
            // The folder is the same for all.
            if !all.contains(&fault) {
                all.push(fault);
            }
        }
    }
    Ok(all)
}

fn in_words(fault: &Fault) -> String {
    match fault {
        Fault::Owner { path, owner, us } => {
            format!("`{}` belongs to user {owner}, and you are user {us}", path.display())
        }
        Fault::Writable { path } => format!("everybody may write to `{}`", path.display()),
        Fault::Folder { path } => format!("everybody may replace files in `{}`", path.display()),
    }
}

fn mended(fault: &Fault) -> String {
    let quoted = |path: &Path| text::quote_path(&path.display().to_string());
    match fault {
        // `-h`: the file or the link that is named, not what a link leads to.
        Fault::Owner { path, us: us @ 0, .. } => format!("chown -h {us} {}", quoted(path)),
        Fault::Owner { path, us, .. } => format!("sudo chown -h {us} {}", quoted(path)),
        Fault::Writable { path } => format!("chmod o-w {}", quoted(path)),
        Fault::Folder { path } => format!("chmod o-w {}", quoted(path)),
    }
}

/// A task file as it was read, to be known again.
#[derive(Debug)]
pub(super) struct Content {
    path: PathBuf,
    sum: String,
}

impl Content {
    /// Of these bytes; `local` is what lies beside it.
    pub(super) fn of(path: &Path, file: &[u8], local: Option<&[u8]>) -> Self {
        let mut sum = Sha256::new();
        // Lengths first: no end of one can be taken for the beginning of the other.
        for part in std::iter::once(file).chain(local) {
            sum.update(part.len().to_be_bytes());
            sum.update(part);
        }
        Self { path: path.to_owned(), sum: hex(sum) }
    }

    /// The name of the note about this file: one for each place.
    fn name(&self) -> String {
        // A folder that has just vanished has no better name than the one it had.
        let path = files::settled(&self.path).unwrap_or_else(|_| self.path.clone());
        format!("{}.json", hex(Sha256::new_with_prefix(path.as_os_str().as_encoded_bytes())))
    }
}

fn hex(sum: Sha256) -> String {
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is kept about a file that was confirmed.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    schema: u32,
    /// For people who look into the folder.
    path: String,
    sha256: String,
    /// UTC.
    confirmed: String,
}

/// What the command line says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    /// `--trust`
    pub(super) trust: bool,
    /// The command that was given, without its answers.
    pub(super) typed: &'a str,
}

/// A plan that destroys, from a file that was not confirmed as it is: asks once. A recording touches
/// nothing, so nothing is asked for it.
///
/// # Errors
/// [`Code::Refused`]: a no, the end of input, or nobody to ask.
pub(super) fn agreed(
    context: &Context,
    catalog: &Catalog,
    plan: &Plan,
    content: &Content,
    given: Given<'_>,
    person: &mut dyn Person,
) -> Result<(), Failure> {
    if plan.root.danger != Danger::Destroy || context.global.replay.is_some() || always(context) {
        return Ok(());
    }
    let before = recalled(context, content);
    if before.as_ref().is_some_and(|note| note.sha256 == content.sum) {
        return Ok(());
    }
    if !given.trust {
        asked(&learn::written(catalog), plan, content, before.as_ref(), given, person)?;
    }
    remember(context, content);
    Ok(())
}

/// A standing yes of scripts, about whatever file: it is asked for each time and never remembered.
fn always(context: &Context) -> bool {
    context.env.pairs().iter().any(|(name, value)| name == VARIABLE && value == "1")
}

fn asked(
    redactor: &Redactor,
    plan: &Plan,
    content: &Content,
    before: Option<&Note>,
    given: Given<'_>,
    person: &mut dyn Person,
) -> Result<(), Failure> {
    let shown = content.path.display().to_string();
    let news = match before {
        Some(note) => format!("has changed since you confirmed it ({})", visible(&note.confirmed)),
        None => "was never confirmed here".to_owned(),
    };
    let refused = |why: String| {
        Failure::new(Code::Refused, format!("{why}; nothing was done"))
            .hint(format!("{} --dry-run   (what it would do)", given.typed))
            .hint(format!("{} --trust", agreeing(plan, given.typed)))
    };
    if !person.is_present() {
        return Err(refused(format!(
            "`{}` destroys, and `{shown}` {news}; that needs a yes, and there is no terminal",
            plan.root.task
        )));
    }
    let calls = destructive(plan, redactor);
    let calls: String = calls.iter().map(|call| format!("  {call}\n")).collect();
    let prompt = format!(
        "{} {news}. With it, {} destroys:\n{calls}Trust this file until it changes? [y/N] ",
        visible(&shown),
        plan.root.task
    );
    match person.ask(&prompt) {
        Ok(Some(answer)) if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") => Ok(()),
        Ok(_) => Err(refused("not confirmed".to_owned())),
        Err(error) => Err(refused(format!("the terminal cannot be read: {error}"))),
    }
}

/// Every call of the tasks that destroy, unless it is known to only look; secrets hidden, each once.
fn destructive(plan: &Plan, redactor: &Redactor) -> Vec<String> {
    let mut calls = Vec::new();
    gather(plan, &plan.root, redactor, &mut calls);
    calls
}

fn gather(plan: &Plan, block: &Block, redactor: &Redactor, calls: &mut Vec<String>) {
    for PlannedStep { work, .. } in block.steps.iter().chain(&block.finally) {
        match work {
            Work::Block(inner) => gather(plan, inner, redactor, calls),
            Work::Run(call) if block.danger == Danger::Destroy => {
                let shown = shown(plan, call, redactor);
                if shown.as_ref().is_some_and(|shown| !calls.contains(shown)) {
                    calls.extend(shown);
                }
            }
            _ => {}
        }
    }
}

/// The call as it will be made; `None` when it only looks. A tool may be called what it is not: then
/// the program speaks for itself.
fn shown(plan: &Plan, call: &Call, redactor: &Redactor) -> Option<String> {
    let mask = Mask::new(&plan.secrets);
    let program = plan.tools.get(&call.tool).map_or(call.tool.as_str(), |tool| tool.program.as_str());
    let words: Vec<String> = call.argv.iter().map(|argument| argument.to_string()).collect();
    if program == call.tool && only_looks(&words, &call.pinned) {
        return None;
    }
    let redacted = redactor.argv(words.iter().map(String::as_str));
    let arguments = call.argv.iter().zip(&words).zip(&redacted).skip(1).map(|((argument, word), redacted)| {
        if word == redacted { template(argument, &mask) } else { quote(&mask.hide(redacted)) }
    });
    let program = quote(&mask.hide(&redactor.line(program)));
    Some(std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" "))
}

/// Pinned options that say where, not what; each has one value.
const WHERE: [(&str, &[&str]); 4] = [
    ("kubectl", &["--context", "--cluster", "--namespace", "-n", "--request-timeout", "--timeout"]),
    ("helm", &["--kube-context", "--namespace", "-n", "--timeout"]),
    ("minikube", &["--profile", "-p"]),
    ("docker", &["--context"]),
];

/// Is a call known to only look? Pinned arguments stand before the command: whatever they are besides
/// options that say where, they may be the command themselves.
fn only_looks(words: &[String], pinned: &Range<usize>) -> bool {
    let mut rest = words.get(pinned.clone()).unwrap_or_default().iter();
    while let Some(word) = rest.next() {
        let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        let says_where = WHERE
            .iter()
            .any(|(tool, options)| words.first().is_some_and(|word| word == tool) && options.contains(&name));
        if !says_where || (value.is_none() && rest.next().is_none()) {
            return false;
        }
    }
    let asked = words.iter().enumerate().filter(|(index, _)| !pinned.contains(index)).map(|(_, word)| word.as_str());
    danger::of(&asked.collect::<Vec<_>>().join(" ")) == Danger::Read
}

/// What was noted when the file was confirmed before. A note that cannot be relied on is none.
fn recalled(context: &Context, content: &Content) -> Option<Note> {
    let memory = memory(context).ok()?;
    match memory.recall(&content.name(), &context.env) {
        Ok(note) => serde_json::from_slice(&note?).ok(),
        Err(error) => {
            context.tell(&format!("warning: what was confirmed before is not known: {error}"));
            None
        }
    }
}

/// What was agreed to stands, whether or not it can be remembered.
fn remember(context: &Context, content: &Content) {
    let note = Note {
        schema: 1,
        path: content.path.display().to_string(),
        sha256: content.sum.clone(),
        confirmed: text::timestamp(SystemClock::start().now()),
    };
    let kept = memory(context).and_then(|memory| {
        let note = serde_json::to_vec(&note).map_err(|error| error.to_string())?;
        memory.keep(&content.name(), &note).map_err(|error| error.to_string())
    });
    if let Err(why) = kept {
        context.tell(&format!("warning: it will be asked again: {why}"));
    }
}

fn memory(context: &Context) -> Result<Memory, String> {
    home::state_dir(&context.env, context.terminal.os).map(|state| Memory::below(&state))
}

#[cfg(test)]
mod tests;
