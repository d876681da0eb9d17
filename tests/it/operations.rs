//! The app is asked through its front door: the repository's own operations, real curl, an app on loopback whose faults
//! are switched on one by one.

use super::app::{App, cluster, curl, operations, project};
use super::support::{Answer, Project};
use serde_json::Value;
use std::process::Command;

/// What every run of the operations is made with.
const NAMES: [&str; 20] = [
    "CORS preflight",
    "Signup response",
    "Login response",
    "Token persists",
    "Create task response",
    "List tasks response",
    "The task is found again",
    "Update task response",
    "Complete task response",
    "Tasks persist",
    "Chatbot response format",
    "Chatbot lists tasks",
    "Chatbot creates a task",
    "Chatbot updates a task",
    "Chatbot completes a task",
    "Tasks of the chatbot",
    "Chatbot deletes a task",
    "Delete task response",
    "Deleted tasks are gone",
    "The account is deleted",
];

/// `name: status note` of every operation of the newest run; `name: skipped why`.
fn steps(project: &Project) -> Vec<String> {
    let told = |event: Value| {
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        match event["type"].as_str()? {
            "step-finished" if event["step"] != "1" => {
                Some(format!("{}: {} {}", text("name"), text("status"), text("note")))
            }
            "step-skipped" => Some(format!("{}: skipped {}", text("name"), text("why"))),
            _ => None,
        }
    };
    project.journal().into_iter().filter_map(told).collect()
}

/// The operations that did not go well.
fn wrong(project: &Project) -> Vec<String> {
    steps(project).into_iter().filter(|step| !step.contains(": ok ")).collect()
}

/// Everything that a run left and said.
fn everything(project: &Project, answer: &Answer) -> String {
    let kept: String = project.kept().iter().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
    format!("{}{}{kept}", answer.out, answer.err)
}

#[test]
fn an_app_that_is_well_validates_and_is_left_as_it_was() {
    if curl().is_none() {
        return;
    }
    let store = tempfile::NamedTempFile::new().unwrap();
    let app = App::start(&["--store", store.path().to_str().unwrap()]);
    let project = project(&app, "");
    let answer = project.run(&["app"]).exits(0);
    let told = steps(&project);
    assert_eq!(told.len(), NAMES.len(), "{told:#?}");
    for (told, name) in told.iter().zip(NAMES) {
        let note = told.strip_prefix(&format!("{name}: ok ")).unwrap_or_else(|| panic!("{told}"));
        let (status, took) = note.split_once(" in ").unwrap();
        assert!(["200", "201", "204"].contains(&status) && took.ends_with('s'), "{told}");
    }
    answer.says(&["Login response", "app 20 ok"]);
    let left: Value = serde_json::from_slice(&std::fs::read(store.path()).unwrap()).unwrap();
    assert_eq!((&left["users"], &left["tasks"]), (&serde_json::json!([]), &serde_json::json!([])));
}

#[test]
fn the_cluster_is_found_and_asked() {
    let Some(curl) = curl() else { return };
    let app = App::start(&[]);
    let (project, tools) = cluster(&app);
    let path = format!(
        "{}{}{}",
        tools.path().display(),
        if cfg!(windows) { ';' } else { ':' },
        curl.parent().unwrap().display()
    );
    let project = project.env("PATH", &path);
    project.run(&["validate-app"]).exits(0);
    assert_eq!(wrong(&project), Vec::<String>::new());
    assert_eq!(steps(&project).len(), NAMES.len() + 2);
}

/// What is told when this fault is on.
fn told(fault: &str) -> (Vec<String>, Answer) {
    let app = App::start(&["--fault", fault]);
    let project = project(&app, "");
    let answer = project.run(&["app"]);
    (wrong(&project), answer)
}

#[test]
fn every_fault_is_found_and_named() {
    if curl().is_none() {
        return;
    }
    for (fault, wanted) in [
        ("status", vec!["Create task response: failed answered 200, not 201: {"]),
        (
            "missing-field",
            vec![
                "Create task response: failed completed is missing",
                "List tasks response: failed [*].completed is missing",
                "Complete task response: failed completed is missing",
                "Tasks persist: failed completed is missing",
            ],
        ),
        ("wrong-type", vec!["Login response: failed user.id is a string (\"1\"), not an integer"]),
        (
            "no-cors",
            vec![
                "CORS preflight: failed answered 400, not 200 or 204: \"Disallowed CORS origin\"; access-control-allow-headers is missing",
                "Login response: failed access-control-allow-origin is missing",
            ],
        ),
        (
            "no-allow-headers",
            vec![
                "CORS preflight: failed access-control-allow-headers is missing; access-control-allow-methods is missing",
            ],
        ),
        (
            "two-origins",
            vec![
                "CORS preflight: failed access-control-allow-origin is given twice, which browsers refuse",
                "Login response: failed access-control-allow-origin is given twice, which browsers refuse",
            ],
        ),
        (
            "token-rejected",
            vec!["Token persists: failed answered 401, not 200: {\"detail\":\"Could not validate credentials\"}"],
        ),
        (
            "chat-broken",
            vec!["Chatbot response format: failed answered 500, not 200: {\"detail\":\"anthropic.AuthenticationError"],
        ),
        (
            "chat-silent",
            vec!["Chatbot lists tasks: failed tool_calls[*].name is nowhere \"list_tasks\": nothing is there"],
        ),
    ] {
        let (wrong, answer) = told(fault);
        assert_eq!(answer.code, 1, "{fault}: {}", answer.err);
        for wanted in wanted {
            assert!(wrong.iter().any(|line| line.starts_with(wanted)), "{fault}: {wanted}\nin {wrong:#?}");
            // On the screen as well as in the journal.
            let note = wanted.split_once(": failed ").unwrap().1;
            let (err, note): (String, String) = (words(&answer.err), words(note));
            assert!(err.contains(&note), "{fault}: {note}\nin {err}");
        }
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_slow_answer_is_late() {
    if curl().is_none() {
        return;
    }
    let app = App::start(&["--fault", "slow"]);
    // It takes 1.2 s; the limit of the file is five seconds.
    let tasks = std::fs::read_to_string(project(&app, "").path().join("tasks.toml")).unwrap();
    let project = Project::new(&tasks.replace("within = \"5s\"", "within = \"1s\""));
    project.run(&["app"]).exits(1);
    let wrong = wrong(&project);
    assert!(
        wrong.iter().any(
            |line| line.starts_with("List tasks response: failed took 1.") && line.ends_with(" s, longer than 1 s")
        ),
        "{wrong:#?}"
    );
}

#[test]
fn what_depends_on_a_failed_operation_is_not_asked() {
    if curl().is_none() {
        return;
    }
    let app = App::start(&["--fault", "login-refused"]);
    let project = project(&app, "");
    let answer = project.run(&["app", "--record", "app.jsonl"]).exits(1);
    let wrong = wrong(&project);
    assert_eq!(wrong[1], "Token persists: skipped needs token, which \"Login response\" did not give");
    // The account is there, and nobody can take it away.
    let recording = std::fs::read_to_string(project.path().join("app.jsonl")).unwrap();
    let header: Value = serde_json::from_str(recording.lines().next().unwrap()).unwrap();
    let left = format!("test data may be left: refloat-{}", header["unique"].as_str().unwrap());
    let why = "The account is deleted: skipped needs token, which \"Login response\" did not give";
    assert_eq!(*wrong.last().unwrap(), format!("{why}; {left}"));
    assert!(words(&answer.err).contains(&left), "{}", answer.err);
}

#[test]
fn where_nothing_was_made_nothing_is_left() {
    if curl().is_none() {
        return;
    }
    let app = App::start(&["--fault", "login-refused"]);
    let project = project(&app, "");
    // The sign-up is refused, too.
    let tasks = std::fs::read_to_string(project.path().join("tasks.toml")).unwrap();
    let project = Project::new(&tasks.replace("\"password\": \"Pw-${unique}-9\"", "\"password\": \"short\""));
    project.run(&["app"]).exits(1);
    let wrong = wrong(&project);
    assert!(wrong[0].starts_with("Signup response: failed answered 422"), "{wrong:#?}");
    assert_eq!(
        wrong.last().unwrap(),
        "The account is deleted: skipped needs token, which \"Login response\" did not give"
    );
}

#[test]
fn an_app_that_is_not_there_is_told_with_what_to_do() {
    if curl().is_none() {
        return;
    }
    let app = App::start(&[]);
    let project = project(&app, "");
    let url = app.url();
    drop(app);
    let answer = project.run(&["app"]).exits(1);
    let wrong = wrong(&project);
    assert!(wrong[0].starts_with("CORS preflight: failed curl: (7) Failed to connect to 127.0.0.1"), "{wrong:#?}");
    answer.says(&[&format!("Does anything answer there? curl --verbose {url}/api/tasks")]);
}

#[test]
fn a_token_or_a_password_is_nowhere() {
    if curl().is_none() {
        return;
    }
    let app = App::start(&["--fault", "status", "--fault", "chat-broken"]);
    let project = project(&app, "");
    let answer = project.run(&["app", "--record", "app.jsonl", "-v"]).exits(1);
    let recording = std::fs::read_to_string(project.path().join("app.jsonl")).unwrap();
    let header: Value = serde_json::from_str(recording.lines().next().unwrap()).unwrap();
    let unique = header["unique"].as_str().unwrap();
    let all = everything(&project, &answer) + &recording;
    assert!(recording.lines().count() >= 5, "{recording}");
    assert!(all.contains(&format!("refloat-{unique}@example.com")), "the account's name is no secret");
    for secret in [format!("Pw-{unique}"), "eyJhbGciOiJIUzI1NiJ9".to_owned()] {
        assert!(!all.contains(&secret), "{secret} is in {all}");
    }
}

#[test]
fn a_replay_tells_the_same() {
    if curl().is_none() {
        return;
    }
    for fault in ["status", "wrong-type", "chat-silent", "unhealthy"] {
        let app = App::start(&["--fault", fault]);
        let project = project(&app, "");
        let first = project.run(&["app", "--record", "app.jsonl"]);
        let told = steps(&project);
        drop(app);
        let again = project.run(&["app", "--replay", "app.jsonl"]);
        assert_eq!(again.code, first.code, "{}", again.err);
        assert_eq!(steps(&project), told);
    }
}

/// The program that the stand-in is started as, and what it was given.
#[test]
fn no_argument_of_curl_holds_a_secret() {
    use super::stub::Tools;
    use serde_json::json;
    let tools = Tools::new().rule(json!({"argv": ["curl", "**"], "echo_stdin": true, "exit": 0}));
    let app = App::start(&[]);
    let project = project(&app, "").with_tools(&tools);
    project.run(&["app"]).exits(1);
    let calls = tools.calls();
    assert!(calls.len() >= 3, "{calls:?}");
    for call in calls {
        let call = call.join(" ");
        assert!(!call.contains("Pw-") && !call.contains("Bearer") && call.ends_with(" --config -"), "{call}");
    }
}

#[test]
fn a_target_without_an_address_is_refused_before_anything_runs() {
    let app = App::start(&[]);
    let more = "[tasks.there]\nsummary = \"Ask production\"\n[[tasks.there.steps]]\noperations = \"production\"\n";
    let tasks = std::fs::read_to_string(project(&app, more).path().join("tasks.toml")).unwrap();
    let tasks = tasks.replace("[tools.curl]", "there = \"\"\n[tools.curl]").replace(
        "[targets.cluster]",
        "[targets.production]\ntitle = \"Vercel\"\nvars = { page = \"${there}\", api = \"${there}\" }\n[targets.cluster]",
    );
    let project = Project::new(&tasks);
    let answer = project.run(&["there"]).exits(2);
    answer.says(&[
        "the target Vercel has no address: `/api/tasks` is none",
        "set there, in tasks.local.toml or with --set there=https://...",
    ]);
    assert!(project.runs().is_empty());
}

#[test]
fn a_store_that_forgets_is_found_after_a_restart() {
    if curl().is_none() {
        return;
    }
    let store = tempfile::NamedTempFile::new().unwrap();
    let app = App::start(&["--store", store.path().to_str().unwrap()]);
    let own = r#"
[[operations]]
name = "in"
method = "POST"
url = "${api}/api/auth/login"
json = '{"email": "m@x.de", "password": "Secret-12345"}'
capture = { token2 = { path = "token", secret = true } }
[[operations]]
name = "kept"
url = "${api}/api/tasks"
headers = { Authorization = "Bearer ${token2}" }
answer = { fields = { "[*].title" = { any = "Stay" } } }
[tasks.kept]
summary = "What stays"
[[tasks.kept.steps]]
operations = "cluster"
only = ["kept"]
"#;
    let project = project(&app, own);
    let body = |path: &str, token: &str, json: &str| {
        let out = Command::new(curl().unwrap())
            .args(["--silent", "--disable", "--data", json, "-H", &format!("Authorization: Bearer {token}")])
            .arg(format!("{}{path}", app.url()))
            .output()
            .unwrap();
        serde_json::from_slice::<Value>(&out.stdout).unwrap()
    };
    let account = r#"{"email": "m@x.de", "password": "Secret-12345"}"#;
    body("/api/auth/signup", "", account);
    let token = body("/api/auth/login", "", account)["token"].as_str().unwrap().to_owned();
    body("/api/tasks", &token, r#"{"title": "Stay"}"#);
    app.restart();
    project.run(&["kept"]).exits(0);
    app.fault("lost-after-restart", true);
    app.restart();
    project.run(&["kept"]).exits(1);
    assert_eq!(
        wrong(&project)[0],
        "in: failed answered 401, not 200 to 299: {\"detail\":\"Incorrect email or password\"}"
    );
    assert!(!operations().is_empty());
}

/// The repository's `persistence`, its restart that of the app itself.
#[test]
fn what_a_restart_loses_is_found() {
    let Some(curl) = curl() else { return };
    let store = tempfile::NamedTempFile::new().unwrap();
    let app = App::start(&["--store", store.path().to_str().unwrap()]);
    let (project, tools) = cluster(&app);
    let path = [tools.path(), curl.parent().unwrap().to_owned()];
    let project = project.env("PATH", std::env::join_paths(path).unwrap().to_str().unwrap());
    let tasks = std::fs::read_to_string(project.path().join("tasks.toml")).unwrap();
    let restart = format!("run = [\"curl\", \"--silent\", \"--request\", \"POST\", \"{}/_restart\"]", app.url());
    let step = "name = \"Restart both deployments\"\ntask = \"restart\"";
    assert!(tasks.contains(step));
    let project = project.file("tasks.toml", &tasks.replace(step, &restart));
    project.run(&["persistence"]).exits(0).says(&["The task is found again", "The account is deleted"]);
    let left: Value = serde_json::from_slice(&std::fs::read(store.path()).unwrap()).unwrap();
    assert_eq!(left["users"], serde_json::json!([]));
    app.fault("lost-after-restart", true);
    let answer = project.run(&["persistence"]);
    assert_ne!(answer.code, 0);
    answer.says(&["answered 401, not 200: {\"detail\":\"Incorrect email or password\"}"]);
}
