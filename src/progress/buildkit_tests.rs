use super::*;
use proptest::prelude::*;

type Told = (String, Option<u64>, Option<u64>);

fn told(text: &str) -> Vec<Told> {
    let mut buildkit = BuildKit::default();
    let mut told = Vec::new();
    for line in text.lines() {
        if buildkit.line(line.as_bytes()) {
            let reading = buildkit.reading();
            let next = (reading.stage.unwrap_or_default(), reading.current, reading.total);
            if told.last() != Some(&next) {
                told.push(next);
            }
        }
    }
    told
}

fn one(stage: &str, current: u64, total: u64) -> Told {
    (stage.to_owned(), Some(current), Some(total))
}

#[test]
fn every_pattern_compiles() {
    assert!([&PLACE, &DONE, &EXIT, &INSIDE, &STATUS].into_iter().all(|regex| regex.is_some()));
}

#[test]
fn vertices_interleave_and_stages_add_up() {
    let told = told(include_str!("../../tests/progress/buildkit.txt"));
    let base = format!("FROM docker.io/library/node:20-alpine@sha256:{}", "a".repeat(64));
    let before: Vec<&str> = told.iter().take_while(|told| told.2.is_none()).map(|told| told.0.as_str()).collect();
    assert_eq!(
        before,
        [
            "building with \"default\" instance using docker driver",
            "load build definition from Dockerfile",
            "load metadata for docker.io/library/node:20-alpine",
            "load .dockerignore",
            "load metadata for docker.io/library/node:20-alpine",
            "load build context",
        ]
    );
    assert_eq!(
        told[before.len()..],
        [
            one(&base, 0, 10),
            one(&format!("{base}: 0B / 7.63MB"), 0, 10),
            one(&format!("{base}: 3.15MB / 7.63MB"), 0, 10),
            one(&format!("{base}: extracting"), 0, 10),
            one("load build context", 0, 10),
            one("load build context: 12.31MB", 0, 10),
            one(&base, 0, 10),
            one(&base, 1, 10),
            one("WORKDIR /app", 1, 10),
            one("WORKDIR /app", 2, 10),
            one("COPY package.json package-lock.json ./", 2, 10),
            one("COPY package.json package-lock.json ./", 3, 10),
            one("RUN npm ci", 3, 10),
            // Its own first step is the base image, which it shares with the other stage.
            one("RUN apk add --no-cache tini", 3, 13),
            one("RUN apk add --no-cache tini", 5, 13),
            one("RUN npm ci", 5, 13),
            one("RUN npm ci", 6, 13),
        ]
    );
}

#[test]
fn a_real_build_comes_to_its_end() {
    for text in [
        include_str!("../../tests/progress/buildkit-20.10.txt"),
        include_str!("../../tests/progress/buildkit-20.10-cached.txt"),
    ] {
        let told = told(text);
        assert_eq!(told.last(), Some(&one("naming to docker.io/library/t:1", 6, 6)));
        assert!(told.contains(&one("COPY --from=build /a.txt /b.txt", 4, 6)));
    }
}

#[test]
fn a_failure_names_its_instruction_and_its_exit_code() {
    assert_eq!(
        told(include_str!("../../tests/progress/buildkit-20.10-failed.txt")).last(),
        Some(&one(r#"failed: RUN python3 -c 'import sys; print("boom"); sys.exit(3)' (exit code 3)"#, 1, 2))
    );
    let told = told(include_str!("../../tests/progress/buildkit-failed.txt"));
    assert_eq!(told.last(), Some(&one("failed: RUN pip install -r requirements.txt (exit code 1)", 2, 9)));
}

#[test]
fn a_build_goes_on_without_its_cache() {
    let text = "#3 importing cache manifest from r.example/a:cache\n#3 ERROR: r.example/a:cache: not found\n\n\
                #4 resolve image config for docker-image://docker.io/docker/dockerfile:1\n#4 DONE 0.1s\n\n#5 [1/1] FROM a\n";
    let stages: Vec<String> = told(text).into_iter().map(|told| told.0).collect();
    assert_eq!(
        stages,
        [
            "importing cache manifest from r.example/a:cache",
            "failed: importing cache manifest from r.example/a:cache",
            "resolve image config for docker-image://docker.io/docker/dockerfile:1",
            "FROM a",
        ]
    );
}

#[test]
fn what_only_looks_like_a_step_does_not_count() {
    let text = "#4 [2/3] RUN x\n#4 0.1 [3/3] RUN y\n#4 [3/3] RUN y\n#4 12.3 #5 DONE 0.1s\n#9 DONE 1.0s\n\
                [1/3] FROM x\n#x [1/3] FROM x\n#5 [0/3] a\n#6 [4/3] a\n#7 [1/99999999] a\n\
                #8 [1/99999999999999999999999] a\n#99999999999 [1/3] a\n#4 DONE\n";
    let told = told(text);
    assert_eq!(told.first(), Some(&one("RUN x", 0, 3)));
    assert_eq!(told.iter().map(|told| told.2).max(), Some(Some(3)));
    // Whether the first step is done is known: the second one needed it.
    assert_eq!(told.last().map(|told| told.1), Some(Some(2)));
}

#[test]
fn a_linked_copy_needs_no_step_before_it() {
    assert_eq!(told("#4 [2/3] COPY --link a b\n#4 DONE 0.1s")[1], one("COPY --link a b", 1, 3));
}

#[test]
fn memory_is_bounded() {
    let mut buildkit = BuildKit::default();
    for number in 1..=100_000 {
        let name = "s".repeat(number % 300);
        buildkit.line(format!("#{number} [{name}{number} 1/{number}] RUN {}", "x".repeat(10_000)).as_bytes());
        buildkit.line(format!("#{number} DONE 0.1s").as_bytes());
    }
    assert!(buildkit.vertices.len() <= VERTICES && buildkit.stages.len() <= STAGES);
    assert!(buildkit.vertices.values().all(|vertex| vertex.words.len() <= 800));
    assert!(buildkit.stages.iter().all(|stage| stage.done.len() <= VERTICES && stage.name.len() <= NAME));
    let reading = buildkit.reading();
    assert!(reading.current <= reading.total);
}

proptest! {
    #[test]
    fn nothing_goes_back(lines in proptest::collection::vec(
        (1u32..6, prop_oneof![
            "\\[(a |b )? ?[0-9]{1,2}/[0-9]{1,2}\\] (RUN x|COPY --link y)",
            "(DONE 0\\.1s|CACHED|CANCELED|ERROR: x: exit code: 7|\\.\\.\\.)",
            "sha256:[0-9a-f]{64} [0-9]\\.[0-9]MB / 7MB( 0\\.1s)?( done)?",
            "\\PC{0,20}",
        ]), 0..60)) {
        let mut buildkit = BuildKit::default();
        let mut last = (0, 0);
        for (number, rest) in lines {
            buildkit.line(format!("#{number} {rest}").as_bytes());
            let reading = buildkit.reading();
            prop_assert_eq!(reading.current.is_some(), reading.total.is_some());
            let next = (reading.current.unwrap_or(0), reading.total.unwrap_or(0));
            prop_assert!(next.0 <= next.1 && next.0 >= last.0 && next.1 >= last.1, "{:?} after {:?}", next, last);
            last = next;
        }
    }
}

/// What real builds printed (Debian's docker 20.10), and how many steps their builders count in the Dockerfiles.
#[test]
fn what_real_builds_print_comes_to_the_steps_of_their_dockerfiles() {
    use crate::progress::Meter;
    for (name, text, ok, current, total) in [
        ("classic-one", include_str!("../../tests/progress/real/classic-one.txt"), true, 9, 9),
        ("classic-multi", include_str!("../../tests/progress/real/classic-multi.txt"), true, 12, 12),
        ("classic-cached", include_str!("../../tests/progress/real/classic-cached.txt"), true, 12, 12),
        ("classic-failed", include_str!("../../tests/progress/real/classic-failed.txt"), false, 6, 9),
        ("buildkit-one", include_str!("../../tests/progress/real/buildkit-one.txt"), true, 5, 5),
        ("buildkit-multi", include_str!("../../tests/progress/real/buildkit-multi.txt"), true, 8, 8),
        ("buildkit-cached", include_str!("../../tests/progress/real/buildkit-cached.txt"), true, 8, 8),
        ("buildkit-failed", include_str!("../../tests/progress/real/buildkit-failed.txt"), false, 4, 5),
        // Both at once: what they have in common has the names of the other.
        ("buildkit-beside-one", include_str!("../../tests/progress/real/buildkit-beside-one.txt"), true, 5, 5),
        ("buildkit-beside-multi", include_str!("../../tests/progress/real/buildkit-beside-multi.txt"), true, 8, 8),
    ] {
        let mut meter = Meter::of("docker", &["build", "."], None).unwrap();
        let mut told: Vec<_> = text.lines().filter_map(|line| meter.line(line.as_bytes())).collect();
        told.extend(meter.end(ok));
        let counted: Vec<_> = told.iter().filter_map(|reading| Some((reading.current?, reading.total?))).collect();
        assert!(counted.is_sorted_by(|before, after| before.0 <= after.0), "{name} goes back: {counted:?}");
        assert_eq!(counted.last(), Some(&(current, total)), "{name}: {counted:?}");
        let failed =
            told.last().and_then(|reading| reading.stage.as_deref()).filter(|stage| stage.starts_with("failed: "));
        assert_eq!(
            failed.is_some_and(|stage| stage.contains("RUN ") && stage.ends_with("(exit code 42)")),
            !ok,
            "{name}"
        );
    }
}
