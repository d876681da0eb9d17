use super::*;
use proptest::prelude::*;

/// How curl reads a quoted value (`tool_parsecfg.c`, `unslashquote`): up to the closing quote, escapes undone.
fn as_curl_reads(line: &str) -> Option<(String, String)> {
    let (name, rest) = line.split_once(" = ")?;
    let mut chars = rest.strip_prefix('"')?.chars();
    let mut out = String::new();
    loop {
        match chars.next()? {
            '"' => break,
            '\\' => out.push(match chars.next()? {
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                'v' => '\u{b}',
                other => other,
            }),
            other => out.push(other),
        }
    }
    chars.next().is_none().then(|| (name.to_owned(), out))
}

fn exchange(json: &str, headers: &[(&str, &str)]) -> Exchange {
    Exchange {
        operation: "login".to_owned(),
        target: "cluster".to_owned(),
        method: "POST".to_owned(),
        url: None,
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), Template::parse(value).unwrap())).collect(),
        json: Some(Template::parse(json).unwrap()),
        answer: Default::default(),
        capture: Vec::new(),
    }
}

fn values(foreign: &[(&str, &str)]) -> Values {
    Values::default().with_item(&foreign.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
}

#[test]
fn headers_and_body_are_told_in_quotes() {
    let asked = exchange(r#"{"title": "${title}"}"#, &[("Authorization", "Bearer ${token}"), ("X-Empty", "")]);
    let config = of(&asked, &values(&[("token", "a\"b\\c"), ("title", "line\none \"two\"")])).unwrap();
    let lines: Vec<&str> = config.lines().collect();
    assert_eq!(lines[0], "globoff");
    assert_eq!(lines[1], r#"header = "Authorization: Bearer a\"b\\c""#);
    assert_eq!(lines[2], r#"header = "X-Empty;""#);
    assert_eq!(lines[3], r#"header = "Content-Type: application/json""#);
    let (name, body) = as_curl_reads(lines[4]).unwrap();
    assert_eq!(name, "data-binary");
    assert_eq!(body, r#"{"title": "line\none \"two\""}"#);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&body).unwrap()["title"], "line\none \"two\"");
    assert_eq!(lines[5], "write-out = \"\\nrefloat-exchange:%{http_code}:%{time_total}\\n\"");
    assert_eq!(lines.len(), 6);
}

#[test]
fn a_content_type_of_the_file_stays_the_only_one() {
    let config = of(&exchange("{}", &[("content-type", "application/merge-patch+json")]), &values(&[])).unwrap();
    assert_eq!(config.matches("ontent-").count(), 1, "{config}");
}

#[test]
fn no_value_makes_a_second_header() {
    let told = |text: &str| {
        let values = Values::default().with_own("x", text);
        of(&exchange("{}", &[("X-Name", "a ${x}")]), &values)
    };
    for bad in ["a\r\nX-Evil: 1", "a\nb", "a\rb", "\0", "\u{1b}[2J"] {
        let why = told(bad).unwrap_err();
        assert_eq!(why, "the header `X-Name` would hold a line end or another control character", "{bad:?}");
    }
    assert!(told("a\tb").is_ok());
}

#[test]
fn a_body_that_its_values_break_is_not_sent() {
    let why = of(&exchange(r#"{"id": ${id}}"#, &[]), &values(&[("id", "seven")])).unwrap_err();
    assert!(why.starts_with("its body is no JSON: expected"), "{why}");
    assert_eq!(of(&exchange(r#"{"id": "${nope}"}"#, &[]), &values(&[])).unwrap_err(), "no value for `${nope}`");
}

proptest! {
    #[test]
    fn whatever_is_quoted_is_read_as_it_was(value in any::<String>()) {
        let line = format!("header = {}", quoted(&value));
        let stays = !value.contains('\n') || !line.contains('\n');
        prop_assert!(stays, "a line end would end the config line");
        prop_assert_eq!(as_curl_reads(&line), Some(("header".to_owned(), value)));
    }

    #[test]
    fn a_value_in_a_body_is_what_json_reads(value in any::<String>()) {
        let config = of(&exchange(r#"{"a": "${x}"}"#, &[]), &Values::default().with_own("x", &value)).unwrap();
        let line = config.lines().find(|line| line.starts_with("data-binary")).unwrap();
        let (_, body) = as_curl_reads(line).unwrap();
        prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(&body).unwrap()["a"], &serde_json::Value::from(value));
    }
}
