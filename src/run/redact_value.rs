//! Where a value begins and ends in YAML, JSON, logfmt, DSNs and prose.

/// Where a key or value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// At the start of a line: the value reaches to its end.
    Start,
    /// Inside `{…}`, or quoted: the value ends at a comma or brace.
    Flow,
    /// Inside `[…]`, as Go prints a map: the value ends at a blank.
    Bracket,
    /// Behind `=`.
    Assigned,
    /// In a sentence.
    Prose,
    /// A key of a flow map.
    Key,
}

/// A value's bytes, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The scalar that starts at `at`; `None` for nothing, a map, a block indicator, an alias.
pub(super) fn value_at(text: &[u8], at: usize, place: Place) -> Option<Value> {
    let rest = text.get(at..)?;
    let slashes = rest.iter().take_while(|byte| **byte == b'\\').count();
    if let Some(quote) = rest.get(slashes).copied().filter(|byte| b"\"'".contains(byte)) {
        let start = at + slashes + 1;
        return Some(Value { start, end: quoted_end(text, start, quote, slashes) });
    }
    match rest.first()? {
        b'$' if is_reference(rest) => return None,
        b'{' if rest.starts_with(b"{{") => {}
        b'{' => return None,
        b'[' if place != Place::Assigned => {
            let end = memchr::memchr(b']', rest).map_or(text.len(), |end| at + end);
            return (end > at + 1).then_some(Value { start: at + 1, end });
        }
        b'|' | b'>' if is_block(rest) => return None,
        b'&' | b'!' if place == Place::Start && rest.len() == 1 => return None,
        _ => {}
    }
    let to_end = || at + rest.trim_ascii_end().len();
    let end = match place {
        Place::Start => to_end(),
        Place::Assigned if at_line_start(text, at) && !has_more_pairs(rest) && !is_before_call(rest) => to_end(),
        Place::Assigned | Place::Prose => assigned_end(text, at),
        Place::Flow => at + rest.iter().position(|byte| b",}]".contains(byte)).unwrap_or(rest.len()),
        Place::Bracket => at + rest.iter().position(|byte| b" ]".contains(byte)).unwrap_or(rest.len()),
        Place::Key => at + rest.iter().position(|byte| b":,} \t".contains(byte)).unwrap_or(rest.len()),
    };
    let end = at + text[at..end].trim_ascii_end().len();
    (end > at).then_some(Value { start: at, end })
}

/// `${name}` and nothing behind it: what is written in a file, not what it stands for.
fn is_reference(rest: &[u8]) -> bool {
    let Some(name) = rest.strip_prefix(b"${") else { return false };
    let long = name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_-?".contains(byte)).count();
    long > 0 && name.get(long) == Some(&b'}') && name.get(long + 1).is_none_or(u8::is_ascii_whitespace)
}

/// `|`, `>-`, `|2`: the value stands on the lines below.
pub(super) fn is_block(rest: &[u8]) -> bool {
    let rest = rest.trim_ascii_end();
    matches!(rest.first(), Some(b'|' | b'>'))
        && rest.len() <= 3
        && rest[1..].iter().all(|byte| b"+-".contains(byte) || byte.is_ascii_digit())
}

/// The end of a quoted text. Quotes inside a quoted text carry backslashes: a quote of ours has
/// exactly as many as the opening one.
fn quoted_end(text: &[u8], start: usize, quote: u8, slashes: usize) -> usize {
    let mut at = start;
    let mut run = 0;
    while let Some(byte) = text.get(at) {
        if *byte == b'\\' {
            run += 1;
        } else {
            let ours = if slashes == 0 { run % 2 == 0 || quote == b'\'' } else { run == slashes };
            if *byte == quote && ours {
                return at - slashes.min(run);
            }
            run = 0;
        }
        at += 1;
    }
    text.len()
}

/// Is everything before the value one `KEY=`?
fn at_line_start(text: &[u8], at: usize) -> bool {
    if at > 512 {
        return false;
    }
    let before = text[..at].trim_ascii();
    let before = before.strip_prefix(b"export ").unwrap_or(before);
    let key = before.strip_suffix(b"=").unwrap_or(before).trim_ascii_end();
    !key.is_empty() && key.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte))
}

/// Does `key=` follow somewhere behind a blank?
fn has_more_pairs(rest: &[u8]) -> bool {
    rest.split(|byte| b" \t".contains(byte)).skip(1).any(|word| {
        let key = word.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte)).count();
        key > 0 && word.get(key) == Some(&b'=')
    })
}

/// `PGPASSWORD=… psql`: does a tool's name follow the first word?
fn is_before_call(rest: &[u8]) -> bool {
    const TOOLS: [&[u8]; 8] = [b"createdb", b"curl", b"docker", b"dropdb", b"helm", b"kubectl", b"psql", b"redis-cli"];
    let Some(word) = rest.split(|byte| b" \t".contains(byte)).filter(|word| !word.is_empty()).nth(1) else {
        return false;
    };
    let name = word.rsplit(|byte| *byte == b'/').next().unwrap_or(word);
    TOOLS.contains(&name) || [&b"pg_"[..], b"mysql", b"mariadb"].iter().any(|start| name.starts_with(start))
}

/// The end of a bare value in running text.
fn assigned_end(text: &[u8], at: usize) -> usize {
    let mut end = at;
    while let Some(byte) = text.get(end) {
        match byte {
            b' ' | b'\t' | b'"' | b'\'' | b'&' | b'`' => break,
            b'\\' if text.get(end + 1).is_some_and(|next| b"\"'nrt".contains(next)) => break,
            // A separator ends it only where something new begins: passwords hold them, too.
            b',' | b';' | b')' | b']' | b'}' => {
                let next = &text[end + 1..];
                let word =
                    next.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.- ".contains(byte)).count();
                if next.first().is_none_or(|byte| b" \t\"'),]};:.".contains(byte))
                    || (word > 0 && next.get(word).is_some_and(|byte| b"=:".contains(byte)))
                {
                    break;
                }
            }
            _ => {}
        }
        end += 1;
    }
    end
}
