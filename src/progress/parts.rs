//! What several things say of themselves, each by a match: `backend 0/1, frontend 1/1`.

use super::count::{number, words};
use crate::model::pattern::Pattern;

/// More parts than this are told by their number: nobody reads on.
const NAMED: usize = 8;

/// The parts in words; `None` when nothing matches that makes sense.
pub fn parts(pattern: &Pattern, text: &[u8]) -> Option<String> {
    let (mut named, mut more) = (Vec::new(), 0usize);
    for found in pattern.regex().captures_iter(text) {
        let group = |name| found.name(name).map(|group| group.as_bytes());
        let count = |name| group(name).and_then(number);
        let (Some(current), Some(total)) = (count("current"), count("total")) else { continue };
        if named.len() == NAMED {
            more += 1;
            continue;
        }
        let name = group("stage").map(words).unwrap_or_default();
        named.push(format!("{name} {current}/{total}").trim_start().to_owned());
    }
    if more > 0 {
        named.push(format!("{more} more"));
    }
    (!named.is_empty()).then(|| named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_match_is_a_part() {
        let pattern = Pattern::new(r"^taskflow-(?P<stage>\S+)\s+(?P<current>\d+)/(?P<total>\d+)").unwrap();
        let text = b"NAME                READY   UP-TO-DATE   AVAILABLE   AGE\n\
                     other               0/9     1            0           3s\n\
                     taskflow-backend    0/1     1            0           3s\n\
                     taskflow-strange    1/18446744073709551615\n\
                     taskflow-frontend   3/2     1            1           3s\n";
        assert_eq!(parts(&pattern, text).as_deref(), Some("backend 0/1, frontend 3/2"));
        assert_eq!(parts(&pattern, b"No resources found in default namespace.\n"), None);
        let many: String = (0..20_000).map(|n| format!("taskflow-x{n} 0/1\n")).collect();
        let told = parts(&pattern, many.as_bytes()).unwrap();
        assert!(told.ends_with("x7 0/1, 19992 more") && told.len() < 200, "{told}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_no_harm(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            let pattern = Pattern::new(r"(?P<stage>.*?)(?P<current>\d+)/(?P<total>\d+)").unwrap();
            prop_assert!(parts(&pattern, &text).is_none_or(|told| told.len() <= NAMED * 1000));
        }
    }
}
