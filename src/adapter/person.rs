//! Asks the person at the terminal.

#![expect(clippy::disallowed_methods, reason = "reads standard input and writes to standard error")]

use super::terminal::Terminal;
use crate::port::{Person, Stop};
use std::io::{self, BufRead, Read, Write};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// The longest answer that is read.
const LONGEST: u64 = 64 * 1024;

/// How often to look whether the person pressed Ctrl-C instead of answering.
const TICK: Duration = Duration::from_millis(50);

/// Whoever sits at the terminal.
pub struct AtTerminal {
    present: bool,
    stop: Arc<dyn Stop + Send + Sync>,
}

impl AtTerminal {
    /// Present only when there is a terminal on both sides: to show the question, and to answer it.
    pub fn new(terminal: &Terminal, stop: Arc<dyn Stop + Send + Sync>) -> Self {
        Self { present: terminal.stdin && terminal.stderr, stop }
    }
}

impl Person for AtTerminal {
    fn is_present(&self) -> bool {
        self.present
    }

    /// Ctrl-C counts as the end of input; the caller sees in `Stop` that it was pressed.
    fn ask(&mut self, prompt: &str) -> io::Result<Option<String>> {
        let mut stderr = io::stderr();
        stderr.write_all(prompt.as_bytes())?;
        stderr.flush()?;
        // Read by a thread of its own: a signal does not end a read, std takes it up again.
        let (sender, answer) = sync_channel(1);
        std::thread::Builder::new().name("question".to_owned()).spawn(move || {
            // Nobody listens any more after a stop: then we are leaving.
            let _ = sender.send(line(&mut io::stdin().lock()));
        })?;
        loop {
            match answer.recv_timeout(TICK) {
                Ok(line) => return line,
                Err(RecvTimeoutError::Timeout) if self.stop.requested().is_none() => {}
                Err(_) => {
                    stderr.write_all(b"\n")?;
                    return Ok(None);
                }
            }
        }
    }
}

/// A line without its end. `None`: there is none any more.
fn line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    if input.take(LONGEST).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(None);
    }
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    Ok(Some(String::from_utf8_lossy(bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_without_its_end() {
        let mut input: &[u8] = b"minikube\r\n\ntrailing \nno end";
        let mut read = || line(&mut input).unwrap();
        assert_eq!(read().as_deref(), Some("minikube"));
        assert_eq!(read().as_deref(), Some(""));
        assert_eq!(read().as_deref(), Some("trailing "));
        assert_eq!(read().as_deref(), Some("no end"));
        assert_eq!(read(), None);
    }

    #[test]
    fn bytes_that_are_no_text_are_an_answer_that_matches_nothing() {
        let mut input: &[u8] = b"mini\xffkube\n";
        assert_eq!(line(&mut input).unwrap().as_deref(), Some("mini\u{fffd}kube"));
    }
}
