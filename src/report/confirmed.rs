//! What the confirming checks said about a finding.

use super::layout::{Piece, columns, flow};
use super::style::Look;
use crate::model::finding::{Answer, Confirmation, Finding};
use std::fmt::Write;

/// A line for each check, under a heading; nothing where none was asked.
pub fn text(finding: &Finding, look: &Look) -> String {
    let mut out = String::new();
    if finding.confirmed.is_empty() {
        return out;
    }
    let styles = look.styles;
    let _ = writeln!(out, "\n{}", styles.strong.style("checked"));
    let wide = finding.confirmed.iter().map(|told| columns(word(told.answer))).max().unwrap_or(0);
    for Confirmation { check, answer, detail } in &finding.confirmed {
        let style = match answer {
            Answer::Confirmed => styles.bad,
            Answer::Refuted => styles.good,
            Answer::CouldNotCheck => styles.warn,
        };
        let start = 2 + wide + 2;
        let gap = " ".repeat(wide - columns(word(*answer)) + 2);
        let _ = write!(out, "  {}{gap}", style.style(word(*answer)));
        let pieces = [Piece::whole(styles.strong, check), Piece::prose(styles.dim, detail)];
        flow(&mut out, start, start.min(6), &pieces, look.width);
    }
    if finding.confirmed.iter().all(|told| told.answer == Answer::Refuted) {
        let why = "every check refutes it: what it says is broken works now";
        out.push_str("  ");
        flow(&mut out, 2, 2, &[Piece::prose(styles.warn, why)], look.width);
    }
    out
}

fn word(answer: Answer) -> &'static str {
    match answer {
        Answer::Confirmed => "confirmed",
        Answer::Refuted => "refuted",
        Answer::CouldNotCheck => "could not check",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::{Diagnosis, Verdict};
    use crate::report::diagnosis;
    use crate::report::samples::{database_auth, lines};

    fn told(answer: Answer, check: &str, detail: &str) -> Confirmation {
        Confirmation { check: check.to_owned(), answer, detail: detail.to_owned() }
    }

    fn root(confirmed: Vec<Confirmation>) -> Finding {
        let mut finding = database_auth().findings.swap_remove(0);
        finding.confirmed = confirmed;
        finding
    }

    #[test]
    fn each_check_has_its_line() {
        let finding = root(vec![
            told(Answer::Confirmed, "secrets-equal", "they differ: 36 and 40 characters"),
            told(Answer::CouldNotCheck, "database-reachable", "kubectl: not on PATH"),
            told(Answer::Refuted, "dns-resolves", "The frontend resolves it"),
        ]);
        let expected = r"
checked
  confirmed        secrets-equal  they differ: 36 and 40 characters
  could not check  database-reachable  kubectl: not on PATH
  refuted          dns-resolves  The frontend resolves it
";
        assert_eq!(text(&finding, &Look::plain(80)).trim_start(), lines(expected));
        assert_eq!(text(&root(vec![]), &Look::plain(80)), "");
    }

    #[test]
    fn a_root_that_is_refuted_whole_says_so() {
        let finding = root(vec![told(Answer::Refuted, "a", "fine"), told(Answer::Refuted, "b", "fine")]);
        let shown = text(&finding, &Look::plain(80));
        assert!(shown.ends_with("  every check refutes it: what it says is broken works now\n"), "{shown}");
        let one = root(vec![told(Answer::Refuted, "a", "fine"), told(Answer::CouldNotCheck, "b", "x")]);
        assert!(!text(&one, &Look::plain(80)).contains("every check"));
    }

    #[test]
    fn it_stands_between_the_proof_and_the_fix() {
        let finding = root(vec![told(Answer::Confirmed, "a", "x\u{1b}[31m")]);
        let answer = Diagnosis { findings: vec![finding], verdict: Verdict::Failing, ..Diagnosis::default() };
        let shown = diagnosis::text(&answer, None, diagnosis::Extent::Screen, &Look::plain(80));
        let at = |words: &str| shown.find(words).unwrap();
        assert!(at("db-auth-failed.jsonl") < at("\nchecked\n") && at("\nchecked\n") < at("\nfix\n"), "{shown}");
        assert!(!shown.contains('\u{1b}'));
    }
}
