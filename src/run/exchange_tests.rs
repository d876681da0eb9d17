//! Exchanges from the outside of the engine: scripted answers of curl in, events out.

use super::super::exchange_config::TRAILER;
use super::super::testing::*;
use super::*;
use crate::model::exchange::{Answer, Captured, Field, JsonKind};
use crate::model::json_path::JsonPath;
use crate::plan::{Exchange, Plan, PlannedStep};

const TOKEN: &str = "eyK3-very-long-token-77";

/// What curl prints.
fn http(status: u16, body: &str) -> Said {
    exit(0).out(format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nX-Session-Token: {TOKEN}-h\r\n\r\n{body}\n{TRAILER}{status}:0.034000\n"
    ))
}

fn operation(id: &str, url: &str, adjust: impl FnOnce(&mut Exchange)) -> PlannedStep {
    let mut step = runs(id, &format!("curl --request GET --url {url} --config -"));
    step.name = template(&format!("Ask {id}"));
    let mut exchange = Exchange {
        operation: format!("op-{id}"),
        target: "cluster".to_owned(),
        method: "GET".to_owned(),
        url: None,
        headers: Default::default(),
        json: None,
        answer: Answer::default(),
        capture: Vec::new(),
    };
    adjust(&mut exchange);
    step.exchange = Some(Box::new(exchange));
    step
}

fn captured(name: &str, secret: bool) -> Captured {
    Captured { name: name.to_owned(), path: JsonPath::parse(name).unwrap(), secret }
}

fn is(path: &str, kind: JsonKind) -> Field {
    let path = JsonPath::parse(path).unwrap();
    Field { path, kinds: vec![kind], equals: None, pattern: None, any: None, none: None, optional: false }
}

/// Logs in, asks with the token, cleans up with it.
fn three() -> Plan {
    let login = operation("1", "http://x/login", |exchange| {
        exchange.json = Some(template(r#"{"mail": "${unique}@x.de", "password": "Pw-${unique}"}"#));
        exchange.capture = vec![captured("token", true), captured("user", false)];
    });
    let me = operation("2", "http://x/users/${user}", |exchange| {
        exchange.headers.insert("Authorization".to_owned(), template("Bearer ${token}"));
        exchange.answer.fields = vec![is("id", JsonKind::Integer), is("mail", JsonKind::String)];
    });
    let bye = operation("f1", "http://x/bye", |exchange| {
        exchange.headers.insert("Authorization".to_owned(), template("Bearer ${token}"));
    });
    plan(Block { keep_going: true, finally: vec![bye], ..block(vec![login, me]) })
}

const LOGIN: &str = "curl --request GET --url http://x/login --config -";
const ME: &str = "curl --request GET --url http://x/users/7 --config -";
const BYE: &str = "curl --request GET --url http://x/bye --config -";

fn logs_in() -> Said {
    http(200, &format!(r#"{{"token": "{TOKEN}", "user": 7, "echo": "Pw-k3m9x2ab"}}"#))
}

#[test]
fn operations_ask_judge_and_hand_on() {
    let stage = Stage::default()
        .on(LOGIN, logs_in())
        .on(ME, http(200, r#"{"id": 7, "mail": "m@x.de"}"#))
        .on(BYE, http(204, ""));
    let told = stage.run(&three());
    assert_eq!(told.steps(), ["1 ok 200 in 34 ms", "2 ok 200 in 34 ms", "f1 ok 204 in 34 ms"]);
    let input = |index: usize| stage.invocations.lock().unwrap()[index].input.clone().unwrap();
    assert!(input(0).contains(r#"data-binary = "{\"mail\": \"k3m9x2ab@x.de\", \"password\": \"Pw-k3m9x2ab\"}""#));
    assert!(input(1).contains(&format!("header = \"Authorization: Bearer {TOKEN}\"")), "{}", input(1));
    // Nothing of the answers is told while all is well, and no secret anywhere.
    assert_eq!(told.lines("1"), Vec::<String>::new());
    let all = told.all_text(&stage);
    assert!(!all.contains(TOKEN) && !all.contains("Pw-k3m9x2ab"), "{all}");
}

#[test]
fn a_recording_of_it_reads_as_the_same_answer() {
    let stage =
        Stage::default().on(LOGIN, logs_in()).on(ME, http(200, r#"{"id": 7, "mail": 3}"#)).on(BYE, http(204, ""));
    let told = stage.run(&three());
    let mut again = Stage::default();
    again.replay = true;
    for call in stage.recorded.lock().unwrap().iter() {
        again = again.on(&call.argv.join(" "), exit(call.exit_code).out(&call.stdout).err(&call.stderr));
    }
    assert_eq!(again.run(&three()).steps(), told.steps());
    assert_eq!(told.steps()[1], "2 failed mail is an integer (3), not a string");
}

#[test]
fn every_violation_of_an_answer_is_told_and_the_answer_is_read_for_its_cause() {
    let mut stage = Stage::default()
        .on(LOGIN, logs_in())
        .on(ME, http(500, &format!(r#"{{"detail": "no db for {TOKEN}", "id": "7"}}"#)))
        .on(BYE, http(500, "{}"));
    stage.symptoms = vec![("no db", "database")];
    let told = stage.run(&three());
    let steps = told.steps();
    assert!(
        steps[1].starts_with(r#"2 failed answered 500, not 200 to 299: {"detail":"no db for [hidden "#),
        "{steps:?}"
    );
    assert!(steps[1].ends_with(r#"; id is a string ("7"), not an integer; mail is missing"#), "{steps:?}");
    assert_eq!(steps[2], "f1 failed test data may be left: answered 500, not 200 to 299: {}");
    assert!(told.kinds().any(|kind| matches!(kind, EventKind::Diagnosed { .. })));
    assert_eq!(told.report.code, crate::error::Code::StepFailed);
    assert!(told.lines("2").iter().any(|line| line.starts_with("x-session-token: [hidden ")), "{:?}", told.lines("2"));
    assert!(!told.all_text(&stage).contains(TOKEN));
}

#[test]
fn without_a_capture_what_needs_it_is_not_asked() {
    let stage = Stage::default().on(LOGIN, http(401, r#"{"detail": "no"}"#));
    let told = stage.run(&three());
    assert_eq!(
        told.steps(),
        [
            r#"1 failed answered 401, not 200 to 299: {"detail":"no"}"#,
            r#"2 skipped needs token, which "Ask 1" did not give"#,
            r#"f1 skipped needs token, which "Ask 1" did not give"#,
        ]
    );
    assert_eq!(stage.called(), [LOGIN]);
    assert_eq!(told.report.code, crate::error::Code::StepFailed);
    assert_eq!((told.report.counts.failed, told.report.counts.skipped), (1, 2));
}

#[test]
fn what_was_made_and_cannot_be_taken_away_is_told() {
    let signup = |method: &str| {
        let mut plan = three();
        let signup = operation("0", "http://x/signup", |exchange| exchange.method = method.to_owned());
        plan.root.steps.insert(0, signup);
        plan
    };
    const SIGNUP: &str = "curl --request GET --url http://x/signup --config -";
    let last = |method: &str, status: u16| {
        let stage = Stage::default().on(SIGNUP, http(status, "{}")).on(LOGIN, http(500, r#"{"detail": "no"}"#));
        stage.run(&signup(method)).steps().pop().unwrap()
    };
    let skipped = r#"f1 skipped needs token, which "Ask 1" did not give"#;
    assert_eq!(last("POST", 201), format!("{skipped}; test data may be left: refloat-k3m9x2ab"));
    assert_eq!(last("POST", 409), skipped);
    for method in ["GET", "HEAD", "OPTIONS"] {
        assert_eq!(last(method, 201), skipped, "{method}");
    }
}

#[test]
fn an_answer_without_what_is_to_be_captured_fails() {
    let stage = Stage::default().on(LOGIN, http(200, r#"{"user": 7}"#));
    assert_eq!(stage.run(&three()).steps()[0], "1 failed token is missing, which is token for later");
}

#[test]
fn an_app_that_is_not_there_is_told_in_curls_words() {
    let refused = "curl: (7) Failed to connect to x port 80 after 0 ms: Couldn't connect to server\n";
    let stage = Stage::default().on(LOGIN, exit(7).err(refused).out(format!("\n{TRAILER}000:0.000000\n")));
    let told = stage.run(&three());
    assert_eq!(told.steps()[0], format!("1 failed {}", refused.trim_end()));
    assert_eq!(told.next(), ["Does anything answer there? curl --verbose http://x/login"]);
}

#[test]
fn a_value_that_would_end_its_header_is_not_sent() {
    let stage = Stage::default().on(LOGIN, http(200, r#"{"token": "a\r\nX-Evil: 1", "user": 7}"#));
    let told = stage.run(&three());
    assert_eq!(told.steps()[1], "2 failed the value found for `${token}` holds control characters");
    assert_eq!(stage.called(), [LOGIN]);
}

#[test]
fn a_stop_ends_the_questions_but_not_the_cleaning_up() {
    let stage = Stage::default().on(LOGIN, logs_in().then(|stage| stage.stop(2))).on(BYE, http(204, ""));
    let told = stage.run(&three());
    assert_eq!(told.steps(), ["1 ok 200 in 34 ms", "f1 ok 204 in 34 ms"]);
    assert_eq!(stage.called(), [LOGIN.to_owned(), format!("{BYE} (to the end)")]);
}

#[test]
fn the_answer_is_kept_for_the_comparison_as_it_was() {
    let stage = Stage::default().on(LOGIN, logs_in());
    let plan = three();
    let told = stage.run(&plan);
    assert!(told.steps()[1].starts_with("2 failed did not start"), "{:?}", told.steps());
    let kept = &told.report.exchanges[&("cluster".to_owned(), "op-1".to_owned())];
    assert_eq!(kept.ended, ExchangeEnd::Kept);
    let Some(HttpAnswer { status: 200, body: Body::Json(body), .. }) = &kept.answer else { panic!("{kept:?}") };
    assert_eq!(body["token"], TOKEN);
    let broken = &told.report.exchanges[&("cluster".to_owned(), "op-2".to_owned())];
    assert!(matches!(broken.ended, ExchangeEnd::Broken(_)) && broken.answer.is_none());
}
