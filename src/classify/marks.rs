//! Lines that could be structure: found in one pass, so that the millions of others cost nothing.

use super::page::Page;
use aho_corasick::AhoCorasick;
use memchr::memchr_iter;
use std::sync::LazyLock;

/// What a header, a prompt, a manifest, a describe or a tool's own message cannot do without. Every
/// word that [`sources`](super::sources), [`command`](super::command) and [`table`](super::table)
/// look for is here, or holds one that is.
const WORDS: [&str; 43] = [
    "Warning",
    "Normal",
    "NAME",
    "READY",
    "REASON",
    "REVISION",
    "REPOSITORY",
    "LAST SEEN",
    "Reason",
    "Name:",
    "apiVersion",
    "kind:",
    "VALUES:",
    "# Source: ",
    "```",
    "Error",
    "Unable to connect",
    "The connection to",
    "Access to",
    "Cross-Origin",
    "Exiting due to",
    "not found. Run",
    "failed to solve",
    "docker",
    "COPY failed:",
    "The command",
    "helm",
    "kubectl",
    "minikube",
    "podman",
    "keadm",
    "microk8s",
    "k3s",
    "nerdctl",
    " k ",
    " kk ",
    " oc ",
    "$ ",
    ">k ",
    ">kk ",
    ">oc ",
    "PS ",
    "kubecolor",
];

/// For each line: could it be structure?
pub(crate) fn marked(page: &Page<'_>) -> Vec<bool> {
    static AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(WORDS).ok());
    let Some(automaton) = AUTOMATON.as_ref() else { return vec![true; page.len()] };
    let mut marked = vec![false; page.len()];
    let mut mark = |offset: usize| {
        if let Some(line) = marked.get_mut(page.place(offset).0) {
            *line = true;
        }
    };
    let buffer = page.buffer();
    for found in automaton.find_iter(buffer) {
        mark(found.start());
    }
    // READY columns: `0/1`.
    for at in memchr_iter(b'/', buffer) {
        let digit = |at: Option<usize>| at.and_then(|at| buffer.get(at)).is_some_and(u8::is_ascii_digit);
        if digit(at.checked_sub(1)) && digit(at.checked_add(1)) {
            mark(at);
        }
    }
    // Prompts: `me@host:~$`, `$`, and aliases at the start of a line.
    for (index, line) in marked.iter_mut().enumerate() {
        let text = page.line(index);
        let head = text.get(..text.len().min(40)).unwrap_or_default();
        *line |= head.starts_with(b"$") || head.starts_with(b"k ") || memchr::memchr(b'@', head).is_some();
    }
    marked
}
