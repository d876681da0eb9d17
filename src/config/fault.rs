//! Errors with their place: collected, sorted, and shown as one report.

use crate::error::{Code, Failure};
use crate::text::count;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, Title};
use std::collections::BTreeSet;

/// So many errors are shown; the rest is counted.
const SHOWN: usize = 20;
/// With so many, nobody waits for the rest: each costs a search for what was meant.
const HOPELESS: usize = 200;

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
pub struct Texts {
    files: Vec<Text>,
}

#[derive(Debug, Clone, Default)]
struct Text {
    name: String,
    text: String,
    /// Offsets of the line ends.
    ends: Vec<usize>,
}

impl Texts {
    /// Adds a file; the first is 0.
    pub fn add(&mut self, name: &str, text: String) {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes()).collect();
        self.files.push(Text { name: name.to_owned(), text, ends });
    }

    /// The text of a file.
    pub fn text(&self, file: usize) -> &str {
        self.files.get(file).map_or("", |file| &file.text)
    }

    /// The shown name of a file.
    pub fn name(&self, file: usize) -> &str {
        self.files.get(file).map_or("tasks.toml", |file| &file.name)
    }

    /// The 1-based line of a place.
    pub fn line(&self, place: Place) -> usize {
        1 + self.files.get(place.file).map_or(0, |file| file.ends.partition_point(|end| *end < place.start))
    }

    /// `tasks.toml:7`, for one-line messages.
    pub fn name_line(&self, place: Place) -> String {
        format!("{}:{}", self.name(place.file), self.line(place))
    }

    /// `tasks.toml:7:12`, column in characters.
    pub fn name_line_column(&self, place: Place) -> String {
        let before = self.text(place.file).get(..place.start).unwrap_or_default();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{}:{column}", self.name_line(place))
    }

    /// The same texts with stars for what is secret, byte for byte: reports quote lines, and end up
    /// in the logs of others. Of `tasks.local.toml` nothing is shown behind a key.
    #[must_use]
    pub fn masked(&self, secrets: &[Place]) -> Self {
        let mut masked = self.clone();
        for (at, file) in masked.files.iter_mut().enumerate() {
            if at > 0 {
                file.text = file.text.split_inclusive('\n').map(mask_line).collect();
                continue;
            }
            for place in secrets.iter().filter(|place| place.file == at) {
                if let Some(secret) = file.text.get(place.start..place.end) {
                    let stars = stars(secret);
                    file.text.replace_range(place.start..place.end, &stars);
                }
            }
        }
        masked
    }
}

/// As many bytes of stars; line ends stay.
fn stars(text: &str) -> String {
    text.bytes().map(|byte| if byte.is_ascii_whitespace() { byte as char } else { '*' }).collect()
}

fn mask_line(line: &str) -> String {
    let header = line.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if header.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))) {
        return line.to_owned();
    }
    match line.split_once('=') {
        Some((key, value)) => format!("{key}={}", stars(value)),
        None => stars(line),
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
        match near(word, known) {
            Some(near) => self.label(format!("did you mean {}?", show(near))),
            None => self,
        }
    }

    /// "did you mean"; or else the names that there are, or how to declare the first.
    #[must_use]
    pub fn among<'a>(self, word: &str, what: &str, known: impl IntoIterator<Item = &'a str>, declare: &str) -> Self {
        const FEW: usize = 16;
        let known: Vec<&str> = known.into_iter().collect();
        if let Some(near) = near(word, known.iter().copied()) {
            return self.label(format!("did you mean {}?", show(near)));
        }
        match known.len() {
            0 => self.help(format!("there are no {what}; {declare}")),
            len if len <= FEW => self.help(format!("{what}: {}", known.join(", "))),
            len => self.help(format!("{what}: {}, and {} more", known[..FEW].join(", "), len - FEW)),
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

    /// The fault alone, as the report shows it: a warning or an error of a kind that has a name.
    pub fn shown(&self, texts: &Texts, kind: &'static str, is_warning: bool, color: bool) -> String {
        let level = if is_warning { Level::WARNING } else { Level::ERROR };
        self.under(level.primary_title(self.title.as_str()).id(kind), texts, &renderer(color))
    }

    fn render(&self, texts: &Texts, renderer: &Renderer) -> String {
        self.under(Level::ERROR.primary_title(self.title.as_str()), texts, renderer)
    }

    fn under(&self, title: Title<'_>, texts: &Texts, renderer: &Renderer) -> String {
        let mut marks = vec![(self.place, self.label.as_str(), AnnotationKind::Primary)];
        marks.extend(self.also.iter().map(|(place, label)| (*place, label.as_str(), AnnotationKind::Context)));
        let mut group = Group::with_title(title);
        // The files in the order of the marks, each once: that of the error itself first.
        let mut files: Vec<usize> = Vec::new();
        for (place, ..) in &marks {
            if !files.contains(&place.file) {
                files.push(place.file);
            }
        }
        for file in files {
            let (name, text) = (texts.name(file), texts.text(file));
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
        // The renderer shows ASCII controls as pictures, but lets those of Latin-1 through, and a
        // terminal takes U+009B for the start of an escape sequence.
        renderer.render(&[group]).replace(|c| matches!(c, '\u{80}'..='\u{9f}'), "\u{fffd}")
    }
}

fn renderer(color: bool) -> Renderer {
    if color { Renderer::styled() } else { Renderer::plain() }
}

/// The whole lines around two offsets, and where they begin: the renderer need not see the rest.
fn window(text: &str, first: usize, last: usize) -> (&str, usize) {
    let first = floor_char(text, first);
    let last = floor_char(text, last).max(first);
    let start = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let end = text[last..].find('\n').map_or(text.len(), |at| last + at);
    (&text[start..end], start)
}

/// The nearest known word. Any two words of one or two letters are near each other: that is no hint.
fn near<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    crate::text::suggest(word, known).filter(|_| word.chars().count() > 2)
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
    if word.is_empty() {
        return "\"\"".to_owned();
    }
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

    /// So many that the rest need not be looked for?
    pub fn is_hopeless(&self) -> bool {
        self.0.len() >= HOPELESS
    }

    /// None so far?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The whole report, in the order of the files.
    pub fn into_failure(self, texts: &Texts, color: bool) -> Failure {
        let renderer = renderer(color);
        let mut parts: Vec<String> = self.0.iter().take(SHOWN).map(|fault| fault.render(texts, &renderer)).collect();
        let total = self.0.len();
        if self.is_hopeless() {
            parts.push(format!("more than {SHOWN} errors; the first {SHOWN} are shown"));
        } else if total > SHOWN {
            parts.push(format!("{}; the first {SHOWN} are shown", count(total, "error")));
        } else if total > 1 {
            parts.push(count(total, "error"));
        }
        Failure::new(Code::Config, parts.join("\n\n"))
    }
}
