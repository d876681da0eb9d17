//! How text looks: colours, symbols, width. Chosen once by the caller and handed down.
//!
//! Everything is plain until asked for, so no renderer has an `if colour`, and there is no global
//! switch that two libraries could read differently.

use owo_colors::Style;

/// The colours, by meaning.
#[derive(Debug, Clone, Copy, Default)]
pub struct Styles {
    /// It went well.
    pub good: Style,
    /// It did not.
    pub bad: Style,
    /// Look at this.
    pub warn: Style,
    /// Names and headings.
    pub strong: Style,
    /// What is there for those who look for it.
    pub dim: Style,
    /// The telling part of a quoted line.
    pub telling: Style,
    /// Something to type.
    pub command: Style,
}

impl Styles {
    /// With colour.
    pub fn coloured() -> Self {
        Self {
            good: Style::new().green().bold(),
            bad: Style::new().red().bold(),
            warn: Style::new().yellow().bold(),
            strong: Style::new().bold(),
            dim: Style::new().dimmed(),
            telling: Style::new().red().bold().underline(),
            command: Style::new().cyan(),
        }
    }

    /// For a line of advice.
    pub fn advice(&self, line: &str) -> Style {
        if is_command(line) { self.command } else { Style::new() }
    }
}

/// First words of what is typed. A short list: a sentence that is taken for a command misleads more
/// than a command that is not painted.
const PROGRAMS: [&str; 29] = [
    "refloat",
    "helm",
    "kubectl",
    "minikube",
    "docker",
    "curl",
    "git",
    "sudo",
    "export",
    "set",
    "cd",
    "cat",
    "sed",
    "openssl",
    "ls",
    "ss",
    "lsof",
    "systemctl",
    "brew",
    "winget",
    "powershell",
    "wsl",
    "netsh",
    "netstat",
    "tasklist",
    "dir",
    "type",
    "python",
    "python3",
];

/// Is a line of advice something to type, and no sentence?
pub fn is_command(line: &str) -> bool {
    line.split_once(' ').is_some_and(|(first, _)| PROGRAMS.contains(&first))
}

/// Is one of its words a program? Such a line is not broken: the command in it would fail.
pub fn holds_command(line: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').any(|word| PROGRAMS.contains(&word))
}

/// The symbols: Unicode where the terminal has them, ASCII elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbols {
    /// Verb of a step that went well.
    pub ok: &'static str,
    /// Verb of a step that failed.
    pub failed: &'static str,
    /// Verb of a run that went well.
    pub done: &'static str,
    /// Mark of a yes in a table.
    pub yes: &'static str,
    /// Mark of a no in a table.
    pub no: &'static str,
    /// Mark of a doubt in a table.
    pub doubt: &'static str,
    /// Mark of two answers that are alike.
    pub same: &'static str,
    /// Mark of two answers that are not.
    pub other: &'static str,
    /// Before a file that was written.
    pub arrow: &'static str,
    /// Before an item.
    pub bullet: &'static str,
    /// Between a called task and its step.
    pub path: &'static str,
    /// Where text was left out.
    pub ellipsis: &'static str,
    /// Left edge of a child's output.
    pub edge: &'static str,
    /// Before a step that is still to come.
    pub waiting: &'static str,
    /// What a bar is made of, as far as it is done.
    pub full: &'static str,
    /// The rest of a bar.
    pub empty: &'static str,
    /// The turns of a spinner.
    pub spinner: &'static str,
}

impl Symbols {
    /// For terminals that draw Unicode.
    pub const UNICODE: Self = Self {
        ok: "✓ ok",
        failed: "✗ failed",
        done: "✓ done",
        yes: "✓",
        no: "✗",
        doubt: "⚠",
        same: "✅",
        other: "❌",
        arrow: "→",
        bullet: "•",
        path: "›",
        ellipsis: "…",
        edge: "│",
        waiting: "·",
        full: "█",
        empty: "░",
        spinner: "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏",
    };

    /// For everything else.
    pub const ASCII: Self = Self {
        ok: "ok",
        failed: "failed",
        done: "done",
        yes: "ok",
        no: "x",
        doubt: "!",
        same: "ok",
        other: "DIFFERS",
        arrow: "->",
        bullet: "*",
        path: ">",
        ellipsis: "...",
        edge: "|",
        waiting: ".",
        full: "#",
        empty: "-",
        spinner: "|/-\\",
    };
}

/// Everything a renderer may know about the place its text goes to.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Colours.
    pub styles: Styles,
    /// Symbols.
    pub symbols: Symbols,
    /// Columns.
    pub width: usize,
}

impl Look {
    /// No colour, ASCII.
    pub fn plain(width: usize) -> Self {
        Self { styles: Styles::default(), symbols: Symbols::ASCII, width }
    }

    /// Colour and Unicode.
    pub fn full(width: usize) -> Self {
        Self { styles: Styles::coloured(), symbols: Symbols::UNICODE, width }
    }

    /// Columns that the verbs at the left take; narrow places have no room for a column of them.
    pub fn gutter(&self) -> usize {
        if self.width >= 50 { 12 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_no_command() {
        for line in ["refloat redeploy", "sudo systemctl start docker", "set KUBECONFIG=x"] {
            assert!(is_command(line), "{line}");
        }
        for line in ["Set the same secret in values.yaml", "Correct DATABASE_URL", "docker-compose is old", "helm", ""]
        {
            assert!(!is_command(line), "{line}");
        }
        assert!(holds_command("Or, losing its history: refloat uninstall, then: refloat redeploy"));
        assert!(!holds_command("Correct DATABASE_URL in the values"));
    }
}
