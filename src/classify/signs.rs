//! Words that show that an earlier fault is over. They are looked for in the same pass as the
//! literals of the rules, and remembered by the last line on which they stood.

use std::ops::Range;

/// All signs; the constants below are ranges of it.
const SIGNS: [&str; 32] = [
    // A database or a host was reached after all.
    "database ready",
    "database is ready",
    "database connected",
    "database connection established",
    "database connection successful",
    "connected to database",
    "connected to the database",
    "connected to postgres",
    "connected to mysql",
    "connected to mongo",
    "connected to redis",
    "connection established",
    "successfully connected",
    "reconnected",
    // A start has succeeded.
    "Application startup complete",
    "Uvicorn running on",
    "Listening at",
    "listening on",
    "Server started",
    "Started Application in",
    "ready to accept connections",
    "Ready in ",
    // A release is deployed.
    "STATUS: deployed",
    "Happy Helming!",
    "\tdeployed",
    " deployed ",
    // The rest.
    "Done! kubectl is now configured",
    "Successfully tagged ",
    "successfully rolled out",
    "successfully",
    "Name:",
    // Somebody was reached; the line says who.
    "connected to",
];

/// The case of these is part of them.
const EXACT: Range<usize> = 22..31;
/// A database or a host was reached after all.
pub(crate) const RECONNECTED: Range<usize> = 0..11;
/// A start has succeeded.
pub(crate) const STARTED: Range<usize> = 14..22;
/// A revision is deployed: a row of a table.
pub(crate) const REVISION: Range<usize> = 24..26;
/// A release is deployed, in helm's own words.
pub(crate) const DEPLOYED_WELL: Range<usize> = 22..24;
/// Something has succeeded.
pub(crate) const SUCCEEDED: Range<usize> = 29..30;
/// A cluster is up.
pub(crate) const CLUSTER_UP: Range<usize> = 26..27;
/// An image is built.
pub(crate) const BUILT: Range<usize> = 27..28;
/// A deployment is rolled out; the line names it.
pub(crate) const ROLLED_OUT: Range<usize> = 28..29;
/// nslookup's answer, when an address follows.
pub(crate) const ANSWERED: Range<usize> = 30..31;

/// Somebody was reached; the line says who.
const REACHED: [Range<usize>; 2] = [11..14, 31..32];

/// Does this sign say that somebody was reached?
pub(crate) fn is_reached(sign: usize) -> bool {
    REACHED.iter().any(|signs| signs.contains(&sign))
}

/// The signs as literals in lower case, in order.
pub(crate) fn literals() -> impl Iterator<Item = String> {
    SIGNS.iter().map(|sign| sign.to_ascii_lowercase())
}

/// Does the sign, found without regard to case, stand on this line?
pub(crate) fn stands(sign: usize, line: &[u8]) -> bool {
    if !EXACT.contains(&sign) {
        return true;
    }
    let Some(text) = SIGNS.get(sign) else { return false };
    if ANSWERED.contains(&sign) {
        return line.starts_with(text.as_bytes());
    }
    memchr::memmem::find(line, text.as_bytes()).is_some()
}

/// "not yet connected to database", "failed: connected to …".
pub(crate) fn is_denied(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    ["not ", "fail", "unable", "error"].iter().any(|no| line.contains(no))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges_are_those_of_the_words() {
        let of = |range: Range<usize>| SIGNS[range].to_vec();
        assert_eq!(*of(RECONNECTED).last().unwrap(), "connected to redis");
        assert!((0..SIGNS.len()).filter(|sign| is_reached(*sign)).count() == 4 && is_reached(13));
        assert_eq!((of(STARTED)[0], *of(STARTED).last().unwrap()), ("Application startup complete", "Ready in "));
        assert_eq!((of(DEPLOYED_WELL)[0], of(REVISION)[1]), ("STATUS: deployed", " deployed "));
        assert_eq!(of(CLUSTER_UP), ["Done! kubectl is now configured"]);
        assert_eq!((of(BUILT), of(ROLLED_OUT)), (vec!["Successfully tagged "], vec!["successfully rolled out"]));
        assert_eq!((of(SUCCEEDED), of(ANSWERED)), (vec!["successfully"], vec!["Name:"]));
        assert_eq!(of(31..32), ["connected to"]);
    }

    #[test]
    fn some_signs_are_told_by_their_case_and_place() {
        assert!(stands(0, b"whatever"), "found without regard to case");
        assert!(stands(DEPLOYED_WELL.start, b"STATUS: deployed") && !stands(DEPLOYED_WELL.start, b"status: deployed"));
        assert!(stands(ANSWERED.start, b"Name:\tweb") && !stands(ANSWERED.start, b" Name: web"));
        assert!(is_denied(b"not yet connected to database") && !is_denied(b"connected to database"));
    }
}
