//! Lines that could be structure: found in one pass, so that the millions of others cost nothing.

use super::page::Page;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use memchr::{memchr_iter, memchr2_iter, memmem};
use std::sync::LazyLock;

/// A host stands so near to the start of a prompt.
const HEAD: usize = 40;

/// What a header, a prompt, a manifest, a describe or a tool's own message cannot do without. Every
/// word that [`sources`](super::sources), [`command`](super::command) and [`table`](super::table)
/// look for is here, or holds one that is; shorter ones are looked for in [`marked`].
const WORDS: [&str; 59] = [
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
    ">k ",
    ">kk ",
    ">oc ",
    "PS ",
    "kubecolor",
    "net::ERR_",
    "(index):",
    "Access-Control",
    "access control checks",
    "Mixed Content",
    "[debug]",
    "Step ",
    "=> ",
    "[+] Building",
    "permission denied while",
    "crictl",
    "stern",
    "systemctl",
    "journalctl",
    "MINGW",
    "sh-",
    ".service",
];

/// Lines of a page, a bit for each.
pub(crate) struct Marks {
    /// Index of the page's first line.
    first: usize,
    bits: Vec<u64>,
}

impl Marks {
    fn add(&mut self, line: usize) {
        let line = line.saturating_sub(self.first);
        if let Some(word) = self.bits.get_mut(line / 64) {
            *word |= 1 << (line % 64);
        }
    }

    /// The first marked line at or after `line`.
    pub(crate) fn next(&self, line: usize) -> Option<usize> {
        let line = line.saturating_sub(self.first);
        let mut mask = u64::MAX << (line % 64);
        for (index, word) in self.bits.iter().enumerate().skip(line / 64) {
            let rest = word & mask;
            if rest != 0 {
                return Some(self.first + index * 64 + rest.trailing_zeros() as usize);
            }
            mask = u64::MAX;
        }
        None
    }
}

/// The lines that could be structure.
pub(crate) fn marked(page: &Page<'_>) -> Marks {
    static AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        // Leftmost matches can be looked for with vector instructions.
        AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(WORDS)
            .ok()
    });
    let (first, words) = (page.first(), (page.end() - page.first()).div_ceil(64));
    let Some(automaton) = AUTOMATON.as_ref() else { return Marks { first, bits: vec![u64::MAX; words] } };
    let mut marks = Marks { first, bits: vec![0; words] };
    let buffer = page.buffer();
    for found in automaton.find_iter(buffer) {
        marks.add(page.place(found.start()).0);
    }
    let byte = |at: Option<usize>| at.and_then(|at| buffer.get(at)).copied();
    // READY columns: `0/1`.
    for at in memchr_iter(b'/', buffer) {
        let digit = |at: Option<usize>| byte(at).is_some_and(|byte| byte.is_ascii_digit());
        if digit(at.checked_sub(1)) && digit(at.checked_add(1)) {
            marks.add(page.place(at).0);
        }
    }
    // Prompts: `me@host:~$`, `$`, and aliases at the start of a line.
    for at in memchr2_iter(b'@', b'$', buffer) {
        let (line, column) = page.place(at);
        let is_prompt = if byte(Some(at)) == Some(b'@') {
            column < HEAD
        } else {
            column == 0 || byte(at.checked_add(1)) == Some(b' ')
        };
        if is_prompt {
            marks.add(line);
        }
    }
    for at in memmem::find_iter(buffer, b"\nk ") {
        marks.add(page.place(at + 1).0);
    }
    if buffer.starts_with(b"k ") {
        marks.add(first);
    }
    marks
}
