use super::*;
use crate::report::samples::{self, Script};
use crate::report::view::live::Size;
use std::io::sink;

fn view() -> Progress {
    let stage = Stage { sizes: Arc::new(|| Size { columns: 80, lines: 24 }), reflows: false, has_taskbar: false };
    Progress::new(Box::new(sink()), Box::new(sink()), stage, Look::plain(80), Verbosity::Normal)
}

fn tell(view: &mut Progress, script: Script) {
    script.0.iter().for_each(|event| view.event(event).unwrap());
}

#[test]
fn the_view_stands_from_the_first_step_to_the_end() {
    let mut view = view();
    for event in samples::rollback() {
        view.event(&event).unwrap();
        let stands = !matches!(event.kind, EventKind::RunStarted { .. } | EventKind::RunFinished { .. });
        assert_eq!(view.picture.is_some(), stands, "{event:?}");
    }
}

#[test]
fn an_interactive_child_has_the_terminal_for_itself() {
    let mut view = view();
    tell(&mut view, Script::default().run("shell", "Opens a shell", 2).start("1", "Look", "run", &[]));
    let mut guest = Script::default().start("2", "Shell", "run", &[]);
    if let EventKind::StepStarted { interactive, .. } = &mut guest.0[0].kind {
        *interactive = true;
    }
    tell(&mut view, guest);
    assert!(view.picture.is_none());
    tell(&mut view, Script::default().end("1", "Look", 1));
    assert!(view.picture.is_none());
    tell(&mut view, Script::default().end("2", "Shell", 1));
    assert!(view.picture.is_some());
}

#[test]
fn an_answer_has_the_terminal_for_itself_from_its_first_line() {
    let mut view = view();
    tell(&mut view, Script::default().run("status", "Looks", 1).shown("1", "Pods", &["kubectl"]));
    assert!(view.picture.is_some());
    tell(&mut view, Script::default().says("1", crate::model::command::Stream::Stdout, "NAME"));
    assert!(view.picture.is_none(), "thousands of lines must not draw thousands of pictures");
    tell(&mut view, Script::default().end("1", "Pods", 1));
    assert!(view.picture.is_some());
}
