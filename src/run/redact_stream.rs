//! Secrets that only their surroundings give away: the data of a `kind: Secret`, block scalars,
//! private keys over several lines, a `value:` below `name: DB_PASSWORD`.

use super::clean::clean;
use super::redact::{PASSES, Redactor, fixed};
use super::redact_keys::{self as keys, entry, flow_map};
use super::redact_value::{Place, is_block, value_at};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// `key: value` of YAML or of pretty-printed JSON, with its list dashes.
static PAIR: LazyLock<Regex> =
    LazyLock::new(|| fixed(r#"^([ \t]*(?:- +)*)["']?([A-Za-z0-9_./-]+)["']?[ \t]*:(?:[ \t]+|$)"#));
/// An argument on a line of its own, as YAML, JSON and `kubectl describe` print an argv.
static ELEMENT: LazyLock<Regex> = LazyLock::new(|| fixed(r#"^\s*(?:- +)?(?:"([^"]+)"|'([^']+)'|([^\s"']+)),?\s*$"#));
static PEM_BODY: LazyLock<Regex> =
    LazyLock::new(|| fixed(r"^\s*(?:[A-Za-z0-9+/=]+|[A-Za-z-]+: .*|\[hidden [^\]]*\])?\s*$"));
/// Longest private key that is believed, in lines.
const PEM_MAX: usize = 400;

/// One stream of one call (or one text), redacted line by line.
#[derive(Debug, Clone)]
pub struct RedactStream<'a> {
    redactor: &'a Redactor,
    /// Objects that we are inside of, outermost first.
    objects: Vec<Object>,
    /// Inside the data of a Secret.
    data: Option<Data>,
    /// Inside a block scalar: everything deeper than this goes.
    block: Option<(usize, String)>,
    /// The line before was `name: KEY`.
    named: Option<String>,
    /// The line before was `--password`, an element of a list.
    flag: Option<String>,
    /// The line before was `KEY:`; a rule of dashes makes it a heading (`kubectl describe`).
    heading: Option<String>,
    /// Inside what stands below such a heading, up to an empty line.
    section: Option<String>,
    /// Lines of a private key so far.
    pem: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Object {
    indent: usize,
    /// `None`: the kind is still to come, as `kubectl get -o yaml` prints data before it.
    is_secret: Option<bool>,
}

#[derive(Debug, Clone, Copy)]
struct Data {
    indent: usize,
    /// Values are base64 (`data`, not `stringData`).
    packed: bool,
    /// It is known that this is a Secret.
    sure: bool,
}

/// A `key: value` line, taken apart.
struct Pair {
    indent: usize,
    key: String,
    at: usize,
}

impl<'a> RedactStream<'a> {
    /// A stream at its beginning.
    pub fn new(redactor: &'a Redactor) -> Self {
        Self {
            redactor,
            objects: Vec::new(),
            data: None,
            block: None,
            named: None,
            flag: None,
            heading: None,
            section: None,
            pem: None,
        }
    }

    /// Redacts a whole text, line by line.
    pub fn whole_text(&mut self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let bare = line.strip_suffix(b"\n");
            out.extend(self.line(bare.unwrap_or(line)));
            if bare.is_some() {
                out.push(b'\n');
            }
        }
        out
    }

    /// Redacts the next line (without its end).
    pub fn line(&mut self, text: &[u8]) -> Vec<u8> {
        let redacted = self.settled(text);
        if !redacted.contains(&0x1b) {
            return redacted;
        }
        // A colour inside a secret hides it from us, not from the reader: then the colours go.
        let plain = self.redactor.bytes(clean(&redacted).as_bytes());
        let masks = |text: &[u8]| memchr::memmem::find_iter(text, b"[hidden ").count();
        if masks(&plain) > masks(&redacted) { plain } else { redacted }
    }

    /// The line as no further pass would change it, and the state that such a pass would leave.
    fn settled(&mut self, text: &[u8]) -> Vec<u8> {
        let before = self.clone();
        let mut out = self.inner(text);
        if out == text {
            return out;
        }
        for _ in 1..PASSES {
            *self = before.clone();
            let again = self.inner(&out);
            if again == out {
                break;
            }
            out = again;
        }
        out
    }

    fn inner(&mut self, text: &[u8]) -> Vec<u8> {
        let indent = text.iter().take_while(|byte| b" \t".contains(byte)).count();
        let blank = indent == text.len();
        if let Some(lines) = self.pem {
            if lines < PEM_MAX && PEM_BODY.is_match(text) && !is_marker(text, b"-----END") {
                self.pem = Some(lines + 1);
                return self.whole(text, indent, "private-key");
            }
            self.pem = None;
        }
        if is_marker(text, b"PRIVATE KEY-----") && is_marker(text, b"-----BEGIN") && !is_marker(text, b"-----END") {
            self.pem = Some(0);
            if let Some(at) = memchr::memmem::find(text, b"PRIVATE KEY-----") {
                // What follows on the same line belongs to the key already.
                let (head, rest) = text.split_at(at + 16);
                let hidden = self.redactor.work(rest, |atoms, rest| atoms.hide(Some("private-key"), &rest));
                return [head, &hidden].concat();
            }
        }
        if let Some((border, name)) = self.block.clone() {
            if blank || indent > border {
                return self.whole(text, indent, &name);
            }
            self.block = None;
        }
        if let Some(name) = self.section.clone() {
            if !blank {
                return self.whole(text, indent, &name);
            }
            self.section = None;
        }
        if blank {
            return text.to_vec();
        }
        let heading = self.heading.take();
        if text.starts_with(b"---") {
            if text.len() > 3 && text.iter().all(|byte| *byte == b'-') && heading.is_some() {
                self.section = heading;
            } else {
                self.objects.clear();
                self.data = None;
            }
            return self.redactor.once(text);
        }
        let flag = self.flag.take();
        if let Some(place) = element(text) {
            let word = String::from_utf8_lossy(&text[place.clone()]);
            if word.starts_with('-') {
                self.flag = Some(word.into_owned()).filter(|word| keys::is_secret_flag(word));
            } else if let Some(flag) = flag {
                let hidden = self.redactor.work(&text[place.clone()], |atoms, value| {
                    keys::masked(atoms, Some(&flag), &value).unwrap_or(value)
                });
                return [&text[..place.start], &hidden, &text[place.end..]].concat();
            }
        }
        let named = self.named.take();
        match pair(text) {
            Some(pair) => self.pair(text, &pair, named),
            None => {
                if self.data.is_some_and(|data| indent <= data.indent) {
                    self.data = None;
                }
                self.redactor.once(text)
            }
        }
    }

    fn pair(&mut self, text: &[u8], pair: &Pair, named: Option<String>) -> Vec<u8> {
        let value = &text[pair.at..];
        let bare = value.trim_ascii().trim_ascii_end();
        let plain = bare.strip_suffix(b",").unwrap_or(bare);
        let plain = plain.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\"")).unwrap_or(plain);
        if let Some(data) = self.data {
            if pair.indent > data.indent {
                return self.under_data(text, pair, data);
            }
            self.data = None;
        }
        match pair.key.as_str() {
            "apiVersion" => {
                self.objects.retain(|object| object.indent < pair.indent);
                self.objects.push(Object { indent: pair.indent, is_secret: None });
            }
            "kind" => {
                self.objects.retain(|object| object.indent <= pair.indent);
                let is_secret = Some(plain == b"Secret");
                match self.objects.last_mut().filter(|object| object.indent == pair.indent) {
                    Some(object) => object.is_secret = is_secret,
                    None => self.objects.push(Object { indent: pair.indent, is_secret }),
                }
            }
            "data" | "stringData" => {
                self.objects.retain(|object| object.indent <= pair.indent);
                let object = self.objects.last().filter(|object| object.indent == pair.indent);
                if let Some(object) = object.filter(|object| object.is_secret != Some(false)) {
                    let sure = object.is_secret == Some(true);
                    let packed = pair.key == "data";
                    if sure && value.starts_with(b"{") && !bare.ends_with(b"{") {
                        return self.redactor.work(text, |atoms, text| {
                            let Some(open) = memchr::memchr(b'{', &text) else { return text };
                            let (map, end) = flow_map(atoms, &text, open + 1, packed);
                            [&text[..=open], &map, &text[end..]].concat()
                        });
                    }
                    self.data = Some(Data { indent: pair.indent, packed, sure });
                }
            }
            "name" => {
                let name = String::from_utf8_lossy(plain).trim_matches('\'').to_owned();
                self.named = keys::is_secret(&name).then_some(name);
            }
            "value" => {
                if let Some(name) = named {
                    if is_block(bare) {
                        self.block = Some((pair.indent, name));
                        return text.to_vec();
                    }
                    return self.value(text, pair.at, &name, false);
                }
            }
            _ => {}
        }
        if keys::is_secret(&pair.key) && is_block(bare) {
            self.block = Some((pair.indent, pair.key.clone()));
        }
        if bare.is_empty() {
            self.heading = Some(pair.key.clone()).filter(|key| keys::is_secret(key));
        }
        self.redactor.once(text)
    }

    fn under_data(&mut self, text: &[u8], pair: &Pair, data: Data) -> Vec<u8> {
        let bare = text[pair.at..].trim_ascii();
        if is_block(bare) {
            self.block = (data.sure || keys::is_secret(&pair.key)).then(|| (pair.indent, pair.key.clone()));
            return self.redactor.once(text);
        }
        if !data.sure {
            let value = value_at(text, pair.at, Place::Start).map(|value| &text[value.start..value.end]);
            let value = value.map(|value| value.strip_suffix(b",").unwrap_or(value)).unwrap_or_default();
            // A ConfigMap, or a Secret whose kind is printed below: only base64 can be a Secret's.
            if value.len() < 4 || !value.len().is_multiple_of(4) || super::redact::decode_base64(value).is_none() {
                return self.redactor.once(text);
            }
        }
        self.value(text, pair.at, &pair.key, data.packed)
    }

    /// Hides the value that starts at `at`, whatever it is.
    fn value(&self, text: &[u8], at: usize, name: &str, packed: bool) -> Vec<u8> {
        let (head, rest) = text.split_at(at);
        let hidden = self.redactor.work(rest, |atoms, rest| {
            let Some(value) = value_at(&rest, 0, Place::Start) else { return rest };
            let hidden = entry(atoms, name, &rest[value.start..value.end], packed);
            [&rest[..value.start], &hidden, &rest[value.end..]].concat()
        });
        [head, &hidden].concat()
    }

    fn whole(&self, text: &[u8], indent: usize, name: &str) -> Vec<u8> {
        let (head, rest) = text.split_at(indent);
        let hidden = self.redactor.work(rest, |atoms, rest| atoms.hide(Some(name), rest.trim_ascii_end()));
        [head, &hidden].concat()
    }
}

/// The one word of a line that is an element of a list: `- word`, `"word",`, `word`.
fn element(text: &[u8]) -> Option<Range<usize>> {
    let found = ELEMENT.captures(text)?;
    found.iter().skip(1).flatten().next().map(|word| word.range())
}

fn is_marker(text: &[u8], marker: &[u8]) -> bool {
    memchr::memmem::find(text, marker).is_some()
}

fn pair(text: &[u8]) -> Option<Pair> {
    if !text.contains(&b':') {
        return None;
    }
    let found = PAIR.captures(text)?;
    Some(Pair {
        indent: found.get(1)?.len(),
        key: String::from_utf8_lossy(found.get(2)?.as_bytes()).into_owned(),
        at: found.get(0)?.end(),
    })
}
