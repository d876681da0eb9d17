//! The step's own `progress` pattern, with the groups `stage`, `current`, `total` and `percent`.

use super::count::{Count, words};
use super::meter::{Reading, Unit};
use crate::model::pattern::Pattern;

/// What the pattern has found so far.
#[derive(Debug)]
pub(super) struct Marks {
    pattern: Pattern,
    count: Count,
    stage: Option<String>,
}

impl Marks {
    pub(super) fn new(pattern: Pattern) -> Self {
        Self { pattern, count: Count::default(), stage: None }
    }

    /// Takes a line. Does it match?
    pub(super) fn line(&mut self, line: &[u8]) -> bool {
        let Some(found) = self.pattern.regex().captures(line) else { return false };
        let group = |name| found.name(name).map(|group| group.as_bytes().trim_ascii());
        self.stage = group("stage").map(words);
        let (current, total) = (group("current").and_then(amount), group("total").and_then(amount));
        match (current, total, group("percent").and_then(float)) {
            (Some((current, unit)), Some((total, other)), _) => {
                self.count.see(current, total, unit.and(other));
            }
            (_, _, Some(percent)) => {
                self.count.see(whole(percent.min(100.0)), 100, Some(Unit::Percent));
            }
            (Some((current, unit)), None, None) => self.count.see_alone(current, unit),
            (None, _, None) => {}
        }
        true
    }

    pub(super) fn reading(&self) -> Reading {
        self.count.reading(self.stage.as_ref())
    }
}

/// A number that is one: not negative, not infinite, not beyond what a float holds exactly.
fn float(text: &[u8]) -> Option<f64> {
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (number >= 0.0 && number <= (1_u64 << 53) as f64).then_some(number)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "only sane numbers come here")]
fn whole(number: f64) -> u64 {
    number as u64
}

/// A number, or a size: `3.1MB`, `512 KiB`.
fn amount(text: &[u8]) -> Option<(u64, Option<Unit>)> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let factor = match text.get(digits..)?.trim_ascii() {
        b"B" => 1.0,
        b"kB" | b"KB" => 1e3,
        b"MB" => 1e6,
        b"GB" => 1e9,
        b"KiB" => 1024.0,
        b"MiB" => 1024.0 * 1024.0,
        b"GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return float(text).map(|number| (whole(number), None)),
    };
    Some((whole(float(text.get(..digits)?)? * factor), Some(Unit::Bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: &str = r"^(?:(?P<stage>[a-z]+): )?(?:(?P<current>[^/ ]+)(?:/(?P<total>\S+))?)?(?: (?P<percent>\S+)%)?$";

    fn told(line: &str) -> (Option<u64>, Option<u64>, Option<Unit>) {
        let mut marks = Marks::new(Pattern::new(ALL).unwrap());
        assert!(marks.line(line.as_bytes()), "{line}");
        let reading = marks.reading();
        (reading.current, reading.total, reading.unit)
    }

    #[test]
    fn numbers_are_sane() {
        for (line, expected) in [
            ("3/9", (Some(3), Some(9), None)),
            ("3.9/9", (Some(3), Some(9), None)),
            ("3", (Some(3), None, None)),
            (" 45%", (Some(45), Some(100), Some(Unit::Percent))),
            (" 99.99%", (Some(99), Some(100), Some(Unit::Percent))),
            (" 250%", (Some(100), Some(100), Some(Unit::Percent))),
            ("3/9 45%", (Some(3), Some(9), None)),
            ("x/9 45%", (Some(45), Some(100), Some(Unit::Percent))),
            ("3.1MB/7.6MB", (Some(3_100_000), Some(7_600_000), Some(Unit::Bytes))),
            ("1KiB/1MiB", (Some(1024), Some(1_048_576), Some(Unit::Bytes))),
            ("10/9", (None, None, None)),
            ("0/0", (None, None, None)),
            ("-1/9", (None, None, None)),
            (" -1%", (None, None, None)),
            (" NaN%", (None, None, None)),
            (" inf%", (None, None, None)),
            (" 1e300%", (None, None, None)),
            ("NaN/NaN", (None, None, None)),
            ("1/1e300", (Some(1), None, None)),
            ("99999999999999999999/99999999999999999999", (None, None, None)),
            ("9999999999GiB/9999999999GiB", (None, None, None)),
        ] {
            assert_eq!(told(line), expected, "{line}");
        }
    }

    #[test]
    fn what_goes_back_is_not_taken_and_its_stage_is() {
        let mut marks = Marks::new(Pattern::new(ALL).unwrap());
        marks.line(b"a: 5/9");
        marks.line(b"b: 2/9");
        assert_eq!(
            marks.reading(),
            Reading { stage: Some("b".to_owned()), current: Some(5), total: Some(9), unit: None }
        );
        assert!(!marks.line(b"a b c"));
    }

    proptest! {
        #[test]
        fn nothing_goes_back(lines in proptest::collection::vec("(a: )?[-0-9.e]{0,3}(MB|GiB)?/[0-9.]{0,3}(MB)?( [-0-9.e]{1,4}%)?", 0..40)) {
            let mut marks = Marks::new(Pattern::new(ALL).unwrap());
            let mut last = 0;
            for line in lines {
                marks.line(line.as_bytes());
                let reading = marks.reading();
                if let (Some(current), Some(total)) = (reading.current, reading.total) {
                    prop_assert!(last <= current && current <= total && total > 0);
                    last = current;
                }
            }
        }
    }
}
