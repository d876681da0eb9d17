//! `refloat evidence scan PATH`: is there a secret in files that are about to be sent to somebody?

use super::context::Context;
use super::{learn, load};
use crate::adapter::files;
use crate::classify::decode::Decoder;
use crate::error::{Code, Failure};
use crate::report::scan as view;
use crate::report::scan::{Find, Scan, Suspect};
use crate::run::clean::clean;
use crate::run::redact::{Mask, Redactor};
use crate::run::redact_stream::RedactStream;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

/// So much is read at once.
const BLOCK: usize = 1 << 20;
/// A longer line is looked through in parts of this size …
const LINE: usize = 64 << 10;
/// … that begin so far before the end of the part before.
const OVERLAP: usize = 4 << 10;
/// Shorter words look random by chance.
const WORD: usize = 24;
/// Bits a character, of which a random word of base64 has 5 and more, and one of a language 4 at most.
const ENTROPY: f64 = 4.2;

/// Looks through a folder or a file. The words that come after `scan` are `given`.
///
/// # Errors
/// [`Code::Usage`]: not exactly one path, nothing there, or not readable.
pub(super) fn scan(context: &Context, given: &[String]) -> Result<Code, Failure> {
    let [path] = given else {
        return Err(
            Failure::new(Code::Usage, "`evidence scan` takes one folder or file").hint("refloat evidence scan DIR")
        );
    };
    let catalog = load::catalog_if_any(context)?;
    let redactor = learn::everything(catalog.as_ref());
    let path = Path::new(path);
    let usage = |error: io::Error| Failure::new(Code::Usage, error.to_string()).hint("refloat evidence scan DIR");
    let files = if files::is_directory(path) {
        files::list_folder(path).map_err(usage)?
    } else {
        vec![(path.display().to_string(), path.to_owned())]
    };
    let mut scan = Scan { files: files.len(), ..Scan::default() };
    for (name, path) in files {
        // A file's name may hold one, too; how it is shown then is no longer where it lies.
        let shown = clean(redactor.line(&name).as_bytes());
        let mut reader = files::open(&path).map_err(usage)?;
        let mut file = File::new(&redactor, shown, &mut scan);
        if file.name != name {
            file.differs(0, name.as_bytes(), redactor.line(&name).as_bytes());
        }
        file.read(&mut reader).map_err(|error| usage(io::Error::new(error.kind(), format!("`{name}`: {error}"))))?;
    }
    context.answer(|| view::text(&scan, &context.out_look()), || view::json(&scan))?;
    Ok(if scan.finds.is_empty() { Code::Done } else { Code::Findings })
}

/// A file while it is looked through.
struct File<'a> {
    redactor: &'a Redactor,
    stream: RedactStream<'a>,
    name: String,
    line: usize,
    scan: &'a mut Scan,
}

impl<'a> File<'a> {
    fn new(redactor: &'a Redactor, name: String, scan: &'a mut Scan) -> Self {
        Self { redactor, stream: RedactStream::new(redactor), name, line: 0, scan }
    }

    fn read(&mut self, reader: &mut dyn Read) -> io::Result<()> {
        let mut decoder = Decoder::default();
        let mut rest = Vec::new();
        let mut buffer = vec![0; BLOCK];
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            rest.extend_from_slice(&decoder.push(buffer.get(..count).unwrap_or_default()));
            let mut start = 0;
            while let Some(end) = memchr::memchr(b'\n', &rest[start..]).map(|at| start + at) {
                self.line(&rest[start..end], true);
                start = end + 1;
            }
            rest.drain(..start);
            if rest.len() > LINE {
                self.line(&rest, false);
                rest.drain(..rest.len() - OVERLAP);
            }
        }
        rest.extend(decoder.finish());
        if !rest.is_empty() {
            self.line(&rest, true);
        }
        Ok(())
    }

    /// A line, or a part of one.
    fn line(&mut self, text: &[u8], is_whole: bool) {
        let number = self.line + 1;
        self.line += usize::from(is_whole);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let hidden = self.stream.line(text);
        self.differs(number, text, &hidden);
        // A recording and a journal hold whole texts, line ends escaped: read as lines they tell more.
        if text.first() == Some(&b'{')
            && let Ok(value) = serde_json::from_slice::<Value>(text)
        {
            self.inside(number, &value);
        }
        for (column, word) in words(&hidden) {
            self.suspect(number, column, word);
        }
    }

    fn inside(&mut self, number: usize, value: &Value) {
        match value {
            Value::String(text) if text.contains('\n') => {
                let hidden = RedactStream::new(self.redactor).whole_text(text.as_bytes());
                self.differs(number, text.as_bytes(), &hidden);
            }
            Value::Array(items) => items.iter().for_each(|item| self.inside(number, item)),
            Value::Object(map) => map.values().for_each(|item| self.inside(number, item)),
            _ => {}
        }
    }

    /// Notes the masks that came in, each value once for a line.
    fn differs(&mut self, line: usize, before: &[u8], after: &[u8]) {
        if before == after {
            return;
        }
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for mask in Mask::all(before) {
            *known.entry(mask.tag).or_default() += 1;
        }
        for mask in Mask::all(after) {
            if let Some(left) = known.get_mut(&mask.tag).filter(|left| **left > 0) {
                *left -= 1;
                continue;
            }
            let find = Find { file: self.name.clone(), line, name: mask.name, chars: mask.chars, tag: mask.tag };
            let is_told = self.scan.finds.iter().rev().take_while(|told| told.file == find.file && told.line == line);
            if !is_told.into_iter().any(|told| told.tag == find.tag) {
                self.scan.finds.push(find);
            }
        }
    }

    fn suspect(&mut self, line: usize, column: usize, word: &[u8]) {
        if is_random(word) {
            let suspect = Suspect { file: self.name.clone(), line, column, chars: word.len() };
            if self.scan.suspects.last() != Some(&suspect) {
                self.scan.suspects.push(suspect);
            }
        }
    }
}

/// The words that a generator could have made, with their columns.
fn words(line: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(byte);
    let mut at = 0;
    std::iter::from_fn(move || {
        at += line.get(at..)?.iter().position(is_part)?;
        let start = at;
        at += line[start..].iter().take_while(|byte| is_part(byte)).count();
        Some((start + 1, &line[start..at]))
    })
}

/// Letters of both cases and digits, long and without a pattern. A digest in hexadecimal, a name of
/// words, a path are none.
fn is_random(word: &[u8]) -> bool {
    let word = word.strip_suffix(b"=").unwrap_or(word);
    let has = |test: fn(&u8) -> bool| word.iter().any(test);
    word.len() >= WORD
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && word.iter().filter(|byte| **byte == b'/').count() * 12 <= word.len()
        && entropy(word) >= ENTROPY
}

/// Shannon's, in bits a character.
fn entropy(word: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    word.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let all = f64::from(u32::try_from(word.len()).unwrap_or(u32::MAX));
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let part = f64::from(*count) / all;
            -part * part.log2()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_words_are_told_from_names() {
        for word in ["q1W2e3R4t5Y6u7I8o9P0a1S2", "mZ3vQ8xT2rK5wYd9sNc4Hf6jLp1B==", "Zx9Yw8Vu7Ts6Rq5Po4Nm3Lk2Ji1Hg0Fe"] {
            assert!(is_random(word.as_bytes()), "{word}");
        }
        for word in [
            "taskflow-backend-6d4cf56db6-abc12",
            "sha256-0123456789abcdef0123456789abcdef",
            "io.kubernetes.client.openapi.ApiException",
            "FailedScheduling0of1nodes",
            "AAAAAAAAAAAAAAAAAAAAaaaaaaaaaaa11111111",
            "Phase-IV/helm/taskflow/values-local1",
        ] {
            assert!(!words(word.as_bytes()).any(|(_, word)| is_random(word)), "{word}");
        }
    }
}
