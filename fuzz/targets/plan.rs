//! Any bytes as `tasks.toml`: errors with a place inside the file, or a catalog of which every task can
//! be listed, shown and planned.

#![no_main]

use libfuzzer_sys::fuzz_target;
use refloat::config::{Input, Os, Source, load};
use refloat::error::Code;
use refloat::model::catalog::Catalog;
use refloat::plan::{self, checks};
use refloat::report::style::Look;
use refloat::report::{listing, plan as told, plan_json, show};

const NAME: &str = "tasks.toml";

fuzz_target!(|bytes: &[u8]| {
    let file = Source { path: NAME.into(), shown: NAME.to_owned(), text: bytes.to_vec() };
    let nothing = Vec::new;
    let input =
        Input { file, local: None, env: nothing(), sets: nothing(), os: Os::Linux, known_symptoms: &[], color: false };
    match load(&input) {
        Ok(loaded) => plan_all(&loaded.catalog),
        Err(failure) => {
            // Nothing was asked for on the command line or in the environment: the file is wrong.
            assert_eq!(failure.code, Code::Config, "{failure}");
            assert!(!failure.message.is_empty());
            failure.message.lines().filter_map(place).for_each(|(line, column)| stands(bytes, line, column));
        }
    }
});

/// `--> tasks.toml:7:12` and `::: tasks.toml:7:12`.
fn place(line: &str) -> Option<(usize, usize)> {
    let rest = line.trim_start().strip_prefix("--> ").or_else(|| line.trim_start().strip_prefix("::: "))?;
    let mut numbers = rest.strip_prefix(NAME)?.strip_prefix(':')?.split(':');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// The place is in the file, or right behind a line's last character.
fn stands(bytes: &[u8], line: usize, column: usize) {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let told = text.split('\n').nth(line.checked_sub(1).expect("lines count from 1"));
    let told = told.unwrap_or_else(|| panic!("there is no line {line}"));
    assert!((1..=told.chars().count() + 1).contains(&column), "line {line} has no column {column}: {told:?}");
}

fn plan_all(catalog: &Catalog) {
    let look = Look::plain(80);
    let _ = (listing::text(catalog, None, &look), listing::json(catalog));
    for task in &catalog.tasks {
        let _ = (show::text(catalog, task, &look), show::json(catalog, task));
        let none: [String; 0] = [];
        let named = |value: &str| task.params.iter().map(|param| format!("{}={value}", param.name)).collect::<Vec<_>>();
        for args in [none.to_vec(), named("1"), named("--x"), vec!["a b".to_owned(); task.params.len() + 1]] {
            if let Ok(plan) = plan::build(catalog, &task.name, &args) {
                let _ = (told::text(&plan, &look), plan_json::json(&plan));
            }
        }
    }
    for name in catalog.checks.keys() {
        let _ = checks::build_check(catalog, std::slice::from_ref(name));
    }
}
