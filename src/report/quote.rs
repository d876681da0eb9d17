//! A quoted line: where it stands, and its telling part in the eye.

use super::layout::{columns, shorten, shorten_front, visible};
use super::style::Look;
use crate::model::finding::Quote;
use std::fmt::Write;

/// The place, and below it the line.
pub fn placed(out: &mut String, quote: &Quote, indent: usize, look: &Look) {
    let ellipsis = look.symbols.ellipsis;
    let pad = " ".repeat(indent);
    let room = look.width.saturating_sub(indent).max(8);
    // The end of a place is what tells it from the next one.
    let place = format!("{}:{}", visible(&quote.file), quote.line);
    let _ = writeln!(out, "{pad}{}", look.styles.dim.style(shorten_front(&place, room, ellipsis)));
    let _ = writeln!(out, "{pad}  {}", line(quote, room.saturating_sub(2), look));
}

/// A quoted line in at most `room` columns: cut around its telling part, which stands out.
pub fn line(quote: &Quote, room: usize, look: &Look) -> String {
    let (before, hit, after) = split(quote);
    cut(&visible(before), &visible(hit), &visible(after), room, look)
}

/// The same for a list, where room is short: the gaps of a table are one blank wide.
pub fn brief(quote: &Quote, room: usize, look: &Look) -> String {
    let (before, hit, after) = split(quote);
    cut(&squeezed(before), &squeezed(hit), &squeezed(after), room, look)
}

fn squeezed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        if c != ' ' || !out.ends_with(' ') {
            out.push(c);
        }
    }
    out
}

fn cut(before: &str, hit: &str, after: &str, room: usize, look: &Look) -> String {
    let ellipsis = look.symbols.ellipsis;
    let (before, after) = (before.trim_start(), after.trim_end());
    if hit.is_empty() {
        return shorten(after, room, ellipsis).into_owned();
    }
    let hit = shorten(hit, room, ellipsis);
    let left = room - columns(&hit).min(room);
    // What stands before the telling part gets a third, and what the other side leaves.
    let wanted = columns(after).min(left - left / 3);
    let before = shorten_front(before, left - wanted, ellipsis);
    let rest = left.saturating_sub(columns(&before));
    let after = shorten(after, rest, ellipsis);
    format!("{before}{}{after}", look.styles.telling.style(&hit))
}

/// The line before, in and behind its telling part; a span that is no part of the text is ignored.
fn split(quote: &Quote) -> (&str, &str, &str) {
    let text = quote.text.as_str();
    quote
        .span
        .and_then(|(from, to)| Some((text.get(..from)?, text.get(from..to)?, text.get(to..)?)))
        .unwrap_or(("", "", text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{quote, unicode};
    use proptest::prelude::*;

    #[test]
    fn a_long_line_is_cut_around_its_telling_part() {
        let long = format!("{}FATAL: no{}", "a".repeat(300), "b".repeat(300));
        let quote = quote("f", 1, &long, "FATAL: no");
        assert_eq!(line(&quote, 30, &Look::plain(80)), "...aaaaFATAL: nobbbbbbbbbbb...");
        assert_eq!(line(&quote, 30, &unicode(80)), "…aaaaaaFATAL: nobbbbbbbbbbbbb…");
        assert_eq!(line(&quote, 6, &Look::plain(80)), "FAT...");
    }

    #[test]
    fn a_table_takes_little_room_in_a_list() {
        let quote = quote("pods.txt", 2, "web-1\t  0/1     CrashLoopBackOff   4 (38s ago)", "CrashLoopBackOff");
        assert_eq!(brief(&quote, 60, &Look::plain(80)), "web-1 0/1 CrashLoopBackOff 4 (38s ago)");
        assert_eq!(brief(&quote, 26, &Look::plain(80)), "...CrashLoopBackOff 4 (...");
    }

    #[test]
    fn the_telling_part_stands_out_and_controls_are_written_out() {
        let look = Look { styles: crate::report::style::Styles::coloured(), ..Look::plain(80) };
        let quote = quote("f", 1, "x \u{1b}[2Jno y", "no");
        assert_eq!(line(&quote, 60, &look), "x \\u{1b}[2J\u{1b}[31;1;4mno\u{1b}[0m y");
    }

    #[test]
    fn a_span_that_is_none_is_ignored() {
        for span in [(1, 99), (2, 1), (1, 2)] {
            let quote = Quote { file: "f".into(), line: 1, text: "éa".into(), span: Some(span) };
            assert_eq!(line(&quote, 10, &Look::plain(80)), "éa");
        }
    }

    proptest! {
        /// Whatever a line holds and wherever its span points: no panic, no escape, never too long.
        #[test]
        fn a_quoted_line_fits(
            text in prop_oneof![any::<String>(), "[a-z日e\u{301}\u{1b}\t ]{0,300}"],
            from in 0usize..400,
            long in 0usize..100,
            room in 0usize..200,
        ) {
            let quote = Quote { file: "f".into(), line: 1, text, span: Some((from, from + long)) };
            for (look, told) in [Look::plain(80), unicode(80)].map(|look| (look, line(&quote, room, &look))) {
                prop_assert!(columns(&brief(&quote, room, &look)) <= room);
                prop_assert!(columns(&told) <= room, "{told:?}");
                prop_assert!(told.chars().all(crate::report::layout::is_harmless));
            }
        }
    }
}
