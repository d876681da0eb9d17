//! How far a step is, in words and as a bar.

use crate::model::event::{EventKind, Unit};
use crate::report::style::Symbols;

/// Columns of a step's bar, its brackets too.
pub const BAR: usize = 10;

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// Done so far.
    pub current: u64,
    /// Of how many, when that is known.
    pub total: Option<u64>,
    /// Of what; `None`: pieces or steps.
    pub unit: Option<Unit>,
}

impl Amount {
    /// What a `Progress` event says; `None` when it counts nothing.
    pub fn of(kind: &EventKind) -> Option<Self> {
        let EventKind::Progress { current: Some(current), total, unit, .. } = kind else { return None };
        let all = total.or((*unit == Some(Unit::Percent)).then_some(100));
        Some(Self { current: *current, total: all.filter(|total| *total > 0), unit: *unit })
    }

    /// The share that is done, 0 to 1, when the total is known.
    pub fn share(&self) -> Option<f64> {
        self.total.map(|total| (self.current as f64 / total as f64).clamp(0.0, 1.0))
    }

    /// `3/9`, `3.1/7.6 MB`, `42 %`; without a total `3`, `3.1 MB`.
    pub fn in_words(&self) -> String {
        match (self.unit, self.total) {
            (Some(Unit::Percent), total) => {
                let share = Self { total: total.or(Some(100)), ..*self }.share().unwrap_or_default();
                format!("{} %", (share * 100.0) as u64)
            }
            (None, Some(total)) => format!("{}/{total}", self.current),
            (None, None) => self.current.to_string(),
            (Some(Unit::Bytes), total) => {
                let (unit, size) = unit_of(total.unwrap_or(self.current));
                let current = rounded(self.current, size);
                total.map_or_else(
                    || format!("{current} {unit}"),
                    |total| format!("{current}/{} {unit}", rounded(total, size)),
                )
            }
        }
    }

    /// `[####----]`; nothing without a total.
    pub fn bar(&self, symbols: &Symbols) -> Option<String> {
        self.share().map(|share| bar(share, BAR, symbols))
    }
}

/// A bar of so many columns, its brackets too.
pub fn bar(share: f64, columns: usize, symbols: &Symbols) -> String {
    let room = columns.saturating_sub(2);
    let full = ((share.clamp(0.0, 1.0) * room as f64) as usize).min(room);
    format!("[{}{}]", symbols.full.repeat(full), symbols.empty.repeat(room - full))
}

/// Units of a thousand: so do docker and minikube count.
fn unit_of(bytes: u64) -> (&'static str, u64) {
    match bytes {
        0..1_000 => ("B", 1),
        1_000..1_000_000 => ("kB", 1_000),
        1_000_000..1_000_000_000 => ("MB", 1_000_000),
        _ => ("GB", 1_000_000_000),
    }
}

fn rounded(bytes: u64, size: u64) -> String {
    if size == 1 { bytes.to_string() } else { format!("{:.1}", bytes as f64 / size as f64) }
}

/// Milliseconds as a clock shows them, `1:05`, `1:02:03`: what counts up in place must not change its width
/// with every second.
pub fn clock(millis: u64) -> String {
    let secs = millis / 1000;
    let (hours, minutes, secs) = (secs / 3600, secs % 3600 / 60, secs % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{secs:02}") } else { format!("{minutes}:{secs:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(current: u64, total: Option<u64>, unit: Option<Unit>) -> Amount {
        Amount { current, total, unit }
    }

    #[test]
    fn amounts_read_as_people_say_them() {
        let table = [
            (amount(3, Some(9), None), "3/9"),
            (amount(3, None, None), "3"),
            (amount(42, Some(100), Some(Unit::Percent)), "42 %"),
            (amount(42, None, Some(Unit::Percent)), "42 %"),
            (amount(140, Some(100), Some(Unit::Percent)), "100 %"),
            (amount(3_100_000, Some(7_600_000), Some(Unit::Bytes)), "3.1/7.6 MB"),
            (amount(12, Some(7_600), Some(Unit::Bytes)), "0.0/7.6 kB"),
            (amount(12, Some(900), Some(Unit::Bytes)), "12/900 B"),
            (amount(2_500_000_000, None, Some(Unit::Bytes)), "2.5 GB"),
        ];
        for (amount, words) in table {
            assert_eq!(amount.in_words(), words);
        }
    }

    #[test]
    fn there_is_no_bar_without_a_total() {
        let symbols = Symbols::ASCII;
        assert_eq!(amount(3, None, None).bar(&symbols), None);
        assert_eq!(amount(4, Some(8), None).bar(&symbols).as_deref(), Some("[####----]"));
        assert_eq!(amount(9, Some(8), None).bar(&symbols).as_deref(), Some("[########]"));
        let kind = |total| EventKind::Progress { step: "1".into(), stage: None, current: Some(1), total, unit: None };
        assert_eq!(Amount::of(&kind(Some(0))).unwrap().share(), None);
        assert_eq!(Amount::of(&kind(Some(2))).unwrap().share(), Some(0.5));
    }

    #[test]
    fn a_clock_keeps_its_width() {
        let table = [(0, "0:00"), (9_999, "0:09"), (65_000, "1:05"), (3_723_000, "1:02:03")];
        for (millis, text) in table {
            assert_eq!(clock(millis), text);
        }
    }
}
