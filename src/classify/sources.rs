//! Which kind of text each stretch of lines is, and what the tables in it say.
//!
//! A document may mix everything: a pasted session holds prompts, tables, a describe, a log and
//! somebody's comments. The call that printed it, when known, is a strong hint; the text itself
//! decides the rest.

use super::command::{self, Printed, Typed};
use super::focus;
use super::header::{self, Header, Kind};
use super::heads;
use super::marks;
use super::page::Page;
use super::table::{self, EventRow, PodRow};
use crate::model::finding::{Head, Source};
use std::collections::BTreeSet;
use std::ops::Range;

/// So many asked names are remembered of one document.
const ASKED: usize = 1000;

/// So many folded lines are remembered.
const FOLDED: usize = 10_000;

/// A run of lines of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Its number in the document, from 0.
    pub(crate) id: usize,
    /// Index of its first line.
    pub(crate) first: usize,
    /// `None` is never read: a typed command, a fence.
    pub(crate) source: Option<Source>,
    /// What it is about: a pod, a deployment; may be empty.
    pub(crate) subject: String,
}

/// What a `kubectl describe pod` says of its containers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Described {
    /// Index of its `Name:` line.
    pub(crate) line: usize,
    /// The pod.
    pub(crate) name: String,
    /// Containers that are `Ready: True`.
    pub(crate) ready: usize,
    /// Containers that are not.
    pub(crate) unready: usize,
    /// Some container has restarted.
    pub(crate) restarted: bool,
}

/// A document, laid out.
#[derive(Debug, Default)]
pub(crate) struct Layout {
    stretches: Vec<Stretch>,
    /// Rows of pod tables, with their lines.
    pub(crate) pods: Vec<(usize, PodRow)>,
    /// Rows of `Normal` events that show progress (`Scheduled`, `Pulled`, `Started`), with their lines
    /// and the subject of the describe they stand in.
    pub(crate) progress: Vec<(usize, EventRow, String)>,
    /// Pods that were described.
    pub(crate) described: Vec<Described>,
    /// Lines of a manifest's status that go on from the one before.
    pub(crate) folded: BTreeSet<usize>,
}

impl Layout {
    /// The stretch that holds a line.
    pub(crate) fn stretch(&self, line: usize) -> Option<&Stretch> {
        self.stretches
            .partition_point(|stretch| stretch.first <= line)
            .checked_sub(1)
            .and_then(|at| self.stretches.get(at))
    }

    /// The kinds of text in it.
    pub(crate) fn sources(&self) -> impl Iterator<Item = Source> {
        self.stretches.iter().filter_map(|stretch| stretch.source)
    }

    /// Forgets the stretches that end before a line. At least the last one stays.
    pub(crate) fn forget(&mut self, line: usize) {
        let here = self.stretches.partition_point(|stretch| stretch.first <= line).saturating_sub(1);
        self.stretches.drain(..here);
    }

    /// The number of the stretch that is still open.
    pub(crate) fn open(&self) -> usize {
        self.stretches.last().map_or(0, |last| last.id)
    }
}

/// What structure the lines are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Rows of pods.
    Pods,
    /// Rows of anything else.
    Other,
    /// Rows of events.
    Events,
    /// `kubectl describe pod`.
    DescribePod,
    /// `kubectl describe` of anything else.
    DescribeOther,
    /// YAML or JSON.
    Manifest,
    /// A line of a manifest's status, or its continuation at a deeper indent.
    Condition(usize),
}

/// Lays a document out, piece by piece.
pub(crate) struct Reader {
    /// What is known so far.
    pub(crate) layout: Layout,
    /// What lines are when nothing in them says otherwise.
    base: Printed,
    mode: Option<Mode>,
    /// The describe's subject.
    subject: String,
    /// Lines of this call's log are never anything else.
    is_log: bool,
    /// Known from a call: the text holds no prompts.
    is_call: bool,
    /// Releases and components that were asked for.
    pub(crate) asked: Vec<String>,
    /// The header of the table of pods.
    header: Option<Header>,
    /// The next line goes on with a typed command.
    goes_on: bool,
}

impl Reader {
    /// Knows of the document what its name and its call tell.
    pub(crate) fn new(head: &Head) -> Self {
        let base = match head.argv.first() {
            None => Printed { source: heads::kind_of_file(&head.file), subject: String::new() },
            Some(program) => {
                let mut printed = command::printed(head.argv.iter().map(String::as_str));
                if head.is_stderr && !matches!(printed.source, Source::Helm | Source::Minikube | Source::Docker) {
                    printed.source = match program.as_str() {
                        "kubectl" => Source::Kubectl,
                        "helm" => Source::Helm,
                        _ => Source::Unknown,
                    };
                }
                printed
            }
        };
        let is_call = !head.argv.is_empty();
        let is_log = is_call && base.source == Source::PodLog;
        let mode = (base.source == Source::Manifest).then_some(Mode::Manifest);
        let argv: Vec<&str> = head.argv.iter().map(String::as_str).collect();
        let asked = focus::asked(&argv).into_iter().collect();
        Self {
            layout: Layout::default(),
            subject: String::new(),
            base,
            mode,
            is_log,
            is_call,
            asked,
            header: None,
            goes_on: false,
        }
    }

    /// May something foreign stand before its lines? A list in a manifest only looks like it.
    pub(crate) fn may_be_prefixed(&self) -> bool {
        self.base.source != Source::Manifest
    }

    /// Lays out the lines of `page` from the line of index `from` on.
    pub(crate) fn read(&mut self, page: &Page<'_>, from: usize) {
        let marked = marks::marked(page);
        // The next line, where it begins, and the next marked line.
        let (mut index, mut start, mut next) = (from, page.start(from), None);
        while index < page.end() {
            if next.is_none_or(|next| next < index) {
                next = Some(marked.next(index).unwrap_or(page.end()));
            }
            if next != Some(index) && self.is_plain() {
                // Most lines of a log: nothing in them could change what they are.
                index = self.plain(index..next.unwrap_or(page.end()), page);
                start = page.start(index);
                continue;
            }
            let (line, end) = page.line_at(start);
            let line = String::from_utf8_lossy(line);
            let (source, subject) = self.line(index, &line);
            self.push(index, source, subject);
            (index, start) = (index + 1, end);
        }
    }

    fn push(&mut self, first: usize, source: Option<Source>, subject: String) {
        let same = self.layout.stretches.last().is_some_and(|last| last.source == source && last.subject == subject);
        if !same {
            let id = self.layout.stretches.last().map_or(0, |last| last.id + 1);
            self.layout.stretches.push(Stretch { id, first, source, subject });
        }
    }

    /// Does an unmarked line stay what the line before it was?
    fn is_plain(&self) -> bool {
        let inside = Some(Mode::DescribePod) == self.mode
            || self.goes_on
            || matches!(self.mode, Some(Mode::Pods | Mode::Events))
            || matches!(self.mode, Some(Mode::DescribeOther | Mode::Manifest | Mode::Condition(_)));
        self.is_log || !inside
    }

    /// Takes unmarked lines; the next one to read. Only an empty line can change what they are: it ends
    /// a table.
    fn plain(&mut self, lines: Range<usize>, page: &Page<'_>) -> usize {
        let is_table = !self.is_log && self.mode.is_some();
        let end = if is_table { page.empty(lines.clone()) } else { Some(lines.start) };
        if end == Some(lines.start) {
            self.mode = None;
        }
        let (source, subject) = if self.is_log { self.base() } else { self.here() };
        self.push(lines.start, source, subject);
        match end {
            Some(end) if end > lines.start => end,
            _ => lines.end,
        }
    }

    fn base(&self) -> (Option<Source>, String) {
        (Some(self.base.source), self.base.subject.clone())
    }

    fn line(&mut self, index: usize, line: &str) -> (Option<Source>, String) {
        if self.is_log {
            return self.base();
        }
        let text = line.trim_start_matches(['#', ' ', '\t']);
        if !self.is_call {
            if let Some(language) = text.strip_prefix("```") {
                self.base = Printed { source: Source::Unknown, subject: String::new() };
                let manifest =
                    matches!(language.trim(), "yaml" | "yml" | "json" | "toml" | "dockerfile" | "Dockerfile");
                self.mode = manifest.then_some(Mode::Manifest);
                return (None, String::new());
            }
            if std::mem::take(&mut self.goes_on) {
                self.goes_on = command::goes_on(line);
                return (None, String::new());
            }
            match command::typed(line) {
                Some(Typed::Tool(printed)) => {
                    self.goes_on = command::goes_on(line);
                    if self.asked.len() < ASKED {
                        self.asked.extend(focus::typed(line));
                    }
                    self.mode = (printed.source == Source::Manifest).then_some(Mode::Manifest);
                    self.base = printed;
                    return (None, String::new());
                }
                Some(Typed::Other) => {
                    self.base = Printed { source: Source::Unknown, subject: String::new() };
                    self.mode = None;
                    return (None, String::new());
                }
                None => {}
            }
            if self.base.source == Source::PodLog {
                return self.base();
            }
        }
        if text.is_empty() {
            if !matches!(self.mode, Some(Mode::DescribePod | Mode::DescribeOther | Mode::Manifest)) {
                self.mode = None;
            }
            return self.here();
        }
        self.structure(index, line, text);
        match heads::spoken(text) {
            Some(source) if !matches!(self.mode, Some(Mode::Manifest | Mode::Condition(_) | Mode::Events)) => {
                (Some(source), self.base.subject.clone())
            }
            _ => self.here(),
        }
    }

    fn here(&self) -> (Option<Source>, String) {
        let source = match self.mode {
            None => return self.base(),
            Some(Mode::Pods) => Source::PodTable,
            Some(Mode::Other) => Source::OtherTable,
            Some(Mode::Events) => Source::Events,
            Some(Mode::DescribePod) => Source::DescribePod,
            Some(Mode::DescribeOther | Mode::Condition(_)) => Source::DescribeOther,
            Some(Mode::Manifest) => Source::Manifest,
        };
        let about_subject = matches!(self.mode, Some(Mode::Events | Mode::DescribePod | Mode::DescribeOther));
        (Some(source), if about_subject { self.subject.clone() } else { String::new() })
    }

    /// Enters and leaves tables, describes and manifests.
    fn structure(&mut self, index: usize, line: &str, text: &str) {
        if matches!(self.mode, Some(Mode::Manifest | Mode::Condition(_))) {
            self.manifest(index, line);
            if self.is_call || matches!(self.mode, Some(Mode::Condition(_))) {
                return;
            }
        }
        if let Some(event) = self.event_row(text) {
            self.mode = Some(Mode::Events);
            if !event.warning && matches!(event.reason.as_str(), "Scheduled" | "Pulled" | "Started") {
                let subject = if event.object.is_empty() { self.subject.clone() } else { event.object.clone() };
                self.layout.progress.push((index, event, subject));
            }
            return;
        }
        if let Some(row) = self.pod_row(text) {
            self.layout.pods.push((index, row));
            self.mode = Some(Mode::Pods);
            return;
        }
        if let Some(mode) = heads::header(text) {
            self.mode = Some(mode);
            self.header = Header::read(text);
            if mode == Mode::Events && line.starts_with(|c: char| c.is_ascii_uppercase()) && !text.starts_with("Events")
            {
                self.subject = String::new();
            }
            return;
        }
        if let Some(unit) = heads::unit(text).filter(|_| !self.is_call) {
            self.base = Printed { source: heads::source_of_unit(unit), subject: String::new() };
            self.mode = None;
            return;
        }
        if heads::is_manifest_head(line) {
            self.mode = Some(Mode::Manifest);
            return;
        }
        if self.mode == Some(Mode::Pods) {
            // A log pasted right under the table: what is no row of it is not in it.
            self.mode = None;
        }
        self.describe(index, line, text);
    }

    /// A row of pods: by its cells, or by the columns of the header above it.
    fn pod_row(&self, text: &str) -> Option<PodRow> {
        table::pod_row(text).or_else(|| {
            let header = self.header.as_ref().filter(|header| header.kind() == Kind::Pods)?;
            if self.mode == Some(Mode::Pods) { header::pod_row_under(header, text) } else { None }
        })
    }

    /// A row of events: by its cells, or by the columns of the header above it.
    fn event_row(&self, text: &str) -> Option<EventRow> {
        table::event_row(text).or_else(|| {
            let header = self.header.as_ref().filter(|header| header.kind() == Kind::Events)?;
            if self.mode == Some(Mode::Events) { header::event_row_under(header, text) } else { None }
        })
    }

    fn manifest(&mut self, index: usize, line: &str) {
        let indent = line.len() - line.trim_start_matches([' ', '-']).len();
        if let Some(Mode::Condition(deep)) = self.mode
            && indent > deep
        {
            if self.layout.folded.len() < FOLDED {
                self.layout.folded.insert(index);
            }
            return;
        }
        let key = line.trim_start_matches([' ', '-', '"']);
        let told = ["message:", "message\":", "reason:", "reason\":"].iter().any(|word| key.starts_with(word));
        self.mode = Some(if told { Mode::Condition(indent) } else { Mode::Manifest });
    }

    fn describe(&mut self, index: usize, line: &str, text: &str) {
        let Some((key, value)) = text.split_once(':') else { return };
        let value = value.trim();
        if key == "Name" && !value.is_empty() && !value.contains(' ') && (line.len() - text.len() < 8) {
            self.subject = value.to_owned();
            self.mode = Some(match self.base.source {
                Source::DescribePod => Mode::DescribePod,
                _ => Mode::DescribeOther,
            });
            self.layout.described.push(Described { line: index, name: value.to_owned(), ..Described::default() });
            return;
        }
        if !matches!(self.mode, Some(Mode::DescribePod | Mode::DescribeOther)) {
            return;
        }
        let Some(described) = self.layout.described.last_mut() else { return };
        if self.mode == Some(Mode::DescribeOther) && heads::described(line) == Some(heads::Described::Pod) {
            self.mode = Some(Mode::DescribePod);
        }
        match (key, value) {
            ("Ready", "True") => described.ready += 1,
            ("Ready", "False") => described.unready += 1,
            ("Restart Count", count) if count != "0" => described.restarted = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Option<Source>> {
        let page = Page::new(text.as_bytes());
        let mut reader = Reader::new(&Head::default());
        reader.read(&page, 0);
        (0..page.end()).map(|line| reader.layout.stretch(line).and_then(|stretch| stretch.source)).collect()
    }

    #[test]
    fn a_pasted_session() {
        let session = "\
$ kubectl get pods
NAME    READY   STATUS    RESTARTS   AGE
web-0   1/1     Running   0          5m

$ kubectl logs web-0
NAME  READY  STATUS is what the app prints
$ kubectl describe pod web-0
Name:   web-0
Node:   minikube/1.2.3.4
Events:
  Type    Reason     Age   From     Message
  ----    ------     ----  ----     -------
  Normal  Pulled     5s    kubelet  Pulled
$ helm get values web
a: b";
        use Source::{DescribeOther, DescribePod, Events, Manifest, PodLog, PodTable};
        let expected = [
            None,
            Some(PodTable),
            Some(PodTable),
            Some(PodTable),
            None,
            Some(PodLog),
            None,
            Some(DescribePod),
            Some(DescribePod),
            Some(DescribePod),
            Some(Events),
            Some(Events),
            Some(Events),
            None,
            Some(Manifest),
        ];
        let mut found = kinds(session);
        // A blank line ends a table; it belongs to nobody in particular.
        found[3] = Some(PodTable);
        assert_eq!(found, expected);
        assert_eq!(kinds("Name: svc\nType: ClusterIP")[1], Some(DescribeOther));
    }

    #[test]
    fn manifests_are_read_for_their_conditions_only() {
        let text = "apiVersion: v1\nstatus:\n  - message: 'pods is forbidden:\n      exceeded quota'\n    reason: FailedCreate";
        use Source::{DescribeOther, Manifest};
        assert_eq!(
            kinds(text),
            [Some(Manifest), Some(Manifest), Some(DescribeOther), Some(DescribeOther), Some(DescribeOther)]
        );
    }
}
