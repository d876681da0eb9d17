//! Fixes that cannot be followed where they are read, or that do more than they say; and fields that are
//! written as regular expressions.

use crate::model::danger;
use crate::model::finding::Symptom;
use crate::model::lint::{Defect, Kind, Spot};
use crate::model::step::Danger;

/// Commands of Unix that Windows does not have.
const UNIX: [&str; 23] = [
    "sudo",
    "systemctl",
    "journalctl",
    "launchctl",
    "chmod",
    "chown",
    "apt",
    "apt-get",
    "dnf",
    "yum",
    "brew",
    "export",
    "unset",
    "lsof",
    "ss",
    "df",
    "du",
    "pkill",
    "killall",
    "usermod",
    "newgrp",
    "grep",
    "base64",
];
/// Commands of Windows that Unix does not have.
const WINDOWS: [&str; 15] = [
    "winget",
    "choco",
    "scoop",
    "findstr",
    "tasklist",
    "taskkill",
    "netsh",
    "powershell",
    "icacls",
    "takeown",
    "wsl",
    "bcdedit",
    "setx",
    "certutil",
    "diskpart",
];
/// Commands behind which another system speaks: what follows is typed in a node, a container, an image.
const INSIDE: [&str; 7] =
    ["minikube ssh", "kubectl exec", "kubectl debug", "kubectl run", "docker exec", "docker run", "wsl "];

/// Words of advice about what an image is built of: that is Linux, wherever it is read.
const IMAGE: [&str; 3] = ["RUN ", "Dockerfile", "base image"];

/// Where advice ends and a new command may begin.
const BREAKS: [&str; 8] = [": ", "; ", "&& ", "| ", ", then ", "(", "`", "'"];

pub(super) fn lint(symptom: &Symptom, defects: &mut Vec<Defect>) {
    for (index, fix) in symptom.fix.iter().enumerate() {
        let spot = Spot::Element("fix", index);
        let id = symptom.id.as_str();
        let is_for_all = fix.windows == fix.unix;
        let mut foreign = Vec::new();
        if let Some(word) = of_unix(&fix.windows) {
            foreign.push((if is_for_all { "everywhere" } else { "on Windows" }, word, "which Windows does not have"));
        }
        if let Some(word) = of_windows(&fix.unix) {
            foreign.push((if is_for_all { "everywhere" } else { "on Unix" }, word, "which only Windows has"));
        }
        for (place, word, why) in foreign {
            let message = format!("this fix is given {place}, and says `{word}`, {why}");
            let help = "fix = [{ windows = \"…\", unix = \"…\" }]";
            defects.push(Defect::error(Kind::WrongOs, id, spot, message, help));
        }
        let does = danger::of(&fix.windows).max(danger::of(&fix.unix));
        if does == Danger::Destroy && fix.danger < does {
            let declared = if fix.danger == Danger::Read { "read" } else { "change" };
            let message = format!("this fix destroys, and is declared danger = \"{declared}\"");
            defects.push(Defect::error(Kind::Danger, id, spot, message, "danger = \"destroy\""));
        }
    }
    for (index, field) in symptom.fields.iter().enumerate() {
        if let Some(sign) = regex_sign(field) {
            let message = format!("`{field}` is compared as text, and `{sign}` is that of a regular expression");
            let help = "`*` stands for any text; every other letter for itself";
            defects.push(Defect::error(Kind::LiteralRegex, &symptom.id, Spot::Element("fields", index), message, help));
        }
    }
}

/// What makes a text a regular expression. Dots, stars and brackets stand in the names of fields too.
fn regex_sign(field: &str) -> Option<&'static str> {
    let signs = ["\\", "(?", "|", "[^", "[a-z", "[A-Z", "[0-9", ".+", "^", "$"];
    signs.into_iter().find(|sign| match *sign {
        "^" => field.starts_with('^'),
        "$" => field.ends_with('$'),
        sign => field.contains(sign),
    })
}

/// The parts of an advice that are typed on the reader's own machine, each from its first word.
fn commands(text: &str) -> Vec<&str> {
    let end = INSIDE.iter().filter_map(|inside| text.find(inside)).min().unwrap_or(text.len());
    // `wsl` itself is typed here.
    let here = text.get(..end).unwrap_or(text);
    let mut starts = vec![0];
    for cut in BREAKS {
        starts.extend(here.match_indices(cut).map(|(at, cut)| at + cut.len()));
    }
    let mut parts: Vec<&str> = starts.into_iter().filter_map(|start| text.get(start..)).map(str::trim_start).collect();
    parts.extend(
        INSIDE.iter().filter(|inside| inside.starts_with("wsl")).filter_map(|inside| text.get(text.find(inside)?..)),
    );
    parts
}

fn first_word(command: &str) -> &str {
    command.split([' ', ',', ')', '`', '\'']).next().unwrap_or_default()
}

/// A word that only Unix knows.
fn of_unix(text: &str) -> Option<&str> {
    if IMAGE.iter().any(|word| text.contains(word)) {
        return None;
    }
    let commands = commands(text);
    let command = commands.iter().map(|command| first_word(command)).find(|word| UNIX.contains(word));
    command.or_else(|| {
        here(text).find(|word| ["/etc/", "/var/", "/usr/", "~/."].iter().any(|root| word.starts_with(root)))
    })
}

/// A word that only Windows knows.
fn of_windows(text: &str) -> Option<&str> {
    let commands = commands(text);
    let is_cmdlet = |word: &str| {
        let verbs = [
            "Get-", "Set-", "Start-", "Stop-", "Restart-", "New-", "Remove-", "Test-", "Invoke-", "Enable-", "Disable-",
        ];
        verbs
            .iter()
            .any(|verb| word.strip_prefix(verb).is_some_and(|noun| noun.starts_with(|c: char| c.is_ascii_uppercase())))
    };
    let command =
        commands.iter().map(|command| first_word(command)).find(|word| WINDOWS.contains(word) || is_cmdlet(word));
    command.or_else(|| {
        here(text).find(|word| {
            let bytes = word.as_bytes();
            word.ends_with(".exe")
                || word.starts_with("$env:")
                || (bytes.len() > 2 && bytes[0].is_ascii_uppercase() && bytes[1..].starts_with(b":\\"))
        })
    })
}

/// The words that are about the reader's own machine.
fn here(text: &str) -> impl Iterator<Item = &str> {
    let end = INSIDE.iter().filter_map(|inside| text.find(inside)).min().unwrap_or(text.len());
    let words = text.get(..end).unwrap_or(text).split_whitespace();
    words.map(|word| word.trim_matches(['`', '\'', '"', '(', ')', ',', ';', ':', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_system() {
        assert_eq!(of_unix("sudo usermod -aG docker $USER"), Some("sudo"));
        assert_eq!(of_unix("Start docker: systemctl start docker"), Some("systemctl"));
        assert_eq!(of_unix("Correct /etc/docker/daemon.json"), Some("/etc/docker/daemon.json"));
        assert_eq!(of_unix("kubectl get pods | grep Error"), Some("grep"));
        assert_eq!(of_windows("winget install Helm.Helm"), Some("winget"));
        assert_eq!(of_windows("netstat -ano | findstr :8080"), Some("findstr"));
        assert_eq!(of_windows("Run: Get-Process docker"), Some("Get-Process"));
        assert_eq!(of_windows("Restart `Docker Desktop.exe`"), Some("Desktop.exe"));
        assert_eq!(of_windows("wsl --shutdown"), Some("wsl"));
    }

    #[test]
    fn what_is_typed_elsewhere_is_of_no_system() {
        for text in [
            "minikube ssh -- sudo systemctl restart docker",
            "In the Dockerfile: RUN chmod +x /app/run.sh",
            "On Debian: apt-get update in the same RUN step",
            "kubectl exec deploy/web -- cat /etc/resolv.conf",
            "Set the source of the image in values-local.yaml",
            "Kill what holds the port, free some memory",
            "helm get values web",
        ] {
            assert_eq!((of_unix(text), of_windows(text)), (None, None), "{text}");
        }
    }

    #[test]
    fn wildcards_are_no_regular_expressions() {
        for field in ["*DATABASE_URL*", "*.image*", "backend.*", "Deployment/*: spec.containers[*].image"] {
            assert_eq!(regex_sign(field), None, "{field}");
        }
        assert_eq!(regex_sign(r".*\.image"), Some("\\"));
        assert_eq!(regex_sign("^image"), Some("^"));
        assert_eq!(regex_sign("(?:image|tag)"), Some("(?"));
    }
}
