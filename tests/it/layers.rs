//! The layers, held mechanically: which module may name which.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Module → the modules it may name with `crate::`. The order is the direction of the data.
fn allowed() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        ("text", &[] as &[_]),
        ("model", &["model", "text"]),
        ("error", &["text"]),
        ("port", &["model"]),
        ("classify", &["classify", "model", "text"]),
        ("progress", &["progress", "model"]),
        ("catalog", &["catalog", "model"]),
        ("config", &["config", "model", "classify", "error", "text"]),
        ("plan", &["plan", "model", "error", "text"]),
        ("run", &["run", "port", "plan", "model", "classify", "progress", "error", "text"]),
        ("report", &["report", "port", "plan", "model", "error", "text"]),
        ("adapter", &["adapter", "port", "model", "error", "text"]),
        ("cli", &["error", "text"]),
    ])
}

fn rust_files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, out);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            out.push(path);
        }
    }
}

/// The modules that a file names: `crate::a::b` and `crate::{a::b, c}`.
fn named(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in source.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for part in code.split("crate::").skip(1) {
            let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
            if let Some(list) = part.strip_prefix('{') {
                let mut depth = 0;
                let mut start = 0;
                for (at, c) in list.char_indices().chain([(list.len(), ',')]) {
                    match c {
                        '{' => depth += 1,
                        '}' if depth > 0 => depth -= 1,
                        ',' | '}' if depth == 0 => {
                            found.push((index + 1, word(list[start..at].trim())));
                            start = at + 1;
                        }
                        _ => {}
                    }
                }
            } else {
                found.push((index + 1, word(part)));
            }
        }
    }
    found.retain(|(_, name)| !name.is_empty());
    found
}

#[test]
fn every_module_names_only_what_it_may() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    assert!(files.len() > 20, "the walk found the sources");
    let allowed = allowed();
    let mut wrong = Vec::new();
    for path in files {
        let relative = path.strip_prefix(&root).unwrap();
        let first = relative.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        let layer = first.trim_end_matches(".rs");
        // The roots see everything.
        if matches!(layer, "app" | "main" | "lib") {
            continue;
        }
        let may = allowed.get(layer).unwrap_or_else(|| panic!("{layer} has no place in the table"));
        for (line, name) in named(&fs::read_to_string(&path).unwrap()) {
            if !may.contains(&name.as_str()) {
                wrong.push(format!("{}:{line} names crate::{name}", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "layers crossed:\n{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_use_lines_sees_lists() {
    assert_eq!(
        named("use crate::{run::engine, report};\nlet x = crate::model::a(); // crate::cli"),
        [(1, "run".to_owned()), (1, "report".to_owned()), (2, "model".to_owned())]
    );
}

#[test]
fn only_adapters_know_the_operating_system() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    let mut wrong = Vec::new();
    for path in files {
        let relative = path.strip_prefix(&root).unwrap().display().to_string();
        let source = fs::read_to_string(&path).unwrap();
        // The process adapter and its twin halves, one for each system.
        let is_process = ["process.rs", "os_unix.rs", "os_windows.rs"].iter().any(|file| relative.ends_with(file));
        let is_adapter = relative.starts_with("adapter");
        for (index, line) in source.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let platform =
                code.contains("cfg(windows)") || code.contains("cfg(unix)") || code.contains("cfg!(windows)");
            // The map may say which twin stands for the adapter on this system.
            if platform && !is_adapter && relative != "lib.rs" {
                wrong.push(format!("{relative}:{}: {code}", index + 1));
            }
            if code.contains("unsafe {") && !is_process {
                wrong.push(format!("{relative}:{}: unsafe outside the process adapter", index + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "the operating system is met outside its layer:\n{}", wrong.join("\n"));
}
