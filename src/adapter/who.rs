//! Who sits at this machine, as far as the environment tells.

#![expect(clippy::disallowed_methods, reason = "this is where the system is asked")]

use super::terminal::Environment;

/// `user@host`; `None` where either is not known without asking anybody.
pub fn who(env: &Environment) -> Option<String> {
    let first = |names: [&str; 3]| names.into_iter().find_map(|name| env.filled(name)).and_then(plain);
    let user = first(["USER", "LOGNAME", "USERNAME"])?;
    let kept = || plain(std::fs::read_to_string("/etc/hostname").ok()?.trim());
    let host = first(["HOSTNAME", "COMPUTERNAME", "HOST"]).or_else(kept)?;
    Some(format!("{user}@{host}"))
}

/// A name, and nothing that could be taken for something else.
fn plain(name: &str) -> Option<String> {
    let is_name =
        !name.is_empty() && name.len() <= 64 && name.chars().all(|c| c.is_alphanumeric() || "._-".contains(c));
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_named_or_nobody() {
        let env = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(who(&env(&[("USER", "ana"), ("HOSTNAME", "lab-1")])).as_deref(), Some("ana@lab-1"));
        assert_eq!(who(&env(&[("HOSTNAME", "lab-1")])), None);
        assert_eq!(who(&env(&[("USER", "a b\u{1b}[31m"), ("HOSTNAME", "lab-1")])), None);
    }
}
