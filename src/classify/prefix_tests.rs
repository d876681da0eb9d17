use super::*;
use crate::classify::table;
use proptest::prelude::*;

/// The lines without the prefix that they share, and the subject of the first.
fn stripped(text: &str) -> Option<(Vec<String>, Option<String>)> {
    let prefix = detect(text.lines().map(str::as_bytes))?;
    let string = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let lines = text.lines().map(|line| string(&line.as_bytes()[prefix.strip(line.as_bytes()).text])).collect();
    let subject = text.lines().find_map(|line| prefix.strip(line.as_bytes()).subject.map(string));
    Some((lines, subject))
}

const INNER: [&str; 4] = [
    "NAME      READY   STATUS    RESTARTS      AGE",
    "web-1-x   0/1     Error     5 (17s ago)   4m",
    "web-2-x   1/1     Running   0             4m",
    "5s  Warning  BackOff  pod/web-1-x  Back-off restarting failed container",
];

#[test]
fn every_prefix_goes_and_the_rows_are_rows_again() {
    for (name, before, after, subject) in [
        ("github", "2024-05-01T10:00:00.1234567Z ", "", None),
        ("jenkins", "[2024-05-01T10:00:00.123Z] ", "", None),
        ("timestamper", "10:00:00 ", "", None),
        ("gitlab", "2024-05-01T10:00:00.123456Z 01O ", "", None),
        ("compose 2", "web-1  | ", "", Some("web")),
        ("compose 1", "my_app_web_1  | ", "", Some("my_app_web")),
        ("kubectl", "[pod/web-7d4b9-x2x4z/app] ", "", Some("web-7d4b9-x2x4z")),
        ("kubetail", "[web-7d4b9-x2x4z] ", "", Some("web-7d4b9-x2x4z")),
        ("stern", "web-7d4b9-x2x4z app ", "", Some("web-7d4b9-x2x4z")),
        ("stern with an arrow", "web-7d4b9-x2x4z \u{203a} app ", "", Some("web-7d4b9-x2x4z")),
        ("syslog", "Nov 26 10:00:00 host-1 kubelet[123]: ", "", None),
        ("journald -o short-iso", "2024-05-01T10:00:00+0000 host-1 dockerd[12]: ", "", None),
        ("cri", "2024-05-01T10:00:00.123456789Z stderr F ", "", None),
        ("docker", "{\"log\":\"", "\\n\",\"stream\":\"stderr\",\"time\":\"2024-05-01T10:00:00.1Z\"}", None),
        ("quote", "> ", "", None),
        ("quote in a quote", "> > ", "", None),
        ("comment", "# ", "", None),
        ("code comment", "  // ", "", None),
        ("list", "- ", "", None),
        ("box", "\u{2502} ", "   \u{2502}", None),
        ("klog", "I0501 10:00:00.123456    1 file.go:12] ", "", None),
        ("compose in ci", "2024-05-01T10:00:00.1234567Z web-1  | ", "", Some("web")),
    ] {
        let text: Vec<String> = INNER.iter().map(|line| format!("{before}{line}{after}")).collect();
        let (lines, found) = stripped(&text.join("\n")).unwrap_or_else(|| panic!("{name}: no prefix"));
        assert_eq!(lines, INNER, "{name}");
        assert_eq!(found.as_deref(), subject, "{name}");
        assert!(table::pod_row(&lines[1]).is_some() && table::event_row(&lines[3]).is_some());
    }
}

#[test]
fn what_is_the_text_itself_stays() {
    for (name, text) in [
        (
            "a pod table",
            "web-1-x   0/1   Error   5   4m\nweb-2-x   1/1   Running   0   4m\nweb-3-x   1/1   Running   0   4m",
        ),
        (
            "all namespaces",
            "shop-a web-1 1/1 Running 0 4m\nshop-a web-2 1/1 Running 0 4m\nshop-a web-3 1/1 Running 0 4m",
        ),
        ("levels", "[error] a\n[warn] b\n[info] c\n[error] d"),
        ("threads", "[main] a\n[12] b\n[http-nio-8080-exec-1x] c\n[main] d"),
        ("prose", "It broke.\nThen it broke again.\nWhat can I do?\nThanks."),
        ("some bullets", "Steps:\n- one\n- two\n- three\nThen it broke."),
        ("headings", "## a\n## b\n## c"),
        ("a table with cells", "| a | b |\n| c | d |\n| e | f |"),
        ("two lines", "> a\n> b"),
        ("yaml", "a: 1\nb: 2\nc:\n  - x\n  - y"),
    ] {
        assert_eq!(stripped(text), None, "{name}");
    }
}

#[test]
fn a_line_without_the_prefix_stays_whole() {
    let prefix =
        detect(["web-1  | a", "web-1  | b", "db-1   | c", "db-1   | d"].into_iter().map(str::as_bytes)).unwrap();
    let line = b"Gracefully stopping...";
    assert_eq!(prefix.strip(line), Stripped { text: 0..line.len(), subject: None });
    assert_eq!(prefix.strip(b"db-1   |").text.start, 8);
}

proptest! {
    #[test]
    fn strip_never_panics_and_never_grows(
        heads in "(2024-05-01T10:00:00Z |\\[pod/a-b/c\\] |> |web-1 \\| |\\{\"log\":\"|a-b c |\u{2502} |# |E0501 10:00:00.1 1 f.go:1\\] )",
        tails in prop::collection::vec("\\PC{0,30}", 3..8),
        other in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let lines: Vec<String> = tails.iter().map(|tail| format!("{heads}{tail}")).collect();
        let Some(prefix) = detect(lines.iter().map(String::as_bytes)) else { return Ok(()) };
        for line in lines.iter().map(String::as_bytes).chain([&other[..]]) {
            let found = prefix.strip(line);
            prop_assert!(found.text.start <= found.text.end && found.text.end <= line.len());
            prop_assert!(found.subject.is_none_or(|subject| subject.len() <= line.len()));
        }
    }

    #[test]
    fn any_lines_have_a_prefix_or_none(text in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = detect(text.split(|byte| *byte == b'\n'));
    }
}
