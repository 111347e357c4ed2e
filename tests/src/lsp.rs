//! As much of the Language Server Protocol as it takes to be rust-analyzer's editor: <https://microsoft.github.io/language-server-protocol/>.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A server that runs. It is killed when this is dropped.
pub struct Server {
    child: Child,
    stdin: ChildStdin,
    messages: Receiver<Value>,
    deadline: Instant,
    last_id: u64,
}

/// `file://…`
#[must_use]
pub fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

impl Server {
    /// Starts the command as the server of a workspace. All that follows has `limit` to happen.
    ///
    /// # Panics
    /// If it cannot be started, or does not answer.
    #[must_use]
    pub fn start(
        command: &mut Command,
        workspace: &Path,
        settings: &Value,
        limit: Duration,
    ) -> Self {
        let mut child = command
            .current_dir(workspace)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("start the server");
        let stdin = child.stdin.take().expect("piped");
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (send, messages) = mpsc::channel();
        thread::spawn(move || {
            while let Some(message) = receive(&mut stdout)
                && send.send(message).is_ok()
            {}
        });
        let mut server = Self {
            child,
            stdin,
            messages,
            deadline: Instant::now() + limit,
            last_id: 0,
        };
        _ = server.request(
            "initialize",
            &json!({
                "processId": null,
                "rootUri": uri(workspace),
                "capabilities": { "experimental": { "serverStatusNotification": true } },
                "initializationOptions": settings,
            }),
        );
        server.notify("initialized", &json!({}));
        server
    }

    /// Sends a request and gives its result.
    ///
    /// # Panics
    /// If it fails.
    pub fn request(&mut self, method: &str, params: &Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let answer = self.wait_for(method, |message| {
            message["id"] == id && message.get("method").is_none()
        });
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The next message that is as wanted. What the server asks meanwhile is answered with nothing.
    ///
    /// # Panics
    /// If none comes in time.
    pub fn wait_for(&mut self, what: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            let message = self
                .messages
                .recv_timeout(left)
                .unwrap_or_else(|error| panic!("waiting for {what}: {error}"));
            if is_wanted(&message) {
                return message;
            }
            if let (Some(id), true) = (message.get("id"), message.get("method").is_some()) {
                self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": null }));
            }
        }
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.stdin, "Content-Length: {}\r\n\r\n{text}", text.len())
            .and_then(|()| self.stdin.flush())
            .expect("the server reads");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The next message; none at the end.
fn receive(from: &mut impl BufRead) -> Option<Value> {
    let mut len = None;
    loop {
        let mut line = String::new();
        from.read_line(&mut line).ok().filter(|&read| read != 0)?;
        match line.trim_end() {
            "" => break,
            header => {
                if let Some(value) = header.strip_prefix("Content-Length: ") {
                    len = value.parse().ok();
                }
            }
        }
    }
    let mut body = vec![0; len?];
    from.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
