//! What a text holds of secrets stays out of every part of a diagnosis: quotes, causes, fixes,
//! subjects, for people and as data.

use super::support::Project;

/// What a mask stands for below.
const SECRET: &str = "hunter2secret";

/// A made-up password in the places where tools print one, and what must stay readable around it:
/// a diagnosis lives on it.
const LEAKS: [(&str, &[&str]); 17] = [
    (
        "Warning  Failed  5s  kubelet  Failed to pull image \"https://u:hunter2secret@registry.example/app:1\": pull \
         access denied for app, repository does not exist or may require 'docker login'\n",
        &["@registry.example/app:1"],
    ),
    ("FATAL:  password authentication failed for user \"postgres://tf:hunter2secret@db\"\n", &["tf:[hidden ", "@db"]),
    (
        "psycopg2.OperationalError: connection to server at \"db\" (10.0.0.1), port 5432 failed: FATAL:  password \
         authentication failed for user \"app\" (postgresql://app:hunter2secret@db:5432/app)\n",
        &["app:[hidden ", "@db:5432/app"],
    ),
    // The rest of a password with an `@` or `/` of its own.
    (
        "could not translate host name \"hunter2secret@db.example\" to address: Name or service not known\n",
        &["@db.example"],
    ),
    ("invalid port number: \"hunter2secret@db:5432\"\n", &["invalid port number: ", "@db:5432"]),
    ("psql: error: invalid integer value \"hunter2secret@db\" for connection option \"port\"\n", &["@db"]),
    ("psql: error: invalid integer value \"hunter2secret\" for connection option \"port\"\n", &["[hidden 13 chars"]),
    (
        "psycopg.OperationalError: failed to resolve host 'hunter2secret@db': [Errno -2] Name or service not known\n",
        &["@db"],
    ),
    ("Error: getaddrinfo ENOTFOUND hunter2secret@db.example\n", &["@db.example"]),
    ("dial tcp: lookup hunter2secret@db.example on 10.96.0.10:53: no such host\n", &["@db.example"]),
    ("java.net.UnknownHostException: hunter2secret@db.example: Name or service not known\n", &["@db.example"]),
    (
        "sqlalchemy.exc.ArgumentError: Could not parse SQLAlchemy URL from string 'tf:hunter2secret@db/app'\n",
        &["tf:[hidden ", "@db/app"],
    ),
    ("Could not parse rfc1738 URL from string 'tf:hunter2secret@db/app'\n", &["tf:[hidden ", "@db/app"]),
    ("No suitable driver found for jdbc:postgresql://h/db?user=a&password=hunter2secret\n", &["//h/db?user=a"]),
    (
        "openai.AuthenticationError: Error code: 401 - {'error': {'message': 'Incorrect API key provided: \
         hunter2secret_abc***xyz. You can find your API key at https://platform.example/keys.'}}\n",
        &["Incorrect API key provided: [hidden "],
    ),
    ("httpx.LocalProtocolError: Illegal header value b'hunter2secret\\n'\n", &["Illegal header value b'[hidden "]),
    (
        "FATAL:  password authentication failed for user \"app\" (PGPASSWORD=hunter2secret psql -h db -U app)\n",
        &["psql -h db -U app"],
    ),
];

#[test]
fn no_part_of_a_diagnosis_holds_a_secret() {
    for (text, kept) in LEAKS {
        let project = Project::new("version = 1\n[app]\nname = \"x\"\n").file("x.log", text);
        for args in [&["diagnose", "x.log"][..], &["diagnose", "--format", "json", "x.log"]] {
            let answer = project.run(args).exits(3);
            assert!(!answer.out.contains(SECRET), "{}", answer.out);
            assert!(!answer.err.contains(SECRET), "{}", answer.err);
            answer.answers(&["[hidden "]);
        }
        // What the diagnosis needs of the line stays. For people a long line is cut.
        project.run(&["diagnose", "--format", "json", "x.log"]).exits(3).answers(kept);
    }
}

/// Names with an `@` that are no secrets.
#[test]
fn what_only_looks_like_a_secret_stays_readable() {
    const LINE: &str = "FATAL:  password authentication failed for user \"app\"";
    for kept in [
        "alice@example.com",
        "deploy@web-1:~$",
        "git@github.com:org/repo",
        "app@sha256:0123456789",
        "failed to connect to user=a database=b: hostname resolving error",
    ] {
        let project = Project::new("version = 1\n[app]\nname = \"x\"\n").file("x.log", &format!("{LINE} ({kept})\n"));
        project.run(&["diagnose", "--format", "json", "x.log"]).exits(3).answers(&[kept]);
        // For people a long line is cut.
        let start = kept.get(..30).unwrap_or(kept);
        project.run(&["diagnose", "x.log"]).exits(3).answers(&[start]);
    }
}
