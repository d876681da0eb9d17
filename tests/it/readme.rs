//! The README shows what the commands print: every `$ refloat …` block in it is run and compared.
//! `UPDATE_README=1 cargo test readme` writes the blocks anew.

use super::support::{Project, root};
use regex::Regex;
use std::fs;
use std::path::MAIN_SEPARATOR;

/// Durations and run ids differ from run to run.
fn steady(text: &str) -> String {
    let id = Regex::new(r"\d{8}-\d{6}-\d{3}-").unwrap();
    // Behind what it tells of, as a story has it; a loaded machine may need more than ten seconds.
    let took = Regex::new(r"(?m)(\S  )(?:\d+m ?)?\d+(?:\.\d)?s(  |$)").unwrap();
    let text = id.replace_all(text, "20261123-060512-123-");
    let text = took.replace_all(&text, "${1}0.1s${2}");
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

#[test]
fn the_readme_shows_what_the_commands_print() {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let block = Regex::new(r"(?s)```console\n\$ (?:refloat|cargo run --release --)( [^\n]*)?\n(.*?)```").unwrap();
    // A terminal with more than ASCII, as Unix and Windows tell it.
    let project = Project::taskflow().env("LANG", "C.UTF-8").env("WT_SESSION", "1");
    let recordings = root().join("tests").join("recordings");
    let mut shown = 0;
    let fresh = block.replace_all(&readme, |found: &regex::Captures<'_>| {
        shown += 1;
        let line = found.get(1).map_or("", |text| text.as_str()).trim();
        let place = format!("{}{MAIN_SEPARATOR}", recordings.display());
        let words: Vec<String> =
            line.split_whitespace().map(|word| word.replace("tests/recordings/", &place)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let answer = project.run(&words);
        let printed = format!("{}{}", answer.err, answer.out).replace(&place, "tests/recordings/");
        let (command, _) = found[0].split_once('\n').and_then(|(_, rest)| rest.split_once('\n')).unwrap();
        format!("```console\n{command}\n{}\n```", steady(&printed))
    });
    assert!(shown >= 4, "the README shows commands");
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, fresh.as_bytes()).unwrap();
        return;
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (readme.lines().collect(), fresh.lines().collect());
    let differ = old.iter().zip(&new).position(|(old, new)| old != new);
    let at = differ.map(|line| format!("line {}:\n  {}\n  {}", line + 1, old[line], new[line]));
    assert_eq!(readme, fresh, "README.md is not what the commands print; first difference at {at:?}");
}
