//! The repository's own runbook, its cluster played by stand-ins, with real curl and a real browser: deployed, validated,
//! watched; and what a fault of the app comes to.

use super::app::{App, curl};
use super::page::{browser, flags};
use super::resume::{helm, kubectl, tools};
use super::safe::{NODE, RENDERED};
use super::stub::Tools;
use super::support::{Answer, Project};
use serde_json::json;
use std::fs;

/// A cluster whose front door is this app. `None`: this machine has no curl or no browser.
fn cluster(app: &App) -> Option<(Project, Tools)> {
    let (curl, browser) = (curl()?, browser()?);
    let port = app.api.to_string();
    let rendered = RENDERED
        .replace("http://192.168.49.2:30080", &app.url())
        .replace("nodePort: 30080", &format!("nodePort: {port}"));
    let tools = tools(vec![
        helm(&["template", "**"], json!({ "stdout": rendered })),
        kubectl(&["describe", "node", "minikube"], json!({ "stdout": NODE.replace("192.168.49.2", "127.0.0.1") })),
        kubectl(&["get", "svc", "taskflow-frontend-service", "**"], json!({ "stdout": port })),
    ]);
    for stand_in in ["curl", "chromium"] {
        fs::remove_file(tools.bin(stand_in)).unwrap();
    }
    let places = [tools.path(), curl.parent().unwrap().to_owned(), browser.parent().unwrap().to_owned()];
    let path = std::env::join_paths(places).unwrap();
    let project = Project::taskflow().with_tools(&tools).env("PATH", path.to_str().unwrap());
    Some((project, tools))
}

fn run(project: &Project, args: &[&str]) -> Answer {
    project.run(&[args, flags()].concat())
}

#[test]
fn a_deployment_is_done_when_it_is_validated_and_an_incident_over_when_that_has_passed() {
    let app = App::start(&[]);
    let Some((project, tools)) = cluster(&app) else { return };
    run(&project, &["redeploy"]).exits(0).says(&["1 not verified: Open the page"]);

    app.fault("token-rejected", true);
    let failed = run(&project, &["redeploy"]).exits(1);
    failed.says(&["Token persists", "answered 401", "opened incident", "refloat rollback"]);
    let upgrades = || tools.calls().iter().filter(|call| call.contains(&"upgrade".to_owned())).count();
    let before = upgrades();
    run(&project, &["redeploy"]).exits(4).says(&["has no root cause"]);
    assert_eq!(upgrades(), before, "refused before anything is done");

    project.run(&["incident", "cause", "the key that tokens are signed with was rotated"]).exits(0);
    project.run(&["incident", "close"]).exits(4);
    app.fault("token-rejected", false);
    run(&project, &["redeploy"]).exits(0);
    project.run(&["incident", "close"]).exits(0).answers(&["closed", "was not verified: Open the page"]);
}

#[test]
fn an_error_that_only_the_console_tells_fails_the_deployment() {
    let app = App::start(&["--fault", "console-error"]);
    let Some((project, _tools)) = cluster(&app) else { return };
    run(&project, &["redeploy"]).exits(1).says(&["the console says", "opened incident"]);
}

#[test]
fn a_watch_opens_the_page_and_an_error_in_its_console_ends_it() {
    let (app, production) = (App::start(&["--fault", "console-error"]), App::start(&[]));
    let Some((project, _tools)) = cluster(&app) else { return };
    let project = project
        .env("REFLOAT_VAR_PRODUCTION_PAGE", &production.url())
        .env("REFLOAT_VAR_PRODUCTION_API", &production.url())
        .env("REFLOAT_VAR_WATCH_EVERY", "1s");
    let watched = run(&project, &["watch"]).exits(3);
    watched.says(&[
        "\"The frontend shows errors that production does not\" holds",
        "opened incident",
        "refloat rollback",
    ]);
}
