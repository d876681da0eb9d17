//! Secrets from every source, printed by the tools in every form: no byte of them is in anything that
//! we print or write, whichever way we are asked.

use super::planted::{encodings, inner};
use super::stub::Tools;
use super::support::{Answer, Project};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

const FROM_ENV: &str = "cAnAry-Env-7731!x";
const FROM_LOCAL: &str = "cAnAry@Loc/2219";
const FROM_VALUES: &str = "cAnAry Val 5583 <&>'q";
const FROM_SET: &str = "cAnAry-Set-6604";
const FROM_SECRET: &str = "cAnAry-Sec-9046";
const FROM_FILE: &str = "cAnAry-Line-1a2b3c4d\ncAnAry-Line-5e6f7a8b";
const ALL: [&str; 6] = [FROM_ENV, FROM_LOCAL, FROM_VALUES, FROM_SET, FROM_SECRET, FROM_FILE];
const ADDRESS: &str = "postgresql://taskflow:cAnAry%40Loc%2F2219@db.internal:5432/taskflow";

const TASKS: &str = r#"
version = 1
[app]
name = "taskflow"
[vars]
release = "taskflow"
api_key = { secret = true }
address = { secret = true }
cache   = "redis://:cAnAry-Set-6604@cache.internal:6379/0"
[tools.helm]
args = ["--kube-context", "minikube"]
[tools.kubectl]
args = ["--context", "minikube"]
[redact]
secrets = ["${release}-secrets"]
[diagnose]
task = "leak"
[tasks.leak]
summary = "Print everything"
[[tasks.leak.steps]]
run  = ["kubectl", "logs", "web"]
save = "log.txt"
each = { as = "word", match = '^word=(?P<word>\S+)$' }
allow_failure = true
[[tasks.leak.steps]]
for  = "word"
run  = ["kubectl", "describe", "pod", "${word}"]
save = "pod-${word}.txt"
allow_failure = true
[[tasks.leak.steps]]
run  = ["helm", "upgrade", "${release}", "chart", "--values=values.yaml", "--set", "db.password=cAnAry-Set-6604", "--set=key=${api_key}"]
save = "helm.txt"
allow_failure = true
[[tasks.leak.steps]]
run = ["kubectl", "get", "pods", "--token", "${api_key}", "--password", "cAnAry-Set-6604", "${cache}"]
allow_failure = true
[[tasks.leak.steps]]
diagnose = true
[tasks.look]
summary = "Answer with everything"
[[tasks.look.steps]]
run = ["kubectl", "logs", "web"]
[[tasks.look.steps]]
run = ["helm", "template", "chart", "-f", "values.yaml", "--set", "db.password=cAnAry-Set-6604"]
[tasks.up]
summary = "Change it"
danger = "change"
confirm = true
[[tasks.up.steps]]
run = ["helm", "upgrade", "${release}", "chart", "--values=values.yaml", "--set", "db.password=cAnAry-Set-6604", "--set=apiToken=cAnAry-Set-6604"]
allow_failure = true
[[tasks.up.steps]]
run = ["kubectl", "set", "env", "--password", "cAnAry-Set-6604", "${cache}", "--token=${api_key}"]
[tasks.wipe]
summary = "Delete it"
danger = "destroy"
confirm = "${release}"
[[tasks.wipe.steps]]
run = ["helm", "template", "chart", "-f", "values.yaml"]
allow_failure = true
[[tasks.wipe.steps]]
run = ["kubectl", "${api_key}"]
allow_failure = true
[[tasks.wipe.steps]]
run = ["kubectl", "get", "pods", "--password", "cAnAry-Set-6604", "${cache}"]
env = { DB_PASSWORD = "cAnAry-Set-6604" }
allow_failure = true
[[tasks.wipe.steps]]
run = ["helm", "uninstall", "${release}", "--set", "key=${api_key}"]
"#;

const VALUES: &str = "secrets:\n  jwt: \"cAnAry Val 5583 <&>'q\"\n  port: 5432\n  mode: production\nimage: taskflow\n";

/// Everything, in every form, as a log that also says what is wrong.
fn log() -> String {
    let mut text = String::from("FATAL:  password authentication failed for user \"taskflow\"\n");
    for secret in ALL {
        for (number, form) in encodings(secret).iter().enumerate() {
            text.push_str(&format!("form {number}: {form} end\n"));
        }
        for before in 0..3 {
            text.push_str(&STANDARD.encode(format!("{}{secret}, and more", "p".repeat(before))));
            text.push('\n');
        }
        text.push_str(&format!("config:\n  nested: |\n    {secret}\n  json: {}\n", json!({ "x": secret })));
    }
    text.push_str(&format!(
        "connecting to {ADDRESS}\nport 5432 mode production release taskflow\nword={FROM_SECRET}\n"
    ));
    text.push_str(&format!("plain {FROM_ENV}\npacked {}\n", STANDARD.encode(FROM_ENV)));
    text
}

fn project() -> (Project, Tools) {
    let text = log();
    // In two pieces, the border in the middle of a secret.
    let border = text.find(FROM_SECRET).unwrap() + 6;
    let (head, tail) = text.as_bytes().split_at(border);
    let tail = String::from_utf8(tail.to_vec()).unwrap();
    let data = json!({
        "JWT": STANDARD.encode(FROM_SECRET),
        "app.conf": STANDARD.encode(FROM_FILE),
        "PORT": STANDARD.encode("5432"),
        "MODE": STANDARD.encode("production"),
        "HOST": STANDARD.encode("db.internal"),
        "ORIGINS": STANDARD.encode("http://taskflow.example:30080"),
    });
    let secret =
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "taskflow-secrets" }, "data": data });
    let spoken = json!({ "argv": ["helm", "**"], "stdout": text, "stderr": text, "exit": 1 });
    let tools = Tools::new()
        .rule(json!({
            "argv": ["kubectl", "--context", "minikube", "get", "secret", "taskflow-secrets", "-o", "json",
                     "--ignore-not-found", "--request-timeout=10s"],
            "stdout": secret.to_string(),
        }))
        .rule(json!({
            "argv": ["kubectl", "--context", "minikube", "logs", "web"],
            "stdout_bytes": head, "between_ms": 150, "stdout": tail, "stderr": text, "exit": 1,
        }))
        .rule(spoken)
        .rule(json!({ "argv": ["kubectl", "**"], "stdout": secret.to_string(), "stderr": text, "exit": 1 }));
    let project = Project::new(TASKS)
        .file("values.yaml", VALUES)
        .file("tasks.local.toml", &format!("[vars]\naddress = \"{ADDRESS}\"\n"))
        .file("given/leak.txt", &text)
        .env("REFLOAT_VAR_API_KEY", FROM_ENV)
        .with_tools(&tools);
    (project, tools)
}

/// What we were given, not what we wrote.
fn is_input(path: &Path) -> bool {
    ["values.yaml", "tasks.local.toml", "leak.txt", "tasks.toml"].iter().any(|name| path.ends_with(name))
}

fn written(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { all.push(path) }
        }
    }
    all.retain(|path| !is_input(path));
    all
}

/// No form of any secret is in these bytes.
#[track_caller]
fn none_in(what: &str, bytes: &[u8]) {
    for secret in ALL {
        let lines: Vec<String> = secret.lines().map(str::to_owned).collect();
        let inner = (0..3).map(|before| inner(secret, before));
        for form in encodings(secret).into_iter().chain(lines).chain(inner) {
            if let Some(at) = memchr::memmem::find(bytes, form.as_bytes()) {
                let around = &bytes[at.saturating_sub(60)..(at + form.len() + 20).min(bytes.len())];
                panic!("{what} holds `{form}`: …{}…", String::from_utf8_lossy(around));
            }
        }
    }
}

#[track_caller]
fn none_in_answer(what: &str, answer: &Answer) {
    none_in(&format!("{what}: standard output"), answer.out.as_bytes());
    none_in(&format!("{what}: standard error"), answer.err.as_bytes());
}

fn none_in_files(project: &Project) -> usize {
    let files = written(project.path());
    for path in &files {
        none_in(&path.display().to_string(), &fs::read(path).unwrap());
        none_in("a file's name", path.file_name().unwrap().to_str().unwrap().as_bytes());
    }
    files.len()
}

#[test]
fn no_byte_of_a_secret_is_printed_or_written_anywhere() {
    let (project, tools) = project();
    for args in [
        &["leak"][..],
        &["-v", "leak"],
        &["-q", "leak"],
        &["--format", "json", "leak"],
        &["--format", "jsonl", "leak"],
        &["--record", "recording.jsonl", "-v", "leak"],
        &["look"],
        &["-v", "look"],
        &["--format", "json", "look"],
        &["diagnose"],
        &["diagnose", "-v"],
        &["diagnose", "--format", "json"],
        &["diagnose", "given"],
        &["diagnose", "--format", "json", "given/leak.txt"],
        &["evidence", "scan", "given"],
        &["evidence", "scan", "given", "--format", "json"],
        &["doctor"],
        &["doctor", "--format", "json"],
        &["history"],
        &["list"],
        &["wipe"],
        &["wipe", "--set", "api_key=cAnAry-Set-6604"],
        &["wipe", "--format", "json"],
        &["up", "--yes"],
        &["up", "--resume", "--yes"],
        &["wipe", "--confirm", "taskflow"],
        &["wipe", "--resume", "--confirm", "taskflow"],
        &["leak", "password=cAnAry-Set-6604"],
    ] {
        let answer = project.run(args);
        none_in_answer(&args.join(" "), &answer);
        // It had the chance: every one of these printed something.
        assert!(!answer.out.is_empty() || !answer.err.is_empty() || args[0] == "-q", "{args:?}");
    }
    let run = project.runs()[0].file_name().unwrap().to_str().unwrap().to_owned();
    for args in [
        &["history", run.as_str()][..],
        &["-v", "history", run.as_str()],
        &["history", run.as_str(), "--format", "json"],
    ] {
        none_in_answer(&args.join(" "), &project.run(args).exits(0));
    }
    assert!(none_in_files(&project) > 20);
    // The two that change something, and the two that went on from them, kept their plans.
    assert_eq!(project.runs().iter().filter(|run| run.join("plan.json").exists()).count(), 4);
    let reads = tools.calls().iter().filter(|argv| argv.contains(&"--ignore-not-found".to_owned())).count();
    // Twelve of the commands above run something, and the four that change something; each asks once.
    assert_eq!(reads, 16);
}

/// What a secret has in the task file itself is shown by nothing that shows the task.
#[test]
fn what_shows_a_task_shows_no_secret_of_it() {
    let (project, _tools) = project();
    for args in [
        &["leak", "--dry-run"][..],
        &["leak", "--dry-run", "--format", "json"],
        &["show", "leak"],
        &["show", "leak", "--format", "json"],
        &["list", "--format", "json"],
        &["wipe", "--dry-run"],
    ] {
        none_in_answer(&args.join(" "), &project.run(args).exits(0));
    }
}

#[test]
fn what_a_diagnosis_needs_stays_and_equal_secrets_stay_equal() {
    let (project, _tools) = project();
    project.run(&["leak"]);
    let log = project.evidence().remove("log.txt").unwrap();
    assert!(log.contains("FATAL:  password authentication failed for user \"taskflow\""), "{log}");
    assert!(log.contains("connecting to postgresql://taskflow:[hidden "), "{log}");
    assert!(log.contains("]@db.internal:5432/taskflow\nport 5432 mode production release taskflow\n"), "{log}");
    let tag = |line: &str| {
        let line = log.lines().find(|text| text.starts_with(line)).unwrap_or_else(|| panic!("{line}: {log}"));
        line.rsplit_once('#').unwrap().1.to_owned()
    };
    assert_eq!(tag("plain "), tag("packed "));
}

#[test]
fn a_replay_asks_no_cluster_for_its_secrets() {
    let (project, tools) = project();
    project.run(&["--record", "recording.jsonl", "leak"]);
    let before = tools.calls().len();
    let answer = project.run(&["--replay", "recording.jsonl", "leak"]);
    none_in_answer("replay", &answer);
    assert_eq!(tools.calls().len(), before);
    assert!(!answer.err.contains("could not be read"), "{}", answer.err);
}

/// `§` is a secret that somebody has put where it does not belong, or mistyped around.
#[test]
fn no_error_of_ours_quotes_a_secret() {
    const SECRET: &str = "cAnAry-Err-4410";
    let tasks = "version = 1\n[app]\nname = \"x\"\n[vars]\napi_key = { secret = true, match = '[a-z]+' }\n[tools.py]\n[tasks.t]\nsummary = \"T\"\n[[tasks.t.steps]]\nrun = [\"py\", \"${api_key}\"]\n";
    let locals = [
        "[vars]\napi_key = \"§\n",
        "[vars]\napi_key = §\n",
        "[vars]\napi_key = \"x\" § \"\n",
        "[vars]\napi_key = '§\n",
        "[vars]\napi_key = \"\"\"\n§\n",
        "[vars]\napi_key = \"§\"\napi_key = \"§\"\n",
        "[vars]\napi_key = { x = \"§\" }\n",
        "[vars]\napi_key = [\"§\"]\n",
        "[vars]\ntokn = \"§\"\n",
        "[vars]\napi_key = \"§\\q\"\n",
        "[vars]\napi_key = \"§\"\n",
        "[vars]\n§ = \"x\n",
        "vars.api_key = \"§",
        "[vars]\napi_key \"§\"\n",
        "§",
        "[vars\napi_key = \"§\"\n",
    ];
    for local in locals {
        // A key that is a secret is shown as the key that it is; nobody writes one.
        if local.contains("§ =") {
            continue;
        }
        let project = Project::new(tasks).file("tasks.local.toml", &local.replace('§', SECRET));
        for args in [&["list"][..], &["t", "--dry-run"], &["list", "--format", "json"], &["diagnose", "tasks.toml"]] {
            let answer = project.run(args);
            assert!(
                !answer.out.contains(SECRET) && !answer.err.contains(SECRET),
                "{local}\n{args:?}\n{}{}",
                answer.out,
                answer.err
            );
        }
        project.run(&["list"]).exits(78);
    }
    for wrong in [
        "api_key = { secret = true, value = \"§\" }",
        "api_key = { secret = \"yes\", value = \"§\" }",
        "api_key = { value = \"§\", secret = true, mach = 1 }",
        "api_key = { secret = true, value = \"§ }",
        "api_key = { secret = true, value = §",
        "api_key = { secret = true, value = ['§'] }",
    ] {
        let text = tasks.replace("api_key = { secret = true, match = '[a-z]+' }", &wrong.replace('§', SECRET));
        let answer = Project::new(&text).run(&["list"]).exits(78);
        assert!(!answer.out.contains(SECRET) && !answer.err.contains(SECRET), "{wrong}\n{}", answer.err);
    }
    let project = Project::new(tasks);
    for args in [
        &["t", "--set", "api_key:cAnAry-Err-4410"][..],
        &["t", "--set", "=cAnAry-Err-4410"],
        &["t", "--set", "tokn=cAnAry-Err-4410"],
        &["t", "--set", "api_key=-cAnAry-Err-4410"],
        &["t", "--set", "api_key=cAnAry-Err-4410"],
        &["t", "password=cAnAry-Err-4410"],
        &["t", "--password=cAnAry-Err-4410"],
        &["--format=token=cAnAry-Err-4410", "t"],
        &["--api-token=cAnAry-Err-4410"],
    ] {
        for more in [&[][..], &["--format", "json"]] {
            let answer = project.run(&[args, more].concat());
            assert_eq!(answer.code, 2, "{args:?}: {}", answer.err);
            assert!(!answer.out.contains(SECRET) && !answer.err.contains(SECRET), "{args:?}\n{}", answer.err);
        }
    }
    for (name, value) in [
        ("REFLOAT_VAR_API_KEY", "cAnAry-Err-4410"),
        ("REFLOAT_VAR_API_KEY", "a\ncAnAry-Err-4410"),
        ("REFLOAT_VAR_API_KYE", "cAnAry-Err-4410"),
    ] {
        let answer = Project::new(tasks).env(name, value).run(&["t"]);
        assert!(!answer.out.contains(SECRET) && !answer.err.contains(SECRET), "{name}\n{}", answer.err);
        assert_eq!(answer.code, 2, "{name}: {}", answer.err);
    }
}

/// In a CI, what a tool prints is no command to it.
#[test]
fn a_tool_gives_no_command_to_a_ci() {
    let hostile = "::error::owned\n  ::set-env name=PATH::/tmp\n##[add-path]/tmp\nx ##vso[task.setvariable variable=a]b\n::1 localhost\n";
    let tasks = "version = 1\n[app]\nname = \"x\"\n[tools.py]\n[tasks.t]\nsummary = \"T\"\n[[tasks.t.steps]]\nrun = [\"py\"]\n[tasks.f]\nsummary = \"F\"\n[[tasks.f.steps]]\nname = \"::error::step\"\nrun = [\"py\", \"fail\"]\n";
    let tools = Tools::new()
        .rule(json!({ "argv": ["py"], "stdout": hostile, "stderr": hostile }))
        .rule(json!({ "argv": ["py", "fail"], "stdout": hostile, "stderr": hostile, "exit": 1 }));
    let plain = Project::new(tasks).with_tools(&tools);
    let outside = plain.run(&["t"]).exits(0);
    assert!(outside.out.starts_with("::error::owned\n"), "outside of a CI nothing changes: {}", outside.out);
    for (name, value) in [("GITHUB_ACTIONS", "true"), ("TF_BUILD", "True"), ("TEAMCITY_VERSION", "2026.1")] {
        let project = Project::new(tasks).with_tools(&tools).env(name, value);
        for args in [
            &["t"][..],
            &["-v", "t"],
            &["-q", "t"],
            &["--format", "json", "t"],
            &["--format", "jsonl", "t"],
            &["f"],
            &["-v", "f"],
            &["--format", "jsonl", "f"],
            &["show", "f"],
            &["history"],
        ] {
            let answer = project.run(args);
            for text in [&answer.out, &answer.err] {
                assert!(!text.contains("##[") && !text.contains("##vso["), "{args:?}\n{text}");
                let is_command =
                    |line: &str| line.trim_start().starts_with("::") && !line.trim_start().starts_with("::1 ");
                assert!(!text.split(['\n', '\r']).any(is_command), "{args:?}\n{text}");
            }
        }
        // Seen, not lost; and kept as it came.
        project.run(&["t"]).exits(0).answers(&[":\\u003aerror::owned\n", "::1 localhost\n"]);
        let journal = fs::read_to_string(project.runs()[0].join("journal.jsonl")).unwrap();
        assert!(journal.contains("\"::error::owned\"") && journal.contains("##[add-path]"), "{journal}");
        let data = project.run(&["--format", "json", "t"]).exits(0);
        let data: serde_json::Value = serde_json::from_str(&data.out).unwrap();
        let lines = data["output"].as_array().unwrap();
        assert!(lines.iter().any(|line| line["line"] == "##[add-path]/tmp"), "{data}");
    }
}
