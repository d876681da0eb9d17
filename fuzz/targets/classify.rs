//! Any bytes as a text to diagnose: the answer is the same however they arrive, and what it quotes
//! stands there.

#![no_main]

use libfuzzer_sys::fuzz_target;
use refloat::catalog;
use refloat::classify::reading::Reading;
use refloat::classify::rules::Rules;
use refloat::model::finding::{Diagnosis, Head, Os, Quote};
use std::sync::LazyLock;

static RULES: LazyLock<Rules> =
    LazyLock::new(|| Rules::new(catalog::to_find(Vec::new())).unwrap_or_else(|error| panic!("{error:?}")));

/// So much shows a text's encoding: it should come at once.
const FIRST: usize = 512;
/// The bytes in front that say how the rest is cut and what is known of it.
const HEAD: usize = 4;

fuzz_target!(|bytes: &[u8]| {
    let Some((head, text)) = bytes.split_at_checked(HEAD) else { return };
    let known = known(head[0]);
    let whole = read(&known, &[text]);
    assert_eq!(read(&known, &cut(text, &head[1..])), whole, "in pieces it is another diagnosis");
    if is_eight_bit(text) {
        quotes(&whole).for_each(|quote| stands(text, quote));
    }
});

fn known(choice: u8) -> Head {
    let calls: [&[&str]; 6] = [
        &[],
        &["kubectl", "get", "pods"],
        &["kubectl", "describe", "pod", "app-1"],
        &["kubectl", "logs", "app-1"],
        &["helm", "upgrade", "app", "."],
        &["docker", "build", "."],
    ];
    let argv = calls[usize::from(choice >> 1) % calls.len()];
    Head {
        file: "x".to_owned(),
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        is_stderr: choice & 1 == 1,
    }
}

fn cut<'a>(text: &'a [u8], sizes: &[u8]) -> Vec<&'a [u8]> {
    let (first, mut rest) = text.split_at(text.len().min(FIRST));
    let mut pieces = vec![first];
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, behind) = rest.split_at(rest.len().min(usize::from(*size) + 1));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

fn read(head: &Head, pieces: &[&[u8]]) -> Diagnosis {
    let mut reading = Reading::new(&RULES);
    reading.begin(head.clone());
    pieces.iter().for_each(|piece| reading.feed(piece));
    reading.diagnosis(Os::Unix)
}

fn quotes(diagnosis: &Diagnosis) -> impl Iterator<Item = &Quote> {
    let found = diagnosis.findings.iter().flat_map(|finding| &finding.evidence);
    let let_go = diagnosis.ruled_out.iter().filter_map(|out| out.evidence.as_ref());
    found.chain(let_go).chain(&diagnosis.telling)
}

/// Lines of UTF-16 are not those of its bytes.
fn is_eight_bit(text: &[u8]) -> bool {
    !text.contains(&0) && !text.starts_with(&[0xff, 0xfe]) && !text.starts_with(&[0xfe, 0xff])
}

fn stands(text: &[u8], quote: &Quote) {
    let lines = text.split(|byte| *byte == b'\n').count();
    assert!((1..=lines).contains(&quote.line), "line {} of {lines} is quoted", quote.line);
    if let Some((start, end)) = quote.span {
        assert!(quote.text.get(start..end).is_some(), "{start}..{end} is no part of {:?}", quote.text);
    }
}
