//! What `refloat diagnose PATH` reads: a file, a folder, a recording, or standard input.

use crate::adapter::files;
use crate::adapter::terminal;
use crate::classify::recording;
use crate::error::{Code, Failure};
use crate::model::finding::Document;
use std::path::Path;

/// Most bytes read of one file; evidence above that is a heap dump, not text.
const MAX_FILE: u64 = 1 << 30;

/// The documents under `path`; `-` is standard input.
///
/// # Errors
/// [`Code::Usage`]: nothing there, nothing in it, not readable, or a recording with a broken line.
pub(super) fn documents(path: &Path) -> Result<Vec<Document>, Failure> {
    let found = read(path)?;
    if found.iter().all(|document| document.text.trim_ascii().is_empty()) {
        // Nothing was said: that is no sign of health. The tool before the pipe has failed, most likely.
        let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
        return Err(Failure::new(Code::Usage, format!("{name} holds no text")));
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<Document>, Failure> {
    let name = path.display().to_string();
    let unreadable = |error: std::io::Error| {
        Failure::new(Code::Usage, error.to_string())
            .hint("refloat diagnose FILE, FOLDER, RECORDING.jsonl, or - for standard input")
    };
    if name == "-" {
        let bytes = terminal::read_stdin(MAX_FILE).map_err(unreadable)?;
        return texts("standard input", bytes);
    }
    if files::is_directory(path) {
        let mut found = Vec::new();
        for (relative, bytes) in files::read_folder(path, MAX_FILE).map_err(unreadable)? {
            found.extend(texts(&relative, bytes)?);
        }
        if found.is_empty() {
            return Err(
                Failure::new(Code::Usage, format!("{name} holds no files")).hint("refloat evidence   (collects some)")
            );
        }
        return Ok(found);
    }
    texts(&name, files::read_capped(path, MAX_FILE).map_err(unreadable)?)
}

/// A recording becomes a document for each stream of each call; anything else is one text.
fn texts(name: &str, bytes: Vec<u8>) -> Result<Vec<Document>, Failure> {
    if recording::looks_like_recording(&bytes) {
        let short =
            Path::new(name).file_name().map_or_else(|| name.to_owned(), |file| file.to_string_lossy().into_owned());
        return recording::documents(&short, &bytes)
            .map_err(|error| Failure::new(Code::Usage, format!("{name}:{}: {}", error.line, error.message)));
    }
    Ok(vec![Document { file: name.to_owned(), argv: Vec::new(), is_stderr: false, text: bytes }])
}
