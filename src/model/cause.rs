//! What is no root cause, however it is written.

/// Words that say nothing by themselves.
const FILLERS: [&str; 28] = [
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
];

/// What is left of an answer that is none.
const NOTHING: [&str; 42] = [
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
];

/// Why this is no root cause; `None` when it may be one.
pub fn objection(text: &str) -> Option<&'static str> {
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
    let rest = telling.join(" ");
    let is_nothing = |rest: &str| NOTHING.contains(&rest) || NOTHING.contains(&rest.replace(' ', "").as_str());
    // Said twice it is no more: "unknown, tbd".
    let says_nothing = telling.is_empty()
        || is_nothing(&rest)
        || is_nothing(&words.join(" "))
        || telling.iter().all(|word| NOTHING.contains(word));
    says_nothing.then_some("it says that the cause is not known")
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
