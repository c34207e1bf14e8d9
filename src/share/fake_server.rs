//! An HTTP server on the loopback that answers what a test tells it, or hangs up, for tests of engines.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use parking_lot::Mutex;

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) target: String,
    /// All headers, in small letters.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

/// A status and a body; `None` hangs up without an answer.
pub(super) type Said = Option<(u16, Vec<u8>)>;

/// A server, for as long as the test runs.
pub(super) struct FakeServer {
    pub(super) port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl FakeServer {
    /// Answers each request as `answer` says.
    pub(super) fn start(answer: impl Fn(&Asked) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (answer, noted) = (Arc::new(answer), Arc::clone(&asked));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, noted) = (Arc::clone(&answer), Arc::clone(&noted));
                thread::spawn(move || {
                    let mut stream = BufReader::new(stream.unwrap());
                    while let Some(request) = read(&mut stream) {
                        noted.lock().push(request.clone());
                        let Some((status, body)) = answer(&request) else {
                            return;
                        };
                        let head = format!(
                            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\ndate: Fri, 24 May 2013 00:00:00 GMT\r\n\r\n",
                            body.len()
                        );
                        let answer = [head.as_bytes(), &body].concat();
                        if stream.get_mut().write_all(&answer).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { port, asked }
    }

    /// Returns every request so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().clone()
    }
}

fn read(stream: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut asked = Asked::default();
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split(' ');
    asked.method = words.next()?.to_owned();
    asked.target = words.next()?.to_owned();
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line).ok()?;
        let header = line.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(text) = header.strip_prefix("content-length: ") {
            length = text.parse().unwrap();
        }
        asked.head.push_str(&header);
        asked.head.push('\n');
    }
    asked.body = vec![0; length];
    stream.read_exact(&mut asked.body).ok()?;
    Some(asked)
}
