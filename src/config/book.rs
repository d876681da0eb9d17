//! What the parts of a file must know of each other while they are checked.

use super::fault::{Fault, Faults, Place, Texts, show};
use super::input::Os;
use super::tree::Use;
use crate::model::catalog::Var;
use crate::model::step::{CheckRef, Danger};
use std::collections::{BTreeMap, BTreeSet};

/// The names of the file, and where faults go.
#[derive(Debug)]
pub struct Book<'a> {
    /// The files.
    pub texts: &'a Texts,
    /// The system whose overrides are applied.
    pub os: Os,
    /// Variables with their values.
    pub vars: &'a BTreeMap<String, Var>,
    /// Names of variables, wrong ones included.
    pub var_names: BTreeSet<String>,
    /// Names of tools, wrong ones included.
    pub tools: BTreeSet<String>,
    /// Names of checks, wrong ones included.
    pub checks: BTreeSet<String>,
    /// What others must know of a task, wrong ones included.
    pub tasks: BTreeMap<String, Facts>,
    /// Are the symptoms linted, and what is wrong with their samples and references told there?
    pub linted: bool,
    /// Ids of symptoms, the built-in ones included.
    pub symptoms: BTreeSet<String>,
    /// Faults so far.
    pub faults: &'a mut Faults,
    /// Warnings so far.
    pub warnings: &'a mut BTreeSet<String>,
}

/// What the callers of a task must know of it.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Where its name stands.
    pub place: Place,
    /// What it may do; `None` when that was wrong.
    pub danger: Option<Danger>,
    /// Name of a parameter → must it be given? `None` when they were wrong.
    pub params: Option<BTreeMap<String, bool>>,
}

impl Book<'_> {
    /// `name` or `!name`, and that there is such a check.
    pub fn check_ref(&mut self, text: &str, place: Place) -> CheckRef {
        let (name, negated) = text.strip_prefix('!').map_or((text, false), |name| (name, true));
        if !self.checks.contains(name) {
            let fault = Fault::new(place, format!("unknown check {}", show(name)));
            let known = self.checks.iter().map(String::as_str);
            self.faults.push(fault.among(name, "checks", known, "declare one: [checks.NAME]"));
        }
        CheckRef { name: name.to_owned(), negated }
    }

    /// A `${name}` that nothing gives a value. `more` are names known at its place, beside those of
    /// the file.
    pub fn unknown_variable<'n>(&mut self, used: &Use, more: impl Iterator<Item = &'n str>) {
        let fault = Fault::new(used.place, format!("unknown variable {}", show(&used.name)));
        let more: Vec<&str> = more.collect();
        let known = self.var_names.iter().map(String::as_str).chain(more.iter().copied());
        let fault = fault.among(&used.name, "variables", known, "declare one in [vars]");
        self.faults.push(fault);
    }

    /// That a symptom id, or an id with `*` in it, names at least one symptom.
    pub fn symptom_ref(&mut self, id: &str, place: Place) {
        if self.symptoms.iter().any(|known| crate::text::is_like(id, known)) {
            return;
        }
        let fault = Fault::new(place, format!("unknown symptom {}", show(id)));
        self.faults.push(match id.chars().all(|c| c.is_ascii_alphanumeric() || "-_*".contains(c)) {
            true => fault.suggest(id, self.symptoms.iter().map(String::as_str)),
            false => fault.label("`*` stands for any text; this is no regular expression"),
        });
    }
}
