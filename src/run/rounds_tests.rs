//! Comparisons and rounds from the outside of the engine: scripted answers of curl in, events out.

use super::super::exchange_config::TRAILER;
use super::super::testing::*;
use super::*;
use crate::error::Code;
use crate::model::event::{EventKind, RunOutcome};
use crate::model::exchange::{Answer, Captured};
use crate::model::json_path::JsonPath;
use crate::plan::{self, Exchange, Plan, PlannedRule};

const TOKEN: &str = "eyK3-very-long-token-77";

fn http(status: u16, body: &str) -> Said {
    exit(0).out(format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n\r\n{body}\n{TRAILER}{status}:0.034000\n"
    ))
}

fn refused() -> Said {
    exit(7).err("curl: (7) Failed to connect\n")
}

fn curl(target: &str, name: &str) -> String {
    format!("curl --url=http://{target}/{name} --config -")
}

fn operation(id: &str, target: &str, name: &str, adjust: impl FnOnce(&mut Exchange)) -> PlannedStep {
    let mut step = runs(id, &curl(target, name));
    let mut exchange = Exchange {
        operation: name.to_owned(),
        target: target.to_owned(),
        method: "POST".to_owned(),
        url: None,
        headers: Default::default(),
        json: Some(template(r#"{"mail": "${unique}@x.de"}"#)),
        answer: Answer::default(),
        capture: Vec::new(),
    };
    adjust(&mut exchange);
    step.exchange = Some(Box::new(exchange));
    step
}

/// Login, list, and a cleanup that needs the token.
fn operations(id: &str, target: &str) -> PlannedStep {
    let captured = |exchange: &mut Exchange| {
        exchange.capture =
            vec![Captured { name: "token".into(), path: JsonPath::parse("token").unwrap(), secret: true }];
    };
    let bearer = |exchange: &mut Exchange| {
        exchange.headers.insert("Authorization".to_owned(), template("Bearer ${token}"));
    };
    let steps = vec![
        operation(&format!("{id}.1"), target, "login", captured),
        operation(&format!("{id}.2"), target, "list", bearer),
    ];
    let finally = vec![operation(&format!("{id}.f1"), target, "bye", bearer)];
    step(id, Work::Block(Box::new(Block { keep_going: true, finally, ..block(steps) })))
}

fn comparison(rows: &[&str]) -> plan::Comparison {
    let row = |name: &&str| plan::Row {
        operation: (*name).to_owned(),
        title: format!("{name} response"),
        ignore: vec![JsonPath::parse("token").unwrap()],
    };
    plan::Comparison {
        targets: ["k8s".into(), "prod".into()],
        titles: ["Kubernetes".into(), "Production".into()],
        headers: vec!["content-type".into()],
        rows: rows.iter().map(row).collect(),
    }
}

fn parity() -> Plan {
    let mut compare = step("3", Work::Compare(Box::new(comparison(&["login", "list"]))));
    compare.after = vec![0, 1];
    let steps = vec![operations("1", "k8s"), operations("2", "prod"), compare];
    plan(Block { parallel: 2, keep_going: true, ..block(steps) })
}

fn login(token: &str) -> Said {
    http(200, &format!(r#"{{"token": "{token}", "name": "a"}}"#))
}

/// Both targets answer well; each call that is scripted before has its own answers first.
fn well(stage: Stage) -> Stage {
    ["k8s", "prod"].into_iter().fold(stage, |stage, target| {
        stage
            .on(&curl(target, "login"), login(&format!("{TOKEN}-{target}")))
            .on(&curl(target, "list"), http(200, "[]"))
            .on(&curl(target, "bye"), http(204, ""))
    })
}

fn compared(told: &Told) -> &Comparison {
    let found = told.kinds().find_map(|kind| match kind {
        EventKind::Compared { comparison, .. } => Some(comparison),
        _ => None,
    });
    found.expect("nothing was compared")
}

#[test]
fn two_targets_that_answer_alike_are_valid() {
    let stage = well(Stage::default());
    let told = stage.run(&parity());
    assert_eq!((told.report.code, told.report.outcome), (Code::Done, RunOutcome::Done));
    assert_eq!(told.steps().last().unwrap(), "3 ok VALID: all 2 operations are answered alike");
    assert_eq!(compared(&told).rows[0].left.status, Some(200));
    assert_eq!(told.report.files, ["parity.md", "parity.json"]);
    assert!(stage.file("parity.md").contains("| login response | 200 in 34 ms | 200 in 34 ms | ✅ |"));
    let json: serde_json::Value = serde_json::from_str(&stage.file("parity.json")).unwrap();
    assert_eq!(json["comparison"]["verdict"], "valid");
    // Both were asked for the same, and tidied up after.
    assert!(stage.called().iter().filter(|call| call.contains("/bye")).count() == 2);
    assert!(!told.all_text(&stage).contains(TOKEN));
}

#[test]
fn a_difference_is_a_finding_whatever_else_failed() {
    let stage = well(
        Stage::default()
            .on(&curl("k8s", "login"), login(&format!("{TOKEN}-k8s")))
            .on(&curl("k8s", "list"), http(500, &format!(r#"{{"detail": "no {TOKEN}-k8s"}}"#))),
    );
    let told = stage.run(&parity());
    assert_eq!((told.report.code, told.report.outcome), (Code::Findings, RunOutcome::Findings));
    assert_eq!(told.steps().last().unwrap(), "3 failed INVALID: 1 of 2 operations differs");
    let notes = compared(&told).rows[1].notes(&compared(&told).targets);
    assert_eq!(notes[0], "status: Kubernetes 500, Production 200");
    assert!(notes[1].starts_with(r#"$: another type: Kubernetes object {"detail":"no [hidden "#), "{notes:?}");
    assert!(!told.all_text(&stage).contains(TOKEN));
}

#[test]
fn what_fails_on_both_alike_is_no_difference_and_no_success() {
    let stage = ["k8s", "prod"]
        .into_iter()
        .fold(Stage::default(), |stage, target| stage.on(&curl(target, "list"), http(500, "{}")));
    let told = well(stage).run(&parity());
    // The scripted answers come first and repeat only at their end: every list is asked once.
    assert_eq!(told.report.code, Code::StepFailed);
    assert_eq!(told.steps().last().unwrap(), "3 ok VALID: all 2 operations are answered alike");
    let notes = compared(&told).rows[1].notes(&compared(&told).targets);
    assert_eq!(notes, ["not as it should be on both alike: answered 500, not 200 to 299: {}"]);
}

#[test]
fn what_could_not_be_asked_is_not_equal() {
    let mut stage = Stage::default();
    for target in ["k8s", "prod"] {
        stage = stage.on(&curl(target, "login"), refused());
    }
    let told = well(stage).run(&parity());
    assert_eq!(told.report.code, Code::Findings);
    assert_eq!(told.steps().last().unwrap(), "3 failed INVALID: 2 of 2 operations could not be compared");
    let notes = compared(&told).rows[0].notes(&compared(&told).targets);
    assert_eq!(notes[0], "Kubernetes gave no answer: curl: (7) Failed to connect");
    let notes = compared(&told).rows[1].notes(&compared(&told).targets);
    assert_eq!(notes[0], "Kubernetes gave no answer: needs token, which \"step 1.1\" did not give");
}

fn rule(name: &str, failures: u32, by: JudgedBy) -> PlannedRule {
    PlannedRule { name: name.to_owned(), failures, by }
}

fn health(id: &str, failures: u32) -> PlannedRule {
    let gate = gate("healthy", "kubectl exec health");
    rule("Health fails", failures, JudgedBy::Step(Box::new(step(id, Work::Check(Box::new(gate))))))
}

fn alike(rows: &[&str]) -> PlannedRule {
    rule("Answers differ", 1, JudgedBy::Compared(Box::new(comparison(rows))))
}

fn watch(asked: Vec<PlannedStep>, rules: Vec<PlannedRule>, limit: u64) -> Plan {
    let (every, limit) = (Duration::from_secs(10), Duration::from_secs(limit));
    plan_of(vec![step("1", Work::Rounds(Box::new(PlannedRounds { every, limit, asked, rules })))])
}

/// What the rounds said: one line a rule that is not well.
fn rounds(told: &Told) -> Vec<String> {
    let mut lines = Vec::new();
    for kind in told.kinds() {
        if let EventKind::Round { number, rules, .. } = kind {
            let bad: Vec<String> = rules
                .iter()
                .filter(|rule| rule.said != RuleSaid::Well)
                .map(|rule| {
                    let why = rule.why.as_deref().unwrap_or_default();
                    format!("{number} {} {:?} {}/{} {why}", rule.name, rule.said, rule.failures, rule.of)
                })
                .collect();
            lines.extend(if bad.is_empty() { vec![format!("{number} well")] } else { bad });
        }
    }
    lines
}

#[test]
fn a_rule_holds_after_so_many_failures_in_a_row_and_ends_it_at_once() {
    let no = || exit(22).err("curl: (22) 503\n");
    let stage = Stage::default()
        .on("kubectl exec health", exit(0))
        .on("kubectl exec health", no())
        .on("kubectl exec health", no())
        .on("kubectl exec health", exit(0))
        .on("kubectl exec health", no());
    let told = stage.run(&watch(vec![], vec![health("1.1", 3)], 3600));
    assert_eq!(
        rounds(&told),
        [
            "1 well",
            "2 Health fails Failed 1/3 exited with code 22: curl: (22) 503",
            "3 Health fails Failed 2/3 exited with code 22: curl: (22) 503",
            "4 well",
            "5 Health fails Failed 1/3 exited with code 22: curl: (22) 503",
            "6 Health fails Failed 2/3 exited with code 22: curl: (22) 503",
            "7 Health fails Failed 3/3 exited with code 22: curl: (22) 503",
        ]
    );
    assert_eq!(stage.called().len(), 7);
    assert_eq!((told.report.code, told.report.outcome), (Code::Findings, RunOutcome::Findings));
    assert_eq!(
        told.steps(),
        ["1 failed \"Health fails\" holds, 3 rounds in a row: exited with code 22: curl: (22) 503"]
    );
    assert_eq!(told.next(), ["fix healthy"]);
}

#[test]
fn a_question_that_could_not_be_asked_is_no_health() {
    let mut gate = gate("healthy", "kubectl exec health");
    gate.no = Some(pattern("503"));
    let by = JudgedBy::Step(Box::new(step("1.1", Work::Check(Box::new(gate)))));
    let stage = Stage::default().on("kubectl exec health", exit(1).err("connection refused\n"));
    let told = stage.run(&watch(vec![], vec![rule("Health fails", 2, by)], 3600));
    assert_eq!(told.report.code, Code::Findings);
    assert!(
        told.steps()[0].starts_with("1 failed \"Health fails\" holds, 2 rounds in a row: could not ask"),
        "{:?}",
        told.steps()
    );
}

#[test]
fn rounds_without_a_rule_that_holds_end_well_when_their_time_is_over() {
    let stage = Stage::default().on("kubectl exec health", exit(1)).on("kubectl exec health", exit(0));
    let told = stage.run(&watch(vec![], vec![health("1.1", 2)], 60));
    assert_eq!(told.report.code, Code::Done);
    assert_eq!(told.steps(), ["1 ok watched 50s, 6 rounds, no rule held; \"Health fails\" failed in 1 round"]);
    // What happens in a round is told by its line.
    let other = |kind: &&EventKind| {
        let of_rounds =
            matches!(kind, EventKind::Round { .. } | EventKind::Progress { .. } | EventKind::StepSlow { .. });
        !of_rounds
    };
    assert_eq!(told.kinds().filter(other).count(), 4, "the run and its step begin and end");
}

#[test]
fn every_round_asks_each_operation_once_with_test_data_of_its_own() {
    let stage = well(Stage::default());
    let answers =
        rule("Broken", 1, JudgedBy::Answers { target: "k8s".into(), operations: vec!["login".into(), "list".into()] });
    let asked = vec![operations("1.1", "k8s"), operations("1.2", "prod")];
    let told = stage.run(&watch(asked, vec![alike(&["login"]), answers, alike(&["list"])], 25));
    assert_eq!(rounds(&told), ["1 well", "2 well", "3 well"]);
    assert_eq!(told.report.code, Code::Done);
    let mut logins: Vec<String> = Vec::new();
    for call in stage.invocations.lock().unwrap().iter() {
        if call.argv.iter().any(|word| word == "--url=http://k8s/login") {
            logins.push(call.input.clone().unwrap());
        }
    }
    assert_eq!(logins.len(), 3);
    for (number, input) in logins.iter().enumerate() {
        assert!(input.contains(&format!("k3m9x2abr{}@x.de", number + 1)), "{input}");
    }
    assert_eq!(stage.called().len(), 18);
    // Nothing of the rounds is kept.
    assert!(told.report.documents.is_empty() && told.report.files.is_empty());
    assert!(!told.all_text(&stage).contains(TOKEN));
}

#[test]
fn each_rule_judges_its_part_and_the_comparison_is_kept_when_it_holds() {
    let stage =
        well(Stage::default().on(&curl("k8s", "list"), http(200, "[]")).on(&curl("k8s", "list"), http(200, "{}")));
    let asked = vec![operations("1.1", "k8s"), operations("1.2", "prod")];
    let told = stage.run(&watch(asked, vec![alike(&["login"]), alike(&["list"])], 600));
    assert_eq!(
        rounds(&told),
        [
            "1 well",
            "2 Answers differ Failed 1/1 list response: $: another type: Kubernetes object {}, Production array []"
        ]
    );
    assert_eq!(told.report.code, Code::Findings);
    assert_eq!(compared(&told).rows.len(), 1);
    assert_eq!(told.report.files, ["parity.md", "parity.json"]);
}

#[test]
fn production_that_is_out_of_order_itself_is_no_reason_to_roll_back_and_no_health() {
    let asked = || vec![operations("1.1", "k8s"), operations("1.2", "prod")];
    // Away for one round.
    let stage = well(Stage::default().on(&curl("prod", "list"), refused()));
    let told = stage.run(&watch(asked(), vec![alike(&["list"])], 15));
    assert_eq!(
        rounds(&told),
        [
            "1 Answers differ Unjudged 0/1 Production is out of order itself: list response: curl: (7) Failed to connect",
            "2 well"
        ]
    );
    assert_eq!(told.report.code, Code::Done);
    assert!(
        told.steps()[0].ends_with("no rule held; \"Answers differ\" could not be judged in 1 round"),
        "{:?}",
        told.steps()
    );
    // Away all the time: nothing was shown, so nothing is claimed.
    let mut stage = Stage::default();
    for name in ["login", "list"] {
        stage = stage.on(&curl("prod", name), refused());
        stage = stage.on(&curl("k8s", name), if name == "login" { login(TOKEN) } else { http(200, "[]") });
    }
    let told = stage.on(&curl("k8s", "bye"), http(204, "")).run(&watch(asked(), vec![alike(&["list"])], 15));
    assert_eq!(told.report.code, Code::StepFailed);
    assert!(
        told.steps()[0].contains("\"Answers differ\" could never be judged: Production is out of order itself"),
        "{:?}",
        told.steps()
    );
}

#[test]
fn a_stop_in_the_middle_of_a_round_tidies_up_and_ends_it() {
    let stage = Stage::default()
        .on(&curl("k8s", "login"), login(TOKEN))
        .on(&curl("k8s", "list"), http(200, "[]").then(|stage| stage.stop(2)))
        .on(&curl("k8s", "bye"), http(204, ""))
        .on("kubectl exec health", exit(0));
    let told = stage.run(&watch(vec![operations("1.1", "k8s")], vec![health("1.2", 1)], 600));
    assert_eq!(told.report.code, Code::Interrupted);
    assert_eq!(stage.called().last().unwrap(), &format!("{} (to the end)", curl("k8s", "bye")));
    assert!(!stage.called().iter().any(|call| call.contains("health")));
    assert!(rounds(&told).is_empty());
}

#[test]
fn a_task_that_fails_says_which_of_its_steps_did() {
    let page = step("1.1", Work::Block(Box::new(block(vec![runs("1.1.1", "curl page"), runs("1.1.2", "curl css")]))));
    let stage = Stage::default().on("curl page", exit(0)).on("curl css", exit(22));
    let told = stage.run(&watch(vec![], vec![rule("The page is broken", 1, JudgedBy::Step(Box::new(page)))], 600));
    assert_eq!(told.steps(), ["1 failed \"The page is broken\" holds: step 1.1.2: exited with code 22"]);
}
