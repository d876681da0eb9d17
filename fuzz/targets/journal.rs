//! Any bytes as a journal: what a crash left is read as far as it goes, and can be told.

#![no_main]

use libfuzzer_sys::fuzz_target;
use refloat::report::history::{self, Journal};
use refloat::report::render::Verbosity;
use refloat::report::style::Look;

fuzz_target!(|bytes: &[u8]| {
    let journal = Journal::read(bytes);
    assert_eq!(journal.torn, is_torn(bytes));
    let rows: Vec<_> = journal.row().into_iter().collect();
    for (look, verbosity) in
        [(Look::plain(80), Verbosity::Verbose), (Look::full(7), Verbosity::Normal), (Look::plain(0), Verbosity::Quiet)]
    {
        let _ = journal.story(look, verbosity);
        let _ = history::text(&rows, &look);
    }
    let _ = (rows.iter().map(history::last_run).count(), history::json(&rows));
    // A whole line more is one event more, or one that is not known: nothing else changes.
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let whole = Journal::read(&bytes[..end]);
    assert_eq!((whole.events, whole.unknown, whole.torn), (journal.events, journal.unknown, false));
});

/// Something stands behind the last line end.
fn is_torn(bytes: &[u8]) -> bool {
    let last = bytes.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    !last.trim_ascii().is_empty()
}
