use super::super::exchange_answer::read;
use super::*;
use crate::model::json_path::JsonPath;
use crate::model::pattern::Pattern;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

fn answer(printed: &str) -> HttpAnswer {
    read(printed.as_bytes()).unwrap()
}

fn with_body(body: &Value) -> HttpAnswer {
    answer(&format!("HTTP/1.1 200 OK\r\n\r\n{body}"))
}

fn rule(path: &str, kinds: &[JsonKind]) -> Field {
    Field {
        path: JsonPath::parse(path).unwrap(),
        kinds: kinds.to_vec(),
        equals: None,
        pattern: None,
        any: None,
        none: None,
        optional: false,
    }
}

fn fields(rules: Vec<Field>) -> Answer {
    Answer { fields: rules, ..Answer::default() }
}

fn template(text: &str) -> Option<Template> {
    Some(Template::parse(text).unwrap())
}

/// Shows everything, but for a word.
struct Without<'a>(&'a str);

impl Show for Without<'_> {
    fn json(&self, _: &[&str], value: &Value) -> Value {
        if self.0.is_empty() {
            return value.clone();
        }
        serde_json::from_str(&value.to_string().replace(self.0, "[hidden]")).unwrap()
    }

    fn header(&self, _: &str, value: &str) -> String {
        value.to_owned()
    }
}

fn told_as(wanted: &Answer, answer: &HttpAnswer, replayed: bool) -> Vec<String> {
    let values = Values::default().with_own("title", "Buy milk");
    violations(wanted, answer, &Judging { values: &values, show: &Without(""), replayed }).unwrap()
}

fn told(wanted: &Answer, answer: &HttpAnswer) -> Vec<String> {
    told_as(wanted, answer, false)
}

#[test]
fn the_status_is_told_with_what_was_said() {
    let broken = answer("HTTP/1.1 500 X\r\n\r\n{\"detail\":\"no  db\"}");
    let wanted = |status: &[u16]| Answer { status: status.to_vec(), ..Answer::default() };
    assert_eq!(told(&wanted(&[201]), &broken), [r#"answered 500, not 201: {"detail":"no  db"}"#]);
    assert_eq!(told(&wanted(&[200, 204]), &broken)[0].split(':').next(), Some("answered 500, not 200 or 204"));
    assert_eq!(told(&wanted(&[]), &answer("HTTP/1.1 304 X\r\n\r\n")), ["answered 304, not 200 to 299"]);
    assert!(told(&wanted(&[]), &answer("HTTP/1.1 204 X\r\n\r\n")).is_empty());
    let html = answer("HTTP/1.1 502 X\r\n\r\n<html>\n  <b>Bad</b>\n</html>");
    assert_eq!(
        told(&fields(vec![rule("id", &[])]), &html),
        ["answered 502, not 200 to 299: <html> <b>Bad</b> </html>"]
    );
}

#[test]
fn headers_are_known_whatever_their_case_and_number() {
    let wanted = |allowed: &[&str]| Answer {
        headers: BTreeMap::from([(
            "x-a".to_owned(),
            HeaderRule::OneOf(allowed.iter().filter_map(|text| template(text)).collect()),
        )]),
        ..Answer::default()
    };
    let two = answer("HTTP/1.1 200 OK\r\nX-A: one\r\nx-a: two\r\n\r\n");
    assert!(told(&wanted(&["two", "three"]), &two).is_empty());
    assert_eq!(told(&wanted(&["three", "*"]), &two), [r#"x-a is "one", "two", not "three" or "*""#]);
    assert_eq!(told(&wanted(&["one"]), &answer("HTTP/1.1 200 OK\r\n\r\n")), ["x-a is missing"]);
}

#[test]
fn a_header_may_be_known_by_a_pattern() {
    let pattern = Pattern::new(r"(?i)\bone\b.*\btwo\b").unwrap();
    let wanted =
        Answer { headers: BTreeMap::from([("x-a".to_owned(), HeaderRule::Match { pattern })]), ..Answer::default() };
    // Several headers of a name are one list.
    assert!(told(&wanted, &answer("HTTP/1.1 200 OK\r\nX-A: One\r\nx-a: two\r\n\r\n")).is_empty());
    assert_eq!(
        told(&wanted, &answer("HTTP/1.1 200 OK\r\nX-A: two\r\n\r\n")),
        [r#"x-a is "two", which does not match `(?i)\bone\b.*\btwo\b`"#]
    );
    assert_eq!(told(&wanted, &answer("HTTP/1.1 200 OK\r\n\r\n")), ["x-a is missing"]);
}

#[test]
fn an_origin_that_is_allowed_twice_is_allowed_by_no_browser() {
    let one_of = |values: &[&str]| HeaderRule::OneOf(values.iter().filter_map(|text| template(text)).collect());
    let wanted = Answer {
        headers: BTreeMap::from([(ALLOW_ORIGIN.to_owned(), one_of(&["http://x", "*"]))]),
        ..Answer::default()
    };
    let given = |count: usize| {
        answer(&format!("HTTP/1.1 200 OK\r\n{}\r\n", "Access-Control-Allow-Origin: *\r\n".repeat(count)))
    };
    assert!(told(&wanted, &given(1)).is_empty());
    assert_eq!(told(&wanted, &given(2)), ["access-control-allow-origin is given twice, which browsers refuse"]);
    assert_eq!(told(&wanted, &given(3)), ["access-control-allow-origin is given 3 times, which browsers refuse"]);
}

#[test]
fn a_mask_stands_for_a_value_in_a_replay_and_for_itself_elsewhere() {
    let mask = "[hidden token 36 chars #c4c8b19e]";
    let root = json!({"token": mask, "title": "[hidden x"});
    let equals = |path: &str| fields(vec![Field { equals: template("wanted"), ..rule(path, &[]) }]);
    let answer = with_body(&root);
    assert!(told_as(&equals("token"), &answer, true).is_empty());
    assert_eq!(told(&equals("token"), &answer), [format!("token is \"{mask}\", not \"wanted\"")]);
    // What only begins like a mask is none, not in a replay either.
    for replayed in [true, false] {
        assert_eq!(told_as(&equals("title"), &answer, replayed), [r#"title is "[hidden x", not "wanted""#]);
    }
    let any = fields(vec![Field { any: template("wanted"), ..rule("token", &[]) }]);
    let matches = fields(vec![Field { pattern: Pattern::new("^wanted$").ok(), ..rule("token", &[]) }]);
    let number = fields(vec![rule("token", &[JsonKind::Integer])]);
    assert_eq!(told_as(&fields(vec![rule("token", &[JsonKind::Array])]), &answer, true).len(), 1);
    for wanted in [any, matches, number] {
        assert!(told_as(&wanted, &answer, true).is_empty());
        assert_eq!(told(&wanted, &answer).len(), 1);
    }
}

#[test]
fn every_field_that_is_wrong_is_told() {
    let root = json!({"token": 7, "user": {"id": "7", "name": null}, "list": [{"t": "a"}, {"t": 5}]});
    let rules = vec![
        rule("token", &[JsonKind::String]),
        rule("user.id", &[JsonKind::Integer]),
        rule("user.name", &[JsonKind::String, JsonKind::Null]),
        rule("user.name", &[JsonKind::String]),
        rule("user.mail", &[JsonKind::String]),
        Field { optional: true, ..rule("user.note", &[JsonKind::String]) },
        rule("list", &[JsonKind::Object]),
        rule("list[*].t", &[JsonKind::String]),
    ];
    assert_eq!(
        told(&fields(rules), &with_body(&root)),
        [
            "token is an integer (7), not a string",
            r#"user.id is a string ("7"), not an integer"#,
            "user.name is null, not a string",
            "user.mail is missing",
            r#"list is a list ([{"t":"a"},{"t":5}]), not an object"#,
            "list[*].t is an integer (5), not a string",
        ]
    );
}

#[test]
fn the_text_of_values_is_held_against_what_is_wanted() {
    let root = json!({"done": true, "n": 1.5, "t": ["Buy milk", "x"], "id": "abc", "none": []});
    let ask = |path: &str, set: &dyn Fn(&mut Field)| {
        let mut rule = rule(path, &[]);
        set(&mut rule);
        told(&fields(vec![rule]), &with_body(&root))
    };
    let ok: Vec<String> = Vec::new();
    assert_eq!(ask("done", &|rule| rule.equals = template("true")), ok);
    assert_eq!(ask("done", &|rule| rule.equals = template("false")), [r#"done is true, not "false""#]);
    assert_eq!(ask("n", &|rule| rule.equals = template("1.5")), ok);
    assert_eq!(ask("t[*]", &|rule| rule.any = template("${title}")), ok);
    assert_eq!(ask("t[*]", &|rule| rule.any = template("y")), [r#"t[*] is nowhere "y": 2 other values there"#]);
    assert_eq!(ask("none[*]", &|rule| rule.any = template("y")), [r#"none[*] is nowhere "y": nothing is there"#]);
    assert_eq!(ask("t[*]", &|rule| rule.none = template("x")), [r#"t[*] is "x", which must not be there"#]);
    assert_eq!(ask("none[*]", &|rule| rule.none = template("x")), ok);
    assert_eq!(
        ask("id", &|rule| rule.pattern = Pattern::new("^[0-9]+$").ok()),
        [r#"id is "abc", which does not match `^[0-9]+$`"#]
    );
    let unknown = Field { equals: template("${nope}"), ..rule("id", &[]) };
    let judging = Judging { values: &Values::default(), show: &Without(""), replayed: false };
    let error = violations(&fields(vec![unknown]), &with_body(&root), &judging);
    assert_eq!(error.unwrap_err(), "no value for `${nope}`");
}

#[test]
fn time_and_length_have_limits() {
    let wanted = Answer { within: Some(Duration::from_secs(5)), ..Answer::default() };
    let slow = HttpAnswer { took: Some(Duration::from_millis(6240)), ..answer("HTTP/1.1 200 OK\r\n\r\n") };
    assert_eq!(told(&wanted, &slow), ["took 6.2 s, longer than 5 s"]);
    assert!(told(&wanted, &HttpAnswer { took: Some(Duration::from_secs(5)), ..slow.clone() }).is_empty());
    let long = HttpAnswer { dropped: 3, took: None, ..slow };
    assert_eq!(
        told(&fields(vec![rule("id", &[])]), &long),
        ["its answer is longer than 1 MiB: 3 bytes of it were not read"]
    );
}

#[test]
fn what_is_no_json_is_told() {
    let wanted = fields(vec![rule("id", &[])]);
    assert_eq!(told(&wanted, &answer("HTTP/1.1 200 OK\r\n\r\n<p>hi")), ["its answer is no JSON: <p>hi"]);
    assert_eq!(told(&wanted, &answer("HTTP/1.1 200 OK\r\n\r\n\n")), ["its answer is empty"]);
}

#[test]
fn a_secret_is_hidden_before_it_is_cut() {
    let secret = "s".repeat(QUOTED + 5);
    let root = json!({"id": secret, "n": 1});
    let wanted = Answer { status: vec![404], fields: vec![rule("id", &[JsonKind::Integer])], ..Answer::default() };
    let judging = Judging { values: &Values::default(), show: &Without(&secret), replayed: false };
    let found = violations(&wanted, &with_body(&root), &judging).unwrap().join("\n");
    assert!(found.contains(r#"id is a string ("[hidden]"), not an integer"#), "{found}");
    assert!(!found.contains("sss"), "{found}");
}

#[test]
fn times_are_told_as_people_say_them() {
    for (millis, words) in [(0, "0 ms"), (34, "34 ms"), (1000, "1 s"), (6240, "6.2 s"), (61_000, "61 s")] {
        assert_eq!(seconds(Duration::from_millis(millis)), words);
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 4.0)),
        "[a-z ]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-c]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_value_is_of_its_own_kind_and_has_its_own_text(value in values()) {
        let root = json!({ "v": value });
        let own = Field {
            equals: Some(Template::literal(content(&value))),
            any: Some(Template::literal(content(&value))),
            ..rule("v", &[JsonKind::of(&value)])
        };
        prop_assert_eq!(told(&fields(vec![own.clone()]), &with_body(&root)), Vec::<String>::new());
        let never = Field { none: own.any.clone(), any: None, equals: None, ..own };
        prop_assert_eq!(told(&fields(vec![never]), &with_body(&root)).len(), 1);
        let others: Vec<JsonKind> = JsonKind::WORDS
            .iter()
            .map(|(_, kind)| *kind)
            .filter(|kind| !kind.takes(JsonKind::of(&value)))
            .collect();
        prop_assert_eq!(told(&fields(vec![rule("v", &others)]), &with_body(&root)).len(), 1);
    }
}
