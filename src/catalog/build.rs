//! Run by cargo before the crate is built: the themes (`src/catalog/*.toml`) become one JSON text, which
//! is read thirty times as fast at every start. What a diagnosis does not need (examples, counter-examples,
//! origins) is left out of a second, smaller one.

#![expect(clippy::disallowed_methods, reason = "a build script reads the sources and its environment")]
#![allow(clippy::print_stdout, reason = "how a build script speaks to cargo")]

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use toml::{Table, Value};

/// The themes, nearest to the ground first: the order breaks ties of a diagnosis.
const THEMES: [&str; 22] = [
    "docker",
    "build",
    "minikube",
    "cluster",
    "image",
    "helm",
    "chart",
    "admission",
    "scheduling",
    "eviction",
    "volume",
    "config",
    "container",
    "network",
    "login",
    "database",
    "store",
    "data",
    "auth",
    "cors",
    "app",
    "probe",
];

/// Keys that prove a symptom and do not find it.
const PROOF: [&str; 3] = ["examples", "counter", "origin"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/catalog");
    let source = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("src/catalog");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let files = fs::read_dir(&source)?
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "toml"));
    assert_eq!(files.count(), THEMES.len(), "every theme has its place in the order");
    let (mut all, mut lean, mut places) = (Vec::new(), Vec::new(), String::new());
    for theme in THEMES {
        let name = format!("{theme}.toml");
        let fault = |what: String| format!("src/catalog/{name}: {what}");
        let text = fs::read_to_string(source.join(&name)).map_err(|error| fault(error.to_string()))?;
        let mut theme_of: Table = toml::from_str(&text).map_err(|error| fault(error.to_string()))?;
        let Some(Value::Table(symptoms)) = theme_of.remove("symptoms").filter(|_| theme_of.is_empty()) else {
            return Err(fault("holds [symptoms.ID] tables and nothing else".to_owned()).into());
        };
        for (id, symptom) in symptoms {
            let Value::Table(mut symptom) = symptom else { return Err(fault(format!("{id} is no table")).into()) };
            places.push_str(&format!("{theme} {id}\n"));
            symptom.insert("id".to_owned(), Value::String(id));
            all.push(symptom.clone());
            PROOF.iter().for_each(|key| drop(symptom.remove(*key)));
            lean.push(symptom);
        }
    }
    fs::write(out.join("symptoms.json"), serde_json::to_string(&all)?)?;
    fs::write(out.join("symptoms-lean.json"), serde_json::to_string(&lean)?)?;
    fs::write(out.join("symptoms.txt"), places)?;
    Ok(())
}
