//! The incidents of a project, as commands and runs use them: what is open, what belongs to it, what is added.

use super::context::Context;
use super::watched::Seen;
use super::{learn, load};
use crate::adapter::clock::SystemClock;
use crate::adapter::state::{self, State};
use crate::adapter::who::who;
use crate::classify::warnings::warnings;
use crate::error::{Code, Failure};
use crate::model::catalog::{Catalog, Origin, Var};
use crate::model::finding::{Diagnosis, Document};
use crate::model::incident::{Entry, Given, Incident, OpenIncident, Root, SCHEMA, Timeline, Warning, What};
use crate::port::Clock;
use crate::report::quoting;
use crate::run::redact::{Mask, Redactor, is_secret_key};
use crate::text;
use std::io;

/// As many incidents may be opened in the same millisecond.
const MOST_AT_ONCE: u64 = 1000;

/// The incidents, or the drills of one recording.
pub(super) struct Incidents<'a> {
    context: &'a Context,
    store: state::Incidents,
    /// The recording whose drills these are.
    replay: Option<String>,
}

/// An incident with its timeline.
pub(super) struct Known {
    pub(super) incident: Incident,
    pub(super) timeline: Timeline,
}

impl<'a> Incidents<'a> {
    /// Those that `--replay` says: a recording touches nothing real, and no real incident.
    pub(super) fn of(context: &'a Context, state: &State) -> Self {
        let replay = context.global.replay.as_ref().map(|path| path.display().to_string());
        Self { context, store: state.incidents(replay.is_some()), replay }
    }

    /// Are these drills?
    pub(super) fn are_drills(&self) -> bool {
        self.replay.is_some()
    }

    /// All, newest first.
    ///
    /// # Errors
    /// [`Code::Unwritable`]: they cannot be read.
    pub(super) fn all(&self) -> Result<Vec<Known>, Failure> {
        let ids = self.store.list().map_err(|error| unreadable(&error))?;
        let mut all = Vec::new();
        for id in ids {
            let timeline = Timeline::read(&self.store.read(&id).map_err(|error| unreadable(&error))?);
            let incident = Incident::of(&id, &timeline.entries);
            // One whose first line was never finished has told nothing.
            let ours = incident.filter(|incident| incident.replay == self.replay);
            all.extend(ours.map(|incident| Known { incident, timeline }));
        }
        Ok(all)
    }

    /// The open one.
    ///
    /// # Errors
    /// As [`Incidents::all`].
    pub(super) fn open(&self) -> Result<Option<Known>, Failure> {
        Ok(self.all()?.into_iter().find(|known| known.incident.is_open()))
    }

    /// What the checks of a run must know; in words when nobody can tell.
    pub(super) fn standing(&self) -> Result<Option<OpenIncident>, String> {
        let open = self.open().map_err(|failure| failure.message)?;
        Ok(open.map(|known| OpenIncident { lacks: known.incident.lacks_cause(), id: known.incident.id }))
    }

    /// Opens one, unless one is open; its id, and whether it is new.
    ///
    /// # Errors
    /// [`Code::Unwritable`].
    pub(super) fn begin(&self, catalog: &Catalog, why: &str, run: Option<&str>) -> Result<(String, bool), Failure> {
        let _alone = self.store.alone().map_err(|error| unwritable(&error))?;
        if let Some(known) = self.open()? {
            return Ok((known.incident.id, false));
        }
        let now = now();
        let mut at = now;
        let id = loop {
            let id = id(at);
            match self.store.create(&id) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && at - now < MOST_AT_ONCE => at += 1,
                made => {
                    made.map_err(|error| unwritable(&error))?;
                    break id;
                }
            }
        };
        let opened = What::Opened {
            schema: SCHEMA,
            why: why.to_owned(),
            run: run.map(str::to_owned),
            replay: self.replay.clone(),
            by: self.who(),
            given: given(self.context, catalog),
        };
        self.write(&id, vec![opened])?;
        Ok((id, true))
    }

    /// Changes the open incident as `decide` says, with nobody in between; what it was.
    ///
    /// # Errors
    /// There is none; what `decide` says; [`Code::Unwritable`].
    pub(super) fn change(&self, decide: impl FnOnce(&Known) -> Result<What, Failure>) -> Result<Known, Failure> {
        // Nothing is made for an incident that is not there.
        self.open()?.ok_or_else(none_open)?;
        let _alone = self.store.alone().map_err(|error| unwritable(&error))?;
        let known = self.open()?.ok_or_else(none_open)?;
        self.write(&known.incident.id, vec![decide(&known)?])?;
        Ok(known)
    }

    /// Adds to an incident. The texts in it have been redacted.
    ///
    /// # Errors
    /// [`Code::Unwritable`].
    pub(super) fn write(&self, id: &str, all: Vec<What>) -> Result<(), Failure> {
        let at = now();
        let mut lines = Vec::new();
        for what in all {
            serde_json::to_writer(&mut lines, &Entry { at, what }).map_err(|error| unwritable(&error.into()))?;
            lines.push(b'\n');
        }
        if lines.is_empty() {
            return Ok(());
        }
        self.store.append(id, &lines).map_err(|error| unwritable(&error))
    }

    /// What a diagnosis and the texts below it add to an incident: its roots, and the cluster's warnings that are news.
    pub(super) fn learned(
        &self,
        id: &str,
        diagnosis: Option<&Diagnosis>,
        (documents, seen): (&[Document], &Seen),
        redactor: &Redactor,
    ) -> Result<Vec<What>, Failure> {
        let known =
            Incident::of(id, &Timeline::read(&self.store.read(id).map_err(|error| unreadable(&error))?).entries);
        let is_news = |warning: &Warning| known.as_ref().is_none_or(|known| !known.knows(warning));
        let told = warnings(documents, &|text| seen.captured(text)).into_iter().map(|one| hidden(one, redactor));
        let mut all: Vec<What> = told.filter(is_news).map(What::Cluster).collect();
        let roots = diagnosis.map(Root::of).unwrap_or_default();
        if !roots.is_empty() {
            let findings = roots.into_iter().map(|root| without_secrets(root, redactor)).collect();
            all.push(What::Diagnosed { run: seen.run.clone(), findings });
        }
        Ok(all)
    }

    /// Says that something could not be kept; the run is what it is.
    pub(super) fn warn(&self, failure: &Failure) {
        self.context.tell(&format!("warning: {}", failure.message));
    }

    /// Who does it.
    pub(super) fn who(&self) -> Option<String> {
        who(&self.context.env)
    }
}

/// What runs hand over has been redacted; what is declared may have slipped in since. The tag of a mask is another one
/// in each run: without it the same warning is known again.
fn hidden(warning: Warning, redactor: &Redactor) -> Warning {
    Warning { message: Mask::without_tags(&redactor.line(&warning.message)), ..warning }
}

fn without_secrets(mut root: Root, redactor: &Redactor) -> Root {
    root.cause = redactor.line(&root.cause);
    root.subject = redactor.line(&root.subject);
    for quote in &mut root.quotes {
        let text = redactor.line(&quote.text);
        if text != quote.text {
            // What told stands somewhere else now.
            (quote.text, quote.span) = (text, None);
        }
    }
    root
}

/// Hides what the file, its values files and a text's own form tell to be secret.
pub(super) fn redactor(catalog: &Catalog) -> Redactor {
    learn::everything(Some(catalog))
}

/// The variables that were given another value than the files say: an incident and a validation of it must agree in
/// them, or one is of another place. A secret says nothing of the place.
pub(super) fn given(context: &Context, catalog: &Catalog) -> Given {
    let is_told = |name: &str, var: &Var| {
        matches!(var.origin, Origin::Set | Origin::Environment) && !var.secret && !is_secret_key(name)
    };
    let told = catalog.vars.iter().filter(|(name, var)| is_told(name, var));
    let mut told: Given = told.map(|(name, var)| (name.clone(), var.value.clone())).collect();
    if told.is_empty() {
        return told;
    }
    // Where the file cannot be read alone, for it needs what was given, all of that counts.
    if let Ok(written) = load::as_written(context) {
        told.retain(|name, value| written.vars.get(name).is_none_or(|var| var.value != *value));
    }
    let redactor = redactor(catalog);
    told.values_mut().for_each(|value| *value = Mask::without_tags(&redactor.line(value)));
    told
}

/// A command of ours, with what says which project and which recording.
pub(super) fn command(context: &Context, words: &[&str]) -> String {
    let mut all = vec!["refloat".to_owned()];
    for (flag, path) in [("-f", &context.global.file), ("--replay", &context.global.replay)] {
        all.extend(path.iter().flat_map(|path| [flag.to_owned(), path.display().to_string()]));
    }
    all.extend(words.iter().map(|word| (*word).to_owned()));
    quoting::argv(&all)
}

/// `20261123-060512-123`: sorts by time.
fn id(now: u64) -> String {
    let time: String = text::timestamp(now).chars().filter(char::is_ascii_digit).collect();
    let (day, clock) = time.split_at(time.len().min(8));
    format!("{day}-{clock}-{:03}", now % 1000)
}

/// Milliseconds since 1970-01-01 UTC.
pub(super) fn now() -> u64 {
    SystemClock::start().now()
}

fn none_open() -> Failure {
    Failure::new(Code::Refused, "no incident is open; nothing was recorded").hint("refloat incident open TEXT")
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::new(Code::Unwritable, format!("the incidents cannot be read: {error}"))
}

fn unwritable(error: &io::Error) -> Failure {
    Failure::new(Code::Unwritable, format!("the incident cannot be written: {error}"))
}
