//! Whole words in an output: an image among the images, an origin in a header.

use super::gate::Reply;
use super::scope::Values;
use crate::model::template::Template;
use crate::text;

/// So few lines are told with the last of them.
const FEW: usize = 3;

/// The texts to look for, variables filled.
///
/// # Errors
/// A variable without a value.
pub fn resolved(holds: &[Template], values: &Values) -> Result<Vec<String>, String> {
    let texts: Result<Vec<_>, _> = holds.iter().map(|text| values.text(text)).collect();
    Ok(texts?.into_iter().flatten().collect())
}

/// Does one of them stand between blanks, or in quotes? A part of a word is another word: `app:1.0` is not
/// `app:1.0.1`.
pub fn judge(wanted: &[String], output: &[u8], last_words: Option<&str>) -> Reply {
    let has = |wanted: &&String| {
        let mut words = output.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
        words.any(|word| [word, unquoted(word)].contains(&wanted.as_bytes()))
    };
    if let Some(there) = wanted.iter().find(has) {
        return Reply::Yes(Some(format!("{there} is there")));
    }
    let lines = output.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
    let missing = wanted.first().map_or("it", String::as_str);
    let said = last_words.filter(|_| (1..=FEW).contains(&lines)).map(|words| format!(": {words}"));
    Reply::No(Some(format!("{missing} is not in it ({}{})", text::count(lines, "line"), said.unwrap_or_default())))
}

/// YAML and JSON may have it in quotes, with a comma behind.
fn unquoted(word: &[u8]) -> &[u8] {
    let word = word.strip_suffix(b",").unwrap_or(word);
    match word {
        [open @ (b'"' | b'\''), inner @ .., close] if open == close => inner,
        _ => word,
    }
}

/// Is it an entry of the list, as a whole? Entries stand between commas, blanks, quotes and brackets:
/// `http://a:30080/` is not `http://a:30080`.
pub(super) fn has_entry(list: &str, wanted: &str) -> bool {
    let is_between = |letter: char| letter.is_whitespace() || ",;\"'[]".contains(letter);
    list == wanted || list.split(is_between).any(|entry| entry == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(wanted: &[&str], output: &str) -> (bool, String) {
        let wanted: Vec<String> = wanted.iter().map(|text| (*text).to_owned()).collect();
        match judge(&wanted, output.as_bytes(), output.lines().last()) {
            Reply::Yes(note) => (true, note.unwrap()),
            Reply::No(note) => (false, note.unwrap()),
            _ => panic!("an answer"),
        }
    }

    #[test]
    fn a_part_of_a_word_is_another_word() {
        let list = "docker.io/library/app:1.0.1\ndocker.io/library/app:1.0-previous\nother/app:1.0\r\nx y\n";
        let wanted = ["app:1.0", "docker.io/library/app:1.0"];
        assert_eq!(said(&wanted, list), (false, "app:1.0 is not in it (4 lines)".to_owned()));
        assert_eq!(said(&["other/app:1.0"], list), (true, "other/app:1.0 is there".to_owned()));
        assert!(said(&["y"], list).0);
    }

    #[test]
    fn what_stands_in_quotes_is_a_word() {
        assert!(said(&["app:1.0"], "        image: \"app:1.0\"\n").0);
        assert!(said(&["app:1.0"], "{\"images\": [ 'app:1.0', 'other' ]}").0);
        assert!(!said(&["app:1.0"], "image: \"app:1.0.1\"").0 && !said(&["app:1.0"], "image: \"app:1.0").0);
    }

    #[test]
    fn an_entry_of_a_list_is_whole() {
        let list = "http://localhost:3000, http://192.168.49.2:30080";
        assert!(
            has_entry(list, "http://192.168.49.2:30080") && has_entry("[\"http://a:1\",\"http://b:2\"]", "http://b:2")
        );
        for other in
            ["http://192.168.49.2:30080/", "http://192.168.49.2:300801", "http://evil?http://192.168.49.2:30080"]
        {
            assert!(!has_entry(other, "http://192.168.49.2:30080"), "{other}");
        }
        assert!(has_entry("a b", "a b"));
    }

    #[test]
    fn a_short_output_is_told_with_its_last_words() {
        assert_eq!(said(&["x"], "HTTP/1.1 400\n").1, "x is not in it (1 line: HTTP/1.1 400)");
        assert_eq!(said(&["x"], "").1, "x is not in it (0 lines)");
        assert!(!said(&[""], "a  b").0, "nothing is no word");
    }
}
