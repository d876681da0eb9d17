//! Time stamps at the start of a line, and the heads that loggers put behind or before them.

/// How many bytes of `line` are a time stamp, with the brackets around it; 0: there is none.
///
/// Known are ISO 8601 (`2024-05-01T10:00:00.123Z`, `2024-05-01 10:00:00,123 UTC`), Go's and nginx'
/// `2024/05/01 10:00:00`, syslog's `May  1 10:00:00`, the access log's `[01/May/2024:10:00:00 +0000]`,
/// `01-May-2024 10:00:00.123` and the bare `10:00:00.123`. A zone may follow.
pub(crate) fn length(line: &[u8]) -> usize {
    match line.first() {
        Some(b'[') => {
            let inner = bare(line.get(1..).unwrap_or_default());
            let closed = line.get(1 + inner..).is_some_and(|rest| rest.starts_with(b"]"));
            if inner > 0 && closed { inner + 2 } else { 0 }
        }
        Some(_) => bare(line),
        None => 0,
    }
}

fn bare(line: &[u8]) -> usize {
    let found = match line.first() {
        Some(byte) if byte.is_ascii_digit() => numeric(line),
        Some(byte) if byte.is_ascii_uppercase() => named(line),
        _ => None,
    };
    found.map_or(0, |end| end + zone(line.get(end..).unwrap_or_default()))
}

/// Stamps that begin with a digit.
fn numeric(line: &[u8]) -> Option<usize> {
    let mut read = Read { line, at: 0 };
    if read.digits(4) && (read.is(b'-') || read.is(b'/')) && read.digits(2) && (read.is(b'-') || read.is(b'/')) {
        read.digits_at(2).then_some(())?;
        read.at += 2;
        (read.is(b'T') || read.is(b' ')).then_some(())?;
        return read.clock();
    }
    read.at = 0;
    // `01/May/2024:10:00:00`, `01-May-2024 10:00:00`.
    if read.digits(2) && (read.is(b'/') || read.is(b'-')) && read.month() && (read.is(b'/') || read.is(b'-')) {
        read.digits_at(4).then_some(())?;
        read.at += 4;
        (read.is(b':') || read.is(b' ')).then_some(())?;
        return read.clock();
    }
    read.at = 0;
    read.clock()
}

/// `May  1 10:00:00`, `May 01 2024 10:00:00`, `Wed May  1 10:00:00`.
fn named(line: &[u8]) -> Option<usize> {
    let mut read = Read { line, at: 0 };
    if !read.month() {
        const DAYS: [&[u8]; 7] = [b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun "];
        (DAYS.iter().any(|day| line.starts_with(day))).then_some(())?;
        read.at = 4;
        read.month().then_some(())?;
    }
    (read.is(b' ')).then_some(())?;
    let _ = read.is(b' ');
    (read.digits(2) || read.digits(1)).then_some(())?;
    let _ = read.is(b',');
    (read.is(b' ')).then_some(())?;
    let here = read.at;
    if let Some(end) = read.clock() {
        return Some(end);
    }
    read.at = here;
    read.digits(4).then_some(())?;
    let _ = read.is(b',');
    (read.is(b' ')).then_some(())?;
    read.clock()
}

/// ` +0000`, `Z`, `+02:00`, ` UTC`, ` AM`.
fn zone(rest: &[u8]) -> usize {
    let blank = usize::from(rest.first() == Some(&b' '));
    let behind = rest.get(blank..).unwrap_or_default();
    if behind.first() == Some(&b'Z') {
        return if blank == 0 { 1 } else { 0 };
    }
    for word in [&b"UTC"[..], b"GMT", b"AM", b"PM"] {
        if blank == 1 && behind.starts_with(word) && !behind.get(word.len()).is_some_and(u8::is_ascii_alphanumeric) {
            return blank + word.len();
        }
    }
    if matches!(behind.first(), Some(b'+' | b'-')) {
        let mut read = Read { line: behind, at: 1 };
        if read.digits(2) {
            let _ = read.is(b':');
            if read.digits(2) && !behind.get(read.at).is_some_and(u8::is_ascii_alphanumeric) {
                return blank + read.at;
            }
        }
    }
    0
}

struct Read<'a> {
    line: &'a [u8],
    at: usize,
}

impl Read<'_> {
    fn is(&mut self, byte: u8) -> bool {
        let found = self.line.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn digits_at(&self, count: usize) -> bool {
        self.line.get(self.at..self.at + count).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
    }

    fn digits(&mut self, count: usize) -> bool {
        let found = self.digits_at(count);
        self.at += if found { count } else { 0 };
        found
    }

    fn month(&mut self) -> bool {
        const MONTHS: [&[u8]; 12] =
            [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
        let found = self.line.get(self.at..self.at + 3).is_some_and(|month| MONTHS.contains(&month));
        self.at += if found { 3 } else { 0 };
        found
    }

    /// `10:00:00`, with a fraction behind `.` or `,`; the offset behind it.
    fn clock(&mut self) -> Option<usize> {
        for part in 0..3 {
            (part == 0 || self.is(b':')).then_some(())?;
            let found = self.digits(2);
            found.then_some(())?;
        }
        if matches!(self.line.get(self.at), Some(b'.' | b',')) {
            let fraction = self.line.get(self.at + 1..).unwrap_or_default();
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            self.at += if digits > 0 { digits + 1 } else { 0 };
        }
        // `10:00:00x` is something else.
        let ends = !self.line.get(self.at).is_some_and(|byte| byte.is_ascii_digit() || *byte == b':');
        ends.then_some(self.at)
    }
}

/// How many bytes of `line` are a klog head, with the blank behind it: `E0501 10:00:00.123456  1 a.go:12] `.
pub(crate) fn klog(line: &[u8]) -> usize {
    if !matches!(line.first(), Some(b'I' | b'W' | b'E' | b'F')) {
        return 0;
    }
    let mut read = Read { line, at: 1 };
    if !(read.digits(4) && read.is(b' ') && read.clock().is_some()) {
        return 0;
    }
    let rest = line.get(read.at..).unwrap_or_default();
    let near = rest.get(..rest.len().min(120)).unwrap_or_default();
    match memchr::memmem::find(near, b"] ") {
        Some(end) if near.get(..end).is_some_and(|head| head.contains(&b':')) => read.at + end + 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stamps_of_many_loggers() {
        for (line, stamp) in [
            ("2024-05-01T10:00:00.1234567Z x", "2024-05-01T10:00:00.1234567Z"),
            ("2024-05-01 10:00:00,123 ERROR x", "2024-05-01 10:00:00,123"),
            ("2024-05-01 10:00:00.123 UTC [12] FATAL: x", "2024-05-01 10:00:00.123 UTC"),
            ("2024-05-01T10:00:00+02:00 x", "2024-05-01T10:00:00+02:00"),
            ("2024/05/01 10:00:00 [error] x", "2024/05/01 10:00:00"),
            ("[2024-05-01T10:00:00.123Z] x", "[2024-05-01T10:00:00.123Z]"),
            ("[2024-05-01 10:00:00 +0000] [7] [INFO] x", "[2024-05-01 10:00:00 +0000]"),
            ("[01/May/2024:10:00:00 +0000] \"GET /\"", "[01/May/2024:10:00:00 +0000]"),
            ("01-May-2024 10:00:00.123 INFO x", "01-May-2024 10:00:00.123"),
            ("May  1 10:00:00 host x", "May  1 10:00:00"),
            ("May 01, 2024 10:00:00 AM x", "May 01, 2024 10:00:00 AM"),
            ("10:00:00.123 x", "10:00:00.123"),
        ] {
            assert_eq!(length(line.as_bytes()), stamp.len(), "{line}");
        }
        for line in ["2024 x", "10:00 x", "2024-05-01 x", "May be 10:00:00", "10:00:00:12", "[x] 10:00:00", "", "["] {
            assert_eq!(length(line.as_bytes()), 0, "{line}");
        }
    }

    #[test]
    fn heads_of_klog() {
        let line = b"E0501 10:00:00.123456    1 file.go:12] cannot";
        assert_eq!(&line[klog(line)..], b"cannot");
        assert_eq!(klog(b"E0501 is an error code: x] y"), 0);
        assert_eq!(klog(b"I0501 10:00:00 no place] x"), 0);
    }

    proptest! {
        #[test]
        fn never_longer_than_the_line(line in prop::collection::vec(any::<u8>(), 0..60), text in "[\\[A-Z]?[0-9TMay:/ .,+-]{0,40}\\PC{0,4}") {
            prop_assert!(length(&line) <= line.len() && klog(&line) <= line.len());
            let text = text.as_bytes();
            prop_assert!(length(text) <= text.len() && klog(text) <= text.len());
        }
    }
}
