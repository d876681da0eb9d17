//! What the last revision changed, and whether a rollback helps: told with the diagnosis of a folder,
//! a recording, a pasted text and a live run.
//!
//! No recorded incident holds two revisions: the recordings here are composed, from a recorded
//! incident and the answers of a revision before it.

use super::support::{Project, recording};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

const HEADER: &str = "REVISION\tUPDATED                 \tSTATUS    \tCHART         \tAPP VERSION\tDESCRIPTION\n";

fn history(rows: &[(u32, &str, &str)]) -> String {
    let row = |(number, status, description): &(u32, &str, &str)| {
        format!("{number:<8}\tMon Nov 23 02:33:06 2026\t{status:<10}\ttaskflow-0.1.0\t           \t{description}\n")
    };
    format!("{HEADER}{}", rows.iter().map(row).collect::<String>())
}

fn upgraded() -> String {
    history(&[
        (5, "superseded", "Upgrade complete"),
        (6, "deployed", "Upgrade complete"),
        (7, "failed", "Upgrade \"taskflow\" failed: timed out waiting for the condition"),
    ])
}

/// The recorded incident as revision 7, and revision 6 before it, which had `changes` other words.
fn composed(project: &Project, incident: &str, changes: &[(&str, &str)]) -> PathBuf {
    let text = fs::read_to_string(recording(incident)).unwrap();
    let mut out = vec![json!({"incident": format!("composed-{incident}"), "note": "composed: two revisions"})];
    for line in text.lines().skip(1) {
        let mut call: Value = serde_json::from_str(line).unwrap();
        let argv: Vec<&str> = call["argv"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        match argv.as_slice() {
            ["helm", "history", ..] => call["stdout"] = upgraded().into(),
            ["helm", "status" | "list", ..] => continue,
            ["helm", "get", ..] => {
                let mut before = call.clone();
                before["argv"].as_array_mut().unwrap().extend([json!("--revision"), json!("6")]);
                let mut said = call["stdout"].as_str().unwrap().to_owned();
                for (new, old) in changes {
                    said = said.replace(new, old);
                }
                before["stdout"] = said.into();
                out.push(before);
            }
            _ => {}
        }
        out.push(call);
    }
    let path = project.path().join("composed.jsonl");
    let lines: Vec<String> = out.iter().map(Value::to_string).collect();
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    path
}

/// The host of the database, and a harmless label.
const DATABASE: [(&str, &str); 2] = [
    ("@db.internal.cluster.local:", "@postgres.default:"),
    (
        "labels: {app: taskflow-backend}}\nspec:\n  replicas",
        "labels: {app: taskflow-backend, team: blue}}\nspec:\n  replicas",
    ),
];

fn answer(project: &Project, args: &[&str]) -> Value {
    let answer = project.run(&[&["--format", "json"], args].concat()).exits(3);
    holds_no_secret("the answer", format!("{}{}", answer.out, answer.err).as_bytes());
    serde_json::from_str(&answer.out).unwrap()
}

/// The secrets of the recordings, as they are and as a Secret keeps them.
fn holds_no_secret(name: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for secret in
        ["secretpw", "0123456789abcdef0123456789abcdef0123", "labkeylabkey", "c2VjcmV0cHc", "Y2FuYXJ5", "canary"]
    {
        assert!(!text.contains(secret), "{name} holds {secret}:\n{text}");
    }
}

fn fields(answer: &Value) -> Vec<(String, bool)> {
    let fields = answer["changes"]["fields"].as_array().unwrap_or_else(|| panic!("no changes: {answer}"));
    fields.iter().map(|field| (field["field"].as_str().unwrap().to_owned(), field["relates"].is_array())).collect()
}

#[test]
fn a_recording_with_a_changed_address_and_a_changed_label() {
    let project = Project::taskflow();
    let path = composed(&project, "db-unknown-host", &DATABASE);
    let answer = answer(&project, &["diagnose", path.to_str().unwrap()]);
    assert_eq!(answer["findings"][0]["family"], "database-connection");
    let changes = &answer["changes"];
    assert_eq!((&changes["from"], &changes["to"]), (&json!(6), &json!(7)));
    assert_eq!(
        fields(&answer),
        [
            ("values: secrets.DATABASE_URL".to_owned(), true),
            ("Secret/taskflow-backend-secrets: stringData.DATABASE_URL".to_owned(), true),
            ("Deployment/taskflow-backend: metadata.labels.team".to_owned(), false),
        ]
    );
    assert_eq!(changes["fields"][0]["relates"], json!([answer["findings"][0]["id"]]));
    let after = changes["fields"][0]["after"].as_str().unwrap();
    assert!(
        after.starts_with("postgresql://taskflow:[hidden ")
            && after.ends_with("@db.internal.cluster.local:5432/taskflow"),
        "{after}"
    );
    assert_eq!((&answer["rollback"]["helps"], &answer["rollback"]["revision"]), (&json!("yes"), &json!(6)));
    assert_eq!(answer["rollback"]["command"], "refloat rollback 6");
    project.run(&["diagnose", path.to_str().unwrap()]).exits(3).answers(&[
        "what changed  revision 6 -> 7\n  * values: secrets.DATABASE_URL\n",
        "rollback      helps: revision 7 changed values: secrets.DATABASE_URL",
        "\n  refloat rollback 6\n",
    ]);
}

#[test]
fn a_live_diagnosis_fetches_the_revision_before_and_keeps_no_secret() {
    let project = Project::taskflow();
    let path = composed(&project, "db-unknown-host", &DATABASE);
    // Confirming is a run of its own, which keeps no evidence.
    let answer = answer(&project, &["--replay", path.to_str().unwrap(), "diagnose", "--no-confirm"]);
    assert_eq!(fields(&answer)[0], ("values: secrets.DATABASE_URL".to_owned(), true));
    let files = project.evidence();
    assert!(files["failure-helm-values-r6.yaml"].contains("@postgres.default:5432"), "{files:?}");
    assert!(files["failure-helm-manifest-r6.yaml"].contains("team: blue"));
    for (path, bytes) in project.kept() {
        holds_no_secret(&path.display().to_string(), &bytes);
    }
    // The evidence that it kept says the same later, without the runbook: then the command is helm's.
    let folder = project.runs().pop().unwrap().join("evidence");
    let other = Project::new("");
    fs::remove_file(other.path().join("tasks.toml")).unwrap();
    let later = self::answer(&other, &["diagnose", folder.to_str().unwrap()]);
    assert_eq!(fields(&later), fields(&answer));
    assert_eq!((&later["changes"]["from"], &later["changes"]["to"]), (&json!(6), &json!(7)));
    assert_eq!(later["rollback"]["command"], "helm rollback RELEASE 6");
}

#[test]
fn an_image_that_the_last_revision_named_is_rolled_back() {
    let project = Project::taskflow();
    for (incident, family) in
        [("image-never-pull", "image-never-pull"), ("image-pull-registry-unreachable", "image-pull")]
    {
        let path = composed(
            &project,
            incident,
            &[("image: taskflow-backend:", "image: old-backend:"), ("nodePort: 30080", "nodePort: 30081")],
        );
        let answer = answer(&project, &["diagnose", path.to_str().unwrap()]);
        assert_eq!(answer["findings"][0]["family"], family);
        let fields = fields(&answer);
        assert_eq!(
            fields,
            [
                ("values: backend.image".to_owned(), true),
                ("Deployment/taskflow-backend: spec.template.spec.containers[backend].image".to_owned(), true),
                ("Service/taskflow-frontend-service: spec.ports[3000].nodePort".to_owned(), false),
            ]
        );
        assert_eq!(answer["rollback"]["helps"], "yes");
    }
}

#[test]
fn a_cause_that_nothing_changed_is_not_rolled_back() {
    let project = Project::taskflow();
    let path = composed(&project, "db-unknown-host", &[]);
    let answer = answer(&project, &["diagnose", path.to_str().unwrap()]);
    assert_eq!(fields(&answer), []);
    assert_eq!(answer["rollback"], json!({"helps": "no", "why": "revision 6 deployed the same"}));
    let path = composed(&project, "db-unknown-host", &[("nodePort: 30080", "nodePort: 30081")]);
    let answer = self::answer(&project, &["diagnose", path.to_str().unwrap()]);
    assert_eq!(fields(&answer).len(), 1);
    assert_eq!(answer["rollback"]["why"], "revision 7 changed nothing that the cause is about");
}

#[test]
fn the_only_revision_is_not_rolled_back() {
    let answer = answer(&Project::taskflow(), &["diagnose", &recording("db-unknown-host")]);
    assert_eq!(answer["no_changes"], "revision 1 has no earlier revision");
    assert_eq!((&answer["rollback"]["helps"], &answer["changes"]), (&json!("impossible"), &Value::Null));
    let live = Project::taskflow().run(&["--replay", &recording("db-unknown-host"), "diagnose"]).exits(3);
    assert!(live.out.contains("rollback      is not possible: revision 1 is the only one; "), "{}", live.out);
    assert!(!live.out.contains("what changed"), "{}", live.out);
    assert!(!live.err.contains("failed"), "nothing may fail where there is only one revision:\n{}", live.err);
}

#[test]
fn what_docker_does_no_rollback_mends() {
    let docker = "$ helm upgrade taskflow chart\nCannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n";
    let project = Project::new("").file("pasted.txt", &format!("{docker}$ helm history taskflow\n{}", upgraded()));
    fs::remove_file(project.path().join("tasks.toml")).unwrap();
    let answer = answer(&project, &["diagnose", "pasted.txt"]);
    assert_eq!(answer["findings"][0]["family"], "docker-daemon-down");
    assert_eq!(answer["rollback"], json!({"helps": "no", "why": "the cause lies outside what the release deploys"}));
}

#[test]
fn a_pasted_session_holds_both_revisions() {
    let values = |revision: &str, host: &str| {
        format!(
            "$ helm get values taskflow{revision}\nUSER-SUPPLIED VALUES:\nsecrets:\n  DATABASE_URL: postgresql://app:canary99@{host}:5432/app\n"
        )
    };
    let log = "$ kubectl logs deployment/taskflow-backend\npsycopg2.OperationalError: could not translate host name \"db-2\" to address: Name or service not known\n";
    let text =
        [log, "$ helm history taskflow\n", &upgraded(), &values(" --revision 6", "db-1"), &values("", "db-2")].concat();
    let project = Project::new("").file("pasted.txt", &text);
    fs::remove_file(project.path().join("tasks.toml")).unwrap();
    let answer = answer(&project, &["diagnose", "pasted.txt"]);
    assert_eq!(fields(&answer), [("values: secrets.DATABASE_URL".to_owned(), true)]);
    assert_eq!(answer["rollback"]["command"], "helm rollback taskflow 6");
}

/// Files from elsewhere hold secrets in clear, plain and packed; a change of one is told by its tag.
#[test]
fn a_folder_from_elsewhere_tells_no_secret() {
    let manifest = |packed: &str, same: &str| {
        format!(
            "---\n# Source: c/s.yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: taskflow-backend-secrets\ndata:\n  DATABASE_URL: {packed}\n  BETTER_AUTH_SECRET: {same}\n"
        )
    };
    // canary-one-url, canary-two-url, canary-same-secret
    let (one, two, same) = ("Y2FuYXJ5LW9uZS11cmw=", "Y2FuYXJ5LXR3by11cmw=", "Y2FuYXJ5LXNhbWUtc2VjcmV0");
    let values =
        |word: &str| format!("secrets:\n  plain: canary-{word}-value\n  cert: |\n    canary-{word}-line\nregion: eu\n");
    let project = Project::new("")
        .file("e/helm-values-before.yaml", &values("one"))
        .file("e/helm-values.yaml", &values("two"))
        .file("e/helm-manifest-before.yaml", &manifest(one, same))
        .file("e/helm-manifest.yaml", &manifest(two, same))
        .file("e/history.txt", &upgraded())
        .file("e/log.txt", "psycopg2.OperationalError: FATAL:  password authentication failed for user \"app\"\n");
    fs::remove_file(project.path().join("tasks.toml")).unwrap();
    let answer = answer(&project, &["diagnose", "e"]);
    let told = answer["changes"]["fields"].as_array().unwrap();
    let database = &told[0];
    assert_eq!(database["field"], "Secret/taskflow-backend-secrets: data.DATABASE_URL");
    let (before, after) = (database["before"].as_str().unwrap(), database["after"].as_str().unwrap());
    assert!(
        before.starts_with("[hidden DATABASE_URL 14 chars #") && after.starts_with("[hidden DATABASE_URL 14 chars #")
    );
    assert_ne!(before, after);
    let names: Vec<&str> = told.iter().map(|field| field["field"].as_str().unwrap()).collect();
    assert!(
        names.contains(&"values: secrets.plain") && !names.iter().any(|name| name.contains("BETTER_AUTH")),
        "{names:?}"
    );
    let answer = project.run(&["diagnose", "e"]).exits(3);
    holds_no_secret("the text", format!("{}{}", answer.out, answer.err).as_bytes());
}

#[test]
fn broken_yaml_is_a_reason_and_no_failure() {
    let project = Project::new("")
        .file("e/helm-values-before.yaml", "a: 1\n")
        .file("e/helm-values.yaml", "a: 1\nb: [\nc: }\n")
        .file("e/history.txt", &upgraded())
        .file("e/log.txt", "psycopg2.OperationalError: FATAL:  password authentication failed for user \"app\"\n");
    fs::remove_file(project.path().join("tasks.toml")).unwrap();
    let answer = answer(&project, &["diagnose", "e"]);
    assert_eq!(answer["no_changes"], "the values of revision 7 cannot be read as YAML (line 3)");
    assert_eq!(answer["rollback"]["helps"], "perhaps");
}

#[test]
fn a_pending_release_is_unlocked_by_a_rollback() {
    let history = history(&[(6, "superseded", "Upgrade complete"), (7, "pending-upgrade", "Preparing upgrade")]);
    let error = "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress\n";
    let project = Project::new("").file("pasted.txt", &format!("{error}$ helm history taskflow\n{history}"));
    fs::remove_file(project.path().join("tasks.toml")).unwrap();
    let answer = answer(&project, &["diagnose", "pasted.txt"]);
    assert_eq!(answer["findings"][0]["family"], "helm-release-conflict");
    assert_eq!((&answer["rollback"]["helps"], &answer["rollback"]["revision"]), (&json!("yes"), &json!(6)));
}

/// What the runbook takes from `helm history`.
#[test]
fn the_runbook_finds_the_revision_to_compare_with() {
    let text = fs::read_to_string(super::support::root().join("tasks.toml")).unwrap();
    let pattern = text.split("as = \"earlier_revision\", match = '").nth(1).unwrap().split('\'').next().unwrap();
    let pattern = refloat::model::pattern::Pattern::new(pattern).unwrap();
    let found = |rows: &[(u32, &str, &str)]| -> Vec<String> {
        let of = |text: &str| -> Vec<String> {
            let found = pattern.regex().captures_iter(text.as_bytes());
            found.map(|found| String::from_utf8_lossy(&found["earlier_revision"]).into_owned()).collect()
        };
        let text = history(rows);
        assert_eq!(of(&text), of(&text.replace('\n', "\r\n")));
        of(&text)
    };
    assert_eq!(found(&[(1, "deployed", "Install complete")]), [""; 0]);
    assert_eq!(found(&[(1, "superseded", "a"), (2, "deployed", "b")]), ["1"]);
    assert_eq!(
        found(&[(1, "superseded", "a"), (2, "deployed", "b"), (3, "failed", "c"), (4, "failed", "d deployed")]),
        ["2"]
    );
    assert_eq!(found(&[(8, "failed", "a"), (9, "failed", "b"), (10, "pending-upgrade", "c")]), ["9"]);
    assert_eq!(
        found(&[
            (1, "superseded", "a"),
            (2, "superseded", "b"),
            (3, "superseded", "Rollback to 1"),
            (4, "deployed", "e")
        ]),
        ["3"]
    );
}
