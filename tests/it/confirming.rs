//! A live diagnosis asks about its candidates: every confirming check of the runbook says that the
//! cause is there, that it is not, or that it could not be asked.

use super::stub::Tools;
use super::support::{Answer, Project, recording, root};
use base64::Engine;
use serde_json::{Value, json};
use std::fs;

/// Made-up secrets. None may be found anywhere.
const PASSWORD: &str = "hunter2canary";
const TOKEN: &str = "canary-token-0123456789abcdef0123456789";
const KEY: &str = "sk-ant-api03-canarycanarycanary";

/// The runbook of this repository, with a symptom of its own that names these checks.
fn runbook(checks: &[&str]) -> String {
    let tasks = fs::read_to_string(root().join("tasks.toml")).unwrap();
    let symptom = "any = ['PROBE-ME']\ncause = \"A cause to be confirmed\"\nexamples = ['PROBE-ME']\n";
    format!(
        "{tasks}\n[symptoms.probe-me]\nfamily = \"cors\"\nrole = \"root\"\n{symptom}confirm = {checks:?}\n\
         fix = [\"refloat redeploy\"]\n"
    )
}

/// kubectl, asked these words, answers so.
fn kubectl(words: &[&str], answer: Value) -> Value {
    tool(&["kubectl", "--context", "minikube", "--namespace", "default"], words, answer)
}

fn tool(head: &[&str], words: &[&str], mut answer: Value) -> Value {
    answer["argv"] = json!(head.iter().chain(words).collect::<Vec<_>>());
    answer
}

fn says(text: &str) -> Value {
    json!({ "stdout": text })
}

/// A key of a secret, as kubectl prints it.
fn secret(name: &str, key: &str, value: &str) -> Value {
    let encoded = base64::engine::general_purpose::STANDARD.encode(value);
    kubectl(&["get", "secret", name, "-o", &format!("jsonpath={{.data.{key}}}")], says(&encoded))
}

/// Tools that answer by these rules; the backend's log shows the symptom, and of all else they know nothing.
fn tools(rules: Vec<Value>) -> Tools {
    let log = kubectl(&["logs", "deployment/taskflow-backend"], says("ERROR PROBE-ME\n"));
    let rest = ["kubectl", "helm", "minikube"].map(|name| json!({ "argv": [name, "**"] }));
    rules.into_iter().chain([log]).chain(rest).fold(Tools::new(), Tools::rule)
}

/// Nothing that was printed or kept holds a canary, in clear or as base64.
fn hides_secrets(project: &Project, answer: &Answer) {
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let kept = project.kept().into_iter().map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned());
    for text in kept.chain([answer.out.clone(), answer.err.clone()]) {
        for canary in [PASSWORD, TOKEN, KEY] {
            assert!(!text.contains(canary) && !text.contains(&encode(canary)), "{canary} in:\n{text}");
        }
    }
}

/// The diagnosis as data, of tools that answer by these rules: what was said of this check.
fn said(check: &str, rules: Vec<Value>) -> (String, String) {
    let tools = tools(rules);
    let project = Project::new(&runbook(&[check])).with_tools(&tools);
    let answer = project.run(&["--format", "json", "diagnose"]).exits(3).says(&["Confirm  "]);
    hides_secrets(&project, &answer);
    let diagnosis: Value = serde_json::from_str(&answer.out).unwrap();
    let found = &diagnosis["findings"][0];
    assert_eq!(found["id"], "probe-me", "{diagnosis}");
    let told = &found["confirmed"][0];
    assert_eq!((&told["check"], found["confirmed"].as_array().unwrap().len()), (&json!(check), 1), "{diagnosis}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let expected = if told["answer"] == "confirmed" { "high" } else { "low" };
    assert_eq!(found["confidence"], expected, "{diagnosis}");
    (text(&told["answer"]), text(&told["detail"]))
}

#[track_caller]
fn assert_said(check: &str, rules: Vec<Value>, answer: &str, detail: &str) {
    let (told, why) = said(check, rules);
    assert_eq!((told.as_str(), why.contains(detail)), (answer, true), "{check}: {why}");
}

fn url(of: &str) -> Value {
    secret("taskflow-backend-secrets", "DATABASE_URL", &format!("postgresql://app:{PASSWORD}@{of}"))
}

#[test]
fn secrets_equal_and_long_enough() {
    let check = "jwt-secrets-equal";
    let values = |one: &str, two: &str| {
        vec![
            secret("taskflow-backend-secrets", "BETTER_AUTH_SECRET", one),
            secret("taskflow-frontend-secrets", "BETTER_AUTH_SECRET", two),
        ]
    };
    assert_said(check, values(TOKEN, &TOKEN[1..]), "confirmed", "they differ: 39 and 38 characters");
    assert_said(check, values("canary", "canary"), "confirmed", "too short: 6 of at least 32");
    assert_said(check, values(TOKEN, TOKEN), "refuted", "both have 39 characters and are equal");
    let forbidden = kubectl(&["get", "secret", "**"], json!({ "stderr": "Error (Forbidden): no\n", "exit": 1 }));
    assert_said(check, vec![forbidden], "could-not-check", "(Forbidden)");
}

#[test]
fn the_address_of_the_database_is_well_formed() {
    assert_said("database-url-form", vec![url("db.example:5432/app")], "refuted", "characters");
    assert_said("database-url-form", vec![url("db.example")], "confirmed", "does not have the expected form");
}

#[test]
fn the_database_is_reached_from_a_pod_that_can_be_entered() {
    let check = "database-reachable";
    let from = |pod: &str, answer: Value| kubectl(&["exec", pod, "**"], answer);
    let fails = |words: &str| json!({ "stderr": words, "exit": 1 });
    let (backend, frontend) = ("deployment/taskflow-backend", "deployment/taskflow-frontend");
    assert_said(check, vec![from(backend, says("reached\n"))], "refuted", "The backend's pod reaches it");
    let refused = "ConnectionRefusedError: [Errno 111] Connection refused\ncommand terminated with exit code 1\n";
    assert_said(check, vec![from(backend, fails(refused))], "confirmed", "The backend's pod reaches it");
    // A backend that crashes cannot be entered: the frontend is asked.
    let crashed = || from(backend, fails("error: unable to upgrade connection: container not found (\"backend\")\n"));
    let node = |answer: Value| vec![crashed(), url("db.example:5433/app"), from(frontend, answer)];
    let refused = "connect ECONNREFUSED 10.1.2.3:5433\n";
    assert_said(check, node(fails(refused)), "confirmed", "ECONNREFUSED 10.1.2.3:5433");
    assert_said(check, node(says("reached db.example\n")), "refuted", "The frontend's pod reaches it");
    let no_node = "OCI runtime exec failed: exec: \"node\": executable file not found in $PATH\n";
    assert_said(check, node(fails(no_node)), "could-not-check", "executable file not found");
    let no_secret = kubectl(&["get", "secret", "**"], fails("Error from server (NotFound): no such secret\n"));
    assert_said(check, vec![crashed(), no_secret], "could-not-check", "host and port of DATABASE_URL");
}

#[test]
fn only_host_and_port_of_the_database_go_to_the_pod_that_asks() {
    let down = json!({ "stderr": "container not found\n", "exit": 1 });
    let rules = vec![kubectl(&["exec", "deployment/taskflow-backend", "**"], down), url("db.example:5433/app")];
    let tools = tools(rules);
    let project = Project::new(&runbook(&["database-reachable"])).with_tools(&tools);
    project.run(&["diagnose"]).exits(3);
    let call = tools.calls().pop().unwrap();
    assert_eq!(&call[call.len() - 3..], ["--", "db.example", "5433"]);
    assert!(!format!("{:?}", tools.calls()).contains(PASSWORD));
}

#[test]
fn the_backend_logs_in() {
    let exec = |answer: Value| vec![kubectl(&["exec", "deployment/taskflow-backend", "**"], answer)];
    let refused = "psycopg2.OperationalError: FATAL:  password authentication failed for user \"app\"\n";
    let no_driver = "ModuleNotFoundError: No module named 'psycopg2'\n";
    assert_said("database-login", exec(says("logged in\n")), "refuted", "can log in");
    assert_said("database-login", exec(json!({ "stderr": refused, "exit": 1 })), "confirmed", "authentication failed");
    assert_said("database-login", exec(json!({ "stderr": no_driver, "exit": 1 })), "could-not-check", "psycopg2");
}

/// Where the frontend is opened.
fn address() -> Vec<Value> {
    vec![
        kubectl(&["describe", "node", "minikube"], says("Addresses:\n  InternalIP:  192.168.49.2\n")),
        kubectl(
            &["get", "svc", "taskflow-frontend-service", "-o", "jsonpath={.spec.ports[0].nodePort}"],
            says("30080"),
        ),
    ]
}

#[test]
fn the_preflight_of_the_real_origin() {
    let asked = |headers: &str| {
        let mut rules = address();
        let argv = ["exec", "deployment/taskflow-backend", "--", "curl", "-s", "-i", "-X", "OPTIONS", "-H"];
        let argv = [&argv[..], &["Origin: http://192.168.49.2:30080", "**"]].concat();
        rules.push(kubectl(&argv, says(&format!("HTTP/1.1 {headers}"))));
        rules
    };
    let check = "cors-preflight";
    let refused = "400 Bad Request\r\nvary: Origin\r\n\r\nDisallowed CORS origin";
    assert_said(check, asked(refused), "confirmed", "http://192.168.49.2:30080 is not in it");
    let other = "200 OK\r\naccess-control-allow-origin: http://192.168.49.2:300801\r\n";
    assert_said(check, asked(other), "confirmed", "2 lines: access-control-allow-origin: http://192.168.49.2:300801");
    let same = "200 OK\r\nAccess-Control-Allow-Origin: http://192.168.49.2:30080\r\n";
    assert_said(check, asked(same), "refuted", "http://192.168.49.2:30080 is there");
    assert_said(check, asked("200 OK\r\naccess-control-allow-origin: *\r\n"), "refuted", "* is there");
    let mut no_curl = address();
    let missing = json!({ "stderr": "exec: \"curl\": executable file not found in $PATH\n", "exit": 1 });
    no_curl.push(kubectl(&["exec", "**"], missing));
    assert_said(check, no_curl, "could-not-check", "executable file not found");
    assert_said(check, vec![address().remove(0)], "could-not-check", "the frontend's node port");
}

#[test]
fn the_allowed_origins_hold_the_real_one() {
    let origins = |value: &str| [address(), vec![secret("taskflow-backend-secrets", "CORS_ORIGINS", value)]].concat();
    let check = "cors-allows-frontend";
    assert_said(check, origins("http://localhost:3000"), "confirmed", "does not contain http://192.168.49.2:30080");
    assert_said(check, origins("http://a,http://192.168.49.2:30080"), "refuted", "characters");
}

#[test]
fn the_api_key_has_its_prefix_and_no_line_end() {
    let key = |value: &str| vec![secret("taskflow-backend-secrets", "ANTHROPIC_API_KEY", value)];
    assert_said("api-key-shape", key(KEY), "refuted", "has 31 characters");
    assert_said("api-key-shape", key(&format!("{KEY}\n")), "confirmed", "does not have the expected form");
    assert_said("api-key-shape", key("canary"), "confirmed", "does not have the expected form");
}

#[test]
fn the_images_that_are_wanted_are_in_the_node() {
    let path = "jsonpath={.spec.template.spec.containers[*].image}";
    let wants = |name: &str, image: &str| kubectl(&["get", "deployment", name, "-o", path], says(image));
    let holds = |list: &str| {
        vec![
            wants("taskflow-backend", "taskflow-backend:1.0.1"),
            wants("taskflow-frontend", "taskflow-frontend:1.0.0"),
            tool(&["minikube", "--profile", "minikube"], &["image", "ls"], says(list)),
        ]
    };
    let check = "image-in-node";
    let near = "docker.io/library/taskflow-backend:1.0.1-previous\nother.example/taskflow-backend:1.0.1\n\
                docker.io/library/taskflow-frontend:1.0.0\n";
    let missing = "The backend's image is in the node: taskflow-backend:1.0.1 is not in it (3 lines";
    assert_said(check, holds(near), "confirmed", missing);
    let both = "docker.io/library/taskflow-backend:1.0.1\ndocker.io/library/taskflow-frontend:1.0.0\n";
    assert_said(check, holds(both), "refuted", "docker.io/library/taskflow-backend:1.0.1 is there");
    assert_said(check, holds(""), "could-not-check", "does not match");
    let digest = vec![wants("taskflow-backend", "app@sha256:0123"), wants("taskflow-frontend", "a b")];
    assert_said(check, digest, "could-not-check", "the image that the backend wants");
}

#[test]
fn both_services_have_endpoints() {
    let service = |name: &str, line: &str| {
        kubectl(&["describe", "service", name], says(&format!("Name:  {name}\n{line}\nSession Affinity:  None\n")))
    };
    let both = |one: &str, two: &str| {
        vec![service("taskflow-backend-service", one), service("taskflow-frontend-service", two)]
    };
    let check = "service-has-endpoints";
    let (some, none) = ("Endpoints:                10.244.0.52:8000", "Endpoints:                <none>");
    assert_said(check, both(none, some), "confirmed", "taskflow-backend-service has ready pods behind it");
    assert_said(check, both(some, "Endpoints:                "), "confirmed", "taskflow-frontend-service has ready");
    assert_said(check, both(some, some), "refuted", "taskflow-frontend-service has ready pods behind it");
    assert_said(check, vec![], "could-not-check", "does not match");
}

#[test]
fn names_resolve_in_a_pod() {
    let exec = |answer: Value| {
        vec![kubectl(&["exec", "deployment/taskflow-frontend", "--", "nslookup", "taskflow-backend-service"], answer)]
    };
    let lost = "** server can't find taskflow-backend-service: NXDOMAIN\n";
    assert_said("dns-resolves", exec(json!({ "stdout": lost, "exit": 1 })), "confirmed", "NXDOMAIN");
    let found =
        "Server:\t\t10.96.0.10\nName:\ttaskflow-backend-service.default.svc.cluster.local\nAddress: 10.99.1.2\n";
    assert_said("dns-resolves", exec(says(found)), "refuted", "resolves taskflow-backend-service");
    let no_shell = json!({ "stderr": "exec: \"nslookup\": executable file not found in $PATH\n", "exit": 1 });
    assert_said("dns-resolves", exec(no_shell), "could-not-check", "executable file not found");
}

#[test]
fn allocatable_minus_requested_against_what_waits() {
    let node = |requested: &str| {
        let text = format!(
            "Allocatable:\n  cpu:     2\n  memory:  4Gi\n  pods:  110\nNon-terminated Pods:  (3 in total)\nAllocated \
             resources:\n  Resource  Requests  Limits\n  cpu  {requested} (9%)  0 (0%)\n  memory  1Gi (25%)  0 (0%)\n"
        );
        kubectl(&["describe", "node", "minikube"], says(&text))
    };
    let pods = |status: &str| {
        let table = format!("NAME   READY   STATUS    RESTARTS   AGE\nweb-1  0/1     {status}   0          9s\n");
        kubectl(&["get", "pods"], says(&table))
    };
    let pod = "Name:  web-1\nNode:  <none>\nContainers:\n  web:\n    Requests:\n      cpu:  500m\n";
    let pod = kubectl(&["describe", "pod", "web-1"], says(pod));
    let check = "node-has-room";
    let short = "cpu: 1900m of 2000m requested, 100m free, 500m wanted by web-1";
    assert_said(check, vec![node("1900m"), pods("Pending"), pod.clone()], "confirmed", short);
    let fits = "web-1 fits: cpu: 1500m of 2000m requested, 500m free, 500m wanted";
    assert_said(check, vec![node("1500m"), pods("Pending"), pod.clone()], "refuted", fits);
    let none = "no pod waits for a node: cpu: 1900m of 2000m requested, 100m free";
    assert_said(check, vec![node("1900m"), pods("Running"), pod.clone()], "refuted", none);
    assert_said(check, vec![pods("Pending"), pod.clone()], "could-not-check", "does not say");
    let gone = json!({ "stderr": "Error from server (NotFound): nodes \"minikube\" not found\n", "exit": 1 });
    let gone = kubectl(&["describe", "node", "minikube"], gone);
    assert_said(check, vec![gone, pods("Pending"), pod], "could-not-check", "(NotFound)");
}

#[test]
fn a_missing_tool_keeps_no_other_check_from_being_asked() {
    let both = ["image-in-node", "api-key-shape"];
    let rules = vec![secret("taskflow-backend-secrets", "ANTHROPIC_API_KEY", "canary")];
    let tools = tools(rules);
    fs::remove_file(tools.bin("minikube")).unwrap();
    let project = Project::new(&runbook(&both)).with_tools(&tools);
    project.run(&["diagnose"]).exits(3).answers(&[
        "confirmed        api-key-shape",
        "could not check  image-in-node",
        "minikube: ",
        "confirm     refloat check image-in-node",
    ]);
}

#[test]
fn each_check_is_asked_once_and_only_when_it_may() {
    let value = secret("taskflow-backend-secrets", "ANTHROPIC_API_KEY", KEY);
    let tools = tools(vec![value]);
    let tasks = runbook(&["api-key-shape"]).replace("[symptoms.probe-me]", "[symptoms.probe-me-too]")
        + &runbook(&["api-key-shape"]).split("\n[symptoms.").last().map(|own| format!("\n[symptoms.{own}")).unwrap();
    let project = Project::new(&tasks).with_tools(&tools);
    // Not the call that learns what to hide.
    let is_asked =
        |call: &&Vec<String>| call.contains(&"secret".to_owned()) && !call.contains(&"--ignore-not-found".to_owned());
    let asked = || tools.calls().iter().filter(is_asked).count();
    let quiet = project.run(&["-q", "diagnose"]).exits(3);
    assert_eq!((asked(), quiet.err.contains("Confirm")), (1, false), "{}", quiet.err);
    assert_eq!(quiet.out.matches("every check refutes it").count(), 2, "{}", quiet.out);
    let told = project.run(&["diagnose"]).exits(3);
    assert_eq!((asked(), told.err.matches("Confirm  ").count()), (2, 1), "{}", told.err);
    assert!(!told.out.contains("Confirm  "));
    let none = project.run(&["diagnose", "--no-confirm"]).exits(3);
    assert_eq!((asked(), none.err.contains("Confirm")), (2, false), "nothing is asked");
    assert!(none.out.contains("confirm     refloat check api-key-shape") && !none.out.contains("\nchecked\n"));
}

#[test]
fn more_checks_than_a_person_waits_for_are_not_asked() {
    let names: Vec<String> = (1..=9).map(|number| format!("c{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let checks =
        names.iter().map(|name| format!("[checks.{name}]\ntitle = \"{name}\"\nrun = [\"helm\", \"{name}\"]\n"));
    let tools = tools(vec![]);
    let project = Project::new(&format!("{}{}", runbook(&names), checks.collect::<String>())).with_tools(&tools);
    let answer =
        project.run(&["diagnose"]).exits(3).answers(&["could not check  c9  not asked: 8 checks are the most"]);
    assert_eq!(answer.out.matches("refuted          c").count(), 8, "{}", answer.out);
}

#[test]
fn what_was_recorded_answers_the_same() {
    let rules = vec![secret("taskflow-backend-secrets", "ANTHROPIC_API_KEY", "canary")];
    let tools = tools(rules);
    let project = Project::new(&runbook(&["api-key-shape"])).with_tools(&tools);
    let live = project.run(&["--record", "incident.jsonl", "diagnose"]).exits(3).answers(&["confirmed  api-key-shape"]);
    let calls = tools.calls().len();
    let again = project.run(&["--replay", "incident.jsonl", "diagnose"]).exits(3);
    assert_eq!((again.out, tools.calls().len()), (live.out, calls));
    assert!(!fs::read_to_string(project.path().join("incident.jsonl")).unwrap().contains("Y2FuYXJ5"));
}

/// The diagnosis of a recording, with this symptom in place of the catalogue's.
fn replayed(incident: &str, tasks: &str) -> Answer {
    let project = Project::new(tasks);
    project.run(&["--replay", &recording(incident), "diagnose"]).exits(3)
}

#[test]
fn recorded_incidents_are_confirmed_by_what_was_recorded() {
    let tasks = fs::read_to_string(root().join("tasks.toml")).unwrap();
    replayed("jwt-mismatch", &tasks)
        .answers(&["jwt-signature", "confirmed  jwt-secrets-equal  they differ: 36 and 36"]);
    // A key of the right form may still be refused, so the built-in symptom does not ask for its form.
    let shape = format!("{tasks}{}", symptom("invalid x-api-key", &["api-key-shape"]));
    replayed("api-key-invalid", &shape).answers(&["confirmed  api-key-shape"]);
    replayed("db-refused", &tasks).answers(&["database-refused", "could not check  database-reachable"]);
    // The evidence does not ask a preflight; a step that does shows the symptom.
    let asks = "[[tasks.evidence.steps]]\nallow_failure = true\nrun = [\"kubectl\", \"exec\", \"deployment/taskflow-backend\", \
                \"--\", \"curl\", \"-s\", \"-i\", \"-X\", \"OPTIONS\", \"-H\", \"Origin: http://192.168.49.2:30080\", \"-H\", \
                \"Access-Control-Request-Method: POST\", \"http://localhost:8000/api/tasks\"]\n";
    let cors = tasks.replacen("[[tasks.evidence.steps]]\n", &format!("{asks}[[tasks.evidence.steps]]\n"), 1)
        + &symptom("Disallowed CORS origin", &["cors-allows-frontend", "cors-preflight"]);
    replayed("cors-wrong-origin", &cors).answers(&[
        "confirmed  cors-allows-frontend",
        "does not contain http://192.168.49.2:30080",
        "confirmed  cors-preflight",
        "Disallowed CORS origin",
    ]);
    let room = format!("{tasks}{}", symptom("Insufficient cpu", &["node-has-room"]));
    replayed("pending-cpu", &room).answers(&[
        "confirmed  node-has-room",
        "cpu: 50m of 2000m requested, 1950m free, 64000m wanted by",
        "taskflow-backend-6b947767b6-s58mk",
    ]);
    let ends = format!("{tasks}{}", symptom("Readiness probe failed", &["service-has-endpoints", "dns-resolves"]));
    replayed("probe-failing", &ends).answers(&["confirmed  service-has-endpoints", "refuted    dns-resolves"]);
}

fn symptom(pattern: &str, checks: &[&str]) -> String {
    format!(
        "\n[symptoms.own]\nfamily = \"cors\"\nrole = \"root\"\nexplains = [\"*\"]\nany = ['{pattern}']\ncause = \"x\"\n\
         examples = ['{pattern}']\nconfirm = {checks:?}\n"
    )
}

/// Every call by which a check of the runbook asks only looks.
#[test]
fn no_check_of_the_runbook_changes_anything() {
    const LOOKS: [&[&str]; 15] = [
        &["git", "rev-parse"],
        &["helm", "status"],
        &["helm", "history"],
        &["kubectl", "get"],
        &["kubectl", "describe"],
        &["kubectl", "exec"],
        &["kubectl", "config", "view"],
        &["minikube", "image", "ls"],
        &["minikube", "status"],
        &["docker", "image", "inspect"],
        &["docker", "info"],
        &["git", "status"],
        &["helm", "template"],
        &["helm", "lint"],
        &["kubectl", "logs"],
    ];
    const INSIDE: [&str; 5] = ["curl", "nslookup", "wget", "python3", "node"];
    let project = Project::taskflow();
    let tasks = fs::read_to_string(root().join("tasks.toml")).unwrap();
    let names: Vec<&str> = tasks.lines().filter_map(|line| line.strip_prefix("[checks.")?.strip_suffix(']')).collect();
    assert!(names.len() >= 25, "{names:?}");
    let verify =
        format!("\n[tasks.all]\nsummary = \"x\"\nverify = {names:?}\nsteps = [{{ run = [\"kubectl\", \"get\"] }}]\n");
    fs::write(project.path().join("tasks.toml"), format!("{tasks}{verify}")).unwrap();
    project.run(&["all", "--dry-run"]).exits(0).answers(&[
        "# all must say yes",
        "# the answer of the first that can be asked",
        "# for each pod that waits",
        "describe pod ${pod}",
        "holds ${image} or docker.io/${image}",
    ]);
    let plan = project.run(&["all", "--dry-run", "--format", "json"]).exits(0);
    let mut argvs = Vec::new();
    gather(&serde_json::from_str(&plan.out).unwrap(), &mut argvs);
    assert!(argvs.len() > 30, "{}", argvs.len());
    for argv in argvs {
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        assert!(LOOKS.iter().any(|look| argv.starts_with(look)), "{argv:?}");
        if argv[1] == "exec" {
            assert!(argv[3] == "--" && INSIDE.contains(&argv[4]), "{argv:?}");
        }
    }
}

/// Every argv in the plan, without what the tool adds to each.
fn gather(value: &Value, argvs: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(map) => {
            if let (Some(argv), Some(pinned)) = (map.get("argv"), map.get("pinned")) {
                let words: Vec<String> = serde_json::from_value(argv.clone()).unwrap();
                let pinned: Vec<usize> = serde_json::from_value(pinned.clone()).unwrap();
                let words = words.into_iter().enumerate().filter(|(at, _)| !pinned.contains(at));
                argvs.push(words.map(|(_, word)| word).collect());
            }
            map.values().for_each(|value| gather(value, argvs));
        }
        Value::Array(items) => items.iter().for_each(|value| gather(value, argvs)),
        _ => {}
    }
}

#[cfg(unix)]
#[test]
fn stopped_while_it_asks_it_still_gives_the_diagnosis() {
    use std::process::{Command, Stdio};
    let hang = json!({ "stdout": "begun\n", "hang_ms": 600_000, "signal_exit": 1 });
    let rules = vec![
        secret("taskflow-backend-secrets", "ANTHROPIC_API_KEY", "canary"),
        kubectl(&["exec", "deployment/taskflow-frontend", "**"], hang),
    ];
    let tools = tools(rules);
    let project = Project::new(&runbook(&["api-key-shape", "dns-resolves", "image-in-node"])).with_tools(&tools);
    let child = project.command(&["diagnose"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let journal = || project.runs().pop().and_then(|run| fs::read_to_string(run.join("journal.jsonl")).ok());
    let mut waited = 0;
    while !(project.runs().len() == 2 && journal().is_some_and(|journal| journal.contains("begun"))) {
        waited += 1;
        assert!(waited < 1200, "it did not ask");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(130), "{out}");
    for words in [
        "A cause to be confirmed",
        "confirmed        api-key-shape",
        "could not check  dns-resolves  interrupted",
        "could not check  image-in-node  interrupted",
    ] {
        assert!(out.contains(words), "{words:?} is missing in:\n{out}");
    }
    assert_eq!(tools.signals(), [2]);
}
