//! Documents of any size, piece by piece: what is kept of them does not grow with them.

use super::decode::Decoder;
use super::facts::Facts;
use super::page::Page;
use super::prefix::{self, Prefix};
use super::rejoin::Rejoined;
use super::rules::Rules;
use super::search::{self, Found, SPAN, TAIL, search};
use super::sources::Reader;
use super::text::{Line, MOST, Pod, Progress, Text};
use super::{rank, scan, settle, signs, table, telling};
use crate::model::finding::{Diagnosis, Head, Os, RuledOut, Verdict};
use memchr::memrchr;
use std::borrow::Cow;
use std::panic::resume_unwind;
use std::thread;

/// So much of a text is read at once.
const PIECE: usize = 2 << 20;
/// Texts up to this size may be wrapped: copies of a terminal, not logs.
const WRAPPED: usize = 64 << 10;
/// Pieces from this size on are worth a thread.
const LARGE: usize = 1 << 20;

/// Reads documents, one after the other, and names what is wrong.
pub struct Reading<'r> {
    rules: &'r Rules,
    /// So much of a text is read at once.
    piece: usize,
    /// Texts up to this size may be wrapped: copies of a terminal, not logs.
    wrapped: usize,
    texts: Vec<Text>,
    open: Option<Open>,
}

/// A document that is being read.
struct Open {
    text: Text,
    decoder: Decoder,
    reader: Reader,
    /// Lines that were searched and are looked at again for matches that go on behind them, then what
    /// was not read yet.
    buffer: Vec<u8>,
    /// Where in `buffer` what was not read yet begins.
    fresh: usize,
    /// Index of the first line in `buffer`.
    first: usize,
    /// What stands before every line; known from the first piece on.
    prefix: Option<Option<Prefix>>,
}

impl<'r> Reading<'r> {
    /// Nothing read yet.
    pub fn new(rules: &'r Rules) -> Self {
        Self { rules, piece: PIECE, wrapped: WRAPPED, texts: Vec::new(), open: None }
    }

    /// Begins a document. Calls of one run should come in the order in which they were made: a later
    /// answer can show that an earlier fault has passed.
    pub fn begin(&mut self, head: Head) {
        self.end();
        let reader = Reader::new(&head);
        self.open = Some(Open {
            text: Text::new(head),
            decoder: Decoder::default(),
            reader,
            buffer: Vec::new(),
            fresh: 0,
            first: 0,
            prefix: None,
        });
    }

    /// Takes the next bytes of the document that was begun. The first block should hold at least its
    /// first few hundred bytes, which show its encoding.
    pub fn feed(&mut self, bytes: &[u8]) {
        let Some(open) = &mut self.open else { return };
        for block in bytes.chunks(self.piece) {
            let block = open.decoder.push(block);
            open.buffer.extend_from_slice(&block);
            if open.buffer.len() - open.fresh >= self.piece {
                open.read(self.rules, (self.piece, self.wrapped), false);
            }
        }
    }

    /// Ends the document that was begun.
    pub fn end(&mut self) {
        let Some(mut open) = self.open.take() else { return };
        let rest = open.decoder.finish();
        open.buffer.extend(rest);
        open.read(self.rules, (self.piece, self.wrapped), true);
        open.text.described = std::mem::take(&mut open.reader.layout.described);
        open.text.asked = std::mem::take(&mut open.reader.asked);
        self.texts.push(open.text);
    }

    /// What is wrong, most likely root first. Fixes are for `os`.
    pub fn diagnosis(mut self, os: Os) -> Diagnosis {
        self.end();
        let facts = Facts::new(&self.texts);
        let hits = self
            .texts
            .iter_mut()
            .enumerate()
            .flat_map(|(document, text)| std::mem::take(&mut text.hits).into_hits(document))
            .collect();
        let settled = settle::settle(self.rules, &self.texts, &facts, hits);
        let ruled_out = ruled_out(self.rules, &self.texts, &settled);
        let findings = rank::rank(self.rules, &self.texts, settled.kept, os);
        if !findings.is_empty() {
            let ruled_out = ruled_out.into_iter().filter(|out| findings.iter().all(|found| found.id != out.id));
            return Diagnosis {
                verdict: Verdict::Failing,
                ruled_out: ruled_out.collect(),
                findings,
                ..Diagnosis::default()
            };
        }
        let telling = telling::telling(&self.texts, &facts);
        let verdict = if telling.is_some() { Verdict::Unclassified } else { Verdict::Healthy };
        Diagnosis { verdict, telling, ruled_out, ..Diagnosis::default() }
    }
}

/// What was let go, once for each symptom and reason.
fn ruled_out(rules: &Rules, texts: &[Text], settled: &settle::Settled) -> Vec<RuledOut> {
    let mut out: Vec<RuledOut> = Vec::new();
    for (hit, why) in &settled.over {
        let Some(rule) = rules.rule(hit.rule) else { continue };
        let (id, why) = (&rule.symptom.id, why.words());
        if out.iter().any(|known| known.id == *id && known.why == why) {
            continue;
        }
        out.push(RuledOut {
            id: id.clone(),
            family: rule.symptom.family.clone(),
            subject: hit.subject.rsplit('/').next().unwrap_or_default().to_owned(),
            why: why.to_owned(),
            evidence: texts.get(hit.document).map(|text| text.quote(hit)),
        });
    }
    out
}

impl Open {
    /// Reads what is in the buffer up to its last line end; all of it when it is the `last` piece, or
    /// one line without end.
    fn read(&mut self, rules: &Rules, (size, wrapped): (usize, usize), last: bool) {
        let end = match memrchr(b'\n', self.buffer.get(self.fresh..).unwrap_or_default()) {
            Some(at) if !last => self.fresh + at + 1,
            _ => self.buffer.len(),
        };
        let rest = self.buffer.split_off(end);
        let piece = std::mem::replace(&mut self.buffer, rest);
        let whole = last || !piece.ends_with(b"\n");
        let is_first = self.prefix.is_none();
        let prefix =
            self.prefix.take().unwrap_or_else(|| self.reader.may_be_prefixed().then(|| detect(&piece)).flatten());
        let page = Page::piece(Cow::Borrowed(&piece), prefix.as_ref(), self.first, whole);
        let from = self.first + memchr::memchr_iter(b'\n', piece.get(..self.fresh).unwrap_or_default()).count();
        // The read face may be shorter than the bytes: its own offset counts.
        let fresh = page.start(from);
        let found = self.search(rules, &page, (from, fresh), last);
        self.keep(rules, &page, from, found);
        if is_first && last && page.buffer().len() <= wrapped {
            self.keep_joined(rules, &page);
        }
        // Carried over: what a match could begin in.
        let carry = if last { piece.len() } else { carried(&piece, TAIL.min(size / 2)) };
        self.first += memchr::memchr_iter(b'\n', piece.get(..carry).unwrap_or_default()).count();
        drop(page);
        self.prefix = Some(prefix);
        let mut kept = piece;
        kept.drain(..carry);
        self.fresh = kept.len();
        kept.append(&mut self.buffer);
        self.buffer = kept;
        self.reader.layout.forget(self.first);
    }

    /// Lays the piece out and looks for matches in it: at the same time, where that takes long.
    fn search(&mut self, rules: &Rules, page: &Page<'_>, (from, fresh): (usize, usize), last: bool) -> Found {
        let reader = &mut self.reader;
        if page.buffer().len() < LARGE {
            reader.read(page, from);
            return search(rules, page, fresh, last, |rule| reader.layout.sources().any(|source| rule.reads(source)));
        }
        let all = || search::search(rules, page, fresh, last, |_| true);
        thread::scope(|threads| match thread::Builder::new().spawn_scoped(threads, all) {
            Ok(thread) => {
                reader.read(page, from);
                thread.join().unwrap_or_else(|panic| resume_unwind(panic))
            }
            Err(_) => {
                reader.read(page, from);
                all()
            }
        })
    }

    /// Looks once more where the lines of a whole text are wrapped.
    fn keep_joined(&mut self, rules: &Rules, page: &Page<'_>) {
        let folded = &self.reader.layout.folded;
        // What a tool printed to us was wrapped by nobody; YAML it folds itself.
        if self.text.is_call() && folded.is_empty() {
            return;
        }
        let Some(joined) = Rejoined::new(page, |line| folded.contains(&line)) else { return };
        let text = Page::piece(Cow::Borrowed(&joined.text), None, 0, true);
        let layout = &self.reader.layout;
        let found = search(rules, &text, 0, true, |rule| layout.sources().any(|source| rule.reads(source)));
        scan::collect_joined(rules, (page, &joined, &text), layout, found.matches, &mut self.text.hits);
    }

    /// Keeps what is worth keeping of a piece.
    fn keep(&mut self, rules: &Rules, page: &Page<'_>, from: usize, found: Found) {
        let (layout, text) = (&mut self.reader.layout, &mut self.text);
        for (line, row) in layout.pods.drain(..) {
            text.last_pod = Some(line);
            if text.pods.len() < MOST || text.pods.contains_key(&row.name) {
                let shown = Line::new(page.shown(line), None);
                text.pods.insert(row.name.clone(), Pod { line, row, shown });
            }
        }
        for (line, event, subject) in layout.progress.drain(..) {
            if text.progress.len() < MOST {
                text.progress.push(Progress { line, event, subject, text: page.line(line).to_vec() });
            }
        }
        layout.described.truncate(MOST);
        let known = scan::collect(rules, page, layout, found.matches, &mut text.hits);
        for (sign, at) in found.signs {
            let (line, _) = page.place(at);
            let (words, stretch) = (page.line(line), layout.stretch(line));
            let source = stretch.and_then(|stretch| stretch.source);
            if !Text::is_read(source) || !signs::stands(sign, words) {
                continue;
            }
            text.saw(sign, line);
            let stretch = stretch.map_or(0, |stretch| stretch.id);
            let recovers = signs::is_reached(sign)
                || [signs::RECONNECTED, signs::STARTED].iter().any(|signs| signs.contains(&sign));
            if recovers && !signs::is_denied(words) {
                text.recovered(stretch, sign, line, words);
            } else if signs::ROLLED_OUT.contains(&sign) && text.rolled_out.len() < MOST {
                let name = String::from_utf8_lossy(words).split('"').nth(1).map(str::to_owned);
                if let Some(name) = name {
                    text.rolled_out.insert(table::workload(&name).to_owned(), line);
                }
            } else if signs::ANSWERED.contains(&sign)
                && text.answers.len() < MOST
                && page.line(line + 1).starts_with(b"Address")
            {
                text.answers.push(line);
            }
        }
        // A recovery matters behind a fault of the same stretch, and the open one may have more.
        let open = layout.open();
        let hits = &text.hits;
        text.recoveries.retain(|stretch, _| *stretch == open || hits.has_stretch(*stretch));
        for line in telling::faults(page, from) {
            let source = layout.stretch(line).and_then(|stretch| stretch.source);
            if Text::is_read(source) && !known.contains(&line) {
                text.fault(line, page.shown(line));
            }
        }
    }
}

/// What stands before the lines of a text.
fn detect(piece: &[u8]) -> Option<Prefix> {
    let lines = piece.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    prefix::detect(lines)
}

/// Where the part of a piece begins that is looked at again with the next one: its last lines, and
/// what a pattern for the end of a text needs.
fn carried(piece: &[u8], most: usize) -> usize {
    let mut start = piece.len();
    for _ in 0..=SPAN {
        let Some(before) = start.checked_sub(1).and_then(|end| piece.get(..end)) else { break };
        start = memrchr(b'\n', before).map_or(0, |end| end + 1);
    }
    // Of endless lines only the end.
    let least = piece.len().saturating_sub(most);
    let tail = match memchr::memchr(b'\n', piece.get(least..).unwrap_or_default()) {
        _ if least == 0 => 0,
        Some(at) => least + at + 1,
        None => piece.len(),
    };
    if start < least { tail } else { start.min(tail) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Symptom;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    /// Symptoms of lines, of several lines, of ends, of rows and of events.
    const SYMPTOMS: [(&str, &str, &str); 7] = [
        (
            "refused",
            "database-connection",
            r#"could not connect to server: Connection refused[^\n]*\n\s*Is the server running on host "(?P<host>[^"]+)""#,
        ),
        ("denied", "database-connection", r#"password authentication failed for user "(?P<user>[^"]+)""#),
        ("crash", "crash-loop", r"\d+/\d+\s+CrashLoopBackOff\b"),
        ("ended", "crash-loop", r"something is wrong\s*\z"),
        ("probe", "probe-failure", r"Readiness probe failed: HTTP probe failed with statuscode: (?P<status>\d+)"),
        ("locked", "helm-release-conflict", r"another operation \(install/upgrade/rollback\) is in progress"),
        ("unknown-host", "dns-failure", r"lookup (?P<host>\S+): no such host"),
    ];

    static RULES: LazyLock<Rules> = LazyLock::new(|| {
        let symptom = |(id, family, any): (&str, &str, &str)| {
            let text = format!("id = '{id}'\nfamily = '{family}'\nrole = 'root'\ncause = 'x'\nany = ['''{any}''']");
            toml::from_str::<Symptom>(&text).unwrap()
        };
        Rules::new(SYMPTOMS.map(symptom).to_vec()).unwrap()
    });

    /// Lines of every kind, some of which belong together.
    const LINES: [&str; 18] = [
        "NAME                     READY   STATUS             RESTARTS      AGE",
        "web-6d5b8c7f9d-2xk7p     0/1     CrashLoopBackOff   5 (17s ago)   4m",
        "db-0                     1/1     Running            0             3d",
        "",
        "psycopg2.OperationalError: could not connect to server: Connection refused",
        "\tIs the server running on host \"db\" (10.0.0.5) and accepting",
        "\tTCP/IP connections on port 5432?",
        "INFO:     Application startup complete.",
        "ERROR [app] something is wrong",
        "INFO 0 errors",
        "Events:",
        "  Type     Reason     Age                From     Message",
        "  Warning  Unhealthy  5s (x12 over 2m)   kubelet  Readiness probe failed: HTTP probe failed with statuscode: 503",
        "  Normal   Pulled     3m                 kubelet  Container image \"web:1\" already present on machine",
        "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress",
        "$ kubectl logs deployment/web",
        "\u{1b}[31mFATAL:  password authentication failed for user \"app\"\u{1b}[0m",
        "{\"level\":\"error\",\"msg\":\"dial tcp: lookup db: no such host\\nat x\"}",
    ];

    fn read(text: &[u8], piece: usize, block: usize) -> Diagnosis {
        let mut reading = Reading { piece, wrapped: 0, ..Reading::new(&RULES) };
        reading.begin(Head { file: "x".into(), ..Head::default() });
        text.chunks(block).for_each(|block| reading.feed(block));
        reading.diagnosis(Os::Unix)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn pieces_of_any_size_give_the_same_diagnosis(picks in prop::collection::vec(0usize..18, 1..120), piece in 600usize..3000, crlf: bool) {
            let end = if crlf { "\r\n" } else { "\n" };
            let text: String = picks.into_iter().map(|pick| format!("{}{end}", LINES[pick])).collect();
            let whole = read(text.as_bytes(), PIECE, PIECE);
            prop_assert_eq!(read(text.as_bytes(), piece, 512), whole);
        }

        #[test]
        fn any_bytes_in_any_blocks_are_read(bytes in prop::collection::vec(any::<u8>(), 0..2000), piece in 1usize..300, block in 1usize..300) {
            let _ = read(&bytes, piece, block);
        }
    }

    #[test]
    fn what_is_looked_at_again_begins_at_a_line() {
        let text = b"a\n".repeat(100);
        assert_eq!(carried(&text, TAIL), 0, "the end of a text may be all of it");
        let long = b"abc\n".repeat(40_000);
        let at = carried(&long, TAIL);
        assert!(at.is_multiple_of(4) && long.len() - at <= TAIL && long.len() - at > TAIL - 8, "{at}");
        assert_eq!(carried(&vec![b'x'; 2 * TAIL], TAIL), 2 * TAIL, "a line without end is not kept");
    }
}
