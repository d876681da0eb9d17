//! Amounts as Kubernetes writes them: `250m`, `1.5`, `512Mi`, `2G`, `1e3`.

use std::iter::Sum;
use std::ops::Add;

/// An amount of something, to the billionth: what Kubernetes keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Quantity(u128);

const NANO: u128 = 1_000_000_000;
/// More digits than that are no amount that a node has.
const MOST_DIGITS: usize = 24;

impl Quantity {
    /// A whole number of them.
    pub fn whole(count: u64) -> Self {
        Self(u128::from(count) * NANO)
    }

    /// Reads an amount; `None` when the text is none. A fraction of a billionth is rounded up, as
    /// Kubernetes does.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('+').unwrap_or(text);
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.len() + fraction.len() > MOST_DIGITS || fraction.contains('.') || (whole.len() + fraction.len()) == 0 {
            return None;
        }
        let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
        let (times, divided) = factor(suffix)?;
        let divisor = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?.checked_mul(divided)?;
        digits.checked_mul(times)?.checked_mul(NANO).map(|scaled| Self(scaled.div_ceil(divisor))).or_else(|| {
            // Too large to be scaled first: then a fraction of a billionth cannot matter.
            digits.checked_mul(times)?.div_ceil(divisor).checked_mul(NANO).map(Self)
        })
    }

    /// What is left; nothing when more is taken than there is.
    #[must_use]
    pub fn less(self, taken: Self) -> Self {
        Self(self.0.saturating_sub(taken.0))
    }

    /// As people read amounts of this resource: CPUs in thousandths, bytes in powers of 1024, all
    /// else as a number. Rounded down: free room is not promised.
    pub fn of(self, resource: &str) -> String {
        let units = self.0 / NANO;
        match resource {
            "cpu" => format!("{}m", self.0 / (NANO / 1000)),
            "memory" | "ephemeral-storage" => bytes(units),
            _ if resource.starts_with("hugepages-") => bytes(units),
            _ => units.to_string(),
        }
    }
}

fn bytes(count: u128) -> String {
    const UNITS: [(&str, u32); 3] = [("Gi", 30), ("Mi", 20), ("Ki", 10)];
    if count == 0 {
        return "0".to_owned();
    }
    // A short number that loses nothing, or else one of at least four digits.
    let exact = UNITS.iter().find(|(_, power)| count.is_multiple_of(1 << power) && count >> power < 10_000);
    let near = || UNITS.iter().find(|(_, power)| count >> power >= 1000).or(UNITS.last().filter(|_| count >= 1024));
    match exact.or_else(near) {
        Some((unit, power)) => format!("{}{unit}", count >> power),
        None => count.to_string(),
    }
}

/// What a suffix multiplies and divides by.
fn factor(suffix: &str) -> Option<(u128, u128)> {
    let thousands = |power: u32| Some((1000_u128.pow(power), 1));
    let binary = |power: u32| Some((1_u128 << (10 * power), 1));
    match suffix {
        "" => Some((1, 1)),
        "n" => Some((1, NANO)),
        "u" => Some((1, 1_000_000)),
        "m" => Some((1, 1000)),
        "k" => thousands(1),
        "M" => thousands(2),
        "G" => thousands(3),
        "T" => thousands(4),
        "P" => thousands(5),
        "E" => thousands(6),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => {
            let power: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            let ten = 10_u128.checked_pow(power.unsigned_abs().min(40))?;
            Some(if power < 0 { (1, ten) } else { (ten, 1) })
        }
    }
}

impl Add for Quantity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Self::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Option<Quantity> {
        Quantity::parse(text)
    }

    #[test]
    fn every_form_that_kubernetes_writes() {
        for (text, same) in [
            ("250m", "0.25"),
            ("1.5", "1500m"),
            ("1e3", "1k"),
            ("2E3", "2000"),
            ("12e-1", "1200m"),
            ("512Mi", "536870912"),
            ("2G", "2000000000"),
            (".5Gi", "512Mi"),
            ("1.", "1"),
            ("+3", "3"),
            ("1500u", "1.5m"),
            ("7n", "0.007u"),
            ("1Ei", "1152921504606846976"),
            ("267847642337", "267847642337000m"),
        ] {
            assert!(parse(text).is_some(), "{text}");
            assert_eq!(parse(text), parse(same), "{text} {same}");
        }
        for text in ["", ".", "-1", "m", "1 Gi", "1GiB", "1.2.3", "Ki", "1e", "1ee3", "0x10", "1,5", "9e99", "<none>"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn amounts_read_as_their_resource() {
        for (text, resource, read) in [
            ("64", "cpu", "64000m"),
            ("50m", "cpu", "50m"),
            ("24581684Ki", "memory", "24005Mi"),
            ("8Gi", "memory", "8Gi"),
            ("128Mi", "memory", "128Mi"),
            ("1500", "memory", "1Ki"),
            ("1000", "memory", "1000"),
            ("0", "memory", "0"),
            ("110", "pods", "110"),
            ("2", "nvidia.com/gpu", "2"),
        ] {
            assert_eq!(parse(text).unwrap().of(resource), read, "{text}");
        }
    }

    proptest! {
        #[test]
        fn suffixes_scale(number in 0u64..1_000_000_000) {
            let (m, one) = (parse(&format!("{number}m")).unwrap(), parse(&number.to_string()).unwrap());
            prop_assert_eq!(one, std::iter::repeat_n(m, 1000).sum());
            prop_assert_eq!(parse(&format!("{number}Ki")).unwrap(), Quantity::whole(number * 1024));
            prop_assert_eq!(parse(&format!("{number}k")).unwrap(), parse(&format!("{number}e3")).unwrap());
        }

        #[test]
        fn order_is_that_of_the_numbers(a in 0u32.., b in 0u32.., suffix in "|m|k|Ki|Mi|G|e2") {
            let read = |number: u32| parse(&format!("{number}{suffix}")).unwrap();
            prop_assert_eq!(read(a).cmp(&read(b)), a.cmp(&b));
            prop_assert_eq!(read(a).less(read(b)) > Quantity::default(), a > b);
        }

        #[test]
        fn never_panics(text in "[-+0-9.eEKMGTPinumk ]{0,40}") {
            let _ = parse(&text).map(|amount| (amount.of("cpu"), amount.of("memory"), amount + amount));
        }
    }
}
