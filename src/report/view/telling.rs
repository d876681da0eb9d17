//! Which line of a tool's output is worth a place beside its step.

/// Says the line something? Not a blank one, nor what Go's klog writes about the tool itself: kubectl prints
/// five such lines before the one that matters (k8s.io/klog, `header`: `E1123 01:24:15.158838   29886 x.go:265]`).
pub fn is_telling(line: &str) -> bool {
    let line = line.trim_start();
    !line.is_empty() && !is_klog(line.as_bytes())
}

/// Looks at the first bytes only: this is asked for every line of every tool.
fn is_klog(line: &[u8]) -> bool {
    const SHAPE: &[u8] = b"Ldddd dd:dd:dd.d";
    let Some((head, rest)) = line.split_at_checked(SHAPE.len()) else { return false };
    let fits = head.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'L' => matches!(byte, b'I' | b'W' | b'E' | b'F'),
        b'd' => byte.is_ascii_digit(),
        shape => byte == shape,
    });
    // What is left of the fraction ends at the first blank; between the others there may be several.
    let Some(end) = rest.iter().position(|byte| *byte == b' ') else { return false };
    let (fraction, rest) = rest.split_at(end);
    let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    fits && is_number(fraction)
        && words.next().is_some_and(is_number)
        && words.next().is_some_and(|place| place.contains(&b':') && place.contains(&b']'))
}

fn is_number(word: &[u8]) -> bool {
    word.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;

    #[test]
    fn noise_is_passed_over() {
        for line in [
            "",
            "  \t",
            "I0000 00:00:00.0 0 :]",
            "E1123 01:24:15.158838   29886 memcache.go:265] \"Unhandled Error\" err=\"x\"",
        ] {
            assert!(!is_telling(line), "{line}");
        }
        for line in
            ["E1123", "Step 3/9 : RUN npm ci", "E1123 was the code", "E1123 01:24:15 not a log", "Iñtërnâtiônàl"]
        {
            assert!(is_telling(line), "{line}");
        }
    }

    proptest! {
        /// The quick look says what the pattern says.
        #[test]
        fn klog_is_known_by_its_header(
            line in "[IWEFX][0-9]{3,5} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{0,6} {0,3}[0-9]{0,5} {0,2}[a-z.:0-9]{0,8}\\]?[ a-z]{0,5}",
        ) {
            let pattern = Regex::new(r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ +[^ ]*:[^ ]*\]").unwrap();
            let strict = pattern.is_match(&line);
            prop_assert!(!strict || is_klog(line.as_bytes()), "{line}");
            let loose = Regex::new(r"^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ +\S+").unwrap();
            prop_assert!(!is_klog(line.as_bytes()) || loose.is_match(&line), "{line}");
        }
    }
}
