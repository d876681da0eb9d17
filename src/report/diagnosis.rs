//! A diagnosis for people, in the order in which it is read at night: what is wrong, in words; the
//! line that proves it; what to do; how to be sure. All the rest may be left unread.

use super::layout::{Piece, columns, flow};
use super::style::{Look, holds_command};
use super::{chain, changes, conditions, confirmed, listing, quote};
use crate::model::finding::{Answer, Confidence, Diagnosis, Finding, Role, Rollback, Verdict};
use crate::model::step::Danger;
use crate::text;
use owo_colors::Style;
use std::fmt::Write;

/// How much of a diagnosis is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extent {
    /// In the middle of a run's story: the likeliest cause, its proof and its fixes.
    Short,
    /// A screen.
    #[default]
    Screen,
    /// Everything, with its places.
    Whole,
}

impl Extent {
    /// Causes told in full; the others have a line each.
    fn causes(self) -> usize {
        match self {
            Self::Short => 1,
            Self::Screen => 3,
            Self::Whole => usize::MAX,
        }
    }

    /// Lines quoted for a cause; the others are counted.
    fn quotes(self) -> usize {
        match self {
            Self::Short => 1,
            Self::Screen => 2,
            Self::Whole => usize::MAX,
        }
    }
}

/// Names in a line of names; the others are counted.
const NAMES: usize = 4;

/// The whole answer. `texts` is how many texts were read, when that is known.
pub fn text(diagnosis: &Diagnosis, texts: Option<usize>, extent: Extent, look: &Look) -> String {
    let mut page = Page { out: String::new(), diagnosis, extent, look };
    match diagnosis.verdict {
        Verdict::Healthy => {
            let where_ = texts.map_or(String::new(), |count| format!(" in {}", text::count(count, "text")));
            let what = format!("nothing wrong found{where_}");
            page.titled((look.styles.good, "healthy"), &[Piece::prose(Style::new(), &what)]);
            page.over("seen, and over");
        }
        Verdict::Unclassified => page.unclassified(),
        Verdict::Failing => page.failing(),
    }
    page.out
}

/// Whether a rollback helps against a cause; nothing where that depends on the release.
pub fn rollback(rollback: Rollback) -> Option<&'static str> {
    match rollback {
        Rollback::Helps => Some("helps: the cause lies in what the release deploys"),
        Rollback::Useless => Some("does not help: the cause lies outside the release"),
        Rollback::Depends => None,
    }
}

struct Page<'a> {
    out: String,
    diagnosis: &'a Diagnosis,
    extent: Extent,
    look: &'a Look,
}

impl Page<'_> {
    fn failing(&mut self) {
        let is_root = |finding: &&Finding| finding.role != Role::Consequence;
        let (mut roots, mut rest): (Vec<&Finding>, Vec<&Finding>) = self.diagnosis.findings.iter().partition(is_root);
        if roots.is_empty() && !rest.is_empty() {
            // Something leads, whatever it is called.
            roots.push(rest.remove(0));
        }
        let (told, brief) = roots.split_at(roots.len().min(self.extent.causes()));
        let mut known: Vec<&str> = Vec::new();
        for (index, root) in told.iter().enumerate() {
            if index > 0 {
                self.out.push('\n');
            }
            self.cause(root);
            self.out.push_str(&confirmed::text(root, self.look));
            self.what_to_do(root);
            self.proof(root);
            self.way_back(root, index == 0);
            // What follows from two causes stands below the likelier one.
            let (follows, others): (Vec<&Finding>, _) =
                rest.into_iter().partition(|finding| root.explains.contains(&finding.id));
            rest = others;
            let again: Vec<&str> =
                known.iter().copied().filter(|id| root.explains.iter().any(|own| own == id)).collect();
            self.follows(&follows, &again);
            known.extend(
                follows.iter().map(|finding| finding.id.as_str()).filter(|id| !known.contains(id)).collect::<Vec<_>>(),
            );
        }
        chain::causes(&mut self.out, "other causes, less likely", brief, self.look);
        match self.extent {
            Extent::Short => self.names("also seen", &ids(&rest)),
            extent => chain::consequences(&mut self.out, "also seen", &rest, extent == Extent::Whole, self.look),
        }
        self.over("ruled out");
    }

    /// Can it be the cause of all the rest? What follows from something else by nature leads only where
    /// the text shows nothing deeper.
    fn is_deepest(&self, root: &Finding) -> bool {
        root.role != Role::Consequence && !self.diagnosis.unexplained.contains(&root.id)
    }

    /// What is wrong, in words, and the lines that say so.
    fn cause(&mut self, root: &Finding) {
        let styles = self.look.styles;
        let is_deepest = self.is_deepest(root);
        let heading = if is_deepest { (styles.bad, "root cause") } else { (styles.warn, "symptom") };
        self.titled(heading, &[Piece::prose(styles.strong, &root.cause)]);
        let mut named = vec![Piece::prose(styles.dim, &format!("{} ({})", root.id, root.family))];
        if !root.subject.is_empty() {
            named.push(Piece::prose(Style::new(), &format!("in {}", root.subject)));
        }
        named.push(Piece::prose(styles.dim, &sure(root)));
        self.beside(&named);
        if !is_deepest {
            let why = "something deeper causes it, and nothing that was read says what";
            self.beside(&[Piece::prose(styles.warn, why)]);
        }
        if root.evidence.is_empty() {
            return;
        }
        self.out.push('\n');
        root.evidence
            .iter()
            .take(self.extent.quotes())
            .for_each(|line| quote::placed(&mut self.out, line, 2, self.look));
        let more = root.evidence.len().saturating_sub(self.extent.quotes());
        if more > 0 {
            let more = format!("and {}, shown by -v", text::count(more, "more line"));
            self.out.push_str("  ");
            flow(&mut self.out, 2, 2, &[Piece::prose(styles.dim, &more)], self.look.width);
        }
    }

    /// The fixes, numbered, with the marks that the list of tasks has for the danger in them.
    fn what_to_do(&mut self, root: &Finding) {
        if root.fixes.is_empty() {
            return;
        }
        let (styles, look) = (self.look.styles, self.look);
        let heading = if self.is_deepest(root) { "fix" } else { "next" };
        let _ = writeln!(self.out, "\n{}", styles.strong.style(heading));
        for (index, fix) in root.fixes.iter().enumerate() {
            let (style, mark) = listing::mark(fix.danger, look);
            let number = format!("{}. ", index + 1);
            let _ = write!(self.out, "{} {number}", style.style(format!("{mark:>2}")));
            let at = 3 + number.len();
            let style = styles.advice(&fix.text);
            // A command that we broke in two is a command that fails.
            let whole = holds_command(&fix.text);
            let piece = if whole { Piece::whole(style, &fix.text) } else { Piece::prose(style, &fix.text) };
            flow(&mut self.out, at, at, &[piece], look.width);
        }
        if root.fixes.iter().any(|fix| fix.danger == Danger::Destroy) {
            let says = format!("{} {}", listing::mark(Danger::Destroy, look).1, conditions::danger(Danger::Destroy));
            self.out.push_str("   ");
            flow(&mut self.out, 3, 6, &[Piece::prose(styles.dim, &says)], look.width);
        }
    }

    /// How to be sure of it.
    fn proof(&mut self, root: &Finding) {
        for (index, command) in root.confirm.iter().enumerate() {
            let command = [Piece::whole(self.look.styles.command, command)];
            if index == 0 {
                self.out.push('\n');
                self.titled((self.look.styles.strong, "confirm"), &command);
            } else {
                self.beside(&command);
            }
        }
    }

    /// What the last revision changed, and whether a rollback helps: told once, of the likeliest cause.
    fn way_back(&mut self, root: &Finding, likeliest: bool) {
        if likeliest && self.extent != Extent::Short {
            changes::text(&mut self.out, self.diagnosis, self.look);
        }
        if self.diagnosis.rollback.is_some() {
            return;
        }
        if let Some(words) = rollback(root.rollback) {
            if root.confirm.is_empty() {
                self.out.push('\n');
            }
            self.titled((self.look.styles.strong, "rollback"), &[Piece::prose(Style::new(), words)]);
        }
    }

    /// What follows from a cause; `again` has been told of a likelier one.
    fn follows(&mut self, follows: &[&Finding], again: &[&str]) {
        match self.extent {
            Extent::Short => {
                let names = ids(follows);
                self.names("it explains", &[names.as_slice(), again].concat());
            }
            extent => {
                chain::consequences(&mut self.out, "it explains", follows, extent == Extent::Whole, self.look);
                let heading = if follows.is_empty() { "it explains" } else { "and also" };
                self.names(heading, again);
            }
        }
    }

    /// What was seen and says nothing about now.
    fn over(&mut self, title: &str) {
        if self.extent != Extent::Short {
            let whole = self.extent == Extent::Whole;
            chain::ruled_out(&mut self.out, title, &self.diagnosis.ruled_out, whole, self.look);
        }
    }

    fn unclassified(&mut self) {
        let (styles, look) = (self.look.styles, self.look);
        let telling = self.diagnosis.telling.as_ref();
        let found = if telling.is_some() { "no known symptom; the last telling line:" } else { "no known symptom" };
        self.titled((styles.warn, "not known"), &[Piece::prose(Style::new(), found)]);
        if let Some(line) = telling {
            self.out.push('\n');
            quote::placed(&mut self.out, line, 2, look);
        }
        self.out.push('\n');
        let hint = "read on from there; a [symptoms.NAME] table in tasks.toml makes refloat know it next time";
        self.titled((styles.strong, "hint"), &[Piece::prose(Style::new(), hint)]);
        self.over("seen, and over");
    }

    /// Names behind a heading, on a line of their own; the first few of them.
    fn names(&mut self, heading: &str, names: &[&str]) {
        if names.is_empty() {
            return;
        }
        let more = names.len().saturating_sub(NAMES);
        let mut words = names[..names.len() - more].join(", ");
        if more > 0 {
            let _ = write!(words, " and {more} more");
        }
        self.out.push('\n');
        self.titled((self.look.styles.strong, heading), &[Piece::prose(Style::new(), &words)]);
    }

    /// Where text starts beside a heading.
    fn margin(&self) -> usize {
        if self.look.gutter() == 0 { 2 } else { 12 }
    }

    /// A heading at the left edge, as all headings of an answer stand, and what it says.
    fn titled(&mut self, heading: (Style, &str), pieces: &[Piece]) {
        let (style, word) = heading;
        let gap = if self.look.gutter() == 0 { 2 } else { 12usize.saturating_sub(columns(word)).max(2) };
        let _ = write!(self.out, "{}{}", style.style(word), " ".repeat(gap));
        let margin = self.margin();
        flow(&mut self.out, columns(word) + gap, margin, pieces, self.look.width);
    }

    /// More of what the heading above says.
    fn beside(&mut self, pieces: &[Piece]) {
        let margin = self.margin();
        self.out.push_str(&" ".repeat(margin));
        flow(&mut self.out, margin, margin, pieces, self.look.width);
    }
}

fn ids<'a>(findings: &[&'a Finding]) -> Vec<&'a str> {
    let mut ids: Vec<&str> = Vec::new();
    for finding in findings {
        if !ids.contains(&finding.id.as_str()) {
            ids.push(&finding.id);
        }
    }
    ids
}

/// How sure, and why.
fn sure(finding: &Finding) -> String {
    let answers = || finding.confirmed.iter().map(|told| told.answer);
    if answers().any(|answer| answer == Answer::Confirmed) {
        return "confidence high: a check confirms it".to_owned();
    }
    if !finding.confirmed.is_empty() && answers().all(|answer| answer == Answer::Refuted) {
        return "confidence low: its checks refute it".to_owned();
    }
    let follow = text::count(finding.explains.len(), "consequence");
    let (word, why) = match finding.confidence {
        Confidence::Low => return "confidence low: nothing else that was seen follows from it".to_owned(),
        Confidence::Medium => ("medium", "one kind of text"),
        Confidence::High => ("high", "several kinds of text"),
    };
    // Vaguer words for the same thing are explained too, and not told.
    let follow = if finding.explains.is_empty() { String::new() } else { format!("{follow}, ") };
    format!("confidence {word}: {follow}{why}")
}

#[cfg(test)]
mod tests;
