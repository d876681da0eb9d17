//! What every symptom needs, and names that are none.

use crate::model::finding::{FAMILIES, Symptom};
use crate::model::lint::{Defect, Kind, Level, Spot};
use crate::model::pattern::Pattern;
use crate::model::template::is_name;
use crate::text::suggest;
use std::collections::BTreeSet;

pub(super) fn lint(symptom: &Symptom, own: bool, any: &[Pattern], defects: &mut Vec<Defect>) {
    let id = symptom.id.as_str();
    if symptom.examples.is_empty() {
        let message = "no example: nothing shows that its patterns find what they are for";
        let help = "examples = ['the text, as the tool prints it']";
        let defect = Defect::error(Kind::Missing, id, Spot::Whole, message, help);
        defects.push(Defect { level: if own { Level::Warning } else { Level::Error }, ..defect });
    }
    if !own && symptom.origin.as_ref().is_none_or(|origin| origin.trim().is_empty()) {
        let message = "no origin: nobody can look up whether the text has changed";
        defects.push(Defect::error(Kind::Missing, id, Spot::Whole, message, "origin = \"tool, file, version\""));
    }
    if !own && symptom.fix.is_empty() {
        let message = "no fix: a name for a fault helps nobody out of it";
        defects.push(Defect::error(Kind::Missing, id, Spot::Whole, message, "fix = [\"what to do first\"]"));
    }
    if !FAMILIES.contains(&symptom.family.as_str()) {
        let message = format!("there is no family `{}`", symptom.family);
        let help = match suggest(&symptom.family, FAMILIES) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the families are {}", FAMILIES.join(", ")),
        };
        defects.push(Defect::error(Kind::UnknownFamily, id, Spot::Key("family"), message, help));
    }
    let known: BTreeSet<&str> = any.iter().flat_map(Pattern::groups).chain(["pod", "subject"]).collect();
    let fixes = symptom.fix.iter().enumerate().flat_map(|(index, fix)| {
        let spot = Spot::Element("fix", index);
        [(spot, fix.unix.as_str()), (spot, fix.windows.as_str())].into_iter().take(if fix.unix == fix.windows {
            1
        } else {
            2
        })
    });
    for (spot, text) in std::iter::once((Spot::Key("cause"), symptom.cause.as_str())).chain(fixes) {
        for name in open_names(text).filter(|name| !known.contains(name)) {
            let message = format!("no pattern captures `{name}`: a reader would see <{name}>");
            let help = match suggest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{{{near}}}`?"),
                None => format!("name a group (?P<{name}>…), or say {{{name}|what stands for it}}"),
            };
            defects.push(Defect::error(Kind::UnknownGroup, id, spot, message, help));
        }
    }
}

/// The names in `{name}` that have no words for when they are not known.
fn open_names(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).filter(|name| is_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_other_words() {
        let names = |text| open_names(text).collect::<Vec<_>>();
        assert_eq!(names("{a} of {b|it} in {.data.x} and {c-d} {"), ["a", "c-d"]);
    }
}
