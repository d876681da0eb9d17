//! Words for people: plurals, durations, suggestions. Knows nothing of the rest.

use std::time::Duration;

/// "1 step", "3 steps".
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A duration as `tasks.toml` writes it: `500ms`, `30s`, `5m`, `1h30m`. Exact to the millisecond.
pub fn duration(value: Duration) -> String {
    let millis = value.as_millis();
    if millis == 0 {
        return "0s".to_owned();
    }
    let units = [(3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")];
    let mut rest = millis;
    let mut out = String::new();
    for (size, unit) in units {
        if rest >= size {
            out.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    out
}

/// A span of time as it is shown while running: `0.4s`, `12s`, `3m 05s`, `1h 02m`.
pub fn took(value: Duration) -> String {
    let secs = value.as_secs();
    match secs {
        0..10 => format!("{}.{}s", secs, value.subsec_millis() / 100),
        10..60 => format!("{secs}s"),
        60..3600 => format!("{}m {:02}s", secs / 60, secs % 60),
        _ => format!("{}h {:02}m", secs / 3600, secs % 3600 / 60),
    }
}

/// Why a text is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// `"5"`.
    #[error("a duration needs a unit: ms, s, m or h")]
    NoUnit,
    /// `"1y"`.
    #[error("the units are ms, s, m and h")]
    BadUnit,
    /// Anything else.
    #[error("a duration is a number and a unit, like \"30s\" or \"1h30m\"")]
    NotOne,
    /// Longer than a week.
    #[error("longer than 7 days")]
    TooLong,
}

/// Reads `500ms`, `30s`, `5m`, `1h30m`.
///
/// # Errors
/// What is wrong with it.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    const WEEK: u64 = 7 * 24 * 3_600_000;
    let mut rest = text;
    let mut millis: u64 = 0;
    if rest.is_empty() {
        return Err(DurationError::NotOne);
    }
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 {
            return Err(DurationError::NotOne);
        }
        let number: u64 = rest[..digits].parse().map_err(|_| DurationError::TooLong)?;
        rest = &rest[digits..];
        let letters = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let size = match &rest[..letters] {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "" if rest.is_empty() => return Err(DurationError::NoUnit),
            "" => return Err(DurationError::NotOne),
            _ => return Err(DurationError::BadUnit),
        };
        rest = &rest[letters..];
        millis = number.checked_mul(size).and_then(|add| millis.checked_add(add)).ok_or(DurationError::TooLong)?;
    }
    if millis > WEEK { Err(DurationError::TooLong) } else { Ok(Duration::from_millis(millis)) }
}

/// The known word nearest to `word`, when it is near enough to be meant.
pub fn suggest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(far, candidate)| *far <= limit || (word.len() >= 3 && candidate.starts_with(word)))
        .min_by_key(|(far, _)| *far)
        .map(|(_, candidate)| candidate)
}

/// Does `pattern`, in which `*` stands for any text, match all of `text`?
pub fn is_like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|head| text.strip_prefix(head)) else { return false };
    if !pattern.contains('*') {
        return rest.is_empty();
    }
    let mut parts: Vec<&str> = parts.collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Edit distance with transpositions (optimal string alignment), ASCII case ignored.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().map(|c| c.to_ascii_lowercase()).collect();
    let b: Vec<char> = b.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// Milliseconds since 1970 as `2026-11-23 06:05:12Z`.
pub fn timestamp(millis: u64) -> String {
    let secs = millis / 1000;
    let (days, of_day) = (secs / 86_400, secs % 86_400);
    // Civil from days (Howard Hinnant's algorithm), valid for all days since 1970.
    let z = days + 719_468;
    let era = z / 146_097;
    let doe = z % 146_097;
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}Z", of_day / 3600, of_day % 3600 / 60, of_day % 60)
}

/// May this character reach a terminal? Not when it moves the cursor, starts an escape, or turns
/// the direction of writing so that a line reads as something else than it is.
pub fn is_harmless(c: char) -> bool {
    !c.is_control() && !matches!(u32::from(c), 0x200e..=0x200f | 0x2028..=0x202e | 0x2066..=0x2069 | 0xfeff)
}

/// One argument of a command, as a POSIX shell takes it: plain characters as they are, anything else in
/// quotes, what could drive a terminal written out.
pub fn quote(argument: &str) -> String {
    if !argument.is_empty() && argument.chars().all(is_plain) {
        return argument.to_owned();
    }
    if argument.chars().all(is_harmless) {
        return format!("'{}'", argument.replace('\'', "'\\''"));
    }
    let mut out = "$'".to_owned();
    for c in argument.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\'' | '\\' => out.extend(['\\', c]),
            c if is_harmless(c) => out.push(c),
            c if u32::from(c) < 0x80 => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    out.push('\'');
    out
}

/// A path as an argument, for the shells of this system: those of Windows know double quotes alone, and
/// no path there can hold one.
pub fn quote_path(path: &str) -> String {
    let is_plain = |c: char| is_plain(c) || c == '\\';
    match std::path::MAIN_SEPARATOR {
        '\\' if path.chars().all(is_plain) => path.to_owned(),
        '\\' => format!("\"{path}\""),
        _ => quote(path),
    }
}

/// Needs no quotes in any shell.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "_@%+=:,./-".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations() {
        assert_eq!(parse_duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse_duration("5"), Err(DurationError::NoUnit));
        assert_eq!(parse_duration("-1s"), Err(DurationError::NotOne));
        assert_eq!(parse_duration("1y"), Err(DurationError::BadUnit));
        assert_eq!(parse_duration("99999999999999999999h"), Err(DurationError::TooLong));
        assert_eq!(parse_duration("200h"), Err(DurationError::TooLong));
        assert_eq!(parse_duration(""), Err(DurationError::NotOne));
    }

    #[test]
    fn suggestions_are_near_or_absent() {
        let known = ["rollback", "redeploy", "evidence"];
        assert_eq!(suggest("rolback", known), Some("rollback"));
        assert_eq!(suggest("evidnece", known), Some("evidence"));
        assert_eq!(suggest("roll", known), Some("rollback"));
        assert_eq!(suggest("xyz", known), None);
    }

    #[test]
    fn a_star_stands_for_any_text() {
        let like = [("a", "a"), ("probe-*", "probe-x"), ("*", ""), ("*", "x"), ("*-x", "a-x"), ("a*b*c", "a1b2c")];
        assert!(like.iter().all(|(pattern, text)| is_like(pattern, text)));
        assert!(is_like("a-*-c", "a-b-b-c"));
        let unlike =
            [("a", "ab"), ("probe-*", "xprobe-"), ("a*b*c", "acb"), ("ab*ba", "aba"), ("a*c", "ab"), ("", "x")];
        assert!(!unlike.iter().any(|(pattern, text)| is_like(pattern, text)));
    }

    #[test]
    fn timestamps_are_utc() {
        assert_eq!(timestamp(0), "1970-01-01 00:00:00Z");
        assert_eq!(timestamp(1_709_210_096_000), "2024-02-29 12:34:56Z");
    }

    proptest! {
        #[test]
        fn durations_round_trip(millis in 0u64..604_800_000) {
            let value = Duration::from_millis(millis);
            prop_assert_eq!(parse_duration(&duration(value)), Ok(value));
        }

        #[test]
        fn any_text_is_a_duration_or_an_error(text in ".*") {
            let _ = parse_duration(&text);
        }
    }
}
