//! Commands to a CI system, in text that is only printed. GitHub's runner (and those made after it)
//! takes a line that begins with `::name` behind blanks for a command, and `##[name` anywhere in a line
//! (`src/Runner.Common/ActionCommand.cs`); Azure Pipelines looks for `##vso[`, TeamCity for
//! `##teamcity[`. A tool's text could set a variable there, or mask an error.
//!
//! Their second character is written as its code. In JSON it stays the same text.

use std::borrow::Cow;

const OPENERS: [&[u8]; 3] = [b"[", b"vso[", b"teamcity["];

/// One stream on its way to a CI's log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guard {
    /// Nothing but blanks so far on this line.
    at_start: bool,
}

impl Guard {
    /// At the beginning of a line.
    pub(super) const fn new() -> Self {
        Self { at_start: true }
    }

    /// The text, with no command left in it. Markers come whole: nobody writes half of one.
    pub(super) fn pass<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let mut out: Option<Vec<u8>> = None;
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let escape: &[u8] = match rest {
                [b':', b':', name, ..] if self.at_start && name.is_ascii_alphabetic() => b":\\u003a",
                [b'#', b'#', behind @ ..] if OPENERS.iter().any(|opener| behind.starts_with(opener)) => b"#\\u0023",
                _ => b"",
            };
            if !escape.is_empty() {
                out.get_or_insert_with(|| bytes[..at].to_vec()).extend_from_slice(escape);
                self.at_start = false;
                at += 2;
                continue;
            }
            let long = match rest[0] {
                b'\n' | b'\r' => {
                    self.at_start = true;
                    1
                }
                _ if self.at_start => {
                    let blank = blank(rest);
                    self.at_start = blank > 0;
                    blank.max(1)
                }
                // To what could matter next.
                _ => rest.iter().skip(1).position(|byte| b"\n\r#".contains(byte)).map_or(rest.len(), |more| more + 1),
            };
            if let Some(out) = &mut out {
                out.extend_from_slice(&rest[..long]);
            }
            at += long;
        }
        out.map_or(Cow::Borrowed(bytes), Cow::Owned)
    }
}

/// The length of the blank that the text begins with; 0 when it begins with something else.
fn blank(text: &[u8]) -> usize {
    let head = &text[..text.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(head) => head,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
    };
    valid.chars().next().filter(|c| c.is_whitespace() || c.is_control()).map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn passed(pieces: &[&str]) -> String {
        let mut guard = Guard::new();
        pieces.iter().map(|piece| String::from_utf8(guard.pass(piece.as_bytes()).into_owned()).unwrap()).collect()
    }

    #[test]
    fn no_command_is_left_and_the_text_can_be_read() {
        for (given, printed) in [
            ("::error::x", ":\\u003aerror::x"),
            ("a\n \t::set-env name=PATH::/x\n", "a\n \t:\\u003aset-env name=PATH::/x\n"),
            ("a\r::add-mask::x", "a\r:\\u003aadd-mask::x"),
            ("\u{a0}\u{3000}::stop-commands::x", "\u{a0}\u{3000}:\\u003astop-commands::x"),
            ("ok ##[add-path]/x", "ok #\\u0023[add-path]/x"),
            ("###[group]", "##\\u0023[group]"),
            ("##vso[task.setvariable variable=a]b", "#\\u0023vso[task.setvariable variable=a]b"),
            ("x ##teamcity[y]", "x #\\u0023teamcity[y]"),
        ] {
            assert_eq!(passed(&[given]), printed);
        }
        for kept in ["", "::1 localhost", "a ::error::", "std::fs", "## heading", "#[test]", ":: x", "é ##"] {
            assert_eq!(passed(&[kept]), kept);
        }
    }

    #[test]
    fn a_line_may_come_in_pieces() {
        assert_eq!(
            passed(&["  ", "::error::x", "\n", "::debug::", "y ", "::error::"]),
            "  :\\u003aerror::x\n:\\u003adebug::y ::error::"
        );
    }

    #[test]
    fn in_json_it_stays_the_same_text() {
        let line = serde_json::json!({ "line": "x ##[set-env name=a]b ##vso[c]" }).to_string();
        let printed = passed(&[&line]);
        assert!(!printed.contains("##["), "{printed}");
        let read: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(read["line"], "x ##[set-env name=a]b ##vso[c]");
    }

    proptest! {
        #[test]
        fn nothing_passes_that_a_runner_reads(text in "(::|#|\\[|vso|e| |\\t|\\n|\\r|é|\\u{a0})*") {
            let printed = passed(&[&text]);
            prop_assert!(!printed.contains("##[") && !printed.contains("##vso["));
            let is_command = |line: &str| line.trim_start().strip_prefix("::").is_some_and(|rest| rest.starts_with('e') || rest.starts_with('v'));
            prop_assert!(!printed.split(['\n', '\r']).any(is_command), "{}", printed);
            prop_assert_eq!(printed.replace("\\u003a", ":").replace("\\u0023", "#"), text);
        }
    }
}
