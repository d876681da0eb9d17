//! A project of its own for each test, and the binary run in it.

use super::stub::Tools;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the binary answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Answer {
    /// Fails with the whole answer unless the exit code is this one.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// Fails with the whole answer unless standard error holds each of these, on one line or over two:
    /// where a line breaks depends on how long the paths of this machine are.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        let words = self.err.split_whitespace().collect::<Vec<_>>().join(" ");
        for text in texts {
            assert!(
                self.err.contains(text) || words.contains(text),
                "{text:?} is missing in stderr:\n{}\nstdout:\n{}",
                self.err,
                self.out
            );
        }
        self
    }

    /// Fails with the whole answer unless standard output holds each of these.
    #[track_caller]
    pub(crate) fn answers(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.out.contains(text), "{text:?} is missing in stdout:\n{}\nstderr:\n{}", self.out, self.err);
        }
        self
    }
}

/// A directory with a `tasks.toml`.
pub(crate) struct Project {
    dir: tempfile::TempDir,
    env: BTreeMap<String, String>,
}

impl Project {
    /// With this task file.
    pub(crate) fn new(tasks: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("tasks.toml"), tasks).unwrap();
        // A repository's root, so that the search for tasks.toml ends here.
        fs::create_dir(dir.path().join(".git")).unwrap();
        Self { dir, env: BTreeMap::new() }
    }

    /// With the task file of this repository.
    pub(crate) fn taskflow() -> Self {
        Self::new(&fs::read_to_string(root().join("tasks.toml")).unwrap())
    }

    /// With stand-ins on its PATH, and nothing else there.
    pub(crate) fn with_tools(self, tools: &Tools) -> Self {
        let path = tools.path().to_str().unwrap().to_owned();
        let mut project = self.env("PATH", &path);
        project.env.extend(tools.env());
        project
    }

    /// With this in the environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file into it.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Runs the binary in it; no terminal, no input, no colours, an environment of its own.
    pub(crate) fn run(&self, args: &[&str]) -> Answer {
        self.ran(self.command(args))
    }

    /// What a command of [`Project::command`] answers.
    pub(crate) fn ran(&self, mut command: Command) -> Answer {
        let output = command.output().unwrap();
        Answer {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n"),
            err: String::from_utf8(output.stderr).unwrap().replace("\r\n", "\n"),
        }
    }

    /// The binary, ready to be run.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_refloat"));
        command.args(args).current_dir(self.path()).stdin(Stdio::null()).env_clear();
        for keep in ["SYSTEMROOT", "TEMP", "TMP", "PATH", "WINEPREFIX"] {
            if let Some(value) = std::env::var_os(keep) {
                command.env(keep, value);
            }
        }
        // Locks and trust of its own: nothing of the person who runs the tests takes part. Whether a
        // file is trusted is asked in tests of that alone, which unset it.
        command.env("HOME", self.path()).env("LOCALAPPDATA", self.path().join("local")).env("REFLOAT_TRUST", "1");
        command.envs(&self.env);
        command
    }

    /// The folders of its runs, oldest first.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let Ok(runs) = fs::read_dir(self.path().join(".refloat").join("runs")) else { return Vec::new() };
        let mut runs: Vec<_> = runs.map(|entry| entry.unwrap().path()).collect();
        runs.sort();
        runs
    }

    /// The events in the journal of the newest run.
    pub(crate) fn journal(&self) -> Vec<Value> {
        let journal = fs::read_to_string(self.runs().last().unwrap().join("journal.jsonl")).unwrap();
        journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The event of the newest run that ended this step.
    pub(crate) fn finished(&self, step: &str) -> Value {
        let ended = |event: &Value| event["type"] == "step-finished" && event["step"] == step;
        self.journal().into_iter().find(ended).unwrap_or_else(|| panic!("step {step} did not end"))
    }

    /// Every file that the runs left, with its bytes.
    pub(crate) fn kept(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut folders = vec![self.path().join(".refloat")];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push((path.clone(), fs::read(path).unwrap()));
                }
            }
        }
        files
    }

    /// The evidence of the newest run: name → text.
    pub(crate) fn evidence(&self) -> BTreeMap<String, String> {
        let newest = self.runs().pop().unwrap();
        let Ok(files) = fs::read_dir(newest.join("evidence")) else { return BTreeMap::new() };
        files
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
            .collect()
    }
}

/// The repository. Built on another system, its path lacks the drive.
pub(crate) fn root() -> PathBuf {
    std::path::absolute(env!("CARGO_MANIFEST_DIR")).unwrap()
}

/// A recording of this repository, as an argument.
pub(crate) fn recording(name: &str) -> String {
    root().join("tests").join("recordings").join(format!("{name}.jsonl")).to_str().unwrap().to_owned()
}

/// Started under nohup? Linux says so; elsewhere the tests are started from a shell.
#[cfg(unix)]
pub(crate) fn hangup_is_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 != 0)
}
