use super::*;
use proptest::prelude::*;
use serde_json::json;

fn status_of(printed: &str) -> Option<u16> {
    read(printed.as_bytes()).map(|answer| answer.status)
}

#[test]
fn an_answer_is_taken_apart() {
    let printed = "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n\
                   X-Folded: one\r\n two\r\n\r\n{\"id\": 7}\nrefloat-exchange:201:0.034567\n";
    let answer = read(printed.as_bytes()).unwrap();
    assert_eq!((answer.status, answer.reason.as_str()), (201, "Created"));
    assert_eq!(answer.header("content-type").collect::<Vec<_>>(), ["application/json"]);
    assert_eq!(answer.header("set-cookie").collect::<Vec<_>>(), ["a=1", "b=2"]);
    assert_eq!(answer.header("x-folded").collect::<Vec<_>>(), ["one two"]);
    assert_eq!(answer.body, Body::Json(json!({"id": 7})));
    assert_eq!(answer.took, Some(Duration::from_micros(34_567)));
}

#[test]
fn what_came_before_the_answer_is_passed_over() {
    let end = "HTTP/2 200 \r\ncontent-length: 2\r\n\r\nok";
    for before in [
        "",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n",
        "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n",
        "HTTP/1.0 200 Connection Established\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
    ] {
        let answer = read(format!("{before}{end}").as_bytes()).unwrap();
        assert_eq!((answer.status, answer.headers.len()), (200, 1), "{before}");
        assert_eq!(answer.body, Body::Text("ok".to_owned()));
        assert_eq!(answer.took, None);
    }
    // A body is no answer, whatever it looks like.
    assert_eq!(status_of("HTTP/1.1 404 Not Found\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), Some(404));
    assert_eq!(status_of("HTTP/1.1 101 Switching Protocols\r\n\r\n"), Some(101));
}

#[test]
fn what_is_no_answer_is_none() {
    for text in ["", "hello", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 20 OK", "HTTP/ 200", "\nrefloat-exchange:000:0.0\n"] {
        assert_eq!(status_of(text), None, "{text}");
    }
}

#[test]
fn memory_stays_bounded_and_curls_own_word_survives() {
    let mut taking = Taking::default();
    taking.push(b"HTTP/1.1 200 OK\r\n\r\n");
    (0..40).for_each(|_| taking.push(&vec![b'x'; 1 << 16]));
    taking.push(b"\nrefloat-exchange:200:1.500000\n");
    let answer = taking.answer().unwrap();
    assert_eq!(answer.took, Some(Duration::from_millis(1500)));
    assert!(answer.dropped > 1 << 20, "{}", answer.dropped);
    let Body::Text(body) = answer.body else { panic!("no text") };
    assert!(body.len() <= MOST + END);
}

proptest! {
    #[test]
    fn nothing_that_curl_prints_breaks_it(printed in proptest::collection::vec(any::<u8>(), 0..400), cut in 0_usize..400) {
        let whole = [b"HTTP/1.1 200 OK\r\n".as_slice(), &printed].concat();
        for text in [&printed[..], &whole] {
            let mut taking = Taking::default();
            let (a, b) = text.split_at(cut.min(text.len()));
            taking.push(a);
            taking.push(b);
            prop_assert_eq!(taking.answer(), read(text));
        }
        prop_assert!(read(&whole).is_some());
    }

    #[test]
    fn any_answer_is_read_back(
        status in 200_u16..600,
        headers in proptest::collection::vec(("[a-z][a-z-]{0,8}", "[!-~][ -~]{0,20}[!-~]"), 0..6),
        body in "[ -~\\n]{0,60}",
    ) {
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let printed = format!("HTTP/1.1 {status} X\r\n{lines}\r\n{body}\nrefloat-exchange:{status}:0.5\n");
        let answer = read(printed.as_bytes()).unwrap();
        prop_assert_eq!(answer.status, status);
        prop_assert_eq!(answer.headers, headers);
        let wanted = serde_json::from_str(&body).map_or(Body::Text(body.clone()), Body::Json);
        prop_assert_eq!(answer.body, wanted);
    }
}
