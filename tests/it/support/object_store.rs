//! An object store with the part of the S3 API that a shared log needs, in this process: new keys are put once, and read.

use std::{
    collections::BTreeMap,
    io::{BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

#[derive(Default)]
struct Inner {
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    is_off: AtomicBool,
    /// The lifecycle configuration of the bucket; none where it is empty.
    rules: Mutex<String>,
    is_hanging: Mutex<bool>,
    goes_on: Condvar,
}

/// A store that listens on this machine while the test runs.
pub(crate) struct ObjectStore {
    inner: Arc<Inner>,
    port: u16,
}

impl ObjectStore {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let inner = Arc::<Inner>::default();
        let served = Arc::clone(&inner);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let inner = Arc::clone(&served);
                thread::spawn(move || serve(&stream, &inner));
            }
        });
        Self { inner, port }
    }

    /// Returns its URL, as `AWS_ENDPOINT_URL` has it.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Breaks off every connection from now on, or answers again.
    pub(crate) fn switch_off(&self, is_off: bool) {
        self.inner.is_off.store(is_off, Ordering::SeqCst);
    }

    /// Gives the bucket a lifecycle rule that deletes objects; `None` takes it away.
    pub(crate) fn rule(&self, prefix: Option<&str>) {
        *self.inner.rules.lock().unwrap() = prefix.map_or_else(String::new, |prefix| {
            format!(
                "<LifecycleConfiguration><Rule><ID>tidy</ID><Filter><Prefix>{prefix}</Prefix></Filter><Status>Enabled</Status>\
                 <Expiration><Days>90</Days></Expiration></Rule></LifecycleConfiguration>"
            )
        });
    }

    /// Takes requests and answers none from now on, or answers them all.
    pub(crate) fn hang(&self, is_hanging: bool) {
        *self.inner.is_hanging.lock().unwrap() = is_hanging;
        self.inner.goes_on.notify_all();
    }

    /// Returns the names of what is in it.
    pub(crate) fn names(&self) -> Vec<String> {
        self.inner.objects.lock().unwrap().keys().cloned().collect()
    }

    /// Changes the last byte of an object, as whoever runs the store could.
    pub(crate) fn alter(&self, name: &str) {
        let mut objects = self.inner.objects.lock().unwrap();
        *objects.get_mut(name).unwrap().last_mut().unwrap() ^= 1;
    }

    /// Reports whether any object holds `text`.
    pub(crate) fn holds(&self, text: &str) -> bool {
        let objects = self.inner.objects.lock().unwrap();
        let holds = |body: &Vec<u8>| body.windows(text.len()).any(|part| part == text.as_bytes());
        objects.values().any(holds)
    }

    /// Removes an object, as nobody may.
    pub(crate) fn remove(&self, name: &str) {
        assert!(self.inner.objects.lock().unwrap().remove(name).is_some());
    }
}

fn serve(stream: &TcpStream, inner: &Inner) {
    let mut input = BufReader::new(stream);
    while let Some((line, headers)) = read_head(&mut input) {
        if inner.is_off.load(Ordering::SeqCst) {
            return;
        }
        let hanging = inner.is_hanging.lock().unwrap();
        drop(inner.goes_on.wait_while(hanging, |is| *is).unwrap());
        let header = |name: &str| {
            headers
                .iter()
                .find(|(is, _)| is == name)
                .map(|(_, value)| value)
        };
        let length = header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        if input.read_exact(&mut body).is_err() {
            return;
        }
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let (name, query) = path.split_once('?').unwrap_or((path, ""));
        let name = name.to_owned();
        let mut objects = inner.objects.lock().unwrap();
        let rules = inner.rules.lock().unwrap().clone();
        let (status, reply) = match method {
            _ if header("authorization").is_none() => ("403 Forbidden", Vec::new()),
            "GET" if path.ends_with("?lifecycle=") && rules.is_empty() => (
                "404 Not Found",
                b"<Error><Code>NoSuchLifecycleConfiguration</Code></Error>".to_vec(),
            ),
            "GET" if path.ends_with("?lifecycle=") => ("200 OK", rules.into_bytes()),
            "GET" if query.starts_with("list-type=2") => {
                ("200 OK", listing(&name, objects.keys(), query))
            }
            "PUT" if header("if-none-match").is_some() && objects.contains_key(&name) => {
                ("412 Precondition Failed", Vec::new())
            }
            "PUT" => {
                objects.insert(name, body);
                ("200 OK", Vec::new())
            }
            "GET" | "HEAD" => match objects.get(&name) {
                Some(body) => ("200 OK", body.clone()),
                None => (
                    "404 Not Found",
                    b"<Error><Code>NoSuchKey</Code></Error>".to_vec(),
                ),
            },
            _ => ("501 Not Implemented", Vec::new()),
        };
        drop(objects);
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n",
            reply.len()
        );
        let mut out = head.into_bytes();
        if method != "HEAD" {
            out.extend(reply);
        }
        let mut stream = stream;
        if stream.write_all(&out).is_err() {
            return;
        }
    }
}

/// Lists the objects of a bucket, given as `/bucket`. What is asked for needs no decoding but for its slashes.
fn listing<'a>(bucket: &str, names: impl Iterator<Item = &'a String>, query: &str) -> Vec<u8> {
    let asked = |name: &str| {
        let mut fields = query.split('&').filter_map(|field| field.split_once('='));
        let (_, value) = fields.find(|(is, _)| *is == name).unwrap();
        value.replace("%2F", "/")
    };
    let (prefix, start) = (asked("prefix"), asked("start-after"));
    let most: usize = asked("max-keys").parse().unwrap();
    let keys = names.filter_map(|name| name.strip_prefix(bucket)?.strip_prefix('/'));
    let keys = keys.filter(|key| key.starts_with(&prefix) && *key > &*start);
    let keys: Vec<&str> = keys.take(most + 1).collect();
    let is_cut = keys.len() > most;
    let keys = keys.iter().take(most);
    let keys = keys.map(|key| format!("<Contents><Key>{key}</Key></Contents>"));
    let keys = keys.collect::<String>();
    format!("<ListBucketResult><IsTruncated>{is_cut}</IsTruncated>{keys}</ListBucketResult>").into()
}

/// Returns the first line and the headers of a request, their names in small letters; `None` at the end.
fn read_head(input: &mut impl std::io::BufRead) -> Option<(String, Vec<(String, String)>)> {
    let mut first = String::new();
    input.read_line(&mut first).ok().filter(|read| *read > 0)?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        input.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let line = line.trim_end();
        if line.is_empty() {
            return Some((first.trim_end().to_owned(), headers));
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}
