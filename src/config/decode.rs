//! Bytes → text, or why not.

use crate::error::{Code, Failure};

/// Larger files are refused: a runbook has a few hundred lines.
pub const MAX_BYTES: usize = 4 << 20;

/// The text of a file, without its byte order mark.
///
/// # Errors
/// Too large, UTF-16, or not UTF-8.
pub fn decode(shown: &str, bytes: &[u8]) -> Result<String, Failure> {
    let refuse = |message: String| Failure::new(Code::Config, format!("error: {message}"));
    if bytes.len() > MAX_BYTES {
        return Err(refuse(format!("{shown} is larger than 4 MiB, the most that is read")));
    }
    // UTF-16 without a mark shows by a NUL in every other byte.
    if bytes.starts_with(&[0xFF, 0xFE])
        || bytes.starts_with(&[0xFE, 0xFF])
        || matches!(bytes, [0, (1..), 0, (1..), ..] | [(1..), 0, (1..), 0, ..])
    {
        return Err(refuse(format!("{shown} is UTF-16: save it as UTF-8")));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let good = &bytes[..error.valid_up_to()];
            let line = 1 + memchr::memchr_iter(b'\n', good).count();
            let start = memchr::memrchr(b'\n', good).map_or(0, |at| at + 1);
            let column = 1 + String::from_utf8_lossy(&good[start..]).chars().count();
            let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
            Err(refuse(format!(
                "{shown} is not UTF-8: save it as UTF-8\n --> {shown}:{line}:{column}: byte 0x{byte:02X}"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    fn refused(bytes: &[u8]) -> String {
        decode("tasks.toml", bytes).unwrap_err().message
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        assert_eq!(decode("tasks.toml", b"\xEF\xBB\xBFversion = 1").unwrap(), "version = 1");
    }

    #[test]
    fn other_encodings_are_named() {
        let utf16 = "error: tasks.toml is UTF-16: save it as UTF-8";
        assert_eq!(refused(b"\xFF\xFEv\0e\0"), utf16);
        assert_eq!(refused(b"\xFE\xFF\0v\0e"), utf16);
        assert_eq!(refused(b"v\0e\0"), utf16);
        assert_eq!(
            refused(b"a = 1\n# caf\xE9\n"),
            "error: tasks.toml is not UTF-8: save it as UTF-8\n --> tasks.toml:2:6: byte 0xE9"
        );
    }

    #[test]
    fn a_huge_file_is_refused() {
        assert!(refused(&vec![b'#'; (4 << 20) + 1]).contains("larger than 4 MiB"));
        assert!(decode("tasks.toml", &vec![b'#'; 4 << 20]).is_ok());
    }
}
