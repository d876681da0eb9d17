//! `refloat explain`: a symptom by its id, the symptoms of a family, or what a message means.

use super::context::Context;
use super::{diagnose, load};
use crate::catalog;
use crate::classify;
use crate::error::{Code, Failure};
use crate::model::finding::{Document, FAMILIES, Os, Role, Symptom};
use crate::report::explain;
use crate::text;

/// What a status that stands alone is read as: a row of `kubectl get pods`, old enough to have lasted.
const TABLE: &str = "NAME                    READY   STATUS   RESTARTS   AGE\napp-5d8f9c7b6d-x2x4q   0/1     ";

/// What was asked for.
enum Meant<'a> {
    /// One symptom, in full.
    One(&'a Symptom),
    /// Several: the likeliest first.
    Some(Vec<&'a Symptom>),
}

/// `refloat explain [ID | FAMILY | MESSAGE]`.
pub(super) fn explain(context: &Context, words: &[String]) -> Result<Code, Failure> {
    let catalog = load::catalog_if_any(context)?;
    let own = catalog.as_ref().map(|catalog| catalog.symptoms.clone()).unwrap_or_default();
    let symptoms = catalog::with(own);
    let asked = words.join(" ");
    let asked = asked.trim();
    let windows = context.is_windows();
    let look = context.out_look();
    if asked.is_empty() {
        context.answer(|| explain::all(&symptoms, &look), || explain::all_json(&symptoms))?;
        return Ok(Code::Done);
    }
    let rules = || diagnose::rules(catalog.as_ref());
    match meant(&symptoms, asked, || Ok(named(&rules()?, asked)))? {
        Meant::One(symptom) => context.answer(
            || explain::text(symptom, &symptoms, windows, &look),
            || explain::json(symptom, &symptoms, windows),
        )?,
        Meant::Some(of) => {
            let of: Vec<Symptom> = of.into_iter().cloned().collect();
            context.answer(|| explain::all(&of, &look), || explain::all_json(&of))?;
            context.tell("hint: refloat explain ID tells one in full");
        }
    }
    Ok(Code::Done)
}

/// An id before a family, a family before a message, and that before a part of one.
fn meant<'a>(
    symptoms: &'a [Symptom],
    asked: &str,
    found: impl FnOnce() -> Result<Vec<String>, Failure>,
) -> Result<Meant<'a>, Failure> {
    let of_id = |id: &str| symptoms.iter().find(|symptom| symptom.id == id);
    if let Some(symptom) = of_id(asked) {
        return Ok(Meant::One(symptom));
    }
    if FAMILIES.contains(&asked) {
        return Ok(Meant::Some(symptoms.iter().filter(|symptom| symptom.family == asked).collect()));
    }
    let found = found()?;
    match found.iter().filter_map(|id| of_id(id)).collect::<Vec<_>>().as_slice() {
        [] => {}
        [one] => return Ok(Meant::One(one)),
        some => return Ok(Meant::Some(some.to_vec())),
    }
    let failure = || Failure::new(Code::Usage, format!("no symptom is called, or says, `{}`", asked.escape_debug()));
    let holding: Vec<&Symptom> = symptoms.iter().filter(|symptom| holds(symptom, asked)).collect();
    match holding.as_slice() {
        [] => {
            let known = symptoms.iter().map(|symptom| symptom.id.as_str());
            Err(match text::suggest(asked, known) {
                Some(near) => failure().hint(format!("did you mean `{near}`?  refloat explain {near}")),
                None => failure().hint("refloat explain (all of them), or refloat diagnose FILE, for a longer text"),
            })
        }
        [one] => Ok(Meant::One(one)),
        _ => Ok(Meant::Some(holding)),
    }
}

/// The ids of what the classifier finds in a message; a word alone may be a pod's status.
fn named(rules: &classify::rules::Rules, asked: &str) -> Vec<String> {
    let document = |text: String| Document {
        file: "message".to_owned(),
        argv: Vec::new(),
        is_stderr: false,
        text: text.into_bytes(),
    };
    let ids = |text: String| -> Vec<String> {
        let mut findings = classify::diagnose::diagnose(rules, &[document(text)], Os::Unix).findings;
        // What is found beside a root is said by its page.
        if findings.iter().any(|finding| finding.role == Role::Root) {
            findings.retain(|finding| finding.role == Role::Root);
        }
        findings.into_iter().map(|finding| finding.id).collect()
    };
    // Before its own sake: `CreateContainerConfigError` is no exception of an app.
    let as_status = match asked.contains(char::is_whitespace) {
        true => Vec::new(),
        false => ids(format!("{TABLE}{asked}   3          10m\n")),
    };
    if as_status.is_empty() { ids(asked.to_owned()) } else { as_status }
}

/// Is the text in the symptom's cause, or in what it finds, whatever the case of its letters?
fn holds(symptom: &Symptom, asked: &str) -> bool {
    let asked = asked.to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&asked);
    has(&symptom.cause) || symptom.examples.iter().any(|example| has(&example.text))
}
