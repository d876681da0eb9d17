//! What a text holds of secrets stays out of every part of a diagnosis: quotes, causes, fixes,
//! subjects, for people and as data.

use super::support::Project;

/// A made-up password, in the places where tools print one.
const LEAKS: [&str; 3] = [
    "Warning  Failed  5s  kubelet  Failed to pull image \"https://u:hunter2secret@registry.example/app:1\": pull access \
     denied for app, repository does not exist or may require 'docker login'\n",
    "FATAL:  password authentication failed for user \"postgres://tf:hunter2secret@db\"\n",
    "psycopg2.OperationalError: connection to server at \"db\" (10.0.0.1), port 5432 failed: FATAL:  password \
     authentication failed for user \"app\" (postgresql://app:hunter2secret@db:5432/app)\n",
];

#[test]
fn no_part_of_a_diagnosis_holds_a_secret() {
    for text in LEAKS {
        let project = Project::new("version = 1\n[app]\nname = \"x\"\n").file("x.log", text);
        for args in [&["diagnose", "x.log"][..], &["diagnose", "--format", "json", "x.log"]] {
            let answer = project.run(args).exits(3);
            assert!(!answer.out.contains("hunter2secret"), "{}", answer.out);
            assert!(!answer.err.contains("hunter2secret"), "{}", answer.err);
        }
        // What the diagnosis needs of the line stays.
        project.run(&["diagnose", "x.log"]).exits(3).answers(&["[hidden "]);
    }
}
