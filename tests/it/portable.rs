//! The repository itself must fit on every system.

use super::support::root;
use std::fs;

/// Why Windows cannot hold a file of this name, whatever stands behind its first dot.
fn windows_refuses(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered = ["com", "lpt"].iter().any(|device| {
        stem.strip_prefix(device).is_some_and(|rest| rest.len() == 1 && rest.chars().all(|c| c.is_ascii_digit()))
    });
    numbered
        || ["con", "prn", "aux", "nul"].contains(&stem.as_str())
        || name.contains(['<', '>', ':', '"', '|', '?', '*', '\\'])
        || name.ends_with(['.', ' '])
}

#[test]
fn every_file_can_be_checked_out_on_windows() {
    for (name, refused) in [("nul.toml", true), ("COM1", true), ("a:b", true), ("null.toml", false), ("com.rs", false)]
    {
        assert_eq!(windows_refuses(name), refused, "{name}");
    }
    let mut folders = vec![root()];
    let mut wrong = Vec::new();
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_str().unwrap().to_owned();
            if [".git", "target", ".refloat"].contains(&name.as_str()) {
                continue;
            }
            seen += 1;
            if windows_refuses(&name) {
                wrong.push(entry.path());
            }
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            }
        }
    }
    assert!(seen > 200, "the walk found the repository");
    assert!(wrong.is_empty(), "{wrong:?}");
}
