//! Errors with their place: collected, sorted, and shown as one report.

use crate::error::{Code, Failure};
use crate::text::count;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::collections::BTreeSet;

/// So many errors are shown; the rest is counted.
const SHOWN: usize = 20;

/// A piece of one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Index into [`Texts`].
    pub file: usize,
    /// First byte.
    pub start: usize,
    /// Byte behind the last.
    pub end: usize,
}

/// The files' texts, with the names they are shown by.
#[derive(Debug, Clone, Default)]
pub struct Texts(
    /// Shown name, text.
    pub Vec<(String, String)>,
);

impl Texts {
    fn get(&self, file: usize) -> (&str, &str) {
        self.0.get(file).map_or(("tasks.toml", ""), |(name, text)| (name, text))
    }

    /// The shown name of a file.
    pub fn name(&self, file: usize) -> &str {
        self.get(file).0
    }

    /// What stands at that place.
    pub fn at(&self, place: Place) -> &str {
        self.get(place.file).1.get(place.start..place.end).unwrap_or("")
    }

    /// The 1-based line of a place.
    pub fn line(&self, place: Place) -> usize {
        let text = self.get(place.file).1.as_bytes();
        1 + memchr::memchr_iter(b'\n', &text[..place.start.min(text.len())]).count()
    }

    /// `tasks.toml:7`, for one-line messages.
    pub fn name_line(&self, place: Place) -> String {
        format!("{}:{}", self.get(place.file).0, self.line(place))
    }
}

/// One error.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    place: Place,
    title: String,
    label: String,
    also: Vec<(Place, String)>,
    help: Vec<String>,
}

impl Fault {
    /// What is wrong, and where.
    pub fn new(place: Place, title: impl Into<String>) -> Self {
        Self { place, title: title.into(), label: String::new(), also: Vec::new(), help: Vec::new() }
    }

    /// A few words beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// "did you mean", beside the caret, when there is a near word.
    #[must_use]
    pub fn suggest<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match crate::text::suggest(word, known) {
            Some(near) => self.label(format!("did you mean {}?", show(near))),
            None => self,
        }
    }

    /// Another place that matters.
    #[must_use]
    pub fn also(mut self, place: Place, label: impl Into<String>) -> Self {
        self.also.push((place, label.into()));
        self
    }

    /// A line of advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    fn render(&self, texts: &Texts, renderer: &Renderer) -> String {
        let mut marks = vec![(self.place, self.label.as_str(), AnnotationKind::Primary)];
        marks.extend(self.also.iter().map(|(place, label)| (*place, label.as_str(), AnnotationKind::Context)));
        let mut group = Group::with_title(Level::ERROR.primary_title(self.title.as_str()));
        let mut files: Vec<usize> = marks.iter().map(|(place, ..)| place.file).collect();
        files.dedup();
        for file in files {
            let (name, text) = texts.get(file);
            let here: Vec<_> = marks.iter().filter(|(place, ..)| place.file == file).collect();
            let (first, last) = here
                .iter()
                .fold((usize::MAX, 0), |(first, last), (place, ..)| (first.min(place.start), last.max(place.end)));
            let (window, before) = window(text, first, last);
            let shift = |at: usize| floor_char(window, at.saturating_sub(before));
            let mut snippet =
                Snippet::source(window).path(name).line_start(texts.line(Place { file, start: before, end: before }));
            for (place, label, kind) in here {
                let label = (!label.is_empty()).then_some(*label);
                snippet = snippet.annotation(kind.span(shift(place.start)..shift(place.end)).label(label));
            }
            group = group.element(snippet);
        }
        for help in &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }
}

/// The whole lines around two offsets, and where they begin: the renderer need not see the rest.
fn window(text: &str, first: usize, last: usize) -> (&str, usize) {
    let first = floor_char(text, first);
    let last = floor_char(text, last).max(first);
    let start = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let end = text[last..].find('\n').map_or(text.len(), |at| last + at);
    (&text[start..end], start)
}

fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A word of the file, quoted; control characters escaped, long ones cut.
pub fn show(word: &str) -> String {
    const LONGEST: usize = 60;
    let mut out = String::from("`");
    for (index, c) in word.chars().enumerate() {
        if index == LONGEST {
            out.push('…');
            break;
        }
        if c.is_control() { out.extend(c.escape_debug()) } else { out.push(c) }
    }
    out.push('`');
    out
}

/// Errors so far. The same one, found twice, counts once.
#[derive(Debug, Clone, Default)]
pub struct Faults(BTreeSet<Fault>);

impl Faults {
    /// Adds one.
    pub fn push(&mut self, fault: Fault) {
        self.0.insert(fault);
    }

    /// None so far?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The whole report, in the order of the files.
    pub fn into_failure(self, texts: &Texts, color: bool) -> Failure {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut parts: Vec<String> = self.0.iter().take(SHOWN).map(|fault| fault.render(texts, &renderer)).collect();
        let total = self.0.len();
        let more = total.saturating_sub(SHOWN);
        if more > 0 {
            parts.push(format!("{} in all; {more} more not shown", count(total, "error")));
        } else if total > 1 {
            parts.push(count(total, "error"));
        }
        Failure::new(Code::Config, parts.join("\n\n"))
    }
}
