//! What tools print → UTF-8. On Windows some (wsl, hyperv, PowerShell) print UTF-16, with its mark or
//! without; a pattern, the redactor and a person could read none of it.

use crate::classify::decode::Decoder;
use std::borrow::Cow;

/// So many bytes tell UTF-16 without its mark from text with a NUL in it. Until then both are held back,
/// but only what begins like UTF-16.
const TELLING: usize = 16;

/// A stream on its way, in chunks that end anywhere.
#[derive(Default)]
pub struct Wide {
    /// The beginning, while it does not tell yet.
    held: Vec<u8>,
    decoder: Option<Decoder>,
}

impl Wide {
    /// Takes a chunk; gives what is text already.
    pub fn push<'b>(&mut self, chunk: &'b [u8]) -> Cow<'b, [u8]> {
        if let Some(decoder) = &mut self.decoder {
            return decoder.push(chunk);
        }
        if self.held.is_empty()
            && let Some((mut decoder, mark)) = told(chunk)
        {
            let text = decoder.push(chunk.get(mark..).unwrap_or_default());
            self.decoder = Some(decoder);
            return text;
        }
        self.held.extend_from_slice(chunk);
        match told(&self.held) {
            Some(told) => self.begin(told),
            None => Cow::Borrowed(&[]),
        }
    }

    /// The stream is over: what was held back, and half a character.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut text = if self.held.is_empty() { Vec::new() } else { self.begin((Decoder::plain(), 0)).into_owned() };
        text.extend(self.decoder.take().map(|mut decoder| decoder.finish()).unwrap_or_default());
        text
    }

    fn begin(&mut self, (mut decoder, mark): (Decoder, usize)) -> Cow<'static, [u8]> {
        let held = std::mem::take(&mut self.held);
        let text = decoder.push(held.get(mark..).unwrap_or_default()).into_owned();
        self.decoder = Some(decoder);
        Cow::Owned(text)
    }
}

/// What these first bytes are, and how many of them are a mark. `None`: they do not tell yet.
fn told(head: &[u8]) -> Option<(Decoder, usize)> {
    match head {
        [0xEF, 0xBB, 0xBF, ..] => return Some((Decoder::plain(), 3)),
        [0xFF, 0xFE, ..] => return Some((Decoder::utf16le(), 2)),
        [0xFE, 0xFF, ..] => return Some((Decoder::utf16be(), 2)),
        [] | [0xFE | 0xFF | 0xEF] | [0xEF, 0xBB] => return None,
        _ => {}
    }
    // Every first byte says something, and more than half of the second ones do not.
    let head = head.get(..TELLING).unwrap_or(head);
    let (first, second) = (head.iter().step_by(2), head.iter().skip(1).step_by(2));
    if first.clone().any(|byte| *byte == 0) || second.clone().next().is_some_and(|byte| *byte != 0) {
        return Some((Decoder::plain(), 0));
    }
    if head.len() < TELLING {
        return None;
    }
    let zeros = second.filter(|byte| **byte == 0).count();
    Some((if zeros * 4 > TELLING { Decoder::utf16le() } else { Decoder::plain() }, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn through(chunks: &[&[u8]]) -> Vec<u8> {
        let mut wide = Wide::default();
        let mut out = Vec::new();
        for chunk in chunks {
            out.extend_from_slice(&wide.push(chunk));
        }
        out.extend(wide.finish());
        out
    }

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn a_mark_goes_and_utf16_is_known_without_one() {
        let text = "The service cannot be started.\r\n";
        assert_eq!(through(&[&[0xFF, 0xFE], &utf16(text)]), text.as_bytes());
        assert_eq!(through(&[&utf16(text)]), text.as_bytes());
        let swapped: Vec<u8> = utf16(text).chunks(2).flat_map(|pair| [pair[1], pair[0]]).collect();
        assert_eq!(through(&[b"\xFE", b"\xFF", &swapped]), text.as_bytes());
        assert_eq!(through(&[b"\xEF\xBB", b"\xBFNAME"]), b"NAME");
        assert_eq!(through(&[b"\xFF\xFEa\0b"]), "a\u{fffd}".as_bytes(), "half a character is told");
    }

    #[test]
    fn bytes_stay_bytes() {
        for text in
            [&b""[..], b"x", b"\xFF", b"\xEF", b"one\0two\0", b"a\0b\0", b"\0\0\0\0", b"caf\xE9 \xFF\xFE", &[b'a'; 100]]
        {
            assert_eq!(through(&[text]), text);
            let bytes: Vec<&[u8]> = text.chunks(1).collect();
            assert_eq!(through(&bytes), text);
        }
        // One letter and a NUL, but then plain text.
        assert_eq!(through(&[b"a\0bcdefghijklmnopqrst"]), b"a\0bcdefghijklmnopqrst");
    }

    #[test]
    fn only_what_begins_like_it_is_held_back() {
        let mut wide = Wide::default();
        assert_eq!(wide.push(b"ok"), &b"ok"[..]);
        assert!(matches!(wide.push(b"more"), Cow::Borrowed(b"more")), "not copied");
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same(
            text in "[a-z\u{e4}\u{1f600}\\n]{0,60}",
            shape in 0..4,
            noise in proptest::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 0..40),
            cuts in proptest::collection::vec(0usize..140, 0..10),
        ) {
            let bytes = match shape {
                0 => [&[0xFF, 0xFE][..], &utf16(&text)].concat(),
                1 => utf16(&text),
                2 => text.clone().into_bytes(),
                _ => noise,
            };
            let whole = through(&[&bytes]);
            if shape == 0 || shape == 2 {
                prop_assert_eq!(&whole, text.as_bytes());
            }
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(through(&chunks), whole);
        }
    }
}
