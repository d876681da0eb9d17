//! What holds for every source, whatever it reads.

use super::{Meter, Reading};
use crate::model::pattern::Pattern;
use proptest::prelude::*;

const OWN: &str = r"(?:(?P<stage>[^: ]+): ?)?(?P<current>[^/ ]+)/(?P<total>[^ ]+)|(?P<percent>[^% ]+)%";

fn meters() -> Vec<Meter> {
    let own = Pattern::new(OWN).unwrap();
    [
        Meter::of("docker", &["build", "."], None),
        Meter::of("docker", &["build", "."], Some(&own)),
        Meter::of("minikube", &["start", "-o", "json"], None),
        Meter::of("minikube", &["start"], None),
        Meter::of("kubectl", &["rollout", "status", "deploy/x"], None),
    ]
    .into_iter()
    .map(Option::unwrap)
    .collect()
}

/// Lines as the tools print them, cut anywhere, with anything in between.
fn lines() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let real = [
        &include_bytes!("../../tests/progress/classic.txt")[..],
        include_bytes!("../../tests/progress/classic-failed.txt"),
        include_bytes!("../../tests/progress/buildkit.txt"),
        include_bytes!("../../tests/progress/buildkit-20.10.txt"),
        include_bytes!("../../tests/progress/buildkit-failed.txt"),
        include_bytes!("../../tests/progress/minikube-start.jsonl"),
        include_bytes!("../../tests/progress/minikube-start-failed.jsonl"),
        include_bytes!("../../tests/progress/rollout-deployment.txt"),
        include_bytes!("../../tests/progress/rollout-others.txt"),
    ];
    let real: Vec<Vec<u8>> =
        real.iter().flat_map(|text| text.split(|byte| *byte == b'\n')).map(<[u8]>::to_vec).collect();
    let line = prop_oneof![
        6 => proptest::sample::select(real.clone()),
        2 => (proptest::sample::select(real.clone()), any::<prop::sample::Index>()).prop_map(|(mut line, at)| {
            line.truncate(at.index(line.len() + 1));
            line
        }),
        2 => (proptest::sample::select(real), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut line, at, byte)| {
            if !line.is_empty() {
                let at = at.index(line.len());
                line[at] = byte;
            }
            line
        }),
        1 => proptest::collection::vec(any::<u8>(), 0..40),
    ];
    proptest::collection::vec(line, 0..80)
}

/// Holds the readings against what a meter promises.
#[derive(Default)]
struct Judge(Option<Reading>);

impl Judge {
    fn hear(&mut self, next: Reading) {
        assert_ne!(self.0.as_ref(), Some(&next), "nothing has changed");
        assert_ne!(next.stage.as_deref(), Some(""));
        if let (Some(current), Some(total)) = (next.current, next.total) {
            assert!(total > 0 && current <= total, "{next:?}");
        }
        if let Some(last) = &self.0
            && let (Some(before), Some(_)) = (last.current, last.total)
        {
            assert!(next.current >= Some(before) && next.total.is_some(), "{next:?} after {last:?}");
        }
        self.0 = Some(next);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn readings_are_sane_and_change(lines in lines(), ok: bool) {
        for mut meter in meters() {
            let mut judge = Judge::default();
            for line in &lines {
                let words = meter.words(line);
                prop_assert!(words.is_none_or(|words| !words.is_empty() && !words.contains('\n')));
                meter.line(line).into_iter().for_each(|reading| judge.hear(reading));
            }
            let last = meter.end(ok);
            prop_assert!(ok || last.is_none());
            last.into_iter().for_each(|reading| judge.hear(reading));
        }
    }
}

#[test]
fn a_line_without_end_is_not_read() {
    let line = [&b"Step 1/2 : "[..], &vec![b'x'; 100_000]].concat();
    for mut meter in meters() {
        assert_eq!(meter.line(&line), None);
    }
}

#[test]
fn an_own_pattern_wins_and_events_keep_their_words() {
    let own = Pattern::new(OWN).unwrap();
    let mut meter = Meter::of("minikube", &["start"], Some(&own)).unwrap();
    let event = include_str!("../../tests/progress/minikube-start.jsonl").lines().next().unwrap();
    assert_eq!(meter.words(event.as_bytes()).unwrap(), "minikube v1.38.0 on Debian 12.8");
    assert_eq!(meter.line(b"pull: 3/9").unwrap().total, Some(9));
    assert!(Meter::of("helm", &["upgrade"], None).is_none());
    assert!(Meter::of("helm", &["upgrade"], Some(&own)).is_some());
}

#[test]
fn a_build_is_complete_only_when_it_went_well() {
    let text = include_str!("../../tests/progress/buildkit.txt");
    for ok in [true, false] {
        let mut meter = Meter::of("docker", &["build", "."], None).unwrap();
        let last = text.lines().filter_map(|line| meter.line(line.as_bytes())).last().unwrap();
        assert_eq!((last.current, last.total), (Some(6), Some(13)));
        let end = meter.end(ok).map(|reading| (reading.current, reading.total));
        assert_eq!(end, ok.then_some((Some(13), Some(13))));
    }
}
