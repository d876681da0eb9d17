//! The terminal as indicatif sees it: draws are gathered and written at once.
//!
//! Everything goes through one `Screen`, which swallows what the terminal refuses: indicatif unwraps
//! inside `suspend`, and a closed terminal must not end a run half-way. The cursor is never hidden, so
//! nobody has to show it again.

use super::live::Size;
use crate::report::layout::columns;
use crate::report::plain::Pen;
use indicatif::TermLike;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Columns at the right that stay free: the terminal writes `^C` there when it is typed. Wrapped
/// into the next line it would leave the line above standing, out of the view's reach.
const ECHO: u16 = 6;

/// How large the terminal is now.
pub type Sizes = Arc<dyn Fn() -> Size + Send + Sync>;

/// The terminal.
#[derive(Clone)]
pub struct Screen {
    state: Arc<Mutex<Canvas>>,
    sizes: Sizes,
    /// It breaks lines anew when its window is made narrower.
    reflows: bool,
}

struct Canvas {
    pen: Pen,
    draft: String,
    /// A line of the picture has ended, and the next one has not begun.
    is_ended: bool,
    /// The columns of the picture's lines.
    drawn: Vec<usize>,
    /// The next picture has begun.
    is_begun: bool,
    /// The first thing that went wrong, until someone asks.
    error: Option<io::Error>,
}

impl Screen {
    /// Writes with this pen. `reflows`: the terminal breaks lines anew when its window is made narrower.
    pub fn new(pen: Pen, sizes: Sizes, reflows: bool) -> Self {
        let draft = String::new();
        let canvas = Canvas { pen, draft, is_ended: false, drawn: Vec::new(), is_begun: false, error: None };
        Self { state: Arc::new(Mutex::new(canvas)), sizes, reflows }
    }

    /// How large the terminal is now, the columns that stay free too.
    pub fn size(&self) -> Size {
        (self.sizes)()
    }

    /// The room for a picture.
    pub fn room(&self) -> Size {
        let size = self.size();
        Size { columns: size.columns.saturating_sub(ECHO).max(1), lines: size.lines.max(1) }
    }

    /// Adds to what is written with the next picture.
    pub fn add(&self, text: &str) {
        self.canvas().draft.push_str(text);
    }

    /// Writes `text` after everything drawn so far.
    pub fn write(&self, text: &str) {
        let mut canvas = self.canvas();
        let mut all = std::mem::take(&mut canvas.draft);
        all.push_str(text);
        if let Err(error) = canvas.pen.write(&all) {
            canvas.error.get_or_insert(error);
        }
    }

    /// Has the reader left?
    pub fn is_gone(&self) -> bool {
        self.canvas().pen.is_gone()
    }

    /// What went wrong since somebody asked.
    pub fn error(&self) -> Option<io::Error> {
        self.canvas().error.take()
    }

    fn canvas(&self) -> MutexGuard<'_, Canvas> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Before a picture is taken away: where the window was made narrower meanwhile, and the terminal has
    /// broken the picture's lines, it is higher than indicatif thinks. The cursor stands behind its last
    /// letter; what is too much is cleared from there.
    fn begin(&self) {
        let columns = usize::from(self.size().columns).max(1);
        let mut canvas = self.canvas();
        if !std::mem::replace(&mut canvas.is_begun, true) {
            let drawn = std::mem::take(&mut canvas.drawn);
            let more: usize = drawn.iter().map(|line| line.div_ceil(columns).saturating_sub(1)).sum();
            if self.reflows {
                canvas.draft.push_str(&"\r\u{1b}[2K\u{1b}[1A".repeat(more));
            }
        }
    }

    fn walk(&self, steps: usize, way: char) {
        self.begin();
        if steps > 0 {
            self.add(&format!("\u{1b}[{steps}{way}"));
        }
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Screen")
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.room().columns
    }

    fn height(&self) -> u16 {
        self.room().lines
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.walk(n, 'A');
        Ok(())
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.walk(n, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.walk(n, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.walk(n, 'D');
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.add(text);
        self.add("\n");
        Ok(())
    }

    /// A line of the picture, then the blanks that fill it: indicatif lets the terminal break the line
    /// there. With columns that stay free it would not, and in a window that is made narrower blanks would
    /// be wrapped into lines of their own. No line of the view is blank.
    fn write_str(&self, text: &str) -> io::Result<()> {
        let mut canvas = self.canvas();
        if text.bytes().all(|byte| byte == b' ') {
            canvas.is_ended = true;
            return Ok(());
        }
        canvas.drawn.push(shown(text));
        if std::mem::take(&mut canvas.is_ended) {
            canvas.draft.push('\n');
        }
        canvas.draft.push_str(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.add("\r\u{1b}[2K");
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let mut canvas = self.canvas();
        (canvas.is_ended, canvas.is_begun) = (false, false);
        drop(canvas);
        self.write("");
        Ok(())
    }
}

/// The columns of a line of the picture, its colours left out.
fn shown(line: &str) -> usize {
    line.split('\u{1b}')
        .enumerate()
        .map(|(index, part)| {
            let text = if index == 0 { part } else { part.split_once('m').map_or("", |(_, text)| text) };
            columns(text)
        })
        .sum()
}
