//! What a variable or a parameter may hold. The rule is the same wherever the value comes from.

use super::pattern::Pattern;

/// Longest value without a pattern of its own, in bytes.
pub const MAX_VALUE: usize = 4096;

/// Holds `value` against the rule of `name`: with a pattern, the whole value matches it; without
/// one it is a line of at most [`MAX_VALUE`] bytes that no tool takes for an option.
///
/// # Errors
/// The rule that is broken, in words that go on after the name. The value is never repeated: it may
/// be a secret.
pub fn check_value(name: &str, value: &str, pattern: Option<&Pattern>) -> Result<(), String> {
    rule(value, pattern).map_err(|why| format!("`{name}` {why}"))
}

/// As [`check_value`], for a sentence that has named the value already.
///
/// # Errors
/// The rule that is broken, as what the value does.
pub fn rule(value: &str, pattern: Option<&Pattern>) -> Result<(), String> {
    if value.contains('\0') {
        return Err("holds a NUL character".to_owned());
    }
    if let Some(pattern) = pattern {
        let whole = match whole(pattern) {
            Ok(whole) => whole,
            Err(why) => return Err(format!("has a pattern that cannot be held against a whole value: {why}")),
        };
        return match whole.is_match(value.as_bytes()) {
            true => Ok(()),
            false => Err(format!("does not match `{}`", pattern.source())),
        };
    }
    if value.len() > MAX_VALUE {
        return Err(format!("has {} bytes; {MAX_VALUE} is the most", value.len()));
    }
    if value.chars().any(|c| matches!(c, '\n' | '\r')) {
        return Err("holds a line break".to_owned());
    }
    if value.chars().any(char::is_control) {
        return Err("holds a control character".to_owned());
    }
    // Argument injection: no shell reads the value, but the tool would read `--kubeconfig=…`.
    if value.starts_with('-') {
        return Err("starts with `-`, which a tool would take for an option; allow it with `match`".to_owned());
    }
    Ok(())
}

/// The pattern, held against a whole value.
///
/// # Errors
/// It does not compile any more (a comment in `(?x)` swallows the end).
pub fn whole(pattern: &Pattern) -> Result<Pattern, String> {
    Pattern::new(&format!(r"\A(?:{})\z", pattern.source()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pattern_holds_for_the_whole_value() {
        let digits = Pattern::new(r"\d+").unwrap();
        assert_eq!(check_value("revision", "12", Some(&digits)), Ok(()));
        for value in ["", "12 ", "12\n13", "x12", "--12", "12\0"] {
            assert!(check_value("revision", value, Some(&digits)).is_err(), "{value:?}");
        }
        let either = Pattern::new("a|ab").unwrap();
        assert_eq!(check_value("x", "ab", Some(&either)), Ok(()));
    }

    #[test]
    fn without_a_pattern_it_is_one_harmless_line() {
        assert_eq!(check_value("x", "; rm -rf / $(x) 日本語", None), Ok(()));
        assert_eq!(check_value("x", "", None), Ok(()));
        assert_eq!(check_value("x", "a\nb", None), Err("`x` holds a line break".into()));
        assert_eq!(check_value("x", "a\x1b[31m", None), Err("`x` holds a control character".into()));
        assert_eq!(check_value("x", "a\0b", None), Err("`x` holds a NUL character".into()));
        assert_eq!(check_value("x", &"a".repeat(10_240), None), Err("`x` has 10240 bytes; 4096 is the most".into()));
        assert!(check_value("x", "--kubeconfig=evil", None).is_err());
    }

    #[test]
    fn a_pattern_that_swallows_its_end_is_refused() {
        let comment = Pattern::new("(?x) a # b").unwrap();
        assert!(check_value("x", "a", Some(&comment)).unwrap_err().contains("whole value"));
    }

    proptest! {
        #[test]
        fn the_value_is_never_repeated(value in "[a-z]{8,20}") {
            let none = Pattern::new("[0-9]").unwrap();
            prop_assert!(!check_value("x", &value, Some(&none)).unwrap_err().contains(&value));
        }
    }
}
