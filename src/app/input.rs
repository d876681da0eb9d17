//! What `refloat diagnose PATH` reads: a file, a folder, a recording, or standard input. Files are read
//! block by block, so that their size does not matter.

use crate::adapter::files;
use crate::adapter::terminal;
use crate::classify::recording;
use crate::error::{Code, Failure};
use crate::model::finding::{Document, Head};
use std::cell::RefCell;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// So much is read at once.
const BLOCK: usize = 1 << 20;
/// Standard input up to this size is kept, and can be read again.
const KEPT: u64 = 8 << 20;

/// Where the bytes of evidence go.
pub(super) trait Sink {
    /// A text begins.
    fn begin(&mut self, head: Head);
    /// Its next bytes.
    fn feed(&mut self, bytes: &[u8]);
}

/// Texts, or where they are.
pub(super) struct Evidence {
    /// How messages name all of it.
    name: String,
    parts: Vec<Part>,
}

enum Part {
    /// In memory.
    Text(Document),
    /// A file, and how it is named.
    File { name: String, path: PathBuf },
    /// Standard input, too large to be kept: its start, and the rest, which can be read once.
    Stream { start: Vec<u8>, rest: RefCell<Option<Box<dyn Read>>> },
}

impl Evidence {
    /// The evidence at `path`; `-` is standard input.
    ///
    /// # Errors
    /// [`Code::Usage`]: nothing there, nothing in it, or not readable.
    pub(super) fn at(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        if name == "-" {
            return Ok(Self { name: "standard input".to_owned(), parts: vec![stdin().map_err(unreadable)?] });
        }
        if !files::is_directory(path) {
            return Ok(Self { parts: vec![Part::File { name: name.clone(), path: path.to_owned() }], name });
        }
        let found = files::list_folder(path).map_err(unreadable)?;
        if found.is_empty() {
            return Err(
                Failure::new(Code::Usage, format!("{name} holds no files")).hint("refloat evidence   (collects some)")
            );
        }
        let parts = found.into_iter().map(|(name, path)| Part::File { name, path }).collect();
        Ok(Self { name, parts })
    }

    /// Texts in memory.
    pub(super) fn of(documents: &[Document]) -> Self {
        Self { name: String::new(), parts: documents.iter().cloned().map(Part::Text).collect() }
    }

    /// How messages name it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Can it be read again?
    pub(super) fn is_lasting(&self) -> bool {
        self.parts.iter().all(|part| !matches!(part, Part::Stream { .. }))
    }

    /// Hands all texts over; how many hold more than blanks.
    ///
    /// # Errors
    /// [`Code::Usage`]: not readable, or a recording with a broken line.
    pub(super) fn read(&self, sink: &mut dyn Sink) -> Result<usize, Failure> {
        let mut counted = Counted { sink, texts: 0, is_blank: true };
        for part in &self.parts {
            match part {
                Part::Text(document) => {
                    counted.begin(document.head());
                    counted.feed(&document.text);
                }
                Part::File { name, path } => {
                    let mut file = files::open(path).map_err(unreadable)?;
                    let at = |error: io::Error| unreadable(io::Error::new(error.kind(), format!("`{name}`: {error}")));
                    let start = block(&mut file, BLOCK).map_err(at)?;
                    stream(name, &start, &mut file, &mut counted)?;
                }
                Part::Stream { start, rest } => {
                    if let Some(mut rest) = rest.borrow_mut().take() {
                        stream(&self.name, start, &mut rest, &mut counted)?;
                    }
                }
            }
        }
        Ok(counted.texts)
    }
}

fn unreadable(error: io::Error) -> Failure {
    Failure::new(Code::Usage, error.to_string())
        .hint("refloat diagnose FILE, FOLDER, RECORDING.jsonl, or - for standard input")
}

fn stdin() -> io::Result<Part> {
    let mut input = terminal::stdin();
    let mut start = Vec::new();
    io::Read::by_ref(&mut input).take(KEPT + 1).read_to_end(&mut start)?;
    if u64::try_from(start.len()).is_ok_and(|length| length > KEPT) {
        return Ok(Part::Stream { start, rest: RefCell::new(Some(Box::new(input))) });
    }
    if recording::looks_like_recording(&start) {
        return Ok(Part::Stream { start, rest: RefCell::new(Some(Box::new(io::empty()))) });
    }
    Ok(Part::Text(Document { file: "standard input".to_owned(), text: start, ..Document::default() }))
}

/// A recording becomes a text for each stream of each call; anything else is one text.
fn stream(name: &str, start: &[u8], rest: &mut dyn Read, sink: &mut dyn Sink) -> Result<(), Failure> {
    let broken = |error: io::Error| unreadable(io::Error::new(error.kind(), format!("`{name}`: {error}")));
    if recording::looks_like_recording(start) {
        return recorded(name, &mut start.chain(rest), sink);
    }
    sink.begin(Head { file: name.to_owned(), ..Head::default() });
    sink.feed(start);
    let mut buffer = vec![0; BLOCK];
    loop {
        match rest.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => sink.feed(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(broken(error)),
        }
    }
}

fn recorded(name: &str, bytes: &mut dyn Read, sink: &mut dyn Sink) -> Result<(), Failure> {
    use std::io::BufRead;
    let short = Path::new(name).file_name().map_or_else(|| name.to_owned(), |file| file.to_string_lossy().into_owned());
    for (index, line) in io::BufReader::new(bytes).split(b'\n').enumerate() {
        let line = line.map_err(unreadable)?;
        let documents = recording::documents_of(&short, index, &line)
            .map_err(|error| Failure::new(Code::Usage, format!("{name}:{}: {}", error.line, error.message)))?;
        for document in documents {
            sink.begin(document.head());
            sink.feed(&document.text);
        }
    }
    Ok(())
}

/// As many bytes as there are, but no more than `size`.
fn block(reader: &mut dyn Read, size: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(u64::try_from(size).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Counts the texts that say something. Nothing said is no sign of health.
struct Counted<'s> {
    sink: &'s mut dyn Sink,
    texts: usize,
    is_blank: bool,
}

impl Sink for Counted<'_> {
    fn begin(&mut self, head: Head) {
        self.is_blank = true;
        self.sink.begin(head);
    }

    fn feed(&mut self, bytes: &[u8]) {
        if self.is_blank && !bytes.trim_ascii().is_empty() {
            self.is_blank = false;
            self.texts += 1;
        }
        self.sink.feed(bytes);
    }
}
