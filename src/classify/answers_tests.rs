//! What two answers differ in: one by one, and whatever random change is made to a random answer.

use super::*;
use proptest::prelude::*;
use serde_json::json;

struct Open;

impl Show for Open {
    fn json(&self, _: &[Piece], value: &Value) -> String {
        value.to_string()
    }

    fn header(&self, _: &str, value: &str) -> String {
        value.to_owned()
    }

    fn line(&self, line: &str) -> String {
        line.to_owned()
    }
}

fn answered(body: Body<'_>) -> Answered<'_> {
    Answered { status: 200, headers: &[], body, unread: 0, breaks: None }
}

fn paths(paths: &[&str]) -> Vec<JsonPath> {
    paths.iter().map(|path| JsonPath::parse(path).unwrap()).collect()
}

/// Of two values, ignoring these paths: `kind place: left | right`.
fn found(left: &Value, right: &Value, ignore: &[&str]) -> Vec<String> {
    let matter = Matter { headers: &[], ignore: &paths(ignore) };
    let found = differences(&answered(Body::Json(left)), &answered(Body::Json(right)), &matter, &Open);
    found.iter().map(line).collect()
}

fn line(difference: &Difference) -> String {
    let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".to_owned());
    let Difference { kind, place, left, right } = difference;
    format!("{kind:?} {place}: {} | {}", side(left), side(right))
}

#[test]
fn every_kind_of_difference_in_a_json_has_its_place() {
    let right = json!({"id": 1, "user": {"name": "a", "on": true}, "tags": ["x", "y"], "at": null, "n": 1});
    for (left, lines) in [
        (json!({"id": 1, "user": {"name": "a", "on": true}, "tags": ["x", "y"], "at": null, "n": 1}), vec![]),
        (
            json!({"id": 1, "user": {"name": "a"}, "tags": ["x", "y"], "at": null, "n": 1}),
            vec!["Missing user.on: - | true"],
        ),
        (
            json!({"id": 1, "user": {"name": "a", "on": true, "b": [1]}, "tags": ["x", "y"], "at": null, "n": 1}),
            vec!["Extra user.b: [1] | -"],
        ),
        (
            json!({"id": "1", "user": {"name": "b", "on": true}, "tags": ["x", "y"], "at": null, "n": 1}),
            vec!["Type id: string \"1\" | integer 1", "Value user.name: \"b\" | \"a\""],
        ),
        (
            json!({"id": 1, "user": {"name": "a", "on": true}, "tags": ["z"], "at": "now", "n": 1.0}),
            vec![
                "Type at: string \"now\" | null",
                "Type n: number 1.0 | integer 1",
                "Value tags[0]: \"z\" | \"x\"",
                "Length tags: 1 element | 2 elements",
            ],
        ),
        (
            json!([]),
            vec![
                "Type $: array [] | object {\"at\":null,\"id\":1,\"n\":1,\"tags\":[\"x\",\"y\"],\"user\":{\"name\":\"a\",...",
            ],
        ),
    ] {
        assert_eq!(found(&left, &right, &[]), lines, "{left}");
    }
}

#[test]
fn an_ignored_path_hides_the_value_that_it_names_and_nothing_beside() {
    let left = json!({"id": 1, "list": [{"id": 2, "t": "a"}, {"id": 3, "t": "b"}]});
    let right = json!({"id": 9, "list": [{"id": 8, "t": "A"}, {"id": 7, "t": "b"}, {"id": 6}]});
    assert_eq!(
        found(&left, &right, &["**.id"]),
        ["Value list[0].t: \"a\" | \"A\"", "Length list: 2 elements | 3 elements"]
    );
    assert_eq!(found(&left, &right, &["id", "list[0]", "list[1].id", "list[2]"]), [""; 0]);
    assert_eq!(found(&left, &right, &["id", "list"]), [""; 0]);
    assert_eq!(found(&left, &right, &["$"]), [""; 0]);
}

#[test]
fn that_an_ignored_value_is_there_and_of_which_type_is_compared() {
    let right = json!({"at": "2026-01-01", "n": 1, "list": [1, 2], "user": {"at": "x"}});
    for (left, lines) in [
        (json!({"at": "now", "n": 2.5, "list": [], "user": {"at": ""}}), vec![]),
        (json!({"n": 7, "list": [1, 2], "user": {"at": "x"}}), vec!["Missing at: - | \"2026-01-01\""]),
        (
            json!({"at": 1.5, "n": "1", "list": {}, "user": {"at": null, "n": 3}}),
            vec![
                "Type at: number 1.5 | string \"2026-01-01\"",
                "Type list: object {} | array [1,2]",
                "Type n: string \"1\" | integer 1",
                "Type user.at: null | string \"x\"",
                "Extra user.n: 3 | -",
            ],
        ),
    ] {
        assert_eq!(found(&left, &right, &["**.at", "**.n", "list"]), lines, "{left}");
    }
    assert_eq!(found(&json!({}), &json!([]), &["$"]), ["Type $: object {} | array []"]);
    let bodies = |left, right| {
        let matter = Matter { headers: &[], ignore: &paths(&["$"]) };
        differences(&answered(left), &answered(right), &matter, &Open).iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(bodies(Body::Text("a"), Body::Text("b")), [""; 0]);
    assert_eq!(bodies(Body::Text("a"), Body::Text("")), ["Body : text: a | empty"]);
}

#[test]
fn status_and_the_headers_that_matter_are_compared() {
    let headers = |type_of: &str, other: &[&str]| -> Vec<(String, String)> {
        let other = other.iter().map(|value| ("Vary".to_owned(), (*value).to_owned()));
        std::iter::once(("Content-Type".to_owned(), type_of.to_owned())).chain(other).collect()
    };
    let json = json!({});
    let ours = headers("Application/JSON ;Charset=\"UTF-8\"", &["a", " b "]);
    let same = headers("application/json; charset=utf-8", &["a, b"]);
    let other = headers("application/json", &[]);
    let matter = ["content-type".to_owned(), "vary".to_owned()];
    let matter = Matter { headers: &matter, ignore: &[] };
    let of = |headers| Answered { headers, ..answered(Body::Json(&json)) };
    let lines = |left: &Answered<'_>, right: &Answered<'_>| -> Vec<String> {
        differences(left, right, &matter, &Open).iter().map(line).collect()
    };
    assert_eq!(lines(&of(&ours), &of(&same)), [""; 0]);
    assert_eq!(
        lines(&Answered { status: 401, ..of(&other) }, &of(&same)),
        [
            "Status : 401 | 200",
            "Header content-type: application/json | application/json; charset=utf-8",
            "Header vary: - | a, b"
        ]
    );
    let none = Matter { headers: &[], ignore: &[] };
    assert_eq!(differences(&of(&other), &of(&same), &none, &Open), []);
}

#[test]
fn bodies_that_are_not_both_json_are_told_by_their_sort() {
    let json = json!({"a": 1});
    let page = Body::Text("<!DOCTYPE html>\n<p>1</p>\n");
    for (left, right, lines) in [
        (page, page, vec![]),
        (page, Body::Json(&json), vec!["Body : HTML: <!DOCTYPE html> | JSON: {\"a\":1}"]),
        (Body::Json(&json), Body::Text(" "), vec!["Body : JSON: {\"a\":1} | empty"]),
        (page, Body::Text("<!DOCTYPE html>\n<p>2</p>\n"), vec!["Body : HTML: <p>1</p> | HTML: <p>2</p>"]),
        (
            Body::Text("a"),
            Body::Text("a\n"),
            vec!["Body : text: the same lines, with other ends | text: the same lines, with other ends"],
        ),
        (Body::Text("upstream timed out"), page, vec!["Body : text: upstream timed out | HTML: <!DOCTYPE html>"]),
    ] {
        let matter = Matter { headers: &[], ignore: &[] };
        let found = differences(&answered(left), &answered(right), &matter, &Open);
        assert_eq!(found.iter().map(line).collect::<Vec<_>>(), lines);
    }
}

#[test]
fn what_was_not_read_is_not_equal() {
    let matter = Matter { headers: &[], ignore: &[] };
    let long = Answered { unread: 7, ..answered(Body::Text("a")) };
    assert_eq!(
        differences(&long, &answered(Body::Text("a")), &matter, &Open).iter().map(line).collect::<Vec<_>>(),
        ["Body : 7 bytes too long to be read to its end | read to its end"]
    );
}

#[test]
fn a_rule_that_only_one_breaks_is_a_difference_where_nothing_else_is() {
    let matter = Matter { headers: &[], ignore: &[] };
    let (one, two) = (json!(1), json!(2));
    let kept = answered(Body::Json(&one));
    let slow = Answered { breaks: Some("took 6s, 5s at most"), ..kept };
    let other = Answered { body: Body::Json(&two), ..slow };
    let lines = |left: &Answered<'_>, right: &Answered<'_>| -> Vec<String> {
        differences(left, right, &matter, &Open).iter().map(line).collect()
    };
    assert_eq!(lines(&slow, &kept), ["Rule : took 6s, 5s at most | -"]);
    assert_eq!(lines(&kept, &slow), ["Rule : - | took 6s, 5s at most"]);
    assert_eq!(lines(&slow, &slow), [""; 0]);
    assert_eq!(lines(&other, &kept), ["Value $: 2 | 1"]);
}

#[test]
fn the_difference_of_two_long_values_is_in_sight() {
    let long = "x".repeat(90);
    let found = found(&json!(format!("{long}1")), &json!(format!("{long}2{long}")), &[]);
    assert_eq!(found, [format!("Value $: ...xxxxxxxxxxxx1\" | ...xxxxxxxxxxxx2{}...", "x".repeat(47))]);
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..4).prop_map(Value::from),
        (1_u8..9).prop_map(|n| json!(f64::from(n) + 0.5)),
        "[a-c]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::btree_map("[a-d]", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The places of a value and of everything in it.
fn places(value: &Value, at: &mut Vec<Piece>, out: &mut Vec<Vec<Piece>>) {
    out.push(at.clone());
    let pieces: Vec<(Piece, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, value)| (Piece::Key(key.clone()), value)).collect(),
        Value::Array(list) => list.iter().enumerate().map(|(index, value)| (Piece::Index(index), value)).collect(),
        _ => Vec::new(),
    };
    for (piece, inner) in pieces {
        at.push(piece);
        places(inner, at, out);
        at.pop();
    }
}

fn at<'v>(value: &'v mut Value, place: &[Piece]) -> &'v mut Value {
    place.iter().fold(value, |value, piece| match piece {
        Piece::Key(key) => &mut value[key.as_str()],
        Piece::Index(index) => &mut value[*index],
    })
}

/// A change of the value at a place, and the one difference that it must make: its kind and place.
fn mutate(root: &mut Value, chosen: &[Piece], how: u8) -> Option<(Kind, Vec<Piece>)> {
    let here = at(root, chosen);
    let was = here.clone();
    let deeper = |piece: Piece| chosen.iter().cloned().chain([piece]).collect();
    match (how, here) {
        (0, Value::Object(map)) => {
            let key = map.keys().next()?.clone();
            map.remove(&key);
            Some((Kind::Missing, deeper(Piece::Key(key))))
        }
        (1, Value::Object(map)) => {
            map.insert("new".to_owned(), json!(1));
            Some((Kind::Extra, deeper(Piece::Key("new".to_owned()))))
        }
        (2, Value::Array(list)) => {
            list.pop()?;
            Some((Kind::Length, chosen.to_vec()))
        }
        (3, Value::Array(list)) => {
            list.push(Value::Null);
            Some((Kind::Length, chosen.to_vec()))
        }
        (4, here) => {
            *here = if was.is_string() { json!(true) } else { json!("other") };
            Some((Kind::Type, chosen.to_vec()))
        }
        (_, here) => {
            *here = match &was {
                Value::String(text) => json!(format!("{text}!")),
                Value::Bool(value) => json!(!value),
                Value::Number(number) if number.is_f64() => json!(99.25),
                Value::Number(_) => json!(99),
                _ => return None,
            };
            Some((Kind::Value, chosen.to_vec()))
        }
    }
}

fn raw(left: &Value, right: &Value, ignore: &[JsonPath]) -> Vec<Difference> {
    let matter = Matter { headers: &[], ignore };
    differences(&answered(Body::Json(left)), &answered(Body::Json(right)), &matter, &Open)
}

proptest! {
    #[test]
    fn nothing_differs_from_itself(value in tree()) {
        prop_assert_eq!(raw(&value, &value, &[]), []);
    }

    #[test]
    fn what_differs_differs_from_both_sides(left in tree(), right in tree()) {
        let turned = |found: Vec<Difference>| {
            let mut found: Vec<Difference> = found.into_iter().map(|Difference { kind, place, left, right }| {
                let kind = match kind {
                    Kind::Missing => Kind::Extra,
                    Kind::Extra => Kind::Missing,
                    kind => kind,
                };
                Difference { kind, place, left: right, right: left }
            }).collect();
            found.sort_by_key(line);
            found
        };
        let mut there = raw(&left, &right, &[]);
        there.sort_by_key(line);
        prop_assert_eq!(there.is_empty(), left == right);
        prop_assert_eq!(turned(raw(&right, &left, &[])), there);
    }

    #[test]
    fn every_single_change_is_found_and_named_and_a_value_hidden_by_its_path(
        right in tree(), which in any::<proptest::sample::Index>(), how in 0_u8..6,
    ) {
        let mut all = Vec::new();
        places(&right, &mut Vec::new(), &mut all);
        let chosen = &all[which.index(all.len())];
        let mut left = right.clone();
        let Some((kind, where_)) = mutate(&mut left, chosen, how) else { return Ok(()) };
        let found = raw(&left, &right, &[]);
        prop_assert_eq!(found.len(), 1, "{:?}", found);
        prop_assert_eq!((found[0].kind, &found[0].place), (kind, &place(&where_)));
        // The path hides a value, and nothing but that; the path of something beside it hides nothing.
        let path = JsonPath::parse(&place(&where_)).unwrap();
        let hides = matches!(kind, Kind::Value | Kind::Length);
        prop_assert_eq!(raw(&left, &right, &[path]).is_empty(), hides);
        let beside: Vec<JsonPath> = all
            .iter()
            .filter(|place| !where_.starts_with(place) && !place.starts_with(&where_))
            .map(|other| JsonPath::parse(&place(other)).unwrap())
            .collect();
        prop_assert_eq!(raw(&left, &right, &beside).len(), 1);
    }
}
