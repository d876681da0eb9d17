//! A stand-in for the app that is deployed: accounts, tasks, a chat with five tools, and a page that calls the API
//! from another port. It speaks HTTP/1.1 on loopback, keeps its tasks in memory or in a file, and has faults that can
//! be switched on: by `--fault NAME`, or while it runs by `POST /_fault/NAME` (`DELETE` takes it away).
//!
//! `app [--store FILE] [--first-id N] [--origin URL] [--fault NAME]...` prints `api PORT` and `page PORT`, and runs until its
//! standard input ends.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a program of its own, for tests"
)]

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What can be wrong with it.
const FAULTS: [&str; 16] = [
    "status",             // creating a task answers 200
    "missing-field",      // tasks have no `completed`
    "wrong-type",         // the user's id is a string
    "no-cors",            // no origin may call
    "console-error",      // the page writes an error
    "console-lines",      // the page writes an error of three lines, and throws one of two
    "login-refused",      // no password is good
    "token-rejected",     // no token is good
    "lost-after-restart", // the store is forgotten
    "slow",               // listing takes 1.2 s
    "chat-broken",        // the chat's key is refused
    "chat-silent",        // the chat calls no tool
    "unhealthy",          // /health says so
    "other-times",        // a user's times are numbers
    "no-allow-headers",   // a preflight names no header and no method
    "two-origins",        // the origin that may call is named twice
];

/// What it knows.
#[derive(Debug, Default)]
struct Store {
    users: Vec<Value>,
    tasks: Vec<Value>,
    next: u64,
}

struct App {
    store: Mutex<Store>,
    faults: Mutex<BTreeSet<String>>,
    file: Option<PathBuf>,
    first: u64,
    page: u16,
    api: u16,
    /// Where else its page may be.
    origin: String,
}

/// One request.
struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Value,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn text(&self, key: &str) -> String {
        self.body[key].as_str().unwrap_or_default().to_owned()
    }
}

/// One answer: status and body; `Null` is none.
type Answer = (u16, Value);

fn main() {
    let (mut store, mut first, mut faults, mut origin) = (None, 1, BTreeSet::new(), String::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next().expect("every option has a value");
        match argument.as_str() {
            "--store" => store = Some(PathBuf::from(value)),
            "--origin" => origin = value,
            "--first-id" => first = value.parse().expect("a number"),
            "--fault" if FAULTS.contains(&value.as_str()) => drop(faults.insert(value)),
            other => panic!("what is {other} {value}?"),
        }
    }
    let listen = || TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (api, page) = (listen(), listen());
    let port = |listener: &TcpListener| listener.local_addr().expect("an address").port();
    let app = Arc::new(App {
        store: Mutex::default(),
        faults: Mutex::new(faults),
        file: store,
        first,
        page: port(&page),
        api: port(&api),
        origin,
    });
    app.load();
    println!("api {}\npage {}", app.api, app.page);
    for (listener, is_page) in [(api, false), (page, true)] {
        let app = app.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let app = app.clone();
                std::thread::spawn(move || app.serve(&stream, is_page));
            }
        });
    }
    // Whoever started it holds the other end: gone with it.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    std::process::exit(0);
}

impl App {
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, fault: &str) -> bool {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).contains(fault)
    }

    fn load(&self) {
        let read = self.file.as_ref().filter(|_| !self.has("lost-after-restart"));
        let kept = read.and_then(|file| serde_json::from_slice::<Value>(&std::fs::read(file).ok()?).ok());
        let list = |key: &str| kept.as_ref().and_then(|kept| kept[key].as_array().cloned()).unwrap_or_default();
        let next = kept.as_ref().and_then(|kept| kept["next"].as_u64()).unwrap_or(self.first);
        *self.store() = Store { users: list("users"), tasks: list("tasks"), next };
    }

    fn save(&self) {
        let store = self.store();
        if let Some(file) = &self.file {
            let kept = json!({"users": store.users, "tasks": store.tasks, "next": store.next});
            std::fs::write(file, kept.to_string()).expect("the store can be written");
        }
    }

    fn serve(&self, stream: &TcpStream, is_page: bool) {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
        let Some(request) = read(stream) else { return };
        let mut out = stream;
        // Behind one address, as where the frontend hands the API on.
        if is_page || (request.method == "GET" && request.path == "/") {
            let (status, kind, body) = self.page(&request);
            let _ = write!(
                out,
                "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            return;
        }
        let (status, body) = self.answer(&request);
        self.save();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut head = format!("HTTP/1.1 {status} {}\r\nServer: app\r\n", reason(status));
        if status != 204 {
            head.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        if request.path == "/_planted" {
            let place =
                format!("/in?next=there&code=PlantedCode{0}&state=PlantedState{0}#session_id=Planted-s{0}", self.first);
            head.push_str(&format!("Location: {place}\r\n"));
        }
        let origin = request.header("origin").filter(|origin| self.allows(origin));
        if let Some(origin) = origin {
            head.push_str(&format!("Access-Control-Allow-Origin: {origin}\r\nVary: Origin\r\n"));
            if self.has("two-origins") {
                head.push_str("Access-Control-Allow-Origin: *\r\n");
            }
            if request.method == "OPTIONS" && !self.has("no-allow-headers") {
                head.push_str("Access-Control-Allow-Methods: GET, POST, PUT, PATCH, DELETE\r\n");
                head.push_str("Access-Control-Allow-Headers: authorization, content-type\r\n");
            }
        }
        let _ = write!(out, "{head}Connection: close\r\n\r\n{body}");
    }

    fn allows(&self, origin: &str) -> bool {
        let own = |port: &u16| origin == format!("http://127.0.0.1:{port}");
        !self.has("no-cors") && (origin == self.origin || [self.page, self.api].iter().any(own))
    }

    fn page(&self, request: &Request) -> (u16, &'static str, String) {
        if request.path != "/" {
            return (404, "text/plain", "not found".to_owned());
        }
        let mut broken = String::new();
        if self.has("console-error") {
            broken.push_str("console.error('the list could not be drawn');");
        }
        if self.has("console-lines") {
            broken.push_str("console.error('The above error occurred in <List>:\\n\\n    at List');");
            broken.push_str("setTimeout(() => { throw new Error('Cannot read\\nproperties of the list'); });");
        }
        let page = format!(
            "<!DOCTYPE html><html><head><title>TaskFlow</title><link rel=\"icon\" href=\"data:,\"></head><body>\
             <h1>TaskFlow</h1><p id=\"state\">loading</p><script>{broken}\
             fetch('http://127.0.0.1:{}/health').then(r => r.json()).then(h => {{\
             document.getElementById('state').textContent = 'backend ' + h.status; }});\
             </script></body></html>",
            self.api
        );
        (200, "text/html; charset=utf-8", page)
    }

    fn answer(&self, request: &Request) -> Answer {
        let path: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let method = request.method.as_str();
        match (method, path.as_slice()) {
            ("POST", ["_restart"]) => {
                self.load();
                (200, Value::Null)
            }
            (_, ["_fault", name]) if FAULTS.contains(name) => {
                let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
                if method == "POST" {
                    faults.insert((*name).to_owned())
                } else {
                    faults.remove(*name)
                };
                (200, Value::Null)
            }
            (_, ["_planted"]) => (302, self.planted()),
            ("OPTIONS", _) => match request.header("origin").is_some_and(|origin| self.allows(origin)) {
                true => (200, Value::Null),
                false => (400, json!("Disallowed CORS origin")),
            },
            ("GET", ["health"]) if self.has("unhealthy") => (503, json!({"status": "unhealthy"})),
            ("GET", ["health"]) => (200, json!({"status": "healthy", "version": "1.0.0"})),
            ("POST", ["api", "auth", "signup"]) => self.signup(request),
            ("POST", ["api", "auth", "login"]) => self.login(request),
            (_, ["api", rest @ ..]) => match self.user(request) {
                Some(user) => self.inside(request, &user, rest),
                None => (401, json!({"detail": "Could not validate credentials"})),
            },
            _ => (404, json!({"detail": "Not Found"})),
        }
    }

    /// Made-up secrets in every place where an app may put one.
    fn planted(&self) -> Value {
        let word = |kind: &str| format!("Planted{kind}{}", self.first);
        json!({
            "refresh": {"token": {"value": word("Nested"), "parts": [word("Part"), 190_010_001 + self.first]}},
            "tokens": [word("Listed")],
            "passwords": {"old": word("Old")},
            "secrets": {"a": [{"b": word("Deep")}]},
            "session": word("Session"),
            "sessionId": word("SessionId"),
            "code_verifier": word("Verifier"),
            "pin": format!("Pin{}", self.first),
            "otp": format!("Otp{}", self.first),
            "usage": {"tokens": 12 + self.first},
        })
    }

    fn signup(&self, request: &Request) -> Answer {
        let mut store = self.store();
        let email = request.text("email");
        if request.text("password").len() < 8 {
            return (422, json!({"detail": "the password is too short"}));
        }
        if store.users.iter().any(|user| user["email"] == email) {
            return (409, json!({"detail": "Email already registered"}));
        }
        let id = store.id();
        let user = json!({"id": id, "email": email, "name": request.text("name"), "password": request.text("password"), "created_at": now()});
        store.users.push(user.clone());
        (201, self.shown_user(&user))
    }

    fn shown_user(&self, user: &Value) -> Value {
        let id = if self.has("wrong-type") { json!(user["id"].to_string()) } else { user["id"].clone() };
        let created = match user["created_at"].as_str().and_then(|text| text.parse::<f64>().ok()) {
            Some(seconds) if self.has("other-times") => json!(seconds),
            _ => user["created_at"].clone(),
        };
        json!({"id": id, "email": user["email"], "name": user["name"], "created_at": created})
    }

    fn login(&self, request: &Request) -> Answer {
        let mut store = self.store();
        let (email, password) = (request.text("email"), request.text("password"));
        let Some(user) =
            store.users.iter_mut().find(|user| user["email"] == email && user["password"] == password.as_str())
        else {
            return (401, json!({"detail": "Incorrect email or password"}));
        };
        if self.has("login-refused") {
            return (401, json!({"detail": "Incorrect email or password"}));
        }
        let random = || format!("{:016x}", RandomState::new().hash_one(0));
        let token = format!("eyJhbGciOiJIUzI1NiJ9.{}{}.{}", random(), random(), random());
        user["token"] = json!(token);
        (200, json!({"token": token, "token_type": "bearer", "user": self.shown_user(user)}))
    }

    fn user(&self, request: &Request) -> Option<Value> {
        if self.has("token-rejected") {
            return None;
        }
        let token = request.header("authorization")?.strip_prefix("Bearer ")?;
        self.store().users.iter().find(|user| user["token"] == token).cloned()
    }

    fn inside(&self, request: &Request, user: &Value, path: &[&str]) -> Answer {
        match (request.method.as_str(), path) {
            ("GET", ["auth", "me"]) => (200, self.shown_user(user)),
            ("DELETE", ["auth", "me"]) => {
                let mut store = self.store();
                store.users.retain(|other| other["id"] != user["id"]);
                store.tasks.retain(|task| task["owner"] != user["id"]);
                (204, Value::Null)
            }
            ("POST", ["tasks"]) => {
                let task = self.add(user, &request.text("title"), &request.body["description"]);
                (if self.has("status") { 200 } else { 201 }, self.shown_task(&task))
            }
            ("GET", ["tasks"]) => {
                if self.has("slow") {
                    std::thread::sleep(Duration::from_millis(1200));
                }
                (200, Value::Array(self.tasks_of(user).iter().map(|task| self.shown_task(task)).collect()))
            }
            ("POST", ["chat"]) => self.chat(user, &request.text("message")),
            (method, ["tasks", id, rest @ ..]) => {
                let Some(index) = self.index(user, id) else { return (404, json!({"detail": "Task not found"})) };
                match (method, rest) {
                    ("GET", []) => {}
                    ("PUT", []) => self.update(index, &request.body),
                    ("PATCH", ["complete"]) => self.update(index, &json!({"completed": true})),
                    ("DELETE", []) => {
                        self.store().tasks.remove(index);
                        return (204, Value::Null);
                    }
                    _ => return (405, json!({"detail": "Method Not Allowed"})),
                }
                let task = self.store().tasks[index].clone();
                (200, self.shown_task(&task))
            }
            _ => (404, json!({"detail": "Not Found"})),
        }
    }

    fn tasks_of(&self, user: &Value) -> Vec<Value> {
        self.store().tasks.iter().filter(|task| task["owner"] == user["id"]).cloned().collect()
    }

    fn index(&self, user: &Value, id: &str) -> Option<usize> {
        self.store().tasks.iter().position(|task| {
            task["owner"] == user["id"] && task["id"].as_u64().is_some_and(|own| id.parse() == Ok(own))
        })
    }

    fn add(&self, user: &Value, title: &str, description: &Value) -> Value {
        let mut store = self.store();
        let id = store.id();
        let task = json!({"id": id, "owner": user["id"], "title": title, "description": description, "completed": false, "created_at": now(), "updated_at": now()});
        store.tasks.push(task.clone());
        task
    }

    fn update(&self, index: usize, changes: &Value) {
        let task = &mut self.store().tasks[index];
        for key in ["title", "description", "completed"] {
            if let Some(value) = changes.get(key) {
                task[key] = value.clone();
            }
        }
        task["updated_at"] = json!(now());
    }

    fn shown_task(&self, task: &Value) -> Value {
        let mut task = task.clone();
        let object = task.as_object_mut().expect("a task is an object");
        object.remove("owner");
        if self.has("missing-field") {
            object.remove("completed");
        }
        task
    }

    /// An assistant that understands five sentences, each by one of its tools.
    fn chat(&self, user: &Value, message: &str) -> Answer {
        if self.has("chat-broken") {
            return (
                500,
                json!({"detail": "anthropic.AuthenticationError: Error code: 401 - {'type': 'error', 'error': {'type': 'authentication_error', 'message': 'invalid x-api-key'}}"}),
            );
        }
        let verb = message.split(' ').next().unwrap_or_default();
        let quoted: Vec<&str> = message.split('"').skip(1).step_by(2).collect();
        let (tool, reply) = match (verb, quoted.as_slice()) {
            ("List", _) => {
                let titles: Vec<String> =
                    self.tasks_of(user).iter().filter_map(|task| Some(task["title"].as_str()?.to_owned())).collect();
                ("list_tasks", format!("You have {} tasks: {}", titles.len(), titles.join(", ")))
            }
            ("Add", [title]) => {
                let task = self.add(user, title, &Value::Null);
                ("add_task", format!("Added task {}", task["id"]))
            }
            ("Rename" | "Mark" | "Delete", [title, rest @ ..]) => {
                let titled = |task: &Value| task["owner"] == user["id"] && task["title"] == *title;
                let Some(index) = self.store().tasks.iter().position(titled) else {
                    return (200, json!({"reply": "There is no such task", "tool_calls": []}));
                };
                let tool = match (verb, rest) {
                    ("Rename", [new]) => {
                        self.update(index, &json!({ "title": new }));
                        "update_task"
                    }
                    ("Mark", _) => {
                        self.update(index, &json!({"completed": true}));
                        "complete_task"
                    }
                    _ => {
                        self.store().tasks.remove(index);
                        "delete_task"
                    }
                };
                (tool, format!("Done with {title}"))
            }
            _ => ("", "Hello! I look after your tasks.".to_owned()),
        };
        let calls = if tool.is_empty() || self.has("chat-silent") { json!([]) } else { json!([{"name": tool}]) };
        (200, json!({"reply": reply, "tool_calls": calls}))
    }
}

impl Store {
    fn id(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }
}

/// Reads a request; a connection that says nothing is none (a browser opens some to have them).
fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        Some(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    while let Some(line) = line().filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").and_then(|(_, value)| value.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let path = path.split('?').next().unwrap_or_default().to_owned();
    Some(Request { method, path, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        401 => "Unauthorized",
        404 => "Not Found",
        500 => "Internal Server Error",
        _ => "X",
    }
}

/// Another text at every call.
fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:09}", since.as_secs(), since.subsec_nanos())
}
