//! What the TOML parser finds, in our words.

use super::fault::{Fault, Faults, Place, show};

/// Reports syntax errors: the first of each line, for the others mostly follow from it.
pub fn report(file: usize, text: &str, errors: &[toml::de::Error], faults: &mut Faults) {
    let mut spans: Vec<_> = errors.iter().map(|error| (error.span().unwrap_or(0..0), error.message())).collect();
    spans.sort_by_key(|(span, _)| (span.start, span.end));
    // Counted on from error to error: a file can hold as many as lines.
    let (mut at, mut line, mut told) = (0, 0, None);
    for (span, message) in spans {
        line += text.get(at..span.start).unwrap_or_default().bytes().filter(|byte| *byte == b'\n').count();
        at = span.start;
        if told != Some(line) {
            told = Some(line);
            let place = Place { file, start: span.start, end: span.end };
            faults.push(in_words(place, text, message));
        }
        if faults.is_hopeless() {
            return;
        }
    }
}

fn in_words(place: Place, text: &str, message: &str) -> Fault {
    if message == "duplicate key" {
        let key = text.get(place.start..place.end).unwrap_or_default();
        return Fault::new(place, format!("{} stands here a second time", show(key)));
    }
    if message.starts_with("missing escaped value") {
        let place = Place { start: place.start.saturating_sub(1), end: place.end + 1, ..place };
        return Fault::new(place, "this backslash begins no known escape")
            .help("write the string in 'single quotes': in them a backslash stands for itself");
    }
    if message.starts_with("carriage return must be followed") {
        return Fault::new(place, "a line ends with a carriage return alone")
            .help("save the file with line feeds (LF or CRLF)");
    }
    if message.starts_with("string values must be quoted") {
        return Fault::new(place, "a value is missing quotes").label("strings stand in \"quotes\"");
    }
    if message.starts_with("invalid boolean") {
        return Fault::new(place, "this is no value").label("true or false, or a string in \"quotes\"");
    }
    let fault = match message.split_once(", expected ") {
        Some((what, _)) if what.starts_with("invalid") && what.ends_with("string") => {
            return Fault::new(place, "a string is never closed").label("its closing quote is missing");
        }
        Some((what, expected)) => Fault::new(place, what).label(format!("expected {expected}")),
        None => Fault::new(place, message),
    };
    match message.contains("between array elements") {
        true => fault.help("or the list before it is not closed with `]`"),
        false => fault,
    }
}
