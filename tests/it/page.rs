//! The page in a real browser: it loads, and its console is silent.

use super::app::{App, cluster, real};
use super::stub::Tools;
use super::support::{Answer, Project};
use serde_json::Value;

/// What runs the page, if this machine can: an app, its project, the browser on the PATH.
fn page(app: &App) -> Option<(Project, Tools)> {
    let browser = browser()?;
    let (project, tools) = cluster(app);
    let separator = if cfg!(windows) { ';' } else { ':' };
    let path = format!("{}{separator}{}", tools.path().display(), browser.parent().unwrap().display());
    Some((project.env("PATH", &path), tools))
}

/// The browser of this machine.
pub(crate) fn browser() -> Option<std::path::PathBuf> {
    real("browser", &["chromium", "chromium-browser", "google-chrome", "msedge", "chrome"])
}

/// In a container there is no sandbox to be had for root.
pub(crate) fn flags() -> &'static [&'static str] {
    if is_root() { &["--set", "browser_flags=--no-sandbox"] } else { &[] }
}

fn open(project: &Project, more: &[&str]) -> Answer {
    project.run(&[&["page"], flags(), more].concat())
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // Whoever owns a file that we make is who we are.
    let own = tempfile::NamedTempFile::new().unwrap();
    std::fs::metadata(own.path()).unwrap().uid() == 0
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

fn note(project: &Project) -> String {
    project.finished("4")["note"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_page_that_is_well_passes_and_leaves_nothing_behind() {
    let app = App::start(&[]);
    let Some((project, _tools)) = page(&app) else { return };
    open(&project, &["--record", "page.jsonl"]).exits(0);
    let scratch = project.path().join(".refloat").join("scratch");
    let left: Vec<_> = std::fs::read_dir(scratch).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    // The recording knows the question again, wherever it is asked.
    drop(app);
    open(&project, &["--replay", "page.jsonl"]).exits(0);
}

#[test]
fn an_error_in_the_console_is_told_as_it_stands_there() {
    let app = App::start(&["--fault", "console-error"]);
    let Some((project, _tools)) = page(&app) else { return };
    open(&project, &[]).exits(1).says(&["the console says: \"the list could not be drawn\""]);
}

#[test]
fn an_error_of_several_lines_is_told_as_one() {
    let app = App::start(&["--fault", "console-lines"]);
    let Some((project, _tools)) = page(&app) else { return };
    open(&project, &["--record", "page.jsonl"]).exits(1);
    let told = note(&project);
    assert!(told.starts_with("the console says: \"The above error occurred in <List>: at List\", \""), "{told}");
    assert!(told.contains("Cannot read properties of the list\""), "{told}");
    drop(app);
    open(&project, &["--replay", "page.jsonl"]).exits(1);
    assert_eq!(note(&project), told);
}

#[test]
fn an_answer_that_the_browser_refuses_is_named_as_cors() {
    let app = App::start(&[]);
    let Some((project, _tools)) = page(&app) else { return };
    // Opened at the page's own address, from which the API is another origin.
    let tasks = std::fs::read_to_string(project.path().join("tasks.toml")).unwrap();
    let project = project
        .file("tasks.toml", &tasks.replace("\"http://${node_ip}:${node_port}/\"", &format!("\"{}/\"", app.page_url())));
    open(&project, &[]).exits(0);
    app.fault("no-cors", true);
    let answer = open(&project, &[]).exits(1);
    let note = note(&project);
    assert!(note.starts_with("the console says: \"Access to fetch at 'http://127.0.0.1:"), "{note}");
    assert!(note.contains("has been blocked by CORS policy"), "{note}");
    let named = project.journal().into_iter().find(|event| event["type"] == "diagnosed");
    let named = named.unwrap_or_else(|| panic!("nothing is named:\n{}", answer.err));
    let families: Vec<&Value> =
        named["diagnosis"]["findings"].as_array().unwrap().iter().map(|finding| &finding["family"]).collect();
    assert_eq!(families, ["cors"]);
}

#[test]
fn a_page_that_does_not_load_fails() {
    let app = App::start(&[]);
    let Some((project, _tools)) = page(&app) else { return };
    drop(app);
    open(&project, &[]).exits(1);
    assert_eq!(project.finished("3")["note"], "exited with code 7", "curl: nobody listens there");
}

#[test]
fn no_browser_at_all_is_told_with_what_was_looked_for() {
    let app = App::start(&[]);
    let (project, _tools) = cluster(&app);
    project
        .run(&["page"])
        .exits(5)
        .says(&["browser: `chromium` is not on PATH, and neither is `chromium-browser`", "install: "]);
}
