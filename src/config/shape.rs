//! The words in which the format is described. `format` holds the description itself; the parser
//! walks it and the JSON Schema is printed from it, so the two cannot differ.

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A string, taken as it is.
    Text,
    /// A string of one line.
    Line,
    /// A string in which `${name}` is filled.
    Template,
    /// A regular expression.
    Pattern,
    /// A regular expression in which `${name}` of a variable stands for its value.
    FilledPattern,
    /// `"30s"`, more than nothing.
    Duration,
    /// `"5s"`, or `"5s..60s"`.
    Backoff,
    /// `true` or `false`.
    Flag,
    /// A whole number within limits.
    Number(u64, u64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// The arguments of a call: a list of templates, not empty.
    Argv,
    /// A list.
    List(&'static Kind),
    /// A list that may not be empty.
    Some(&'static Kind),
    /// A table with these keys.
    Table(&'static Shape),
    /// A table whose keys are names.
    Map(&'static Kind),
    /// One of these; they differ in their TOML type.
    Either(&'static [Kind]),
}

/// A table of the file.
#[derive(Debug)]
pub struct Shape {
    /// What it is called in the schema.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Its keys.
    pub fields: &'static [Field],
    /// The form of its `windows`, `macos`, `linux` and `unix` tables, when it may have them.
    pub overrides: Option<&'static Shape>,
    /// It lies over another table, so what it leaves out is not missing.
    pub partial: bool,
}

/// A key of a table.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// Its value.
    pub kind: Kind,
    /// One line for people.
    pub doc: &'static str,
    /// Must it be there?
    pub required: bool,
    /// It makes sense only beside one of these keys; empty means always.
    pub only: &'static [&'static str],
    /// Words that other tools use for it.
    pub aka: &'static [&'static str],
}

impl Field {
    /// An optional key.
    pub const fn new(key: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { key, kind, doc, required: false, only: &[], aka: &[] }
    }

    /// It must be there.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// It makes sense only beside one of these keys.
    #[must_use]
    pub const fn only(mut self, keys: &'static [&'static str]) -> Self {
        self.only = keys;
        self
    }

    /// What other tools call it.
    #[must_use]
    pub const fn aka(mut self, words: &'static [&'static str]) -> Self {
        self.aka = words;
        self
    }
}

/// The keys of the per-system tables.
pub const SYSTEMS: [&str; 4] = ["windows", "macos", "linux", "unix"];

impl Shape {
    /// Every key that the table may have, with what it holds.
    pub fn keys(&'static self) -> impl Iterator<Item = (&'static str, Kind)> {
        let own = self.fields.iter().map(|field| (field.key, field.kind));
        let systems = self.overrides.into_iter().flat_map(|shape| SYSTEMS.map(|key| (key, Kind::Table(shape))));
        own.chain(systems)
    }

    /// What that key holds.
    pub fn kind(&'static self, key: &str) -> Option<(&'static str, Kind)> {
        self.keys().find(|(name, _)| *name == key)
    }
}

impl Kind {
    /// In words, after "expected".
    pub fn noun(&self) -> String {
        match self {
            Self::Text | Self::Line | Self::Template => "a string".to_owned(),
            Self::Pattern | Self::FilledPattern => "a pattern (a string)".to_owned(),
            Self::Duration => "a duration (a string like \"30s\")".to_owned(),
            Self::Backoff => "a pause (a string like \"5s\" or \"5s..60s\")".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Number(..) => "a whole number".to_owned(),
            Self::Choice(words) => one_of(words),
            Self::Argv => "a list of strings".to_owned(),
            Self::List(of) | Self::Some(of) => format!("a list of {}", of.plural()),
            Self::Table(_) | Self::Map(_) => "a table".to_owned(),
            Self::Either(kinds) => kinds.iter().map(Self::noun).collect::<Vec<_>>().join(" or "),
        }
    }

    fn plural(&self) -> &'static str {
        match self {
            Self::Table(_) | Self::Map(_) => "tables",
            Self::Pattern | Self::FilledPattern => "patterns (strings)",
            Self::Flag | Self::Number(..) | Self::Argv | Self::List(_) | Self::Some(_) => "values",
            Self::Either(_) => "strings or tables",
            _ => "strings",
        }
    }
}

/// "one of `a`, `b`", for few words; "a word" for many: the nearest one is suggested instead.
pub fn one_of(words: &[&str]) -> String {
    if words.len() > 8 {
        return "a known word".to_owned();
    }
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.as_slice() {
        [only] => only.clone(),
        [head @ .., last] => format!("{} or {last}", head.join(", ")),
        [] => String::new(),
    }
}
