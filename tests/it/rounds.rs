//! A deployment is watched with real curl; a fault is switched on in the middle.

use super::app::{App, curl};
use super::parity::{rules, targets};
use super::stub::Tools;
use super::support::Project;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

/// The repository's rules, watched without a pause; the health check asks the app itself.
fn project(cluster: &App, production: &App, limit: &str) -> Project {
    let health = format!(
        "[checks.backend-healthy]\ntitle = \"The backend says that it is healthy\"\n\
         run = [\"curl\", \"--silent\", \"{}/health\"]\nexpect = '\"status\"\\s*:\\s*\"healthy\"'\nno = 'status'\n\
         fix = \"refloat logs backend\"\n",
        cluster.url()
    );
    let rules = rules();
    // All but the one that wants a browser.
    let page = rules.find("# A browser that").unwrap();
    let watch = format!(
        "[tasks.watch]\nsummary = \"Watch\"\n[[tasks.watch.steps]]\nname = \"Watch\"\n\
         rounds = {{ every = \"100ms\", for = \"{limit}\" }}\n"
    );
    Project::new(&format!("{}{}\n{health}{watch}", targets(cluster, production), &rules[..page]))
}

/// A watch that runs: the events that it tells.
struct Watch {
    child: Child,
    events: Box<dyn Iterator<Item = Value>>,
}

impl Watch {
    fn of(project: &Project) -> Self {
        let mut command = project.command(&["watch", "--format", "jsonl"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let events = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        Self { child, events: Box::new(events) }
    }

    /// The next round: `name: said failures/of` of the rules that are not well.
    fn round(&mut self) -> Vec<String> {
        let round = self.events.find(|event| event["type"] == "round").expect("a round more");
        let rules = round["rules"].as_array().unwrap().clone();
        let bad = rules.iter().filter(|rule| rule["said"] != "well");
        bad.map(|rule| format!("{}: {} {}/{}", text(rule, "name"), text(rule, "said"), rule["failures"], rule["of"]))
            .collect()
    }

    /// The rest of it: the note of its step, the rules that held in the last round, the exit code.
    fn rest(mut self) -> (String, Vec<String>, i32) {
        let (mut note, mut held) = (String::new(), Vec::new());
        for event in self.events.by_ref() {
            if event["type"] == "step-finished" {
                note = text(&event, "note");
            } else if event["type"] == "round" {
                let holds =
                    |rule: &&Value| rule["said"] == "failed" && rule["failures"].as_u64() >= rule["of"].as_u64();
                held = event["rules"].as_array().unwrap().iter().filter(holds).map(|rule| text(rule, "name")).collect();
            }
        }
        (note, held, self.child.wait().unwrap().code().unwrap_or(-1))
    }
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

const HEALTH: &str = "Backend health checks fail consistently";

#[test]
fn so_many_failures_in_a_row_end_the_watch_and_fewer_do_not() {
    if curl().is_none() {
        return;
    }
    let (cluster, production) = (App::start(&[]), App::start(&[]));
    let project = project(&cluster, &production, "10m");
    let mut watch = Watch::of(&project);
    assert_eq!(watch.round(), [""; 0]);
    cluster.fault("unhealthy", true);
    // The round that it is switched on in may be over the health check already.
    let mut seen = watch.round();
    if seen.is_empty() {
        seen = watch.round();
    }
    assert_eq!(seen, [format!("{HEALTH}: failed 1/3")]);
    cluster.fault("unhealthy", false);
    let mut rounds = 0;
    while !watch.round().is_empty() {
        rounds += 1;
        assert!(rounds < 2, "well again after one round more at most");
    }
    cluster.fault("unhealthy", true);
    let (note, held, code) = watch.rest();
    assert_eq!((held, code), (vec![HEALTH.to_owned()], 3));
    assert!(note.starts_with(&format!("\"{HEALTH}\" holds, 3 rounds in a row: ")), "{note}");
}

#[test]
fn a_fault_in_the_middle_ends_the_watch_and_names_its_rule() {
    if curl().is_none() {
        return;
    }
    let (fail, other) = ("Task operations fail", "Task operations give other results than in production");
    let auth = "Authentication behaves otherwise than in production";
    // It is switched on while a round may be running: which of the rules that see it comes first is open.
    for (fault, rules) in [
        ("token-rejected", vec![auth, fail, other]),
        ("status", vec![fail, other]),
        ("missing-field", vec![fail, other]),
        (
            "chat-broken",
            vec![
                "The chatbot is broken",
                "The chatbot behaves otherwise than in production",
                "An API endpoint answers otherwise than in production",
            ],
        ),
        ("no-cors", vec![auth, "The frontend may not call the API"]),
    ] {
        let (cluster, production) = (App::start(&[]), App::start(&[]));
        let project = project(&cluster, &production, "10m");
        let mut watch = Watch::of(&project);
        assert_eq!(watch.round(), [""; 0], "{fault}");
        cluster.fault(fault, true);
        let (note, held, code) = watch.rest();
        assert_eq!(code, 3, "{fault}: {note}");
        assert!(!held.is_empty() && held.iter().all(|name| rules.contains(&name.as_str())), "{fault}: {held:?}");
        assert!(note.starts_with(&format!("\"{}\" holds", held[0])), "{fault}: {note}");
        // The comparison that made it hold is evidence.
        let is_compared = held.iter().any(|name| name.contains("otherwise") || name == other);
        assert_eq!(project.evidence().contains_key("parity.md"), is_compared, "{fault}: {held:?}");
    }
}

#[test]
fn a_watch_that_finds_nothing_ends_well_and_leaves_nothing_behind() {
    if curl().is_none() {
        return;
    }
    let store = tempfile::NamedTempFile::new().unwrap();
    let (cluster, production) = (App::start(&["--store", store.path().to_str().unwrap()]), App::start(&[]));
    let answer = project(&cluster, &production, "3s").run(&["watch"]).exits(0);
    answer.says(&["round 1", "all 8 rules are well", "no rule held"]);
    let left: Value = serde_json::from_slice(&std::fs::read(store.path()).unwrap()).unwrap();
    assert_eq!((&left["users"], &left["tasks"]), (&serde_json::json!([]), &serde_json::json!([])));
}

#[test]
fn production_that_does_not_answer_is_no_reason_to_roll_back() {
    if curl().is_none() {
        return;
    }
    let (cluster, production) = (App::start(&[]), App::start(&[]));
    let project = project(&cluster, &production, "2s");
    drop(production);
    let answer = project.run(&["watch"]).exits(1);
    answer.says(&["not judged: Production is out of order itself", "could never be judged"]);
}

/// The same with helm and kubectl, played by stand-ins, an incident, and a rollback where a rule holds.
fn with_rollback(cluster: &App, production: &App, tools: &Tools) -> Project {
    let tasks = std::fs::read_to_string(project(cluster, production, "10m").path().join("tasks.toml")).unwrap();
    let tasks = tasks
        .replace("[tools.curl]", "[tools.helm]\n[tools.kubectl]\n[tools.curl]")
        .replace("summary = \"Watch\"\n", "summary = \"Watch\"\non_failure = \"rollback\"\n");
    let more = "[diagnose]\ntask = \"evidence\"\n[incident]\ncloses = \"look\"\n\
                [tasks.evidence]\nsummary = \"Save\"\n[[tasks.evidence.steps]]\nrun = [\"kubectl\", \"get\", \"events\"]\nsave = \"events.txt\"\n\
                [tasks.look]\nsummary = \"Look\"\n[[tasks.look.steps]]\nrun = [\"kubectl\", \"get\", \"pods\"]\n\
                [tasks.rollback]\nsummary = \"Roll back\"\ndanger = \"change\"\nincident = true\n[[tasks.rollback.steps]]\nrun = [\"helm\", \"rollback\", \"app\"]\n";
    // The real curl stands behind the stand-ins.
    let real = curl().unwrap().parent().unwrap().to_owned();
    let path = std::env::join_paths([tools.path(), real]).unwrap();
    Project::new(&format!("{tasks}{more}")).with_tools(tools).env("PATH", path.to_str().unwrap())
}

fn stand_ins() -> Tools {
    Tools::new()
        .rule(json!({"argv": ["helm", "**"], "stdout": "Rollback was a success! Happy Helming!\n"}))
        .rule(json!({"argv": ["kubectl", "**"], "stdout": "LAST SEEN   TYPE   REASON\n"}))
}

#[test]
fn a_rule_that_holds_is_evidence_an_incident_and_a_rollback_that_is_asked_for() {
    if curl().is_none() {
        return;
    }
    let (cluster, production) = (App::start(&["--fault", "status"]), App::start(&[]));
    // With nobody to ask nothing is rolled back: it is what comes next.
    let tools = stand_ins();
    let project = with_rollback(&cluster, &production, &tools);
    let answer = project.run(&["watch"]).exits(3);
    answer.says(&["round 1", "\"Task operations fail\" holds", "opened incident", "refloat rollback"]);
    let called = |tools: &Tools| tools.calls().iter().map(|call| call.join(" ")).collect::<Vec<_>>();
    assert_eq!(called(&tools), ["kubectl get events"], "the evidence is saved");
    assert!(project.evidence().contains_key("parity.md") || project.runs().len() == 2);
    // Told to, it is rolled back unasked, the evidence first.
    let tools = stand_ins();
    let project = with_rollback(&cluster, &production, &tools);
    let answer = project.run(&["watch", "--rollback-on-failure"]).exits(3);
    answer.says(&["rollback: done, in run"]);
    assert_eq!(called(&tools), ["kubectl get events", "helm rollback app"]);
    let told = project.run(&["incident", "--format", "json"]).exits(0);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    let runs = told["incident"]["runs"].as_array().unwrap();
    let runs: Vec<String> = runs.iter().map(|run| format!("{} {}", text(run, "task"), text(run, "outcome"))).collect();
    assert_eq!(runs, ["watch findings", "evidence done", "rollback done"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_and_the_test_data_go_first() {
    if curl().is_none() {
        return;
    }
    let store = tempfile::NamedTempFile::new().unwrap();
    let (cluster, production) = (App::start(&["--store", store.path().to_str().unwrap()]), App::start(&[]));
    // In the middle of a round: listing takes a second.
    cluster.fault("slow", true);
    production.fault("slow", true);
    let project = project(&cluster, &production, "10m");
    let mut watch = Watch::of(&project);
    assert_eq!(watch.round(), [""; 0]);
    let has = |what: &str| {
        let store: Value = serde_json::from_slice(&std::fs::read(store.path()).unwrap()).unwrap_or_default();
        store[what].as_array().is_some_and(|list| !list.is_empty())
    };
    let begun = std::time::Instant::now();
    while !has("tasks") {
        assert!(begun.elapsed().as_secs() < 60, "the second round never began");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let id = i32::try_from(watch.child.id()).unwrap();
    std::process::Command::new("kill").args(["-INT", &id.to_string()]).status().unwrap();
    let (_, _, code) = watch.rest();
    assert_eq!(code, 130);
    assert!(!has("users") && !has("tasks"), "its account is deleted");
}
