//! The built-in symptoms (`src/catalog/*.toml`), embedded: the same form as `[symptoms.ID]` of a
//! `tasks.toml`, one file per theme.

use crate::model::finding::Symptom;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The themes, nearest to the ground first: the order breaks ties of a diagnosis.
const THEMES: &[(&str, &str)] = &[
    ("docker", include_str!("catalog/docker.toml")),
    ("build", include_str!("catalog/build.toml")),
    ("minikube", include_str!("catalog/minikube.toml")),
    ("cluster", include_str!("catalog/cluster.toml")),
    ("image", include_str!("catalog/image.toml")),
    ("helm", include_str!("catalog/helm.toml")),
    ("chart", include_str!("catalog/chart.toml")),
    ("admission", include_str!("catalog/admission.toml")),
    ("scheduling", include_str!("catalog/scheduling.toml")),
    ("eviction", include_str!("catalog/eviction.toml")),
    ("volume", include_str!("catalog/volume.toml")),
    ("config", include_str!("catalog/config.toml")),
    ("container", include_str!("catalog/container.toml")),
    ("network", include_str!("catalog/network.toml")),
    ("login", include_str!("catalog/login.toml")),
    ("database", include_str!("catalog/database.toml")),
    ("store", include_str!("catalog/store.toml")),
    ("data", include_str!("catalog/data.toml")),
    ("auth", include_str!("catalog/auth.toml")),
    ("cors", include_str!("catalog/cors.toml")),
    ("app", include_str!("catalog/app.toml")),
    ("probe", include_str!("catalog/probe.toml")),
];

/// One theme.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Theme {
    symptoms: BTreeMap<String, Symptom>,
}

fn parse(text: &str) -> Result<Vec<Symptom>, toml::de::Error> {
    let theme: Theme = toml::from_str(text)?;
    Ok(theme.symptoms.into_iter().map(|(id, symptom)| Symptom { id, ..symptom }).collect())
}

fn builtin() -> &'static [Symptom] {
    static PARSED: OnceLock<Vec<Symptom>> = OnceLock::new();
    // A theme that does not parse fails the tests; a build that has one still has the others.
    PARSED.get_or_init(|| THEMES.iter().flat_map(|(_, text)| parse(text).unwrap_or_default()).collect())
}

/// The built-in symptoms. Parsed on first use.
pub fn symptoms() -> Vec<Symptom> {
    builtin().to_vec()
}

/// The ids of the built-in symptoms, without parsing the rest.
pub fn ids() -> impl Iterator<Item = &'static str> {
    THEMES
        .iter()
        .flat_map(|(_, text)| text.lines())
        .filter_map(|line| line.strip_prefix("[symptoms.")?.strip_suffix(']'))
}

/// The file that holds a built-in symptom: `src/catalog/THEME.toml`.
pub fn file_of(id: &str) -> Option<String> {
    let header = format!("[symptoms.{id}]");
    let (theme, _) = THEMES.iter().find(|(_, text)| text.lines().any(|line| line == header))?;
    Some(format!("src/catalog/{theme}.toml"))
}

/// The built-in symptoms and a user's own. A user's symptom with the id of a built-in replaces it.
pub fn with(user: Vec<Symptom>) -> Vec<Symptom> {
    let mut own: BTreeMap<String, Symptom> = user.iter().map(|symptom| (symptom.id.clone(), symptom.clone())).collect();
    let mut all: Vec<Symptom> =
        builtin().iter().map(|symptom| own.remove(&symptom.id).unwrap_or_else(|| symptom.clone())).collect();
    all.extend(user.into_iter().filter(|symptom| own.contains_key(&symptom.id)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_parses() {
        for (name, text) in THEMES {
            match parse(text) {
                Ok(symptoms) => assert!(!symptoms.is_empty(), "{name}.toml is empty"),
                Err(error) => panic!("{name}.toml: {error}"),
            }
        }
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
