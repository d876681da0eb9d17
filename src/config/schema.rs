//! The JSON Schema of `tasks.toml`, for editors. Printed from the shapes that the parser walks.

use super::format::FILE;
use super::shape::{Field, Kind, SYSTEMS, Shape};
use serde_json::{Map, Value, json};

/// The schema (draft 7, which the TOML language servers understand).
pub fn schema() -> Value {
    let mut definitions = Map::new();
    let mut root = table(&FILE, &mut definitions);
    if let Value::Object(root) = &mut root {
        root.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
        root.insert("title".to_owned(), json!(FILE.name));
        root.insert("definitions".to_owned(), Value::Object(definitions));
    }
    root
}

fn table(shape: &'static Shape, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for Field { key, kind, doc, only, .. } in shape.fields {
        let mut value = form(kind, definitions);
        let with = if only.is_empty() { String::new() } else { format!(" (with {})", only.join(", ")) };
        // Beside `$ref` a draft-7 reader ignores everything: the description goes around it.
        value = match value {
            Value::Object(ref object) if object.contains_key("$ref") => json!({ "allOf": [value] }),
            value => value,
        };
        if let Value::Object(object) = &mut value {
            object.insert("description".to_owned(), json!(format!("{doc}{with}")));
        }
        properties.insert((*key).to_owned(), value);
    }
    for key in SYSTEMS {
        if let Some(over) = shape.overrides {
            properties.insert(key.to_owned(), form(&Kind::Table(over), definitions));
        }
    }
    let required: Vec<&str> =
        shape.fields.iter().filter(|field| field.required && !shape.partial).map(|field| field.key).collect();
    let mut out = json!({
        "type": "object",
        "description": shape.doc,
        "properties": properties,
        "additionalProperties": false,
    });
    if let (Value::Object(object), false) = (&mut out, required.is_empty()) {
        object.insert("required".to_owned(), json!(required));
    }
    out
}

fn form(kind: &Kind, definitions: &mut Map<String, Value>) -> Value {
    const DURATION: &str = "([0-9]+(ms|s|m|h))+";
    match kind {
        Kind::Text | Kind::Line | Kind::Template => json!({ "type": "string" }),
        Kind::Pattern | Kind::FilledPattern => {
            json!({ "type": "string", "maxLength": crate::model::pattern::MAX_SOURCE })
        }
        Kind::Duration => json!({ "type": "string", "pattern": format!("^{DURATION}$") }),
        Kind::Backoff => json!({ "type": "string", "pattern": format!("^{DURATION}(\\.\\.{DURATION})?$") }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Number(min, u64::MAX) => json!({ "type": "integer", "minimum": min }),
        Kind::Number(min, max) => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Kind::Choice(words) => json!({ "type": "string", "enum": words }),
        Kind::Argv => json!({ "type": "array", "items": { "type": "string" }, "minItems": 1 }),
        Kind::List(of) => json!({ "type": "array", "items": form(of, definitions) }),
        Kind::Some(of) => json!({ "type": "array", "items": form(of, definitions), "minItems": 1 }),
        Kind::Map(of) => json!({ "type": "object", "additionalProperties": form(of, definitions) }),
        Kind::Either(kinds) => {
            let forms: Vec<Value> = kinds.iter().map(|kind| form(kind, definitions)).collect();
            json!({ "anyOf": forms })
        }
        Kind::Table(shape) => {
            if !definitions.contains_key(shape.name) {
                // Reserved first: a shape may hold itself.
                definitions.insert(shape.name.to_owned(), Value::Null);
                let table = table(shape, definitions);
                definitions.insert(shape.name.to_owned(), table);
            }
            json!({ "$ref": format!("#/definitions/{}", shape.name) })
        }
    }
}
