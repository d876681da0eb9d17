//! `refloat diagnose` as people and scripts call it: on files, folders, recordings, pipes, live.

use super::stub::Tools;
use super::support::{Answer, Project, recording};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::process::Stdio;

/// A backend that cannot log in; its address, password and all, in the same line.
const LOG: &str = "INFO  starting taskflow\n\
    sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection to server at \"db\" (10.0.0.1), port 5432 \
    failed: FATAL:  password authentication failed for user \"app\" (postgresql://app:hunter22@db:5432/app)\n";

const TASKS: &str = r#"
version = 1
[app]
name = "app"
[tools.kubectl]
[diagnose]
task = "evidence"
[tasks.evidence]
summary = "Save it"
[[tasks.evidence.steps]]
run  = ["kubectl", "logs", "app"]
save = "log.txt"
allow_failure = true
[symptoms.queue-full]
family   = "crash-loop"
role     = "root"
any      = ['ERROR queue (?P<queue>\S+) is full']
cause    = "The queue {queue} is full"
fix      = ["Raise queueSize", "refloat redeploy"]
examples = ['ERROR queue mail is full']
[symptoms.database-auth]
family   = "database-connection"
role     = "root"
any      = ['password authentication failed for user']
cause    = "Our own words about the login"
fix      = ["Ask Jo"]
examples = ['password authentication failed for user "x"']
"#;

/// A folder without a `tasks.toml`, with these files.
fn folder(files: &[(&str, &[u8])]) -> Project {
    let project = Project::new("");
    fs::remove_file(project.path().join("tasks.toml")).unwrap();
    for (name, bytes) in files {
        let path = project.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    project
}

fn data(project: &Project, args: &[&str], code: i32) -> Value {
    let answer = project.run(&[&["--format", "json", "diagnose"], args].concat()).exits(code);
    serde_json::from_str(&answer.out).unwrap()
}

/// Standard input from a pipe.
fn piped(project: &Project, args: &[&str], text: &[u8]) -> Answer {
    let mut command = project.command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
    Answer { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().fold(b"\xff\xfe".to_vec(), |mut all, unit| {
        all.extend(unit.to_le_bytes());
        all
    })
}

#[test]
fn a_file_is_read_wherever_it_lies_and_quoted_with_its_line() {
    let project = folder(&[("sub/backend.log", LOG.as_bytes())]);
    let answer = project.run(&["diagnose", "sub/backend.log"]).exits(3);
    assert_eq!(answer.err, "");
    for part in [
        "database-auth (database-connection)",
        "sub/backend.log:2",
        "password authentication failed for user \"app\"",
        "Deploy again",
    ] {
        assert!(answer.out.contains(part), "{part} is missing:\n{}", answer.out);
    }
    assert!(!answer.out.contains("hunter22"));
}

#[test]
fn the_data_are_those_that_scripts_rely_on() {
    let project = folder(&[("backend.log", LOG.as_bytes())]);
    let answer = data(&project, &["backend.log"], 3);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&answer), ["findings", "schema", "verdict"]);
    assert_eq!((&answer["schema"], &answer["verdict"]), (&json!(1), &json!("failing")));
    let finding = &answer["findings"][0];
    for key in ["id", "family", "role", "subject", "cause", "fixes", "explains", "confidence", "evidence"] {
        assert!(!finding[key].is_null(), "{key} is missing: {finding}");
    }
    assert_eq!((&finding["family"], &finding["role"]), (&json!("database-connection"), &json!("root")));
    let quote = &finding["evidence"][0];
    assert_eq!((&quote["file"], &quote["line"]), (&json!("backend.log"), &json!(2)));
    let text = quote["text"].as_str().unwrap();
    assert!(text.starts_with("sqlalchemy.exc.OperationalError") && text.contains("@db:5432/app"), "{text}");
    assert!(!text.contains("hunter22"), "{text}");
}

#[test]
fn what_is_well_is_healthy_and_exits_with_0() {
    let pods = "NAME    READY   STATUS    RESTARTS   AGE\napp-1   1/1     Running   0          5m\n";
    let project = folder(&[("pods.txt", pods.as_bytes())]);
    project.run(&["diagnose", "pods.txt"]).exits(0).answers(&["healthy"]);
    assert_eq!(data(&project, &["pods.txt"], 0), json!({ "schema": 1, "verdict": "healthy", "findings": [] }));
}

#[test]
fn what_is_wrong_and_has_no_name_is_not_healthy() {
    let project = folder(&[("app.log", b"INFO starting\nFATAL: the flux capacitor is misaligned\n")]);
    let answer = data(&project, &["app.log"], 3);
    assert_eq!((&answer["verdict"], &answer["findings"]), (&json!("unclassified"), &json!([])));
    project.run(&["diagnose", "app.log"]).exits(3).answers(&["app.log:2", "the flux capacitor is misaligned"]);
}

#[test]
fn a_folder_is_read_whole_and_its_files_are_named() {
    let pods = b"NAME    READY   STATUS             RESTARTS   AGE\napp-1   0/1     CrashLoopBackOff   7          5m\n";
    let project = folder(&[("evidence/pods.txt", pods), ("evidence/logs/backend.log", LOG.as_bytes())]);
    let answer = data(&project, &["evidence"], 3);
    assert_eq!(answer["findings"][0]["id"], "database-auth", "the cause stands before its consequence");
    assert_eq!(answer["findings"][0]["evidence"][0]["file"], "logs/backend.log");
    let roles: Vec<&Value> = answer["findings"].as_array().unwrap().iter().map(|finding| &finding["role"]).collect();
    assert_eq!(roles, ["root", "consequence"]);
}

#[test]
fn a_recording_names_the_cause_with_its_call() {
    let project = folder(&[]);
    let place = recording("db-auth-failed");
    project.run(&["diagnose", &place]).exits(3).answers(&["database-connection", "password authentication failed"]);
    project.run(&["diagnose", &recording("healthy")]).exits(0);
    let broken = folder(&[("r.jsonl", b"{\"incident\":\"x\",\"note\":\"\"}\n{\"argv\":[\"kubectl\"]}\n")]);
    broken.run(&["diagnose", "r.jsonl"]).exits(2).says(&["r.jsonl:2:"]);
}

#[test]
fn standard_input_is_a_text_like_any_other() {
    let project = folder(&[]);
    piped(&project, &["diagnose", "-"], LOG.as_bytes()).exits(3).answers(&["database-auth", "standard input:2"]);
    piped(&project, &["diagnose", "-"], b"INFO all is well\n").exits(0);
    let incident = fs::read(recording("image-never-pull")).unwrap();
    piped(&project, &["diagnose", "-"], &incident).exits(3).answers(&["image-never-pull"]);
}

#[test]
fn texts_from_windows_are_read_as_they_are() {
    let crlf = LOG.replace('\n', "\r\n");
    for (name, bytes) in [
        ("crlf.txt", crlf.clone().into_bytes()),
        ("utf16.txt", utf16(LOG)),
        ("utf16-crlf.txt", utf16(&crlf)),
        ("bom.txt", format!("\u{feff}{LOG}").into_bytes()),
        ("latin1.txt", [b"caf\xe9 \xff\n".as_slice(), LOG.split_once('\n').unwrap().1.as_bytes()].concat()),
    ] {
        let project = folder(&[(name, &bytes)]);
        let answer = data(&project, &[name], 3);
        let quote = &answer["findings"][0]["evidence"][0];
        assert_eq!((&answer["findings"][0]["id"], &quote["line"]), (&json!("database-auth"), &json!(2)), "{name}");
        let text = quote["text"].as_str().unwrap();
        assert!(
            text.starts_with("sqlalchemy") && !text.contains(['\0', '\r']) && !text.contains("hunter22"),
            "{name}: {text}"
        );
    }
}

#[test]
fn controls_in_a_quote_reach_no_terminal() {
    let text = LOG.replace("FATAL", "\u{1b}[31mFATAL\u{1b}]0;owned\u{7}");
    let project = folder(&[("x.log", text.as_bytes())]);
    let answer = project.run(&["diagnose", "x.log"]).exits(3);
    assert!(!answer.out.contains(['\u{1b}', '\u{7}']), "{:?}", answer.out);
}

#[test]
fn a_path_with_nothing_to_read_is_a_usage_error_and_no_sign_of_health() {
    let project = folder(&[("empty.txt", b""), ("blank.txt", b" \r\n\n"), ("folder/empty.txt", b"")]);
    fs::create_dir(project.path().join("nothing")).unwrap();
    for (path, says) in [
        ("nowhere.txt", "does not exist"),
        ("nothing", "holds no files"),
        ("empty.txt", "empty.txt holds no text"),
        ("blank.txt", "blank.txt holds no text"),
        ("folder", "folder holds no text"),
    ] {
        let answer = project.run(&["diagnose", path]).exits(2).says(&[says]);
        assert_eq!(answer.out, "", "{path}");
    }
    piped(&project, &["diagnose", "-"], b"").exits(2).says(&["standard input holds no text"]);
}

#[test]
fn the_symptoms_of_the_file_count_and_override_the_built_in_ones() {
    let project = Project::new(TASKS).file("queue.log", "ERROR queue mail is full\n").file("db.log", LOG);
    project.run(&["diagnose", "queue.log"]).exits(3).answers(&[
        "queue-full",
        "The queue mail is full",
        "Raise queueSize",
    ]);
    let answer = project.run(&["diagnose", "db.log"]).exits(3).answers(&["Our own words", "Ask Jo"]);
    assert!(!answer.out.contains("DATABASE_URL is wrong"));
    project.run(&["explain", "database-auth"]).exits(0).answers(&["Our own words"]);
}

#[test]
fn a_wrong_task_file_is_told_and_keeps_nobody_from_an_answer() {
    let project = Project::new("version = 1\n[tasks.x\n").file("db.log", LOG);
    project.run(&["diagnose", "db.log"]).exits(3).answers(&["database-auth"]).says(&["warning: tasks.toml is wrong"]);
    let answer = project.run(&["--format", "json", "diagnose", "db.log"]).exits(3);
    assert!(serde_json::from_str::<Value>(&answer.out).is_ok(), "the warning is not in the data");
    // Named by hand it must be right; and a live diagnosis needs it.
    project.run(&["-f", "tasks.toml", "diagnose", "db.log"]).exits(78);
    project.run(&["diagnose"]).exits(78);
}

#[test]
fn live_it_collects_the_evidence_first_and_keeps_it() {
    let tools = Tools::new().rule(json!({ "argv": ["kubectl", "logs", "app"], "stdout": LOG }));
    let project = Project::new(TASKS).with_tools(&tools);
    let answer = project.run(&["diagnose"]).exits(3).answers(&["database-auth", "log.txt:2"]);
    assert!(!answer.out.contains("Save it"), "standard output is the answer alone");
    assert!(project.evidence()["log.txt"].contains("password authentication failed"));
    assert_eq!(data(&project, &[], 3)["findings"][0]["evidence"][0]["file"], "log.txt");
    let calls = tools.calls().len();
    // What was kept can be diagnosed again, without a cluster.
    let kept = project.runs()[0].join("evidence");
    project.run(&["diagnose", kept.to_str().unwrap()]).exits(3).answers(&["database-auth"]);
    assert_eq!(tools.calls().len(), calls);
}

#[test]
fn live_without_tools_it_says_what_is_missing() {
    let project = Project::new(TASKS).env("PATH", "");
    project.run(&["diagnose"]).exits(5).says(&["kubectl", "not on PATH"]);
}

#[test]
fn without_a_task_that_collects_it_says_how_to_name_one() {
    let project = Project::new(&TASKS.replace("[diagnose]\ntask = \"evidence\"\n", ""));
    project.run(&["diagnose"]).exits(2).says(&["[diagnose]", "refloat diagnose FILE"]);
}

#[test]
fn the_answer_reads_from_the_cause_down() {
    let project = folder(&[]);
    let told = project.run(&["diagnose", &recording("db-auth-failed")]).exits(3).out;
    // In the order in which somebody needs it.
    let parts = [
        "root cause  The database refuses the login of taskflow",
        "database-auth (database-connection)",
        "confidence high",
        "kubectl logs deployment/taskflow-backend:22",
        "FATAL:  password authentication failed",
        "\nfix\n ! 1. ",
        "Deploy again",
        "\nit explains",
        "helm-timeout",
    ];
    let places: Vec<Option<usize>> = parts.iter().map(|part| told.find(part)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{told}");
    let (_, chain) = told.split_once("\nit explains").unwrap();
    let ids: Vec<&str> =
        chain.lines().skip(1).filter_map(|line| line.split_whitespace().find(|word| word.contains('-'))).collect();
    let timeless = ids.iter().position(|id| *id == "helm-timeout");
    let timed = ids.iter().position(|id| *id == "probe-readiness-failed");
    assert!(timed.is_some() && timed < timeless, "what has a time comes first, oldest first: {chain}");
    assert!(told.lines().count() <= 24 && told.lines().all(|line| line.chars().count() <= 100), "a screen: {told}");
}

#[test]
fn verbose_shows_what_a_screen_only_counts() {
    let project = folder(&[]);
    let place = recording("jwt-mismatch");
    let screen = project.run(&["diagnose", &place]).exits(3).out;
    let whole = project.run(&["-v", "diagnose", &place]).exits(3).out;
    assert!(screen.contains("and 1 more line, shown by -v"), "{screen}");
    assert!(!whole.contains("shown by -v"), "{whole}");
    let quotes = |told: &str| told.matches("Signature verification failed").count();
    assert_eq!((quotes(&screen), quotes(&whole)), (2, 3), "{whole}");
    // What is over stands there with its reason; with -v the line too.
    for told in [&screen, &whole] {
        let (_, over) = told.split_once("\nruled out\n").unwrap();
        assert!(over.contains("probe-readiness-failed") && over.contains("the pod is well now"), "{told}");
        assert_eq!(over.contains("Readiness probe failed"), told == &whole, "{told}");
    }
}

#[test]
fn what_is_over_is_told_where_all_is_well() {
    let project = folder(&[]);
    let told = project.run(&["diagnose", &recording("healthy")]).exits(0).out;
    assert!(told.starts_with("healthy "), "{told}");
    let (_, over) = told.split_once("\nseen, and over\n").unwrap();
    assert!(over.contains("probe-readiness-failed") && over.contains("the pod is well now"), "{told}");
    let data = data(&project, &[&recording("healthy")], 0);
    assert_eq!(data["ruled_out"][0]["why"], "the pod is well now");
}

#[test]
fn a_consequence_alone_says_that_something_deeper_causes_it() {
    let pods = "NAME    READY   STATUS             RESTARTS   AGE\napp-1   0/1     CrashLoopBackOff   7          5m\n";
    let project = folder(&[("pods.txt", pods.as_bytes())]);
    let told = project.run(&["diagnose", "pods.txt"]).exits(3).out;
    assert!(told.starts_with("symptom  ") && told.contains("something deeper causes it"), "{told}");
    assert!(told.contains("\nnext\n   1. kubectl logs app-1 --previous"), "what to collect: {told}");
    let alone = data(&project, &["pods.txt"], 3);
    assert_eq!((&alone["unexplained"], &alone["findings"][0]["role"]), (&json!(["crash-loop"]), &json!("root")));
    // With the log beside it, the cause leads, and nothing is left to be explained.
    fs::write(project.path().join("app.log"), LOG).unwrap();
    assert!(data(&project, &["."], 3)["unexplained"].is_null());
}

#[test]
fn explain_tells_both_systems_and_both_sides_of_the_relations() {
    let project = folder(&[]);
    let told = project.run(&["explain", "app-port-in-use"]).exits(0).out;
    for part in ["layer ", "captures ", "rollback ", "netstat -ano", "lsof -nP", "\nexplains\n", "\nfor example\n"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let data: Value =
        serde_json::from_str(&project.run(&["--format", "json", "explain", "crash-loop"]).exits(0).out).unwrap();
    let ids = |key: &str| data[key].as_array().unwrap().iter().filter_map(Value::as_str).collect::<Vec<_>>();
    assert!(ids("explained_by").contains(&"database-auth"), "{data}");
    assert!(ids("explained").contains(&"probe-readiness-failed") && ids("explains").contains(&"probe-readiness*"));
    assert!(data["fixes"][0]["do"].is_string() && data["fixes"][0]["danger"].is_string());
}
