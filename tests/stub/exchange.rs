//! As much of curl as one exchange of the engine needs: it reads the config on standard input, asks, and prints the
//! answer with its headers and what curl says at the end.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a part of a program for tests")]

use std::io::{Read, Write};
use std::net::TcpStream;

/// Asks what the arguments and the config say of the app at this port, wherever they say it is.
pub(crate) fn exchange(port: u16) {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |flag: &str| arguments.iter().skip_while(|argument| *argument != flag).nth(1).expect("an argument");
    let (_, path) = after("--url").split_once("://").and_then(|(_, rest)| rest.split_once('/')).expect("an address");
    let mut config = String::new();
    std::io::stdin().read_to_string(&mut config).expect("a config");
    let values = |name: &str| -> Vec<String> {
        let lines = config.lines().filter_map(|line| line.split_once(" = "));
        lines.filter(|(known, _)| *known == name).map(|(_, value)| unquoted(value)).collect()
    };
    let body = values("data-binary").concat();
    let headers: String = values("header").iter().map(|header| format!("{header}\r\n")).collect();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the app answers");
    let request = after("--request");
    write!(stream, "{request} /{path} HTTP/1.1\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
        .expect("asked");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let status = answer.split(' ').nth(1).expect("a status").to_owned();
    print!("{answer}\nrefloat-exchange:{status}:0.010000\n");
}

/// A quoted value of curl's config.
fn unquoted(value: &str) -> String {
    let mut chars = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).expect("quotes").chars();
    let mut out = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(match chars.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                other => other.expect("something is escaped"),
            }),
            c => out.push(c),
        }
    }
    out
}
