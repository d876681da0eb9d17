//! The end of a run that could not be: one line of what happened, and what to do.

use super::layout::{Piece, flow, visible};
use super::style::Look;
use crate::error::Failure;
use owo_colors::Style;
use serde_json::{Value, json};

/// For standard error. Nothing when the failure is silent.
pub fn text(failure: &Failure, look: &Look) -> String {
    let mut out = String::new();
    if failure.silent {
        return out;
    }
    if failure.message.contains('\n') {
        // A finished report with places and carets: wrapping would break them.
        out.push_str(failure.message.trim_end());
        out.push('\n');
    } else {
        out.push_str(&format!("{} ", look.styles.bad.style("error:")));
        flow(&mut out, 7, 2, &[Piece::prose(Style::new(), &visible(&failure.message))], look.width);
    }
    for hint in &failure.hints {
        // A command must survive copying, so it stays on one line.
        let (label, piece) = if hint.starts_with("refloat ") {
            ("next:", Piece::whole(look.styles.command, hint))
        } else {
            ("hint:", Piece::prose(Style::new(), hint))
        };
        out.push_str(&format!("  {} ", look.styles.strong.style(label)));
        flow(&mut out, 8, 8, &[piece], look.width);
    }
    out
}

/// For `--format json`.
pub fn json(failure: &Failure) -> Value {
    json!({
        "error": { "code": failure.code as u8, "message": failure.message, "hints": failure.hints }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn failure() -> Failure {
        Failure::new(Code::Refused, "the task `reset` loses data and has not been confirmed: nothing was done")
            .hint("type the profile's name, or give it with --confirm")
            .hint("refloat reset --confirm minikube")
    }

    #[test]
    fn says_what_and_what_next() {
        assert_eq!(
            text(&failure(), &Look::plain(60)),
            "error: the task `reset` loses data and has not been\n\
             \x20 confirmed: nothing was done\n\
             \x20 hint: type the profile's name, or give it with --confirm\n\
             \x20 next: refloat reset --confirm minikube\n"
        );
    }

    #[test]
    fn a_silent_failure_and_a_finished_report() {
        let mut silent = failure();
        silent.silent = true;
        assert_eq!(text(&silent, &Look::plain(80)), "");
        let report = Failure::new(Code::Config, "error: unknown key\n --> tasks.toml:1:1\n");
        assert_eq!(text(&report, &Look::plain(10)), "error: unknown key\n --> tasks.toml:1:1\n");
    }

    #[test]
    fn as_data() {
        assert_eq!(
            json(&failure()).to_string(),
            "{\"error\":{\"code\":4,\"hints\":[\"type the profile's name, or give it with --confirm\",\
             \"refloat reset --confirm minikube\"],\"message\":\"the task `reset` loses data and has not been \
             confirmed: nothing was done\"}}"
        );
    }
}
