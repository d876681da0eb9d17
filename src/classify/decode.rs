//! Bytes as captured → UTF-8, block by block: PowerShell's `>` writes UTF-16.

use std::borrow::Cow;

/// A whole text: UTF-16 becomes UTF-8; a byte order mark goes away.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut decoder = Decoder::default();
    match decoder.push(bytes) {
        Cow::Borrowed(text) => Cow::Borrowed(text),
        Cow::Owned(mut text) => {
            text.extend(decoder.finish());
            Cow::Owned(text)
        }
    }
}

/// How two bytes are one unit.
type Unit = fn([u8; 2]) -> u16;

/// Decodes a text that comes in blocks.
#[derive(Default)]
pub(crate) struct Decoder {
    /// Known from the first block on.
    kind: Option<Kind>,
    /// The start of a character whose rest is in the next block.
    rest: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Taken as it is.
    Bytes,
    /// Units of two bytes.
    Utf16(Unit),
}

impl Decoder {
    /// Takes bytes as they are.
    pub(crate) fn plain() -> Self {
        Self { kind: Some(Kind::Bytes), rest: Vec::new() }
    }

    /// Takes UTF-16 as Windows writes it, its mark removed.
    pub(crate) fn utf16le() -> Self {
        Self { kind: Some(Kind::Utf16(u16::from_le_bytes)), rest: Vec::new() }
    }

    /// Takes UTF-16 with the bytes of a unit the other way round, its mark removed.
    pub(crate) fn utf16be() -> Self {
        Self { kind: Some(Kind::Utf16(u16::from_be_bytes)), rest: Vec::new() }
    }

    /// Takes a block. The first one shows the encoding.
    pub(crate) fn push<'b>(&mut self, block: &'b [u8]) -> Cow<'b, [u8]> {
        let (kind, block) = match self.kind {
            Some(kind) => (kind, block),
            None => {
                let (kind, mark) = kind_of(block);
                self.kind = Some(kind);
                (kind, block.get(mark..).unwrap_or_default())
            }
        };
        let Kind::Utf16(unit) = kind else { return Cow::Borrowed(block) };
        self.rest.extend_from_slice(block);
        let mut whole = self.rest.len() / 2 * 2;
        let last = whole.checked_sub(2).and_then(|at| self.rest.get(at..whole));
        // The first half of a pair waits for the second.
        if let Some(&[a, b]) = last
            && (0xD800..0xDC00).contains(&unit([a, b]))
        {
            whole -= 2;
        }
        let tail = self.rest.split_off(whole);
        let text = units(&self.rest, unit);
        self.rest = tail;
        Cow::Owned(text)
    }

    /// What is left at the end of the text: half a character.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        let rest = std::mem::take(&mut self.rest);
        if rest.is_empty() { Vec::new() } else { char::REPLACEMENT_CHARACTER.to_string().into_bytes() }
    }
}

fn kind_of(bytes: &[u8]) -> (Kind, usize) {
    match bytes {
        [0xEF, 0xBB, 0xBF, ..] => (Kind::Bytes, 3),
        [0xFF, 0xFE, ..] => (Kind::Utf16(u16::from_le_bytes), 2),
        [0xFE, 0xFF, ..] => (Kind::Utf16(u16::from_be_bytes), 2),
        _ if is_bare_utf16(bytes) => (Kind::Utf16(u16::from_le_bytes), 0),
        _ => (Kind::Bytes, 0),
    }
}

fn units(bytes: &[u8], unit: Unit) -> Vec<u8> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>().into_bytes()
}

/// UTF-16LE without its mark, as a cut of a longer capture has it: every second byte is zero.
fn is_bare_utf16(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(512)];
    let zeros = |parity: usize| head.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    head.len() >= 16 && zeros(1) * 2 > head.len() / 2 && zeros(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn marks_go_and_odd_ends_are_told() {
        assert_eq!(decode(b"\xEF\xBB\xBFa"), &b"a"[..]);
        assert_eq!(decode(b"\xFF\xFEa\0b"), "a\u{FFFD}".as_bytes());
        assert_eq!(decode(b"\xFE\xFF\0a"), &b"a"[..]);
        assert_eq!(decode(b"plain\xFF"), &b"plain\xFF"[..]);
    }

    proptest! {
        #[test]
        fn blocks_of_any_size_give_the_same_text(text in "[a-zäß😀\\n]{1,60}", cut in 2usize..40, wide: bool) {
            let bytes: Vec<u8> = if wide {
                [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
            } else {
                text.clone().into_bytes()
            };
            let mut decoder = Decoder::default();
            let mut out = Vec::new();
            for block in bytes.chunks(cut) {
                out.extend_from_slice(&decoder.push(block));
            }
            out.extend(decoder.finish());
            prop_assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
