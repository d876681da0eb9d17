//! `refloat explain ID`: a symptom, in full.

use super::layout::{Piece, table, visible};
use super::style::Look;
use crate::model::finding::{FAMILIES, Os, Role, Source, Symptom};
use owo_colors::Style;
use serde_json::{Value, json};
use std::fmt::Write;

/// The symptom, for people on Windows or elsewhere.
pub fn text(symptom: &Symptom, windows: bool, look: &Look) -> String {
    let mut out = String::new();
    let styles = look.styles;
    let head = vec![
        vec![Piece::whole(styles.strong, &symptom.id), Piece::prose(Style::new(), &symptom.cause)],
        vec![Piece::whole(styles.dim, "family"), Piece::whole(Style::new(), &symptom.family)],
        vec![Piece::whole(styles.dim, "role"), Piece::prose(Style::new(), role(symptom.role))],
        vec![Piece::whole(styles.dim, "read from"), Piece::prose(Style::new(), &sources(&symptom.sources))],
        vec![Piece::whole(styles.dim, "explains"), Piece::prose(Style::new(), &symptom.explains.join(", "))],
        vec![
            Piece::whole(styles.dim, "confirm"),
            Piece::whole(
                styles.command,
                &symptom.confirm.iter().map(|check| format!("refloat check {check}")).collect::<Vec<_>>().join(", "),
            ),
        ],
        vec![Piece::whole(styles.dim, "origin"), Piece::prose(Style::new(), symptom.origin.as_deref().unwrap_or(""))],
    ];
    let said = |row: &Vec<Piece>| row.get(1).is_some_and(|cell| !cell.is_empty());
    let head: Vec<Vec<Piece>> = head.into_iter().filter(said).collect();
    table(&mut out, look, 0, &head);
    let mut section = |title: &str, lines: &[String], style: &dyn Fn(&str) -> Style, numbered: bool| {
        if lines.is_empty() {
            return;
        }
        let _ = writeln!(out, "\n{}", styles.strong.style(title));
        for (index, line) in lines.iter().enumerate() {
            let mark = if numbered { format!("{}.", index + 1) } else { look.symbols.bullet.to_owned() };
            let _ = writeln!(out, "  {mark} {}", style(line).style(visible(line)));
        }
    };
    let (plain, dim) = (|_: &str| Style::new(), |_: &str| styles.dim);
    section("fix", &fixes(symptom, windows), &|line| styles.advice(line), true);
    section("found by", &symptom.any, &plain, false);
    section("unless the line has", &symptom.unless, &plain, false);
    let examples: Vec<String> = symptom.examples.iter().map(|example| example.text.clone()).collect();
    section("for example", &examples, &dim, false);
    section("but not", &symptom.counter, &dim, false);
    out
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

/// A cause as it reads where nothing is known yet: `{name|words}` is its words, `{name}` stays.
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

/// The same as data, fixes for this system only.
pub fn json(symptom: &Symptom, windows: bool) -> Value {
    json!({
        "schema": 1,
        "id": symptom.id,
        "family": symptom.family,
        "role": symptom.role,
        "layer": symptom.layer,
        "cause": symptom.cause,
        "fixes": fixes(symptom, windows),
        "explains": symptom.explains,
        "confirm": symptom.confirm,
        "sources": symptom.sources,
        "any": symptom.any,
        "unless": symptom.unless,
        "origin": symptom.origin,
        "examples": symptom.examples,
        "counter": symptom.counter,
    })
}

fn fixes(symptom: &Symptom, windows: bool) -> Vec<String> {
    let os = if windows { Os::Windows } else { Os::Unix };
    symptom.fix.iter().map(|fix| fix.on(os).to_owned()).collect()
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Root => "can be the cause of all the rest",
        Role::Consequence => "always follows from something else",
        Role::Transient => "passes by itself; a cause only when it persists",
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
