//! Secrets are removed here, before any byte reaches a screen, a file, a journal or a recording.
//!
//! Three layers, in this order: values that are known (variables declared secret, Secrets read in
//! memory) in every encoding that tools print; shapes that give themselves away (a password in a
//! URL, a JWT), or that a message's words or a tool's flags do; values behind telling keys (`DB_PASSWORD=…`). A mask says how long the value was
//! and carries a tag, so that equal secrets stay recognisable within a run. The tag is a keyed
//! hash with a key that never leaves the process: it cannot be guessed back.
//!
//! A mask is one atom to every layer, which is why redacting twice changes nothing.

use super::redact_keys as keys;
use super::redact_literals::Literals;
use super::redact_mask::{Atoms, tag};
use super::redact_messages as messages;
use super::redact_public::{self as public, Told};
use super::redact_shapes as shapes;
use super::redact_words as words;
use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::bytes::Regex;
use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::sync::{LazyLock, PoisonError, RwLock};

pub use super::redact_mask::Mask;

/// A pattern of ours.
#[expect(clippy::expect_used, reason = "a constant of the source; the tests compile every one")]
pub(super) fn fixed(pattern: &str) -> Regex {
    regex::bytes::RegexBuilder::new(pattern).unicode(false).build().expect("a constant pattern compiles")
}

/// Lines without any of these are left alone without a closer look.
static TELLING: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(
            [
                "pass",
                "pwd",
                "secret",
                "token",
                "key",
                "credential",
                "dsn",
                "url",
                "conn",
                "//",
                "bearer",
                "basic",
                "authorization",
                "eyj",
                "-----begin",
                "sk-",
                "ghp_",
                "gho_",
                "ghu_",
                "ghs_",
                "ghr_",
                "github_pat_",
                "glpat-",
                "akia",
                "asia",
                "xox",
                "aiza",
                "[hidden ",
                "ls0tls1",
                "pw",
            ]
            .into_iter()
            .chain(messages::CUES)
            .chain(words::CUES),
        )
        .ok()
});

/// What a first pass hides can make a second one read the rest of a line differently; after so many
/// nothing changes any more.
pub(super) const PASSES: usize = 8;

/// Removes secrets. One per run; shared by all threads.
#[derive(Debug)]
pub struct Redactor {
    key: RandomState,
    known: RwLock<Literals>,
    public: HashSet<String>,
}

impl Redactor {
    /// A redactor that knows the values of the secret variables.
    pub fn new(secrets: &[String]) -> Self {
        Self::with_public(secrets, [])
    }

    /// As [`Redactor::new`]; values in `public` (the release's name, say) are not masked wherever
    /// they stand, even if a secret happens to be the same word.
    pub fn with_public<'a>(secrets: &[String], public: impl IntoIterator<Item = &'a str>) -> Self {
        let redactor = Self {
            key: RandomState::new(),
            known: RwLock::default(),
            public: public.into_iter().map(str::to_owned).collect(),
        };
        redactor.learn_all(secrets.iter().map(|secret| (None, secret.as_str())));
        redactor
    }

    /// One that knows all that this one knows, and shows it in the same way. What the one learns from now on the other
    /// never knows.
    #[must_use]
    pub fn fork(&self) -> Self {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        Self { key: self.key.clone(), known: RwLock::new(known), public: self.public.clone() }
    }

    /// From now on, hides this value wherever it stands: as it is, line by line, in base64, in a
    /// URL, in JSON. Of a URL only its password is a secret. What everybody says ("true", a port,
    /// "postgres", anything under 6 bytes) would hide half of every text and is left to the other
    /// layers.
    pub fn learn(&self, value: &str) {
        self.learn_all([(None, value)]);
    }

    /// As [`Redactor::learn`], for values with the keys that they were kept under; behind a key that
    /// does not tell a secret a host, a name or an address is taken for one.
    pub fn learn_all<'a>(&self, values: impl IntoIterator<Item = (Option<&'a str>, &'a str)>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in values {
            let told = match key {
                None => Told::Declared,
                Some(key) if keys::is_secret(key) => Told::ByKey,
                Some(_) => Told::ByPlace,
            };
            for part in public::parts(value, told) {
                if !self.public.iter().any(|public| public.as_bytes() == part) {
                    known.add(&part);
                }
            }
        }
        known.build();
    }

    /// Redacts one line, or a text without state over lines.
    pub fn line(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }

    /// Redacts one line of bytes, until nothing changes.
    pub fn bytes(&self, text: &[u8]) -> Vec<u8> {
        let mut out = self.once(text);
        if out == text {
            return out;
        }
        for _ in 1..PASSES {
            let again = self.once(&out);
            if again == out {
                break;
            }
            out = again;
        }
        out
    }

    /// One pass over one line.
    pub(super) fn once(&self, text: &[u8]) -> Vec<u8> {
        if !self.is_telling(text) {
            return text.to_vec();
        }
        self.work(text, |_, text| text)
    }

    /// What a line of `context` shows to be a secret is hidden in `text`, too, which was taken from
    /// it and has lost the words that tell. Short values are words elsewhere: they go only where a
    /// host follows, as the rest of a password in a broken URL does.
    pub fn line_of(&self, context: &str, text: &str) -> String {
        let mut atoms = Atoms::new(&self.key);
        self.layers(&mut atoms, context.as_bytes(), |_, text| text);
        let mut out = text.to_owned();
        for (value, mask) in atoms.hidden() {
            let Ok(value) = std::str::from_utf8(value) else { continue };
            let end = if value.len() < 6 { "@" } else { "" };
            out = out.replace(&format!("{value}{end}"), &format!("{mask}{end}"));
        }
        self.line(&out)
    }

    /// Redacts an argv: an argument after `--password` is a value, too, and so is what a tool's
    /// own flags (`curl -u`) say of one.
    pub fn argv<'a>(&self, argv: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let argv: Vec<&str> = argv.into_iter().collect();
        let secrets = words::secrets(&argv.iter().map(|argument| argument.as_bytes()).collect::<Vec<_>>());
        let mut flag: Option<String> = None;
        argv.into_iter()
            .zip(secrets)
            .map(|(argument, secret)| {
                if let Some((before, secret)) = secret.and_then(|secret| argument.split_at_checked(secret.start)) {
                    flag = None;
                    return format!("{}{}", self.line(before), self.value(Some("password"), secret));
                }
                let after = flag.take().filter(|_| !argument.starts_with('-'));
                if keys::is_secret_flag(argument) {
                    flag = Some(argument.to_owned());
                }
                match after {
                    Some(name) => self.value(Some(&name), argument),
                    None => argument.split('\n').map(|line| self.line(line)).collect::<Vec<_>>().join("\n"),
                }
            })
            .collect()
    }

    /// Hides a value that is a secret as a whole. A URL keeps everything but its password.
    pub fn value(&self, name: Option<&str>, value: &str) -> String {
        let out = self.work(value.as_bytes(), |atoms, text| match keys::masked(atoms, name, &text) {
            Some(masked) => masked,
            None => text,
        });
        String::from_utf8_lossy(&out).into_owned()
    }

    /// A base64 answer as a recording keeps it: decoded, redacted, encoded again. With `secret`
    /// the whole value is hidden, whatever it looks like.
    pub fn encoded(&self, answer: &[u8], secret: bool) -> Vec<u8> {
        let Some(plain) = decode_base64(answer).and_then(|bytes| String::from_utf8(bytes).ok()) else {
            return self.bytes(answer);
        };
        let hidden = if secret && !is_origins(&plain) {
            self.value(None, &plain)
        } else {
            plain.split_inclusive('\n').map(|line| self.line(line)).collect()
        };
        STANDARD.encode(hidden).into_bytes()
    }

    /// The tag that a mask of this value carries.
    pub fn tag(&self, value: &[u8]) -> String {
        tag(&self.key, value)
    }

    fn is_telling(&self, text: &[u8]) -> bool {
        TELLING.as_ref().is_none_or(|telling| telling.is_match(text))
            || self.known.read().unwrap_or_else(PoisonError::into_inner).is_match(text)
    }

    /// All layers; `first` works on the text between the known values and the shapes.
    pub(super) fn work(&self, text: &[u8], first: impl FnOnce(&mut Atoms<'_>, Vec<u8>) -> Vec<u8>) -> Vec<u8> {
        let mut atoms = Atoms::new(&self.key);
        let text = self.layers(&mut atoms, text, first);
        atoms.give_back(&text)
    }

    fn layers(
        &self,
        atoms: &mut Atoms<'_>,
        text: &[u8],
        first: impl FnOnce(&mut Atoms<'_>, Vec<u8>) -> Vec<u8>,
    ) -> Vec<u8> {
        let text = atoms.take(text);
        let text = self.known.read().unwrap_or_else(PoisonError::into_inner).hide(atoms, &text);
        // Messages first: they know where a value ends, a shape may take a part of it.
        let text = messages::hide(atoms, &text);
        let text = shapes::hide(atoms, &text);
        let text = words::hide(atoms, &text);
        let text = first(atoms, text);
        keys::hide(atoms, &text)
    }
}

/// Does a key of this name hold a secret?
pub fn is_secret_key(key: &str) -> bool {
    keys::is_secret(key)
}

/// A list of web origins (`CORS_ORIGINS`) is no secret, wherever it is kept.
pub fn is_origins(value: &str) -> bool {
    static ORIGIN: LazyLock<Regex> = LazyLock::new(|| fixed(r"^https?://[A-Za-z0-9.\-\[\]:*]+/?$"));
    let mut origins =
        value.split([',', ' ', '\n', '[', ']', '"', '\'']).map(str::trim).filter(|part| !part.is_empty()).peekable();
    origins.peek().is_some() && origins.all(|origin| origin == "*" || ORIGIN.is_match(origin.as_bytes()))
}

/// Standard base64, white space ignored, padding optional.
pub fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let packed: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT.decode(packed).ok()
}
