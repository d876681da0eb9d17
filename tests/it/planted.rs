//! Secrets planted in everything that tools print: in sixteen forms that a guide for this app shows,
//! and two hundred random ones in every encoding, known beforehand or told by their form alone.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use refloat::run::lines::{Line, Lines};
use refloat::run::redact::Redactor;
use refloat::run::redact_stream::RedactStream;

/// What a run does with a stream that comes in these pieces.
fn streamed(redactor: &Redactor, pieces: &[&[u8]]) -> Vec<u8> {
    let mut lines = Lines::default();
    let mut state = RedactStream::new(redactor);
    let mut out = Vec::new();
    let mut each = |line: &Line| {
        out.extend(state.line(&line.text));
        out.extend_from_slice(line.end);
    };
    pieces.iter().for_each(|piece| lines.feed(piece, &mut each));
    lines.finish(&mut each);
    out
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

/// Redacts `text` whole and cut in two at every byte; the same comes out, and no byte of the secrets'
/// forms.
#[track_caller]
fn hides(redactor: &Redactor, text: &str, secrets: &[&str]) -> String {
    for secret in secrets {
        assert!(text.contains(secret), "`{secret}` is not in the sample\n{text}");
    }
    let whole = streamed(redactor, &[text.as_bytes()]);
    let shown = String::from_utf8_lossy(&whole).into_owned();
    for secret in secrets {
        assert!(!holds(&whole, secret.as_bytes()), "`{secret}` is left of\n{text}\n---\n{shown}");
    }
    for at in 0..text.len() {
        let (head, tail) = text.as_bytes().split_at(at);
        assert_eq!(streamed(redactor, &[head, tail]), whole, "cut at {at}\n{text}");
    }
    assert_eq!(streamed(redactor, &[&whole]), whole, "a second pass changes\n{shown}");
    shown
}

/// Form, its secrets, and what of it must stay.
const GUIDE: [(&str, &str, &[&str], &[&str]); 16] = [
    (
        "environment",
        "BETTER_AUTH_SECRET=q7Zp-Lm3!vB8xT2#rK5wYd9s@Nc4Hf6j",
        &["q7Zp-Lm3!vB8xT2#rK5wYd9s@Nc4Hf6j"],
        &["BETTER_AUTH_SECRET="],
    ),
    (
        "YAML key",
        "database:\n  user: taskflow\n  password: c0rrect-h0rse\n  port: 5432\n",
        &["c0rrect-h0rse"],
        &["user: taskflow", "port: 5432"],
    ),
    (
        "Anthropic key",
        "ERROR anthropic: 401 for key sk-ant-api03-Zx9Yw8Vu7Ts6Rq5Po4Nm3Lk2Ji1Hg0Fe-Dc_BaAA at startup",
        &["Zx9Yw8Vu7Ts6Rq5Po4Nm3Lk2Ji1Hg0Fe", "Dc_BaAA"],
        &["401 for key sk-ant-api03-"],
    ),
    (
        "JWT",
        "Invalid token eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c2VyLTEiLCJleHAiOjE3MDB9.q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6",
        &["eyJzdWIiOiJ1c2VyLTEiLCJleHAiOjE3MDB9", "q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6"],
        &["Invalid token "],
    ),
    (
        "libpq DSN",
        "connecting with host=db.internal port=5432 user=taskflow password=s3cr3t-dsn dbname=taskflow sslmode=require",
        &["s3cr3t-dsn"],
        &["host=db.internal port=5432 user=taskflow", "dbname=taskflow sslmode=require"],
    ),
    (
        "data of a Secret",
        "apiVersion: v1\ndata:\n  GREETING: dmVyeS1oaWRkZW4tdmFsdWU=\nkind: Secret\nmetadata:\n  name: taskflow-backend-secrets\n",
        &["dmVyeS1oaWRkZW4tdmFsdWU="],
        &["kind: Secret", "name: taskflow-backend-secrets"],
    ),
    (
        "address",
        "could not connect: postgresql://taskflow:p%40ss-w0rd@db.internal:5432/taskflow?sslmode=require",
        &["p%40ss-w0rd"],
        &["postgresql://taskflow:", "@db.internal:5432/taskflow?sslmode=require"],
    ),
    (
        "Bearer",
        "> GET /api/tasks\n> Authorization: Bearer 9f8e7d6c5b4a39281706f5e4d3c2b1a0\n< 401",
        &["9f8e7d6c5b4a39281706f5e4d3c2b1a0"],
        &["> Authorization: Bearer ", "< 401"],
    ),
    (
        "JSON",
        "{\"level\":\"error\",\"user\":\"taskflow\",\"password\":\"j50n,\\\"pass}\",\"host\":\"db.internal\"}",
        &["j50n,\\\"pass}"],
        &["\"user\":\"taskflow\"", "\"host\":\"db.internal\""],
    ),
    (
        "stringData",
        "kind: Secret\nmetadata:\n  name: taskflow-backend-secrets\nstringData:\n  WELCOME: \"open sesame 7\"\n  PLAIN: alohomora\ntype: Opaque\n",
        &["open sesame 7", "alohomora"],
        &["WELCOME:", "PLAIN:", "type: Opaque"],
    ),
    (
        "private key",
        "tls.key: |\n  -----BEGIN PRIVATE KEY-----\n  MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n  Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA==\n  -----END PRIVATE KEY-----\nother: 1\n",
        &["MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MA=="],
        &["tls.key: |", "other: 1"],
    ),
    (
        "AWS pair",
        "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\nregion = eu-west-1\n",
        &["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
        &["aws_access_key_id = ", "region = eu-west-1"],
    ),
    (
        "GitHub token",
        "remote: denied for ghp_aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5 (403)",
        &["ghp_aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5"],
        &["remote: denied for ", " (403)"],
    ),
    (
        "connection string",
        "Server=tcp:db.internal,1433;Database=taskflow;User Id=sa;Password=c0nn;3ct!0n;Encrypt=true",
        &["c0nn;3ct!0n"],
        &["Server=tcp:db.internal,1433;Database=taskflow;User Id=sa;Password=", ";Encrypt=true"],
    ),
    (
        "argument",
        "+ helm registry login ghcr.example -u bot --password Reg1stry-pw --insecure",
        &["Reg1stry-pw"],
        &["helm registry login ghcr.example -u bot --password ", " --insecure"],
    ),
    (
        "shell",
        "export TOKEN='two words $and \"quotes\"'\necho done\n",
        &["two words $and"],
        &["export TOKEN='", "echo done"],
    ),
];

#[test]
fn none_of_sixteen_forms_of_a_guide_leaks_and_what_a_diagnosis_needs_stays() {
    let mut hidden = Vec::new();
    for (name, text, secrets, kept) in GUIDE {
        // Nothing is known beforehand.
        let out = hides(&Redactor::new(&[]), text, secrets);
        for part in kept {
            assert!(out.contains(part), "{name}: `{part}` is gone of\n{text}\n---\n{out}");
        }
        hidden.push(name);
    }
    assert_eq!(hidden.len(), 16, "{hidden:?}");
}

/// Numbers that are the same everywhere and every time (xorshift64*).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let below = u64::try_from(below).unwrap();
        usize::try_from((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % below).unwrap()
    }

    fn text(&mut self, alphabet: &str, least: usize, most: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..least + self.roll(most - least + 1)).map(|_| letters[self.roll(letters.len())]).collect()
    }
}

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// What a password generator draws from, quotes, blanks and backslashes among it.
const ANY: &str =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ äß€";

fn percent(text: &str, left: &str, lower: bool) -> String {
    text.bytes()
        .map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() || left.as_bytes().contains(&byte) => (byte as char).to_string(),
            byte if lower => format!("%{byte:02x}"),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// The secret as tools print it.
pub(super) fn encodings(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap();
    let json = json[1..json.len() - 1].to_owned();
    let nested = serde_json::to_string(&json).unwrap();
    let xml = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let mut all = vec![
        secret.to_owned(),
        STANDARD.encode(secret),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        percent(secret, "-_.~", false),
        percent(secret, "-_.~", true),
        percent(secret, "-_.!~*'()", false),
        json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"),
        nested[1..nested.len() - 1].to_owned(),
        json,
        secret.replace('\'', "''"),
        secret.replace('\'', "'\\''"),
        xml.replace('\'', "&#39;").replace("&quot;", "&#34;"),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ];
    all.dedup();
    all
}

/// The letters of base64 that tell the secret, whatever stands before and behind it.
pub(super) fn inner(secret: &str, before: usize) -> String {
    let whole = STANDARD_NO_PAD.encode(format!("{}{secret}", "p".repeat(before)));
    let first = (before * 8).div_ceil(6);
    whole[first..8 * (before + secret.len()) / 6].to_owned()
}

#[test]
fn two_hundred_planted_secrets_that_are_known_leak_in_no_encoding() {
    let mut dice = Dice(0x5eed_2026);
    let mut planted = 0;
    for round in 0..200 {
        let alphabet = if round % 2 == 0 { ANY } else { LETTERS };
        let secret = format!("x{}y", dice.text(alphabet, 8, 40).trim());
        let redactor = Redactor::new(std::slice::from_ref(&secret));
        for form in encodings(&secret) {
            let text = format!("{} {form} {}", dice.text(LETTERS, 0, 9), dice.text(LETTERS, 0, 9));
            let whole = streamed(&redactor, &[text.as_bytes()]);
            let shown = String::from_utf8_lossy(&whole).into_owned();
            assert!(!shown.contains(&form) && !shown.contains(&secret), "{secret}: {text}\n{shown}");
            // Cut anywhere, it is the same: one cut of each, and all of some.
            let cuts = if round % 20 == 0 { (0..text.len()).collect() } else { vec![dice.roll(text.len())] };
            for at in cuts {
                let (head, tail) = text.as_bytes().split_at(at);
                assert_eq!(streamed(&redactor, &[head, tail]), whole, "{secret}: cut at {at}: {text}");
            }
            planted += 1;
        }
        // Inside of other text, packed together with it.
        for before in 0..3 {
            let packed = STANDARD.encode(format!("{}{secret}, and more", "p".repeat(before)));
            let out = streamed(&redactor, &[packed.as_bytes()]);
            assert!(!holds(&out, inner(&secret, before).as_bytes()), "{secret}: {packed}");
            planted += 1;
        }
        // Equal secrets stay recognisable, and only what is secret goes.
        let line = streamed(&redactor, &[format!("a={secret}|{}|end", STANDARD.encode(&secret)).as_bytes()]);
        let line = String::from_utf8(line).unwrap();
        assert!(
            line.ends_with("|end") && line.matches(&format!("#{}]", redactor.tag(secret.as_bytes()))).count() == 2,
            "{line}"
        );
    }
    assert!(planted > 2000, "{planted}");
}

/// The forms tell; nothing is known.
#[test]
fn two_hundred_planted_secrets_that_nobody_told_of_go_by_their_form() {
    const BARE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!%+*~^#";
    let mut dice = Dice(0xb0a7_2026);
    for _ in 0..200 {
        let redactor = Redactor::new(&[]);
        let bare = format!("k{}7", dice.text(BARE, 8, 40));
        let any = format!("q{}Z", dice.text(ANY, 8, 40));
        let json = serde_json::to_string(&any).unwrap();
        let json = &json[1..json.len() - 1];
        let token = dice.text(LETTERS, 36, 36);
        for (text, secret) in [
            (format!("DB_PASSWORD={bare}"), bare.as_str()),
            (format!("export API_TOKEN={bare}"), &bare),
            (format!("password: {bare}"), &bare),
            (format!("  password: \"{json}\""), json),
            (format!("  password: '{}'", any.replace('\'', "''")), &any.replace('\'', "''")),
            (format!("{{\"user\":\"x\",\"clientSecret\":\"{json}\",\"n\":1}}"), json),
            (format!("host=db user=x password={bare} dbname=y"), &bare),
            (format!("mysql://x:{}@db:3306/y", percent(&any, "-_.~", false)), &percent(&any, "-_.~", false)),
            (format!("kind: Secret\ndata:\n  A: {}\n", STANDARD.encode(&any)), &STANDARD.encode(&any)),
            (format!("kind: Secret\nstringData:\n  A: \"{json}\"\n"), json),
            (format!("kind: Secret\nstringData:\n  A: |\n    {any}\nb: 1"), &any),
            (format!("- name: DB_PASSWORD\n  value: \"{json}\"\n"), json),
            (format!("tool --password {bare} --next"), &bare),
            (format!("Authorization: Bearer {token}"), &token),
            (format!("see ghp_{token} there"), &token),
            (format!("key sk-ant-api03-{token}"), &token),
            (format!("Server=db;User Id=sa;Password={bare};Encrypt=true"), &bare),
        ] {
            let out = streamed(&redactor, &[text.as_bytes()]);
            assert!(!holds(&out, secret.as_bytes()), "{text}\n{}", String::from_utf8_lossy(&out));
            let at = dice.roll(text.len());
            let (head, tail) = text.as_bytes().split_at(at);
            assert_eq!(streamed(&redactor, &[head, tail]), out, "cut at {at}: {text}");
            assert_eq!(streamed(&redactor, &[&out]), out, "a second pass changes {text}");
        }
    }
}

/// A long secret that `base64` breaks into lines goes line by line.
#[test]
fn a_secret_over_several_lines_goes() {
    let mut dice = Dice(7);
    let long = dice.text(LETTERS, 150, 150);
    let redactor = Redactor::new(std::slice::from_ref(&long));
    let packed = STANDARD.encode(&long);
    for width in [64, 76] {
        let lines: Vec<&str> = packed.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let out = streamed(&redactor, &[lines.join("\n").as_bytes()]);
        for line in lines.iter().filter(|line| line.len() >= 16) {
            assert!(!holds(&out, line.as_bytes()), "{line}");
        }
    }
    let redactor = Redactor::new(&["first half of it\nsecond half of it".to_owned()]);
    let out =
        streamed(&redactor, &[b"> first half of it\n> second half of it\n\"first half of it\\nsecond half of it\""]);
    assert!(!holds(&out, b"half"), "{}", String::from_utf8_lossy(&out));
}
