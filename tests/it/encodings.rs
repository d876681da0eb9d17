//! Whatever bytes a tool prints: patterns match, the screen is safe, the evidence can be read.

use super::steps::{project, rule};
use super::stub::Tools;
use serde_json::json;

/// A step that expects a word of a tool which prints these bytes. What was shown, and the evidence.
fn prints(bytes: &[u8], expect: &str) -> (String, String) {
    let tools = Tools::new().rule(rule(&["helm", "go"], json!({ "stdout_bytes": bytes })));
    let keys = format!("[[tasks.t.steps]]\nrun = [\"helm\", \"go\"]\nexpect = '{expect}'\nsave = \"said.txt\"\n");
    let project = project(&keys, &tools);
    let answer = project.run(&["-v", "t"]).exits(0);
    (answer.err, project.evidence()["said.txt"].clone())
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn utf16_with_and_without_its_mark_is_read_and_kept_as_utf8() {
    let text = "Der Dienst l\u{e4}uft nicht.\r\nFehler 0x80370102\r\n";
    for bytes in [utf16(text), [&[0xFF, 0xFE][..], &utf16(text)].concat()] {
        let (shown, evidence) = prints(&bytes, "^Fehler 0x80370102$");
        assert!(shown.contains("Der Dienst l\u{e4}uft nicht."), "{shown}");
        assert_eq!(evidence, text);
    }
}

#[test]
fn utf16_longer_than_what_is_read_at_once_is_one_text() {
    let text: String = (0..30_000).map(|number| format!("Zeile {number} \u{1f600}\r\n")).collect();
    let (_, evidence) = prints(&utf16(&text), "^Zeile 29999 ");
    assert_eq!(evidence, text);
}

#[test]
fn every_kind_of_line_end_ends_a_line_and_stays_in_the_evidence() {
    let (shown, evidence) = prints(b"one\r\n 10%\r 20%\r100%\nlast", "(?s)^one$.* 20%.*^last$");
    for line in ["one", "10%", "20%", "100%", "last"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    assert_eq!(evidence, "one\r\n 10%\r 20%\r100%\nlast");
}

#[test]
fn what_would_move_the_cursor_reaches_the_evidence_and_no_screen() {
    let bytes = b"\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ \x07 \x08\x00 end\n";
    let (shown, evidence) = prints(bytes, "red.*link.* end");
    assert!(shown.contains("red") && shown.contains("link") && shown.contains("end"), "{shown}");
    assert!(!shown.contains("title"), "{shown}");
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
    assert_eq!(evidence.as_bytes(), bytes);
}

#[test]
fn bytes_that_are_no_text_are_shown_as_such_and_kept() {
    let tools = Tools::new().rule(rule(&["helm", "go"], json!({ "stdout_bytes": b"caf\xe9 \xff\xfe \0 ok\n" })));
    let keys = "[[tasks.t.steps]]\nrun = [\"helm\", \"go\"]\nexpect = 'caf. .* ok$'\nsave = \"said.txt\"\n";
    let project = project(keys, &tools);
    let answer = project.run(&["-v", "t"]).exits(0);
    assert!(answer.err.contains("caf\u{fffd}"), "{}", answer.err);
    let kept = std::fs::read(project.runs()[0].join("evidence").join("said.txt")).unwrap();
    assert_eq!(kept, b"caf\xe9 \xff\xfe \0 ok\n");
}
