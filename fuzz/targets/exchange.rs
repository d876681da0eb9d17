//! Any bytes as what curl printed: the answer is the same however it arrives, and what a recording keeps of it reads
//! as the same answer again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use refloat::run::exchange_answer::{Taking, read};
use refloat::run::exchange_show::printed;
use refloat::run::redact::Redactor;

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, text)) = bytes.split_first() else { return };
    let (first, rest) = text.split_at(usize::from(*cut).min(text.len()));
    let mut taking = Taking::default();
    taking.push(first);
    taking.push(rest);
    let whole = read(text);
    assert_eq!(taking.answer(), whole, "in pieces it is another answer");
    let Some(answer) = whole else { return };
    let kept = printed(&Redactor::new(&[]), &answer);
    let again = read(kept.as_bytes()).unwrap_or_else(|| panic!("what is kept is no answer: {kept}"));
    assert_eq!(again.status, answer.status);
    let names = |answer: &refloat::run::exchange_answer::HttpAnswer| -> Vec<String> {
        answer.headers.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(names(&again), names(&answer));
});
