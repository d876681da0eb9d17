//! BuildKit's plain progress.
//!
//! Every line names its vertex, a piece of work, by `#n`; vertices interleave. The first line of a vertex,
//! and the first one after a pause (`#n ...`), is its name; then come transfers, log lines with their time
//! in front, and how it ended (moby/buildkit, util/progress/progressui/printer.go). The vertices of a
//! Dockerfile's instructions have a place in their stage, `[build  2/10] RUN npm ci`, padded to the width of
//! the total and with the platform in front where there are several (frontend/dockerfile/dockerfile2llb,
//! `prefixCommand`). Only FROM, RUN, COPY, ADD and WORKDIR have one.

use super::classic::compile;
use super::count::{Count, number, words};
use super::meter::{Reading, failed};
use regex::bytes::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// Vertices that are told apart; those behind do not count.
const VERTICES: usize = 4096;
/// Stages that are told apart.
const STAGES: usize = 256;
/// No stage has more steps.
const STEPS: u64 = 10_000;
/// Longest name of a stage, platform included.
const NAME: usize = 200;

/// `[linux/amd64 build  2/10] RUN npm ci`, `[2/3] COPY . .`, `[web stage-1 1/2] FROM x` (bake, compose).
static PLACE: LazyLock<Option<Regex>> =
    LazyLock::new(|| compile(r"^\[(?:(?P<stage>[^\]]*?)[ ]+|[ ]*)(?P<current>\d+)/(?P<total>\d+)\] (?P<words>.+)$"));

/// How a vertex ends (printer.go): `DONE 0.3s`, `DONE`, `CACHED`.
static DONE: LazyLock<Option<Regex>> = LazyLock::new(|| compile(r"^(?:DONE(?: \d+\.\d+s)?|CACHED)$"));

/// How an ERROR names the exit code of a RUN (solver/llbsolver/errdefs and executor): `process "…" did not
/// complete successfully: exit code: 1`, docker 20.10: `executor failed running […]: exit code: 1`.
static EXIT: LazyLock<Option<Regex>> = LazyLock::new(|| compile(r"exit code: (?P<code>\d{1,10})$"));

/// A line that cannot be the name of a vertex: an end, a log line, a status, the digest that docker 20.10
/// prints behind a name.
static INSIDE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r"^(?:DONE|CACHED|CANCELED|ERROR:|WARN:|\.\.\.$|\d+\.\d+ |sha256:|extracting |resolve \S+@sha256:|transferring |exporting (?:layers|manifest|config|attestation)|writing |naming to |unpacking to |pushing |sending tarball).*",
    )
});

/// A status (printer.go): `sha256:… 3.15MB / 7.63MB 0.5s done`, `transferring context: 12.31MB 5.1s`,
/// `extracting sha256:… 0.3s`. Sizes are `units.Bytes` with two digits, or none: `0B / 7.63MB`.
static STATUS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r"^(?P<id>sha256:[0-9a-f]{64}|transferring [^:]+:|extracting|exporting [a-z ]+?|writing image|naming to \S+|unpacking to \S+|pushing (?:layers|manifest)|sending tarball)(?: (?:for )?\S*sha256:\S+)?(?: (?P<size>\d[\d.]*[kMGTP]?B(?: / \d[\d.]*[kMGTP]?B)?))?(?: \d+\.\d+s)?(?P<done> done)?$",
    )
});

/// One build, or several in one call.
#[derive(Debug, Default)]
pub(super) struct BuildKit {
    vertices: BTreeMap<u32, Vertex>,
    stages: Vec<Stage>,
    count: Count,
    words: Option<String>,
    /// A step failed: the words stay.
    failed: bool,
}

#[derive(Debug)]
struct Vertex {
    words: String,
    place: Option<Place>,
}

/// A step of a stage.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Index in `stages`.
    stage: usize,
    number: u64,
    /// It needs the step before it: all but `COPY --link` do.
    follows: bool,
}

#[derive(Debug)]
struct Stage {
    name: Vec<u8>,
    total: u64,
    /// Its first step that bears its name. A vertex that two stages share has the name it has in one of them.
    first: u64,
    /// Files were copied into it: no other build has a part in that.
    copies: bool,
    /// All steps up to this one are done.
    through: u64,
    /// Done behind that: steps that wait for none before them.
    done: BTreeSet<u64>,
}

impl Stage {
    fn done(&self) -> u64 {
        self.through + self.done.len() as u64
    }

    fn finish(&mut self, step: u64, follows: bool) {
        if follows {
            // The steps before it may have their vertices in another stage, which begins as this one does.
            self.through = self.through.max(step);
            self.done.retain(|done| *done > self.through);
        } else if step > self.through {
            self.done.insert(step);
        }
    }

    /// It belongs to this build, and not to one beside it. A vertex that builds side by side have in common, the
    /// base image and what follows until something is copied, has in all of them the name that it got in the
    /// first (moby/buildkit, solver/jobs.go); the others never come to the end of that stage.
    fn is_own(&self) -> bool {
        self.copies || self.done() == self.total
    }

    /// Is all that is known of it a name for steps of this one?
    fn may_be_part_of(&self, other: &Self) -> bool {
        !self.is_own() && other.done() > 0 && self.done() > 0 && self.through < other.first && self.done.is_empty()
    }
}

impl BuildKit {
    /// Takes a line. Does it change something?
    pub(super) fn line(&mut self, line: &[u8]) -> bool {
        let Some((number, rest)) = vertex(line) else { return false };
        if rest.is_empty() || rest == b"..." {
            return false;
        }
        if !self.vertices.contains_key(&number) {
            return self.begin(number, rest);
        }
        self.go_on(number, rest)
    }

    /// The first line of a vertex.
    fn begin(&mut self, number: u32, name: &[u8]) -> bool {
        if self.vertices.len() >= VERTICES || INSIDE.as_ref().is_none_or(|regex| regex.is_match(name)) {
            return false;
        }
        let (place, words) = self.place(name);
        if let Some((stage, place)) = place.and_then(|place| Some((self.stages.get_mut(place.stage)?, place))) {
            stage.first = stage.first.min(place.number);
            stage.copies |= words.starts_with("COPY ") || words.starts_with("ADD ");
        }
        self.tell(words.clone());
        self.vertices.insert(number, Vertex { words, place });
        self.recount();
        true
    }

    /// Where in its stage the vertex with this name stands, and what it does.
    fn place(&mut self, name: &[u8]) -> (Option<Place>, String) {
        let Some(found) = PLACE.as_ref().and_then(|regex| regex.captures(name)) else { return (None, other(name)) };
        let said = words(&found["words"]);
        let stage = found.name("stage").map_or(&b""[..], |stage| stage.as_bytes());
        let (Some(number), Some(total)) = (number(&found["current"]), number(&found["total"])) else {
            return (None, said);
        };
        if number == 0 || number > total || total > STEPS || stage.len() > NAME {
            return (None, said);
        }
        let known = self.stages.iter().position(|known| known.name == stage);
        let index = match known {
            Some(index) => index,
            None if self.stages.len() < STAGES => {
                self.stages.push(Stage {
                    name: stage.to_vec(),
                    total,
                    first: total,
                    copies: false,
                    through: 0,
                    done: BTreeSet::new(),
                });
                self.stages.len() - 1
            }
            None => return (None, said),
        };
        if let Some(stage) = self.stages.get_mut(index) {
            // An ONBUILD instruction of the base image makes it grow.
            stage.total = stage.total.max(total);
        }
        let follows = !said.contains("--link");
        (Some(Place { stage: index, number, follows }), said)
    }

    /// A later line of a vertex.
    fn go_on(&mut self, number: u32, rest: &[u8]) -> bool {
        let Some(vertex) = self.vertices.get(&number) else { return false };
        let place = vertex.place;
        if DONE.as_ref().is_some_and(|regex| regex.is_match(rest)) {
            let Some(place) = place else { return false };
            self.done(place);
            self.recount();
            return true;
        }
        if rest.starts_with(b"ERROR: ") {
            if !self.failed {
                let code = EXIT.as_ref().and_then(|regex| regex.captures(rest));
                let code = code.map(|code| format!(" (exit code {})", words(&code["code"]))).unwrap_or_default();
                self.words = Some(failed(&format!("{}{code}", vertex.words)));
                // A build goes on without a cache, not without a step.
                self.failed = place.is_some();
            }
            return true;
        }
        let status = STATUS.as_ref().and_then(|regex| regex.captures(rest));
        let told = match status {
            Some(status) if status.name("done").is_some() && !status["id"].starts_with(b"naming") => return false,
            Some(status) => {
                let size = status.name("size").map(|size| words(size.as_bytes()));
                under_way(&vertex.words, &status["id"], size)
            }
            None if is_name_of(rest, &vertex.words) => vertex.words.clone(),
            None => return false,
        };
        self.tell(told);
        true
    }

    fn done(&mut self, place: Place) {
        if let Some(stage) = self.stages.get_mut(place.stage) {
            stage.finish(place.number, place.follows);
        }
    }

    /// The stages that are this build's, for all that is known.
    fn own(&self) -> impl Iterator<Item = &Stage> {
        self.stages.iter().filter(|stage| !self.stages.iter().any(|other| stage.may_be_part_of(other)))
    }

    fn recount(&mut self) {
        let done = self.own().map(Stage::done).sum();
        // All of them: the end shows which ones are another build's.
        self.count.see(done, self.stages.iter().map(|stage| stage.total).sum(), None);
    }

    fn tell(&mut self, words: String) {
        if !self.failed {
            self.words = Some(words);
        }
    }

    /// The build succeeded: steps that were not needed are done too, and stages of other builds do not count.
    pub(super) fn complete(&mut self) {
        self.count.settle(self.own().map(|stage| stage.total).sum());
        self.count.complete();
        self.words = None;
    }

    pub(super) fn reading(&self) -> Reading {
        self.count.reading(self.words.as_ref())
    }
}

/// `#12 rest`. `#0` tells which builder is used.
fn vertex(line: &[u8]) -> Option<(u32, &[u8])> {
    let rest = line.strip_prefix(b"#")?;
    let digits = rest.iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = rest.split_at_checked(digits)?;
    let number = u32::try_from(self::number(number)?).ok()?;
    Some((number, rest.strip_prefix(b" ")?.trim_ascii()))
}

/// What a vertex without a place does: `[internal] load build context`, `exporting to image`.
fn other(name: &[u8]) -> String {
    words(name.strip_prefix(b"[internal] ").unwrap_or(name))
}

/// Is this line the name of the vertex, once more?
fn is_name_of(rest: &[u8], known: &str) -> bool {
    let found = PLACE.as_ref().and_then(|regex| regex.captures(rest));
    found.map_or_else(|| other(rest), |found| words(&found["words"])) == known
}

/// What a vertex does in detail.
fn under_way(vertex: &str, id: &[u8], size: Option<String>) -> String {
    let id = words(id);
    let size = size.map(|size| format!(": {size}")).unwrap_or_default();
    if id.starts_with("sha256:") || id.starts_with("transferring ") {
        return words(format!("{vertex}{size}").as_bytes());
    }
    if id == "extracting" { words(format!("{vertex}: extracting").as_bytes()) } else { format!("{id}{size}") }
}

#[cfg(test)]
#[path = "buildkit_tests.rs"]
mod tests;
