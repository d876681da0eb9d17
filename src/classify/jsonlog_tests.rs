use super::*;
use proptest::prelude::*;

fn parts(line: &str) -> Option<(Option<Level>, String, String, String)> {
    let record = read(line.as_bytes())?;
    let text = |range: &Option<Range<usize>>| range.clone().map_or_else(String::new, |range| line[range].to_owned());
    Some((record.level, text(&record.message), text(&record.error), text(&record.stack)))
}

#[test]
fn loggers_and_their_fields() {
    use Level::{Error, Quiet, Warn};
    for (line, level, message, error, stack) in [
        (
            r#"{"level":"error","ts":1714557600.1,"caller":"db/db.go:12","msg":"cannot ping","error":"dial tcp: refused","stacktrace":"main.main\n\tx"}"#,
            Error,
            "cannot ping",
            "dial tcp: refused",
            r"main.main\n\tx",
        ),
        (r#"{"error":"x: y","level":"fatal","msg":"start","time":"2024-05-01T10:00:00Z"}"#, Error, "start", "x: y", ""),
        (
            r#"{"level":50,"time":1714557600000,"pid":7,"hostname":"w","err":{"type":"Error","message":"a, b","stack":"Error: a"},"msg":"failed"}"#,
            Error,
            "failed",
            r#"{"type":"Error","message":"a, b","stack":"Error: a"}"#,
            "",
        ),
        (r#"{"name":"app","level":30,"msg":"retrying after error","v":0}"#, Quiet, "retrying after error", "", ""),
        (
            r#"{"@t":"2024-05-01T10:00:00Z","@mt":"Cannot open {Name}","@l":"Error","@x":"System.Exception: no"}"#,
            Error,
            "Cannot open {Name}",
            "System.Exception: no",
            "",
        ),
        (
            r#"{"@timestamp":"2024-05-01T10:00:00Z","@version":"1","message":"boom","logger_name":"a.B","level":"WARN","stack_trace":"java.lang.X"}"#,
            Warn,
            "boom",
            "",
            "java.lang.X",
        ),
        (
            r#"{"asctime": "2024-05-01 10:00:00,123", "levelname": "INFO", "message": "0 errors"}"#,
            Quiet,
            "0 errors",
            "",
            "",
        ),
        (r#"{"event": "no \"db\"", "level": "critical", "timestamp": "2024"}"#, Error, r#"no \"db\""#, "", ""),
        (r#"time="2024-05-01T10:00:00Z" level=error msg="a \"b\"" error="c d""#, Error, r#"a \"b\""#, "c d", ""),
        ("ts=2024-05-01T10:00:00Z caller=main.go:1 level=warn msg=slow err=timeout", Warn, "slow", "timeout", ""),
        ("time=2024-05-01T10:00:00Z level=INFO msg=\"no error\"", Quiet, "no error", "", ""),
        // Cut off by a terminal or a log's limit.
        (r#"{"level":"error","msg":"a long te"#, Error, "a long t", "", ""),
    ] {
        let expected = (Some(level), message.to_owned(), error.to_owned(), stack.to_owned());
        let mut found = parts(line).unwrap_or_else(|| panic!("{line}"));
        if !line.ends_with(['}', '"']) && line.starts_with('{') {
            // The last letter of a text that was cut off may be taken for its quote.
            found.1.truncate(message.len());
        }
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn what_is_no_log_line() {
    for line in [
        "{}",
        r#"{"apiVersion":"v1","kind":"Pod"}"#,
        r#"{"error":"invalid token"}"#,
        r#"{"detail":"Not Found"}"#,
        "{ not json }",
        "GET /x?level=error&msg=y HTTP/1.1",
        "password=x",
        "level = error",
        "ERROR message=x",
        "",
        "  ",
    ] {
        assert_eq!(read(line.as_bytes()), None, "{line}");
    }
}

#[test]
fn quiet_lines_are_no_faults() {
    assert!(read(br#"{"level":"debug","msg":"connection refused, retrying"}"#).unwrap().level == Some(Level::Quiet));
    assert!(read(br#"{"level":"error","msg":"connection refused"}"#).unwrap().level == Some(Level::Error));
    // A line that does not say how loud it is may be a fault.
    assert!(read(br#"{"time":"x","msg":"connection refused"}"#).unwrap().level.is_none());
}

proptest! {
    #[test]
    fn any_line_is_a_record_or_none(line in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&line);
    }

    #[test]
    fn ranges_are_inside_the_line(line in "[{]?([\"{}\\[\\],:= \\\\]|msg|level|\"level\":|\"msg\":|\"error\"|error|level=|msg=|é){0,30}") {
        if let Some(record) = read(line.as_bytes()) {
            for text in [record.message, record.error, record.stack].into_iter().flatten() {
                prop_assert!(text.start <= text.end && text.end <= line.len());
            }
        }
    }

    #[test]
    fn what_a_serializer_writes_is_read_back(message in "\\PC{0,40}", level in "(info|warn|error|debug)", deep in "\\PC{0,10}") {
        let line = serde_json::json!({"a": {"b": [deep, 1, null]}, "level": level, "msg": message, "z": true}).to_string();
        let record = read(line.as_bytes()).unwrap();
        prop_assert_eq!(record.level, level::named(level.as_bytes()));
        let text = format!("\"{}\"", &line[record.message.unwrap()]);
        prop_assert_eq!(serde_json::from_str::<String>(&text).unwrap(), message);
    }
}
