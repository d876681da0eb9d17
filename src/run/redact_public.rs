//! Which part of a value is worth hiding wherever it stands. A port, a host, `true` or `postgres`
//! kept in a Secret is none: hiding it would hide half of every text, and with it the diagnosis.

use super::redact::{fixed, is_origins};
use super::redact_keys as keys;
use super::redact_literals::SHORTEST;
use super::redact_mask::MASK;
use super::redact_shapes as shapes;
use regex::bytes::Regex;
use std::sync::LazyLock;

/// Words that stand everywhere in the text of a deployment. As a password they are hidden where a key
/// or an address tells them, never as a word.
const WORDS: [&str; 48] = [
    "account",
    "admin123",
    "administrator",
    "backend",
    "changeme",
    "cluster",
    "container",
    "database",
    "debug",
    "default",
    "deployment",
    "development",
    "disable",
    "disabled",
    "docker",
    "enabled",
    "example",
    "failed",
    "frontend",
    "healthy",
    "kubernetes",
    "localhost",
    "minikube",
    "mongodb",
    "namespace",
    "password",
    "postgres",
    "postgresql",
    "prefer",
    "production",
    "public",
    "rabbitmq",
    "release",
    "require",
    "running",
    "secret",
    "secrets",
    "server",
    "service",
    "staging",
    "string",
    "testing",
    "unknown",
    "username",
    "verify-full",
    "version",
    "warning",
    "client",
];

/// Numbers, durations, sizes, versions, IPv4 addresses, each with a port perhaps.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    fixed(
        r"(?i)^(?:[+-]?[0-9]{1,7}(?:\.[0-9]+)?|v?[0-9]{1,4}(?:\.[0-9]{1,4}){1,3}(?::[0-9]{1,5})?|[0-9]{1,6}(?:ms|[smhd]|[kmgt]i?b?)|(?:[0-9]{1,4}[smhd]){2,4})$",
    )
});
/// A host with a dot in its name, or with a port.
static HOST: LazyLock<Regex> = LazyLock::new(|| {
    fixed(
        r"(?i)^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\.[a-z][a-z0-9-]*(?::[0-9]{1,5})?|:[0-9]{1,5})$",
    )
});
/// A name of several plain words (`app_db`, `read-only`, `taskflow`), an address for mail, a path.
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    fixed(r"^(?:[A-Za-z]+(?:[-_. ][A-Za-z]+)*[0-9]?|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+|(?:/[A-Za-z._-]+)+/?)$")
});
/// An address with a user: what may be declared as a whole and is a secret in part.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    fixed(
        r"(?i)^(?:jdbc:)?[a-z][a-z0-9+.-]{2,}://(?:[^\s:/@]*:\S*@[^\s/@]|[^\s/@]+@[^\s/@]|[a-z0-9.-]+[/:].*[?&](?:password|pwd)=)",
    )
});
/// The password among the pairs of a connection string.
static PAIRS: LazyLock<Regex> = LazyLock::new(|| {
    fixed(r#"(?i)\b(?:password|passwd|pwd|accountkey|sharedaccesskey)\s*=\s*(?:'([^']+)'|"([^"]+)"|([^\s;&'"]+))"#)
});
/// `KEY=value`, `key: value` on a line of a file that is kept in a Secret.
static PAIR: LazyLock<Regex> =
    LazyLock::new(|| fixed(r#"^\s*(?:export\s+)?["']?([A-Za-z][A-Za-z0-9_.-]*)["']?\s*[:=]\s*["']?(.*?)["']?,?\s*$"#));
/// What carries the secret of an address without a password: `https://hooks.example/T0/B0/X…`.
static SEGMENT: LazyLock<Regex> = LazyLock::new(|| fixed(r"[A-Za-z0-9_-]{20,}"));

/// What says that a value is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// Somebody has declared it.
    Declared,
    /// The key that it stands behind.
    ByKey,
    /// Where it is kept, and nothing else: names and hosts are taken for what they look like.
    ByPlace,
}

/// The parts of `value` to hide wherever they stand.
pub(super) fn parts(value: &str, told: Told) -> Vec<Vec<u8>> {
    let value = value.trim();
    // `<x>` and `${x}` stand for something else in a file; what is declared stands for itself.
    if is_plain(value) || (told != Told::Declared && keys::is_readable("", value.as_bytes())) {
        return Vec::new();
    }
    if value.contains('\n') {
        return of_lines(value, told);
    }
    if told == Told::Declared && value.contains("//") && !ADDRESS.is_match(value.as_bytes()) {
        return vec![value.as_bytes().to_vec()];
    }
    if let Some(passwords) = shapes::passwords_in_url(value.as_bytes()) {
        return passwords.into_iter().filter(|password| is_password(password)).collect();
    }
    let in_pairs: Vec<Vec<u8>> = PAIRS
        .captures_iter(value.as_bytes())
        .filter_map(|found| Some(found.iter().skip(1).flatten().next()?.as_bytes().to_vec()))
        .collect();
    if !in_pairs.is_empty() && value.contains('=') {
        return in_pairs.into_iter().filter(|password| is_password(password)).collect();
    }
    if told != Told::Declared && value.contains("://") && !value.contains(' ') {
        let path = value.split_once("://").map_or("", |(_, rest)| rest.split_once(['/', '?']).map_or("", |(_, p)| p));
        let long = SEGMENT.find_iter(path.as_bytes()).map(|found| found.as_bytes().to_vec());
        return if told == Told::ByKey {
            long.filter(|part| part.iter().any(u8::is_ascii_digit)).collect()
        } else {
            Vec::new()
        };
    }
    if told == Told::ByPlace && (HOST.is_match(value.as_bytes()) || NAME.is_match(value.as_bytes())) {
        return Vec::new();
    }
    vec![value.as_bytes().to_vec()]
}

/// What stands where a password does: not a word that everybody says, nor a variable's name.
fn is_password(part: &[u8]) -> bool {
    !is_plain(&String::from_utf8_lossy(part)) && !keys::is_readable("", part)
}

/// A file kept as a value: the values of its telling keys; of other text, every line.
fn of_lines(value: &str, told: Told) -> Vec<Vec<u8>> {
    // Tools print it on one line, its line ends escaped.
    let mut all = vec![value.as_bytes().to_vec()];
    for line in value.lines() {
        match PAIR.captures(line.as_bytes()).and_then(|found| Some((found.get(1)?, found.get(2)?))) {
            Some((key, value)) => {
                let text = |part: regex::bytes::Match<'_>| String::from_utf8_lossy(part.as_bytes()).into_owned();
                let told = if keys::is_secret(&text(key)) { Told::ByKey } else { Told::ByPlace };
                all.extend(parts(&text(value), told));
            }
            None if line.contains("-----") => {}
            None => all.extend(parts(line, told)),
        }
    }
    all
}

/// Too short, a switch, a number, a common word, a mask, a list of origins: no secret wherever it is
/// kept, or one that cannot be hidden as a word.
fn is_plain(value: &str) -> bool {
    value.len() < SHORTEST
        || MASK.is_match(value.as_bytes())
        || NUMBER.is_match(value.as_bytes())
        || WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
        || is_origins(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(value: &str, told: Told) -> Vec<String> {
        parts(value, told).into_iter().map(|part| String::from_utf8(part).unwrap()).collect()
    }

    #[test]
    fn what_everybody_says_is_not_learned() {
        for value in [
            "",
            "1",
            "true",
            "false",
            "yes",
            "null",
            "5432",
            "30080",
            "8080",
            "300s",
            "1h30m",
            "512Mi",
            "1.31.0",
            "192.168.49.2",
            "192.168.49.2:5432",
            "postgres",
            "production",
            "Password",
            "changeme",
            "localhost",
            ".*",
            "http://localhost:3000",
            "[\"http://a.example\",\"http://b.example:30080\"]",
            "${DB_PASSWORD}",
            "{{ .Values.x }}",
            "<redacted>",
            "[hidden DB 12 chars #01234567]",
            "postgresql://app@db.example:5432/app",
            "postgresql://postgres:postgres@db.example:5432/app",
            "postgresql://app:${PASSWORD}@db.example:5432/app",
            "http://taskflow-backend-service:8000/health",
        ] {
            assert_eq!(hidden(value, Told::ByPlace), [""; 0], "{value}");
            assert_eq!(hidden(value, Told::ByKey), [""; 0], "{value}");
        }
        // Only a key tells that these are secrets.
        for value in [
            "taskflow",
            "db.example.com",
            "db.example.com:5432",
            "cache:6379",
            "app_user",
            "me@example.com",
            "/etc/app",
        ] {
            assert_eq!(hidden(value, Told::ByPlace), [""; 0], "{value}");
            assert_eq!(hidden(value, Told::ByKey), [value]);
        }
    }

    #[test]
    fn of_an_address_only_its_password_is_learned() {
        for (value, wanted) in [
            ("postgresql://app:s3cr3tpw@db.example:5432/app?sslmode=disable", &["s3cr3tpw", "s3cr3tpw"][..]),
            ("postgresql://app:p%40ssw0rd@db/app", &["p%40ssw0rd", "p@ssw0rd"]),
            ("host=db port=5432 user=app password=s3cr3tpw dbname=app", &["s3cr3tpw"]),
            ("host=db password='two words' dbname=app", &["two words"]),
            ("Server=db;User Id=sa;Password=s3cr3t!p;Encrypt=true", &["s3cr3t!p"]),
            ("jdbc:postgresql://db/app?user=app&password=s3cr3tpw&ssl=true", &["s3cr3tpw"]),
            ("https://hooks.example.com/services/T0/abcdefghijklmnopqrstu9", &["abcdefghijklmnopqrstu9"]),
        ] {
            assert_eq!(hidden(value, Told::ByKey), wanted, "{value}");
        }
    }

    #[test]
    fn what_is_declared_goes_as_a_whole_unless_it_is_an_address() {
        for value in ["a://0A", "<a0A0>", "${a0A0}", "x//y:z@w", "https://hooks.example/x", "http://u:p w"] {
            assert_eq!(hidden(value, Told::Declared), [value]);
        }
        let address = "postgresql://app:s3/cr3t@pw@db.example:5432/app";
        assert_eq!(hidden(address, Told::Declared), ["s3/cr3t@pw", "s3/cr3t@pw"]);
    }

    #[test]
    fn of_a_file_the_telling_lines_are_learned() {
        let file = "[database]\nhost = db.example\nport: 5432\npassword = s3cr3tpw\n-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n";
        let parts = hidden(file, Told::Declared);
        assert!(parts[0].starts_with("[database]") && parts[0].ends_with("MIIEvQIBADANBg"), "{parts:?}");
        assert_eq!(parts[1..], ["[database]", "s3cr3tpw", "MIIEvQIBADANBg"]);
    }
}
