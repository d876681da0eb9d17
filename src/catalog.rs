//! The built-in symptoms (`src/catalog/*.toml`), embedded: the same form as `[symptoms.ID]` of a
//! `tasks.toml`, one file per theme. `src/catalog/build.rs` makes JSON of them when the crate is built.

use crate::model::finding::Symptom;
use std::collections::BTreeMap;

/// Everything.
const WHOLE: &str = include_str!(concat!(env!("OUT_DIR"), "/symptoms.json"));
/// Without what only proves a symptom.
const LEAN: &str = include_str!(concat!(env!("OUT_DIR"), "/symptoms-lean.json"));
/// A line for each: its theme and its id.
const PLACES: &str = include_str!(concat!(env!("OUT_DIR"), "/symptoms.txt"));

/// A symptom of ours that does not have the form fails the tests; a build that has one knows none.
fn read(text: &str) -> Vec<Symptom> {
    serde_json::from_str(text).unwrap_or_default()
}

/// The built-in symptoms.
pub fn symptoms() -> Vec<Symptom> {
    read(WHOLE)
}

/// The ids of the built-in symptoms, without reading the rest.
pub fn ids() -> impl Iterator<Item = &'static str> {
    places().map(|(_, id)| id)
}

/// The file that holds a built-in symptom: `src/catalog/THEME.toml`.
pub fn file_of(id: &str) -> Option<String> {
    let (theme, _) = places().find(|(_, known)| *known == id)?;
    Some(format!("src/catalog/{theme}.toml"))
}

fn places() -> impl Iterator<Item = (&'static str, &'static str)> {
    PLACES.lines().filter_map(|line| line.split_once(' '))
}

/// The built-in symptoms and a user's own. A user's symptom with the id of a built-in replaces it.
pub fn with(user: Vec<Symptom>) -> Vec<Symptom> {
    joined(symptoms(), user)
}

/// The same for a diagnosis, which asks for no examples and no origins: a third of the work.
pub fn to_find(user: Vec<Symptom>) -> Vec<Symptom> {
    joined(read(LEAN), user)
}

fn joined(builtin: Vec<Symptom>, user: Vec<Symptom>) -> Vec<Symptom> {
    let mut own: BTreeMap<String, Symptom> = user.iter().map(|symptom| (symptom.id.clone(), symptom.clone())).collect();
    let mut all: Vec<Symptom> = builtin.into_iter().map(|symptom| own.remove(&symptom.id).unwrap_or(symptom)).collect();
    all.extend(user.into_iter().filter(|symptom| own.contains_key(&symptom.id)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symptom_has_the_form() {
        for text in [WHOLE, LEAN] {
            if let Err(error) = serde_json::from_str::<Vec<Symptom>>(text) {
                panic!("{error}");
            }
        }
        assert!(symptoms().len() > 250);
    }

    #[test]
    fn what_is_read_to_find_is_the_same_without_its_proofs() {
        let bare = |symptom: Symptom| Symptom { examples: vec![], counter: vec![], origin: None, ..symptom };
        assert_eq!(to_find(vec![]), symptoms().into_iter().map(bare).collect::<Vec<_>>());
    }

    #[test]
    fn ids_are_those_of_the_symptoms_and_stand_once() {
        let mut ids: Vec<&str> = ids().collect();
        let symptoms = symptoms();
        let mut parsed: Vec<&str> = symptoms.iter().map(|symptom| symptom.id.as_str()).collect();
        ids.sort_unstable();
        parsed.sort_unstable();
        assert_eq!(ids, parsed);
        ids.dedup();
        assert_eq!(ids.len(), parsed.len(), "an id stands twice");
    }

    #[test]
    fn a_users_symptom_replaces_the_built_in() {
        let mut own = symptoms().remove(0);
        own.cause = "mine".into();
        let mut new = own.clone();
        new.id = "my-own".into();
        let all = with(vec![own.clone(), new.clone()]);
        assert_eq!(all.len(), symptoms().len() + 1);
        assert_eq!(all[0], own);
        assert_eq!(all.last(), Some(&new));
    }
}
