//! Foreign text made fit for a screen: lossy UTF-8, no terminal controls.

/// Longest line that a screen or the journal gets; files keep the whole.
const SHOWN_MAX: usize = 16 << 10;

/// Removes ANSI sequences (CSI, OSC, strings), control characters and text-direction overrides.
/// A tab stays. Everything else is shown as it is.
pub fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match chars.next() {
                Some('[') => skip_csi(&mut chars),
                Some(']' | 'P' | 'X' | '^' | '_') => skip_string(&mut chars),
                Some(' '..='/') => {
                    chars.next();
                }
                _ => {}
            },
            '\u{9b}' => skip_csi(&mut chars),
            '\t' => out.push(c),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// The beginning of a line that is too long for a screen, with a mark.
pub fn shorten(mut line: String) -> String {
    if line.len() > SHOWN_MAX {
        let whole = line.len();
        let mut at = SHOWN_MAX;
        while !line.is_char_boundary(at) {
            at -= 1;
        }
        line.truncate(at);
        line.push_str(&format!(" [{} bytes more]", whole - at));
    }
    line
}

/// `ESC [`, parameters, one final byte.
fn skip_csi(chars: &mut impl Iterator<Item = char>) {
    for c in chars {
        if ('\u{40}'..='\u{7e}').contains(&c) {
            return;
        }
    }
}

/// Up to BEL or `ESC \`.
fn skip_string(chars: &mut std::iter::Peekable<impl Iterator<Item = char>>) {
    while let Some(c) = chars.next() {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                if chars.peek() == Some(&'\\') {
                    chars.next();
                }
                return;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terminal_controls_go_and_text_stays() {
        for (raw, shown) in [
            ("\u{1b}[1;31mError\u{1b}[0m: x", "Error: x"),
            ("\u{1b}]0;owned\u{7}title", "title"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("a\tb\u{0}c\u{8}", "a\tbc"),
            ("file\u{202e}txt.exe", "filetxt.exe"),
            ("\u{1b}(Bplain", "plain"),
            ("日本語 ✔", "日本語 ✔"),
            ("cut short \u{1b}[3", "cut short "),
        ] {
            assert_eq!(clean(raw.as_bytes()), shown);
        }
        assert_eq!(clean(b"bad \xff byte"), "bad \u{fffd} byte");
    }

    #[test]
    fn long_lines_are_shortened_with_a_mark() {
        let line = shorten("é".repeat(20_000));
        assert!(line.ends_with(" [23616 bytes more]"), "{}", &line[line.len() - 30..]);
    }

    proptest! {
        #[test]
        fn nothing_but_tabs_is_left_of_the_controls(text in "(\\x1b|\\[|\\]|\\x07|\\\\|[a-z0-9;]|\\t|\\x00)*") {
            prop_assert!(!clean(text.as_bytes()).chars().any(|c| c.is_control() && c != '\t'));
        }
    }
}
