//! What is no root cause, however it is written.

/// Words that say nothing by themselves.
const FILLERS: [&str; 38] = [
    "the",
    "root",
    "cause",
    "reason",
    "is",
    "was",
    "it",
    "its",
    "a",
    "an",
    "of",
    "this",
    "that",
    "failure",
    "still",
    "yet",
    "so",
    "far",
    "now",
    "currently",
    "at",
    "moment",
    "we",
    "i",
    "im",
    "really",
    "just",
    "please",
    "time",
    "found",
    "have",
    "has",
    "been",
    "any",
    "why",
    "what",
    "there",
    "for",
];

/// What went wrong, in words that tell nothing of it: they follow what is unknown.
const NAMELESS: [&str; 14] = [
    "error", "errors", "problem", "problems", "issue", "issues", "cause", "causes", "reason", "reasons", "failure",
    "failures", "bug", "fault",
];

/// What is left of an answer that is none.
const NOTHING: [&str; 46] = [
    "unknown",
    "not known",
    "unclear",
    "not clear",
    "tbd",
    "tba",
    "todo",
    "na",
    "n a",
    "none",
    "nothing",
    "null",
    "nil",
    "dont know",
    "do not know",
    "dunno",
    "idk",
    "no idea",
    "no clue",
    "not sure",
    "unsure",
    "to be determined",
    "to be done",
    "to be defined",
    "later",
    "see later",
    "pending",
    "investigating",
    "under investigation",
    "unidentified",
    "not identified",
    "undetermined",
    "not determined",
    "something",
    "whatever",
    "xxx",
    "fixme",
    "test",
    "asdf",
    "dk",
    "donno",
    "no",
    "yes",
    // What our own hints write where the cause is to stand.
    "text",
    "known",
    "not",
];

/// A word of fewer letters than this is a name that is written in capitals or with digits, or it says nothing.
const SHORTEST: usize = 4;

/// Why this is no root cause; `None` when it may be one.
pub fn objection(text: &str) -> Option<&'static str> {
    let as_typed = text;
    let text = text.to_lowercase();
    if text.trim().is_empty() {
        return Some("it is empty");
    }
    if !text.chars().any(char::is_alphabetic) {
        return Some("there is not a word in it");
    }
    let bare: String = text.chars().filter(|c| !matches!(c, '\'' | '\u{2019}' | '`')).collect();
    let words: Vec<&str> = bare.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let telling: Vec<&str> = words.iter().copied().filter(|word| !FILLERS.contains(word)).collect();
    // "unknown error" tells as much as "unknown", and a bare "error" no more than that.
    let named: Vec<&str> = telling.iter().copied().filter(|word| !NAMELESS.contains(word)).collect();
    let rest = telling.join(" ");
    let is_nothing = |rest: &str| NOTHING.contains(&rest) || NOTHING.contains(&rest.replace(' ', "").as_str());
    // Said twice it is no more: "unknown, tbd".
    let says_nothing = telling.is_empty()
        || is_nothing(&rest)
        || is_nothing(&words.join(" "))
        || is_nothing(&named.join(" "))
        || named.iter().all(|word| NOTHING.contains(word));
    if says_nothing {
        return Some("it says that the cause is not known");
    }
    is_too_short(as_typed).then_some("one short word tells nothing (what is a name stands in capitals: DNS)")
}

/// `x`, `hm`: a word by itself that is no name as OOM, DNS and S3 are. Only of letters that have capitals: elsewhere a
/// word may be two signs.
fn is_too_short(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let (Some(word), None) = (words.next(), words.next()) else { return false };
    let is_name = word.chars().count() > 1 && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    word.is_ascii() && word.len() < SHORTEST && !is_name
}

#[cfg(test)]
mod tests {
    use super::objection;
    use proptest::prelude::*;

    #[test]
    fn what_says_nothing_is_no_cause() {
        for text in [
            "",
            "  ",
            "unknown",
            "Unknown.",
            "UNKNOWN!!",
            "?",
            "???",
            "...",
            "-",
            "tbd",
            "T.B.D.",
            "n/a",
            "N/A",
            "na",
            "none",
            "don't know",
            "Don\u{2019}t know yet",
            "dont know",
            "do not know",
            "I don't know",
            "we do not know yet",
            "idk",
            "no idea",
            "the root cause is unknown",
            "cause: unknown",
            "unknown cause",
            "root cause",
            "not sure",
            "the cause",
            "to be determined",
            "todo",
            "unknown / tbd",
            "42",
            "it is still unclear",
            "n.a.",
            "TEXT",
            "text",
            "<TEXT>",
            "unknown error",
            "Unknown problem.",
            "an unknown issue",
            "unknown cause",
            "unknown reason",
            "unknown failure",
            "the reason of the failure is unknown",
            "error",
            "the problem",
            "no root cause found",
            "No cause found yet",
            "no cause",
            "no reason found",
            "we have no idea why",
            "No idea what the cause is",
            "not known",
            "not known yet",
            "not known at this time",
            "the cause is not known at this time",
            "it has not been found",
            "not found",
            "yes",
            "no",
            "No.",
            "x",
            "X",
            "hm",
            "foo",
            "ok",
        ] {
            assert!(objection(text).is_some(), "{text:?} is no cause");
        }
    }

    #[test]
    fn what_says_something_may_be_one() {
        for text in [
            "DATABASE_URL names an unknown host",
            "image taskflow-backend:1.0.1 was never loaded",
            "x509: certificate signed by unknown authority",
            "the secret is none of ours",
            "OOM",
            "不明なホスト名",
            "nothing listens on port 5432",
            "unknown flag --wait in the chart's hook",
            "the ConfigMap names an unknown host",
            "DNS",
            "TLS",
            "CPU",
            "OOM.",
            "S3",
            "disk",
            "no route to host",
            "no space left on the disk",
            "the image was not found in the node",
            "unknown errors of the proxy: it has no route",
            "the secret has been removed",
            "a text field of the form was renamed",
            "不",
        ] {
            assert_eq!(objection(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_stands_around_it(left in "[ .,!?*-]{0,4}", right in "[ .,!?*-]{0,4}", upper in any::<bool>()) {
            for word in ["unknown", "tbd", "n/a", "don't know"] {
                let word = if upper { word.to_uppercase() } else { word.to_owned() };
                let text = format!("{left}{word}{right}");
                prop_assert!(objection(&text).is_some(), "{}", text);
            }
        }
    }
}
