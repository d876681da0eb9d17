//! Every recorded incident, from the deployment that it spoils to the rollback: redeploy, fail fast, evidence, incident,
//! rollback, and what is open after it.
//!
//! The recordings hold first installations. Here each becomes the second revision of a release that was well before: its
//! pods, its events and its logs are the recorded ones, the calls around them are those of the drills, and how an upgrade
//! fails is written in helm's words: `errors.Wrap(err, "UPGRADE FAILED")`, cmd/helm/upgrade.go.

use super::support::{Answer, Project, recording, root};
use serde_json::{Value, json};
use std::fs;

/// How it ends.
enum End {
    /// The wait is ended; by which symptom.
    Early(&'static str),
    /// helm waits to its end.
    Helm,
    /// helm is content, the validation is not; with what the app's stand-in answered, and what is said.
    Validation(&'static str, &'static str),
}

/// A test for every labelled recording of a deployment that goes wrong.
macro_rules! incidents {
    ($($test:ident: $incident:literal, $end:expr;)+) => {
        const INCIDENTS: &[&str] = &[$($incident),+];
        $(#[test] fn $test() { play($incident, &$end); })+
    };
}

incidents! {
    api_key_invalid: "api-key-invalid", End::Validation("app-chat-broken", "Chatbot response format");
    app_crash: "app-crash", End::Helm;
    config_missing_secret: "config-missing-secret", End::Early("config-object-missing");
    cors_wrong_origin: "cors-wrong-origin", End::Validation("app-no-cors", "CORS preflight");
    db_auth_failed: "db-auth-failed", End::Helm;
    db_bad_url: "db-bad-url", End::Helm;
    db_refused: "db-refused", End::Helm;
    db_unknown_host: "db-unknown-host", End::Helm;
    image_name_invalid: "image-name-invalid", End::Early("image-name-invalid");
    image_never_pull: "image-never-pull", End::Early("image-never-pull");
    image_pull_registry_unreachable: "image-pull-registry-unreachable", End::Early("image-registry-dns, for 30s");
    jwt_mismatch: "jwt-mismatch", End::Validation("app-token-rejected", "Token persists");
    network_cni: "network-cni", End::Helm;
    node_cordoned: "node-cordoned", End::Helm;
    oom_killed: "oom-killed", End::Validation("app", "The backend says that it is healthy");
    pending_cpu: "pending-cpu", End::Helm;
    pod_security: "pod-security", End::Early("pod-security");
    probe_failing: "probe-failing", End::Helm;
    pvc_unbound: "pvc-unbound", End::Helm;
    volume_missing_configmap: "volume-missing-configmap", End::Helm;
}

/// What a recording that is not in `INCIDENTS` is instead.
const OTHERS: [&str; 2] = ["healthy", "cluster-unreachable"];

fn lines(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(recording(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The family of the root of each recorded incident.
fn labels() -> Value {
    serde_json::from_slice(&fs::read(root().join("tests/recordings/labels.json")).unwrap()).unwrap()
}

fn argv(call: &Value) -> String {
    let words = call["argv"].as_array().into_iter().flatten();
    words.map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

/// The calls of a recording that begin so.
fn calls<'a>(name: &str, starts: &'a [&'a str]) -> impl Iterator<Item = Value> + use<'a> {
    lines(name).into_iter().filter(move |call| starts.iter().any(|start| argv(call).starts_with(start)))
}

/// The recording of an upgrade that goes wrong as the incident did.
fn tape(incident: &str, answers: &str) -> String {
    let of_upgrade = lines("drill-upgrade");
    let upgrade = of_upgrade.iter().position(|call| argv(call).starts_with("helm upgrade")).unwrap();
    let install = calls(incident, &["helm install taskflow "]).next().unwrap();
    let mut call = of_upgrade[upgrade].clone();
    if install["exit_code"] != 0 {
        let said = install["stderr"].as_str().unwrap();
        assert!(said.contains("Error: "), "{incident}: {said}");
        call["stdout"] = json!("");
        call["stderr"] = json!(said.replace("Error: ", "Error: UPGRADE FAILED: "));
        call["exit_code"] = install["exit_code"].clone();
    }
    call["elapsed_ms"] = install["elapsed_ms"].clone();
    let mut kept = vec![json!({ "incident": incident, "note": "", "unique": lines(answers)[0]["unique"] })];
    kept.extend(of_upgrade[1..upgrade].iter().cloned());
    kept.push(call);
    // A validation asks for them, too: those of before the rollback must last until then.
    let pods = calls(incident, &["kubectl get pods"]).filter(|call| argv(call) == "kubectl get pods").last().unwrap();
    kept.extend(std::iter::repeat_n(pods, if install["exit_code"] == 0 { 6 } else { 1 }));
    kept.extend(calls(incident, &["kubectl get pods -o", "kubectl describe", "kubectl get events", "kubectl logs"]));
    kept.extend(calls(incident, &["kubectl get services", "kubectl exec", "helm get"]));
    kept.extend(lines(answers).into_iter().skip(1));
    let around = ["helm history", "helm rollback taskflow 1 --wait"];
    kept.extend(calls("drill-rollback", &around).filter(|call| argv(call) != "kubectl get pods"));
    // Where the app answers, and pods that are well again.
    kept.extend(calls("healthy", &["kubectl get svc", "kubectl get pods"]).filter(|call| !argv(call).contains("wide")));
    kept.iter().map(|call| format!("{call}\n")).collect()
}

fn play(incident: &str, end: &End) {
    let answers = if let End::Validation(answers, _) = end { answers } else { "app" };
    let project = Project::taskflow().file("tape.jsonl", &tape(incident, answers));
    let drill = |args: &[&str]| -> Answer { project.run(&[&["--replay", "tape.jsonl"], args].concat()) };

    let deployed = drill(&["redeploy", "--rollback-on-failure"]).exits(1);
    let told = deployed.err.clone();
    let deployed = match end {
        End::Early(why) => {
            deployed.says(&["ended early: ", &format!("({why})"), "`helm upgrade` would have waited 5m"])
        }
        End::Helm => deployed.says(&["UPGRADE FAILED: timed out waiting for the condition"]),
        End::Validation(_, what) => deployed.says(&[what]),
    };
    assert_eq!(told.contains("ended early"), matches!(end, End::Early(_)), "{incident}: {told}");
    deployed.says(&["opened drill", "rollback: done"]);

    let shown: Value = serde_json::from_str(&drill(&["--format", "json", "incident"]).exits(0).out).unwrap();
    let kept = &shown["incident"];
    let found: Vec<&Value> = kept["findings"].as_array().unwrap().iter().map(|finding| &finding["family"]).collect();
    assert!(found.contains(&&labels()[incident]), "{incident}: {kept:#}");
    let runs = kept["runs"].as_array().unwrap();
    let tasks: Vec<&str> = runs.iter().filter_map(|run| run["task"].as_str()).collect();
    assert_eq!((tasks[0], tasks[tasks.len() - 1]), ("redeploy", "rollback"), "{incident}");
    // What could tell is saved before the rollback removes it.
    let saved = runs[..runs.len() - 1].iter().any(|run| run["files"].as_u64() > Some(10));
    assert!(saved, "{incident}: {runs:#?}");
    assert_eq!(kept["decisions"][0]["text"], "to run `rollback` (--rollback-on-failure)", "{incident}");

    // The next one waits for the cause.
    drill(&["redeploy"]).exits(4).says(&["The root cause of the last failure is on record"]);
    // A failing probe alone is a consequence of something that its recording does not show.
    let is_known = incident != "probe-failing";
    drill(&["incident", "cause", "--accept"]).exits(if is_known { 0 } else { 4 });
}

#[test]
fn no_labelled_recording_is_left_out() {
    let labels = labels();
    let mut known: Vec<&str> = INCIDENTS.iter().copied().chain(OTHERS).collect();
    known.sort_unstable();
    assert_eq!(known, labels.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>());
}
