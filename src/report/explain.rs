//! `refloat explain ID`: a symptom, in full.

use super::diagnosis::rollback;
use super::layout::{Piece, flow, table, visible};
use super::listing;
use super::style::{Look, holds_command};
use crate::model::finding::{FAMILIES, Final, Fix, Os, Role, Source, Symptom};
use crate::model::pattern::Pattern;
use crate::text::{duration, is_like};
use owo_colors::Style;
use serde_json::{Value, json};
use std::fmt::Write;

/// Ids shown for one side of a relation; the rest is counted.
const IDS: usize = 12;

/// The layers, nearest to the ground first.
const LAYERS: [&str; 13] = [
    "tools and the docker host",
    "the cluster and its API",
    "building images",
    "images in the cluster",
    "helm: the release and its chart",
    "admission and quotas",
    "scheduling and nodes",
    "volumes",
    "configuration that pods name",
    "the start of containers",
    "the app",
    "probes and services",
    "the rollout, where all the rest shows",
];

/// The symptom, for people on Windows or elsewhere; `all` are those that it can be related to.
pub fn text(symptom: &Symptom, all: &[Symptom], windows: bool, look: &Look) -> String {
    let mut page = Page { out: String::new(), look };
    page.head(symptom);
    page.fixes(&symptom.fix, windows);
    let commands: Vec<String> = symptom.confirm.iter().map(|check| format!("refloat check {check}")).collect();
    let styles = look.styles;
    page.lines("confirmed by", &commands, styles.command);
    page.lines("found by", &symptom.any, Style::new());
    page.lines("unless the line has", &symptom.unless, Style::new());
    page.related("explains", &explained(symptom, all));
    page.related("explained by", &[(String::new(), explained_by(symptom, all))]);
    page.examples(symptom);
    page.lines("but not", &symptom.counter, styles.dim);
    page.out
}

struct Page<'a> {
    out: String,
    look: &'a Look,
}

impl Page<'_> {
    fn head(&mut self, symptom: &Symptom) {
        let styles = self.look.styles;
        let layer = LAYERS.get(usize::from(symptom.layer));
        let layer = layer.map_or_else(|| symptom.layer.to_string(), |words| format!("{}, {words}", symptom.layer));
        let back = rollback(symptom.rollback).unwrap_or("helps only where the release changed what the cause is about");
        let rows = [
            ("family", symptom.family.clone()),
            ("layer", layer),
            ("role", role(symptom.role).to_owned()),
            ("ends a wait", symptom.is_final.map(ends_a_wait).unwrap_or_default()),
            ("read from", sources(&symptom.sources)),
            ("captures", captures(symptom).join(", ")),
            ("rollback", back.to_owned()),
            ("fields", symptom.fields.join(", ")),
            ("origin", symptom.origin.clone().unwrap_or_default()),
        ];
        let mut head = vec![vec![
            Piece::whole(styles.strong, &symptom.id),
            Piece::prose(Style::new(), &in_general(&symptom.cause)),
        ]];
        let said = rows.into_iter().filter(|(_, words)| !words.is_empty());
        head.extend(said.map(|(name, words)| vec![Piece::whole(styles.dim, name), Piece::prose(Style::new(), &words)]));
        table(&mut self.out, self.look, 0, &head);
    }

    fn heading(&mut self, title: &str) {
        let _ = writeln!(self.out, "\n{}", self.look.styles.strong.style(title));
    }

    /// Numbered, with their danger; below each its wording for the other system, where that differs.
    fn fixes(&mut self, fixes: &[Fix], windows: bool) {
        if fixes.is_empty() {
            return;
        }
        self.heading("fix");
        let styles = self.look.styles;
        let (here, there) = systems(windows);
        let label = if windows { "elsewhere" } else { "on Windows" };
        for (index, fix) in fixes.iter().enumerate() {
            let (style, mark) = listing::mark(fix.danger, self.look);
            let number = format!("{}. ", index + 1);
            let at = 3 + number.len();
            let _ = write!(self.out, "{} {number}", style.style(format!("{mark:>2}")));
            self.advice(at, &in_general(fix.on(here)));
            if fix.on(here) != fix.on(there) {
                let _ = write!(self.out, "{}{}: ", " ".repeat(at), styles.dim.style(label));
                self.advice(at + label.len() + 2, &in_general(fix.on(there)));
            }
        }
    }

    /// A command stays whole.
    fn advice(&mut self, at: usize, text: &str) {
        let style = self.look.styles.advice(text);
        let piece = if holds_command(text) { Piece::whole(style, text) } else { Piece::prose(style, text) };
        flow(&mut self.out, at, at, &[piece], self.look.width);
    }

    fn lines(&mut self, title: &str, lines: &[String], style: Style) {
        if lines.is_empty() {
            return;
        }
        self.heading(title);
        for line in lines {
            let _ = writeln!(self.out, "  {} {}", self.look.symbols.bullet, style.style(visible(line)));
        }
    }

    /// What must be found, and what its groups must hold.
    fn examples(&mut self, symptom: &Symptom) {
        if symptom.examples.is_empty() {
            return;
        }
        self.heading("for example");
        let (dim, symbols) = (self.look.styles.dim, self.look.symbols);
        for example in &symptom.examples {
            let _ = writeln!(self.out, "  {} {}", symbols.bullet, dim.style(visible(&example.text)));
            for (group, value) in &example.expect {
                let _ = writeln!(self.out, "      {} = {}", visible(group), visible(value));
            }
        }
    }

    /// Patterns with the ids that they stand for.
    fn related(&mut self, title: &str, all: &[(String, Vec<&str>)]) {
        if all.iter().all(|(pattern, ids)| pattern.is_empty() && ids.is_empty()) {
            return;
        }
        self.heading(title);
        for (pattern, ids) in all {
            let more = ids.len().saturating_sub(IDS);
            let mut words = ids[..ids.len() - more].join(", ");
            if more > 0 {
                let _ = write!(words, " and {more} more");
            }
            let nothing = if ids.is_empty() { "no known symptom" } else { "" };
            let pieces = [
                Piece::whole(self.look.styles.dim, pattern),
                Piece::prose(Style::new(), &words),
                Piece::prose(self.look.styles.warn, nothing),
            ];
            self.out.push_str("  ");
            flow(&mut self.out, 2, 4, &pieces, self.look.width);
        }
    }
}

/// This system, and the other one.
fn systems(windows: bool) -> (Os, Os) {
    if windows { (Os::Windows, Os::Unix) } else { (Os::Unix, Os::Windows) }
}

/// What it explains: the ids that stand there in full, then each pattern with those it stands for.
fn explained<'a>(symptom: &'a Symptom, all: &'a [Symptom]) -> Vec<(String, Vec<&'a str>)> {
    let known = |pattern: &str| -> Vec<&'a str> {
        let like = all.iter().map(|other| other.id.as_str());
        like.filter(|id| *id != symptom.id && is_like(pattern, id)).collect()
    };
    let (wide, exact): (Vec<&String>, Vec<&String>) =
        symptom.explains.iter().partition(|pattern| pattern.contains('*'));
    let mut out = Vec::new();
    if !exact.is_empty() {
        out.push((String::new(), exact.into_iter().map(String::as_str).collect()));
    }
    out.extend(wide.into_iter().map(|pattern| (pattern.clone(), known(pattern))));
    out
}

/// The ids of those that explain it.
fn explained_by<'a>(symptom: &Symptom, all: &'a [Symptom]) -> Vec<&'a str> {
    let explains = |other: &&Symptom| other.explains.iter().any(|pattern| is_like(pattern, &symptom.id));
    all.iter().filter(|other| other.id != symptom.id).filter(explains).map(|other| other.id.as_str()).collect()
}

/// The named groups of its patterns, each once.
fn captures(symptom: &Symptom) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for pattern in symptom.any.iter().filter_map(|source| Pattern::new(source).ok()) {
        for name in pattern.groups() {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// All symptoms by family, for people: families in the order of the layers they belong to.
pub fn all(symptoms: &[Symptom], look: &Look) -> String {
    let mut out = String::new();
    let styles = look.styles;
    for (index, (family, of)) in by_family(symptoms).into_iter().enumerate() {
        let _ = writeln!(out, "{}{}", if index > 0 { "\n" } else { "" }, styles.strong.style(visible(family)));
        let rows: Vec<Vec<Piece>> = of
            .iter()
            .map(|symptom| {
                vec![Piece::whole(styles.command, &symptom.id), Piece::prose(Style::new(), &in_general(&symptom.cause))]
            })
            .collect();
        table(&mut out, look, 2, &rows);
    }
    out
}

/// The same as data.
pub fn all_json(symptoms: &[Symptom]) -> Value {
    let brief = |symptom: &Symptom| json!({ "id": symptom.id, "family": symptom.family, "role": symptom.role, "cause": symptom.cause });
    let all = by_family(symptoms).into_iter().flat_map(|(_, of)| of).map(brief);
    json!({ "schema": 1, "symptoms": all.collect::<Vec<_>>() })
}

/// A cause as it reads where nothing is known yet: `{name|words}` is its words, `{name}` is `NAME`.
fn in_general(cause: &str) -> String {
    let mut out = String::new();
    let mut rest = cause;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((inner, behind)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        match inner.split_once('|') {
            Some((_, words)) => out.push_str(words),
            None if inner.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_') => {
                out.push_str(&inner.to_uppercase());
            }
            None => out.push_str(&format!("{{{inner}}}")),
        }
        rest = behind;
    }
    out + rest
}

fn by_family(symptoms: &[Symptom]) -> Vec<(&str, Vec<&Symptom>)> {
    let mut families: Vec<(&str, Vec<&Symptom>)> = FAMILIES.iter().map(|family| (*family, Vec::new())).collect();
    for symptom in symptoms {
        match families.iter_mut().find(|(family, _)| *family == symptom.family) {
            Some((_, of)) => of.push(symptom),
            None => families.push((&symptom.family, vec![symptom])),
        }
    }
    families.retain(|(_, of)| !of.is_empty());
    families
}

/// The same as data: `do` is for this system, `windows` and `unix` where they differ.
pub fn json(symptom: &Symptom, all: &[Symptom], windows: bool) -> Value {
    let mut explains: Vec<&str> = explained(symptom, all).into_iter().flat_map(|(_, ids)| ids).collect();
    explains.sort_unstable();
    explains.dedup();
    let fix = |fix: &Fix| {
        let mut value = json!({ "do": fix.on(systems(windows).0), "danger": fix.danger });
        if fix.windows != fix.unix {
            value["windows"] = json!(fix.windows);
            value["unix"] = json!(fix.unix);
        }
        value
    };
    json!({
        "schema": 1,
        "id": symptom.id,
        "family": symptom.family,
        "role": symptom.role,
        "layer": symptom.layer,
        "cause": symptom.cause,
        "fixes": symptom.fix.iter().map(fix).collect::<Vec<_>>(),
        "explains": symptom.explains,
        "explained": explains,
        "explained_by": explained_by(symptom, all),
        "confirm": symptom.confirm,
        "rollback": symptom.rollback,
        "fields": symptom.fields,
        "final": symptom.is_final,
        "sources": symptom.sources,
        "any": symptom.any,
        "captures": captures(symptom),
        "unless": symptom.unless,
        "origin": symptom.origin,
        "examples": symptom.examples,
        "counter": symptom.counter,
    })
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Root => "can be the cause of all the rest",
        Role::Consequence => "always follows from something else",
        Role::Transient => "passes by itself; a cause only when it persists",
    }
}

/// When a step with `fail_fast` does not wait any longer.
fn ends_a_wait(when: Final) -> String {
    match when {
        Final::Now => "at once".to_owned(),
        Final::After(time) => format!("when it has lasted {} without a break", duration(time)),
    }
}

fn sources(sources: &[Source]) -> String {
    if sources.is_empty() {
        return "any text but manifests".to_owned();
    }
    let words: Vec<&str> = sources
        .iter()
        .map(|source| match source {
            Source::PodTable => "the table of pods",
            Source::OtherTable => "other tables",
            Source::DescribePod => "the description of a pod",
            Source::DescribeOther => "other descriptions",
            Source::Events => "events",
            Source::PodLog => "logs of pods",
            Source::Kubectl => "kubectl's own messages",
            Source::Helm => "helm's own messages",
            Source::Minikube => "minikube's own messages",
            Source::Docker => "docker's own messages",
            Source::Browser => "the browser's console",
            Source::Manifest => "manifests",
            Source::Unknown => "text of no known kind",
        })
        .collect();
    words.join(", ")
}
