//! Recorded calls as documents: what `--record` wrote, `diagnose` reads.

use crate::model::command::RecordedCall;
use crate::model::finding::Document;

/// A line of a recording that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct RecordingError {
    /// 1-based.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

/// The first line of a recording.
#[derive(serde::Deserialize)]
struct Head {
    #[serde(rename = "incident")]
    _incident: String,
}

/// Does this text begin as a recording does?
pub fn looks_like_recording(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    first.len() < 1 << 16 && serde_json::from_slice::<Head>(first).is_ok()
}

/// Each stream of each recorded call as a document named `NAME: the call`. Streams that printed
/// nothing are left out.
///
/// # Errors
/// The first line that is no call.
pub fn documents(name: &str, bytes: &[u8]) -> Result<Vec<Document>, RecordingError> {
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    let documents = lines.map(|(index, line)| documents_of(name, index, line)).collect::<Result<Vec<_>, _>>()?;
    Ok(documents.into_iter().flatten().collect())
}

/// The documents of one line of a recording; `index` counts its lines from 0.
///
/// # Errors
/// The line is no call; or the first one does not begin a recording.
pub fn documents_of(name: &str, index: usize, line: &[u8]) -> Result<Vec<Document>, RecordingError> {
    let mut documents = Vec::new();
    let line = if index == 0 { line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line) } else { line };
    if line.iter().all(u8::is_ascii_whitespace) {
        return Ok(documents);
    }
    let fault = |message: String| RecordingError { line: index + 1, message };
    if index == 0 {
        serde_json::from_slice::<Head>(line)
            .map_err(|error| fault(format!("a recording begins with {{\"incident\": …}}: {}", short(&error))))?;
        return Ok(documents);
    }
    let call: RecordedCall =
        serde_json::from_slice(line).map_err(|error| fault(format!("this is no recorded call: {}", short(&error))))?;
    if call.argv.is_empty() {
        return Err(fault("this call has an empty argv".to_owned()));
    }
    let file = format!("{name}: {}", call.argv.join(" "));
    for (text, is_stderr) in [(call.stdout, false), (call.stderr, true)] {
        if !text.is_empty() {
            documents.push(Document {
                file: file.clone(),
                argv: call.argv.clone(),
                is_stderr,
                text: text.into_bytes(),
            });
        }
    }
    Ok(documents)
}

/// serde's message without its own line number, which is that of the JSON value.
fn short(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TWO: &str = "{\"incident\":\"x\",\"note\":\"\"}\n{\"argv\":[\"kubectl\",\"get\",\"pods\"],\"exit_code\":1,\"stdout\":\"a\",\"stderr\":\"b\"}\n";

    #[test]
    fn streams_become_documents() {
        assert!(looks_like_recording(TWO.as_bytes()));
        let documents = documents("x.jsonl", TWO.as_bytes()).unwrap();
        assert_eq!(documents.len(), 2);
        assert_eq!(documents[0].file, "x.jsonl: kubectl get pods");
        assert_eq!((documents[0].is_stderr, documents[1].is_stderr), (false, true));
    }

    #[test]
    fn faults_name_their_line() {
        let error = documents("x", format!("{TWO}{{\"argv\":[]").as_bytes()).unwrap_err();
        assert_eq!(error.line, 3);
        assert_eq!(documents("x", b"[]").unwrap_err().line, 1);
        assert!(!looks_like_recording(b"{\"level\":\"error\"}\n"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_recording_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (looks_like_recording(&bytes), documents("x", &bytes));
        }
    }
}
