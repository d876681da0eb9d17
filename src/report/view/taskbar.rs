//! Progress in the taskbar or the tab of the terminal: `ESC ] 9 ; 4 ; state ; percent ESC \`, as ConEmu
//! made it (<https://conemu.github.io/en/AnsiEscapeCodes.html#ConEmu_specific_OSC>).

/// Takes the progress away.
pub const REMOVE: &str = "\u{1b}]9;4;0;0\u{1b}\\";

/// After so many pictures it is told again: Ghostty takes it away when it hears nothing for 15 seconds.
const AGAIN: u32 = 40;

/// What the taskbar shows.
#[derive(Debug, Default)]
pub struct Taskbar {
    is_there: bool,
    shown: Option<(u8, u8)>,
    since: u32,
}

impl Taskbar {
    /// For a terminal that has one, or has not.
    pub fn new(is_there: bool) -> Self {
        Self { is_there, shown: None, since: 0 }
    }

    /// What to write so that it shows this share; often nothing.
    pub fn shows(&mut self, share: f64, is_failing: bool) -> String {
        if !self.is_there {
            return String::new();
        }
        let next = (if is_failing { 2 } else { 1 }, (share.clamp(0.0, 1.0) * 100.0) as u8);
        self.since += 1;
        if self.shown == Some(next) && self.since < AGAIN {
            return String::new();
        }
        (self.shown, self.since) = (Some(next), 0);
        format!("\u{1b}]9;4;{};{}\u{1b}\\", next.0, next.1)
    }

    /// What to write so that it shows nothing.
    pub fn hides(&mut self) -> &'static str {
        if self.shown.take().is_some() { REMOVE } else { "" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_what_changed_and_taken_away() {
        let mut bar = Taskbar::new(true);
        assert_eq!(bar.hides(), "");
        assert_eq!(bar.shows(0.427, false), "\u{1b}]9;4;1;42\u{1b}\\");
        assert_eq!(bar.shows(0.429, false), "");
        assert_eq!(bar.shows(0.429, true), "\u{1b}]9;4;2;42\u{1b}\\");
        let again = (0..AGAIN).map(|_| bar.shows(0.429, true)).filter(|text| !text.is_empty()).count();
        assert_eq!(again, 1, "it would be taken away after a while");
        assert_eq!(bar.hides(), REMOVE);
        assert_eq!(bar.hides(), "");
        let mut none = Taskbar::new(false);
        assert_eq!((none.shows(0.5, true).as_str(), none.hides()), ("", ""));
    }
}
