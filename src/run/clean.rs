//! Foreign text made fit for a screen: lossy UTF-8, no terminal controls.

/// Longest line that a screen or the journal gets; files keep the whole.
const SHOWN_MAX: usize = 16 << 10;

/// Removes ANSI sequences (CSI, OSC, strings), control characters, text-direction overrides and what
/// takes no room: it would part a word, a secret too, without anybody seeing it. A tab stays. Everything else is shown as it is.
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
            c if c.is_control() || is_invisible(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Zero-width characters, marks and overrides of the direction, separators of lines.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
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
            ("\u{9b}31mred\u{9d}0;x\u{85}", "red0;x"),
            ("hun\u{200b}ter\u{2060}2\u{feff}", "hunter2"),
            ("\u{200f}a\u{2066}b\u{2069}\u{2028}c\u{7f}", "abc"),
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

        #[test]
        fn no_text_is_invisible(text in any::<String>()) {
            prop_assert!(!clean(text.as_bytes()).chars().any(|c| is_invisible(c) || (c.is_control() && c != '\t')));
        }
    }
}
