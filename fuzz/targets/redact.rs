//! Any bytes with a known secret among them: it never comes out, in no encoding; and going over a text
//! twice changes nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use refloat::run::lines::Lines;
use refloat::run::redact::Redactor;
use refloat::run::redact_stream::RedactStream;
use std::sync::LazyLock;

const SECRET: &str = "Tr0ub4dor&3/x";
/// As tools print it: plain, base64, URL, JSON in JSON.
const FORMS: [&str; 4] = [SECRET, "VHIwdWI0ZG9yJjMveA==", "Tr0ub4dor%263%2Fx", "Tr0ub4dor\\u00263/x"];

static KNOWING: LazyLock<Redactor> = LazyLock::new(|| Redactor::new(&[SECRET.to_owned()]));

fuzz_target!(|bytes: &[u8]| {
    let [form, at, text @ ..] = bytes else { return };
    // The mask must be ours; a text that already holds the secret's pieces proves nothing.
    let form = FORMS[usize::from(*form) % FORMS.len()];
    let at = usize::from(*at) * text.len() / 255;
    let planted = [&text[..at], form.as_bytes(), &text[at..]].concat();
    let out = redact(&KNOWING, &planted);
    for form in FORMS {
        assert!(!holds(&out, form), "{form} is left in {:?}", String::from_utf8_lossy(&out));
    }
    // What is printed is text.
    let text = String::from_utf8_lossy(&planted).into_owned();
    let once = redact(&KNOWING, text.as_bytes());
    let twice = redact(&KNOWING, &once);
    assert_eq!(String::from_utf8_lossy(&twice), String::from_utf8_lossy(&once), "a second pass changes {text:?}");
    let words: Vec<&str> = text.split(' ').collect();
    let argv = KNOWING.argv(words.iter().copied());
    assert_eq!(argv.len(), words.len());
    assert!(!argv.iter().any(|word| word.contains(SECRET)));
    let _ = KNOWING.encoded(&planted, true);
});

/// As the engine does it: line by line.
fn redact(redactor: &Redactor, text: &[u8]) -> Vec<u8> {
    let (mut lines, mut stream, mut out) = (Lines::default(), RedactStream::new(redactor), Vec::new());
    let mut each = |line: &refloat::run::lines::Line| {
        out.extend(stream.line(&line.text));
        out.extend_from_slice(line.end);
    };
    lines.feed(text, &mut each);
    lines.finish(&mut each);
    out
}

fn holds(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|window| window == part.as_bytes())
}
