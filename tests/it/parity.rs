//! Two stand-ins of the app, one plays the cluster and one production, asked with real curl: alike they are valid, and
//! every fault of the one is found and named.

use super::app::{App, curl, operations};
use super::support::{Answer, Project, root};
use serde_json::Value;

/// The repository's own [parity] and [[rules]].
pub(crate) fn rules() -> String {
    let tasks = std::fs::read_to_string(root().join("tasks.toml")).unwrap();
    let start = tasks.find("[parity]").unwrap();
    let end = start + tasks[start..].find("# ------").unwrap();
    tasks[start..end].to_owned()
}

/// Both targets, and the repository's operations.
pub(crate) fn targets(cluster: &App, production: &App) -> String {
    format!(
        "version = 1\n[tools.curl]\nargs = [\"--disable\"]\n\
         [targets.cluster]\ntitle = \"Kubernetes\"\nvars = {{ page = \"{}\", api = \"{}\" }}\n\
         [targets.production]\ntitle = \"Production\"\nvars = {{ page = \"{}\", api = \"{}\" }}\n{}\n",
        cluster.page_url(),
        cluster.url(),
        production.page_url(),
        production.url(),
        operations(),
    )
}

/// The two of them, to be compared.
fn pair(cluster: &App, production: &App) -> Project {
    let parity = rules();
    let parity = &parity[..parity.find("# The conditions").unwrap()];
    let tasks = "[tasks.parity]\nsummary = \"Compare\"\n[[tasks.parity.steps]]\nname = \"Parity\"\nparity = true\n\
                 [tasks.login]\nsummary = \"Compare the login\"\n[[tasks.login.steps]]\nparity = true\nonly = [\"signup\", \"login\"]\n\
                 [tasks.look]\nsummary = \"Look\"\n[[tasks.look.steps]]\nrun = [\"curl\", \"--version\"]\n";
    Project::new(&format!("{}{parity}\n{tasks}", targets(cluster, production)))
}

/// `title: note` of every row that there is something to say of, as the answer in JSON has it.
fn differences(project: &Project) -> (Value, Vec<String>) {
    let answer = project.run(&["parity", "--format", "json"]);
    let whole: Value = serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error}: {}", answer.out));
    assert_eq!(whole["exit_code"], answer.code);
    let comparison = whole["comparisons"][0].clone();
    let mut found = Vec::new();
    for row in comparison["rows"].as_array().unwrap() {
        for difference in row["differences"].as_array().into_iter().flatten() {
            let text = |key: &str| difference[key].as_str().unwrap_or("-").to_owned();
            let title = row["title"].as_str().unwrap();
            found.push(format!("{title}: {} {}: {} | {}", text("kind"), text("place"), text("left"), text("right")));
        }
    }
    (comparison, found)
}

#[test]
fn two_apps_that_are_alike_are_valid() {
    if curl().is_none() {
        return;
    }
    // Their ids are others, and so are their times and tokens.
    let (cluster, production) = (App::start(&[]), App::start(&["--first-id", "500"]));
    let project = pair(&cluster, &production);
    let answer = project.run(&["parity"]).exits(0);
    assert!(!answer.out.contains("DIFFERS"), "{}", answer.out);
    let head = answer.out.lines().next().unwrap();
    assert_eq!(head.split_whitespace().collect::<Vec<_>>(), ["Operation", "Kubernetes", "Production", "Match?"]);
    let row = answer.out.lines().find(|line| line.starts_with("Create task response ")).unwrap();
    let row: Vec<&str> = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    assert!(row[1].starts_with("201 in ") && row[2].starts_with("201 in ") && row[3] == "ok", "{row:?}");
    assert!(answer.out.ends_with("\nVALID: all 15 operations are answered alike\n\n"), "{}", answer.out);
    // The evidence is the same table, and the same as data.
    let evidence = project.evidence();
    assert!(evidence["parity.md"].contains("| Operation | Kubernetes | Production | Match? |"));
    let kept: Value = serde_json::from_str(&evidence["parity.json"]).unwrap();
    assert_eq!(kept["comparison"]["verdict"], "valid");
    // And history tells it again.
    let told = project.run(&["history", &run_id(&project)]).exits(0);
    assert!(format!("{}{}", told.out, told.err).contains("VALID: all 15 operations are answered alike"));
}

fn run_id(project: &Project) -> String {
    project.runs().pop().unwrap().file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn every_fault_of_the_cluster_is_found_and_named() {
    if curl().is_none() {
        return;
    }
    let production = App::start(&[]);
    for (fault, wanted) in [
        ("status", vec!["Create task response: status -: 200 | 201"]),
        (
            "missing-field",
            vec![
                "Create task response: missing completed: - | false",
                "List tasks response: missing [0].completed: - | false",
                "Complete task response: missing completed: - | true",
            ],
        ),
        ("wrong-type", vec!["Login response: type user.id: string \"1\" | integer "]),
        // That a value is another one every time is no reason to send another type.
        ("other-times", vec!["Signup response: type created_at: number 1"]),
        ("no-cors", vec!["Login response: rule -: access-control-allow-origin is missing"]),
        (
            "token-rejected",
            vec![
                "Token persists: status -: 401 | 200",
                "Token persists: extra detail: \"Could not validate credentials\" | -",
                "Token persists: missing email: - | \"refloat-",
            ],
        ),
        (
            "chat-broken",
            vec!["Chatbot response format: status -: 500 | 200", "Chatbot response format: missing tool_calls: - | []"],
        ),
        ("chat-silent", vec!["Chatbot lists tasks: length tool_calls: 0 elements | 1 element"]),
    ] {
        let cluster = App::start(&["--fault", fault]);
        let project = pair(&cluster, &production);
        let (comparison, found) = differences(&project);
        assert_eq!(comparison["verdict"], "invalid", "{fault}");
        for wanted in wanted {
            assert!(found.iter().any(|line| line.starts_with(wanted)), "{fault}: {wanted}\nin {found:#?}");
        }
    }
}

#[test]
fn a_cluster_that_does_not_answer_is_not_valid() {
    if curl().is_none() {
        return;
    }
    let production = App::start(&[]);
    let project = pair(&App::start(&[]), &production);
    // The one that it names is gone by now.
    let answer = project.run(&["parity"]).exits(3);
    assert!(answer.out.contains("INVALID: 15 of 15 operations could not be compared"), "{}", answer.out);
    assert!(words(&answer.out).contains("Signup response Kubernetes gave no answer: curl: (7)"), "{}", answer.out);
}

#[test]
fn a_task_lost_after_a_restart_is_found() {
    if curl().is_none() {
        return;
    }
    let stores = [tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap()];
    let [here, there] = stores.each_ref().map(|store| store.path().to_str().unwrap());
    let (cluster, production) = (App::start(&["--store", here]), App::start(&["--store", there]));
    // Both are restarted in the middle.
    let restart = "[[operations]]\nname = \"restart\"\nmethod = \"POST\"\nurl = \"${api}/_restart\"\ncompare = false\n\n\
                   # Asked again, over";
    let tasks = std::fs::read_to_string(pair(&cluster, &production).path().join("tasks.toml")).unwrap();
    assert!(tasks.contains("# Asked again, over"));
    let project = Project::new(&tasks.replace("# Asked again, over", restart));
    project.run(&["parity"]).exits(0);
    cluster.fault("lost-after-restart", true);
    let (_, found) = differences(&project);
    assert!(found.iter().any(|line| line.starts_with("Tasks persist: status -: 401 | 200")), "{found:#?}");
}

#[test]
fn a_slow_answer_breaks_a_rule_that_production_keeps() {
    if curl().is_none() {
        return;
    }
    let (cluster, production) = (App::start(&["--fault", "slow"]), App::start(&[]));
    let tasks = std::fs::read_to_string(pair(&cluster, &production).path().join("tasks.toml")).unwrap();
    let project = Project::new(&tasks.replace("within = \"5s\"", "within = \"1s\""));
    let answer = project.run(&["parity"]).exits(3);
    let told = words(&answer.out);
    assert!(told.contains("List tasks response only Kubernetes breaks the operation's own rules: took 1."), "{told}");
}

#[test]
fn what_is_broken_on_both_alike_is_no_difference_and_no_success() {
    if curl().is_none() {
        return;
    }
    let (cluster, production) = (App::start(&["--fault", "status"]), App::start(&["--fault", "status"]));
    let answer = pair(&cluster, &production).run(&["parity"]).exits(1);
    let told = words(&answer.out);
    assert!(told.contains("Create task response not as it should be on both alike: answered 200, not 201"), "{told}");
    assert!(told.ends_with(" VALID: all 15 operations are answered alike, 1 of them not as it should be"), "{told}");
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_comparison_reads_as_markdown_and_nothing_else_does() {
    if curl().is_none() {
        return;
    }
    let (cluster, production) = (App::start(&["--fault", "wrong-type"]), App::start(&[]));
    let project = pair(&cluster, &production);
    let answer = project.run(&["login", "--format", "markdown"]).exits(3);
    let lines: Vec<&str> = answer.out.lines().collect();
    assert_eq!(lines[..2], ["| Operation | Kubernetes | Production | Match? |", "|---|---|---|---|"]);
    assert!(lines[3].starts_with("| Login response | 200 in ") && lines[3].ends_with(" | ❌ |"), "{lines:?}");
    assert!(answer.out.contains("\n**INVALID: 2 of 2 operations differ**\n"), "{}", answer.out);
    let answer = project.run(&["look", "--format", "markdown"]).exits(2);
    answer.says(&["`look` compares nothing"]);
    project.run(&["list", "--format", "markdown"]).exits(2).says(&["only a task that compares"]);
}

#[test]
fn as_json_lines_the_comparison_is_an_event() {
    if curl().is_none() {
        return;
    }
    let (cluster, production) = (App::start(&[]), App::start(&[]));
    let project = pair(&cluster, &production);
    let answer: Answer = project.run(&["login", "--format", "jsonl"]).exits(0);
    let events: Vec<Value> = answer.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let compared = events.iter().find(|event| event["type"] == "compared").unwrap();
    assert_eq!(compared["comparison"]["targets"], serde_json::json!(["Kubernetes", "Production"]));
    assert_eq!(compared["comparison"]["rows"][0]["verdict"], "match");
}

#[test]
fn no_secret_of_an_answer_is_told_or_kept() {
    if curl().is_none() {
        return;
    }
    // The token is compared for once, and quoted where it differs.
    let (cluster, production) = (App::start(&[]), App::start(&[]));
    let tasks = std::fs::read_to_string(pair(&cluster, &production).path().join("tasks.toml")).unwrap();
    let project = Project::new(&tasks.replace(", \"**.token\"", ""));
    let answer = project.run(&["parity"]).exits(3);
    assert!(words(&answer.out).contains("Login response token: Kubernetes \"[hidden "), "{}", answer.out);
    let kept: String = project.kept().iter().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
    let all = format!("{}{}{kept}", answer.out, answer.err);
    assert!(!all.contains("eyJ"), "{all}");
}

/// What the stand-in plants (`tests/app`), in whatever encoding.
const PLANTED: [&str; 14] = [
    "PlantedNested",
    "PlantedPart",
    "19001000",
    "19001050",
    "PlantedListed",
    "PlantedOld",
    "PlantedDeep",
    "PlantedSession",
    "PlantedVerifier",
    "Pin1",
    "Otp1",
    "PlantedCode",
    "PlantedState",
    "Planted-s",
];

#[test]
fn what_an_answer_holds_below_a_telling_key_is_nowhere() {
    if curl().is_none() {
        return;
    }
    let (cluster, production) = (App::start(&[]), App::start(&["--first-id", "500"]));
    let operation = "[[operations]]\nname = \"planted\"\nurl = \"${api}/_planted\"\n\
                     answer = { status = 302, headers = { location = \"/out\" }, fields = { pin = \"integer\", \
                     \"refresh.token.value\" = { equals = \"x\" }, \"tokens[0]\" = \"integer\" } }\n\
                     [parity]\ntargets = [\"cluster\", \"production\"]\nheaders = [\"location\"]\n\
                     [tasks.planted]\nsummary = \"Compare\"\n[[tasks.planted.steps]]\nparity = true\n";
    let tasks = targets(&cluster, &production);
    let tasks = tasks.replace(&operations(), "");
    let project = Project::new(&format!("{tasks}{operation}"));
    let answer = project.run(&["planted", "--record", "planted.jsonl", "-v"]).exits(3);
    let told = words(&answer.out);
    for wanted in [
        "header location: Kubernetes /in?next=there&code=[hidden code 12 chars #",
        "refresh.token.value: Kubernetes \"[hidden token 14 chars #",
        "tokens[0]: Kubernetes \"[hidden tokens 14 chars #",
        "pin: Kubernetes \"[hidden pin 4 chars #",
        "usage.tokens: Kubernetes 13, Production 512",
    ] {
        assert!(told.contains(wanted), "{wanted}\nin {told}");
    }
    let kept: String = project.kept().iter().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
    let recording = std::fs::read_to_string(project.path().join("planted.jsonl")).unwrap();
    assert!(kept.contains("pin is a string (") && recording.contains("sessionId"), "{kept}{recording}");
    let all = format!("{}{}{kept}{recording}", answer.out, answer.err);
    for planted in PLANTED {
        assert!(!all.contains(planted), "{planted} is in {all}");
    }
}
