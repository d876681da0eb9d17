//! Where the parts of the symptoms stand, for who finds something wrong with them later.

use super::fault::{Fault, Place, Texts};
use super::tree::{Item, Node, Value};
use crate::model::lint::{Defect, Level, Spot};
use std::collections::BTreeMap;

/// The places of all symptoms of a file.
#[derive(Debug, Clone, Default)]
pub struct Spots {
    texts: Texts,
    symptoms: BTreeMap<String, BTreeMap<Spot, Place>>,
}

impl Spots {
    /// Those of a file; `texts` are fit to be shown.
    pub(super) fn gather(root: &Node, texts: Texts) -> Self {
        let symptoms = root.table_map("symptoms").map(|(entry, node)| {
            let mut places = BTreeMap::from([(Spot::Whole, entry.place)]);
            for key in node.keys() {
                places.insert(Spot::Key(key), node.value_place(key));
                let items = match node.item(key) {
                    Some(Item { value: Value::List(items), .. }) => items.as_slice(),
                    other => other.map(std::slice::from_ref).unwrap_or_default(),
                };
                places.extend(items.iter().enumerate().map(|(index, item)| (Spot::Element(key, index), item.place)));
            }
            (entry.key.clone(), places)
        });
        Self { symptoms: symptoms.collect(), texts }
    }

    /// Is this a symptom of the file?
    pub fn has(&self, symptom: &str) -> bool {
        self.symptoms.contains_key(symptom)
    }

    /// `tasks.toml:7:12`; `None` for what stands elsewhere.
    pub fn place(&self, symptom: &str, spot: Spot) -> Option<String> {
        self.find(symptom, spot).map(|place| self.texts.name_line_column(place))
    }

    /// What sorts defects as they stand in the file.
    pub fn position(&self, defect: &Defect) -> Option<usize> {
        self.find(&defect.symptom, defect.spot).map(|place| place.start)
    }

    /// A defect with the lines that it is about; `None` for what stands elsewhere.
    pub fn shown(&self, defect: &Defect, color: bool) -> Option<String> {
        let place = self.find(&defect.symptom, defect.spot)?;
        let mut fault = Fault::new(place, defect.message.as_str()).help(defect.help.as_str());
        for other in &defect.other {
            if let Some(place) = self.find(other, Spot::Whole).filter(|_| *other != defect.symptom) {
                fault = fault.also(place, format!("`{other}`"));
            }
        }
        let is_warning = defect.level == Level::Warning;
        Some(fault.shown(&self.texts, defect.kind.name(), is_warning, color))
    }

    fn find(&self, symptom: &str, spot: Spot) -> Option<Place> {
        let places = self.symptoms.get(symptom)?;
        places.get(&spot).or_else(|| places.get(&Spot::Whole)).copied()
    }
}
