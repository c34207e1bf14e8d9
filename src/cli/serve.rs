//! `taskhold serve`

use std::{
    future::ready,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use super::{CliResult, Context, Failure, stop};
#[cfg(unix)]
use crate::{home::Folders, http::SocketFolder};
use crate::{
    http::{self, Instance, LIMIT_NAMES, Limits, Setup, Sockets, Tls, Tokens, is_of_this_machine},
    mcp::Server,
    store::{Store, db::Db},
};

mod greeting;

/// How long the database may take to close, after what `http::serve` takes: both end within 3 seconds.
const CLOSING: Duration = Duration::from_millis(600);
/// The port that is listened on when none is given: TASK on the keys of a telephone.
pub(super) const PORT: u16 = 8275;

/// Serve MCP over HTTP to many clients at once
///
/// Listens on this machine alone, lets in whoever has a token, and answers no web page but its own, which taskhold board opens.
/// Other processes go on using the database as before; nothing needs the daemon.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold serve
  taskhold serve --listen 8276 --idle-exit 30m
  taskhold serve --socket")]
pub(super) struct ServeArgs {
    /// Address and port to listen on, or a port on this machine alone (can be repeated) [default: 8275]
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<Listen>,
    /// Listen on a Unix socket too, which needs no token; without a path, in your runtime directory
    #[cfg(unix)]
    #[arg(long, value_name = "PATH", num_args = 0..=1, require_equals = true)]
    #[expect(
        clippy::option_option,
        reason = "so clap tells a flag without its value"
    )]
    socket: Option<Option<PathBuf>>,
    /// Certificate to encrypt with, and those it rests upon, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Key of the certificate, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Listen beyond this machine, where everyone with a token can read and change your tasks (needs --tls-cert)
    #[arg(long)]
    allow_network: bool,
    /// Further name of this machine that clients may use in URLs (can be repeated)
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    host: Vec<String>,
    /// End when nobody was connected for so long, such as 30m
    #[arg(long, value_name = "TIME", value_parser = idle_time)]
    idle_exit: Option<Duration>,
    #[arg(long, value_name = "NAME=VALUE", help = limit_help())]
    limit: Vec<Limit>,
}

/// Reads a name as it stands in a URL between the scheme and the port.
fn host_name(text: &str) -> Result<String, &'static str> {
    let refusal = "give the name alone, such as tasks.example.org";
    let host: ::http::uri::Authority = text.parse().map_err(|_| refusal)?;
    let is_name = host.host() == text && !text.is_empty();
    is_name.then(|| text.to_owned()).ok_or(refusal)
}

/// Where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listen {
    /// A port of both loopback addresses.
    Port(u16),
    Address(SocketAddr),
}

impl FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let port = text.strip_prefix("localhost:").unwrap_or(text).parse();
        port.map(Self::Port)
            .or_else(|_| {
                text.parse()
                    .map(|address| Self::Address(canonical(address)))
            })
            .map_err(
                |_| "give a port (8275) or an address with a port (127.0.0.1:8275, [::1]:8275)",
            )
    }
}

/// Returns an address of IPv4 as one, also where it is written as one of IPv6 (RFC 4291, section 2.5.5.2), which Windows does not
/// listen on.
fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => (ip, address.port()).into(),
        IpAddr::V6(_) => address,
    }
}

/// A limit and its value.
#[derive(Clone, Debug)]
struct Limit(String, String);

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("give NAME=VALUE")?;
        // Tried at once, so that what is wrong is told as a wrong call.
        let tried = Limits::default().set(name, value);
        tried.map_err(|error| error.to_string())?;
        Ok(Self(name.to_owned(), value.to_owned()))
    }
}

fn idle_time(text: &str) -> Result<Duration, &'static str> {
    http::parse_duration(text).ok_or("give a time, such as 90s, 30m or 1h")
}

fn limit_help() -> String {
    let names = LIMIT_NAMES.join(", ");
    format!("Limit to change (can be repeated): {names}")
}

impl ServeArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        context.refuse_unusable()?;
        let database = context.settled_database();
        let instance = Instance::take(&database)?;
        let tokens = Tokens::new(&database);
        tokens.own()?;
        let setup = |limits| Setup {
            tokens,
            limits,
            names: self.host.clone(),
            idle_exit: self.idle_exit,
            logs_requests: true,
        };
        run(
            context,
            &instance,
            self.limits(),
            setup,
            self.open(),
            |sockets, _| {
                greeting::print(context, sockets)?;
                Ok(ready(Ok(())))
            },
        )
    }

    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        for Limit(name, value) in &self.limit {
            // It was tried when it was read.
            let _ = limits.set(name, value);
        }
        limits
    }

    async fn open(&self) -> Result<Sockets, Failure> {
        let mut sockets = Sockets::default();
        if let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) {
            sockets.encrypt(Tls::read(certificate, key)?);
        }
        #[cfg(unix)]
        let inherited = sockets.inherit()?;
        #[cfg(not(unix))]
        let inherited = false;
        let default = [Listen::Port(PORT)];
        let listen = match self.listen.as_slice() {
            [] if inherited => &[],
            [] => &default[..],
            given => given,
        };
        for listen in listen {
            match listen {
                Listen::Port(port) => sockets.open_loopback(*port).await?,
                Listen::Address(address) => {
                    sockets.check_reach(*address, self.allow_network)?;
                    sockets.open_address(*address).await?;
                }
            }
        }
        let addresses: Vec<SocketAddr> = sockets.addresses().collect();
        for address in &addresses {
            sockets.check_reach(*address, self.allow_network)?;
        }
        if self.allow_network && addresses.iter().all(|address| is_of_this_machine(*address)) {
            return Err(Failure::call(
                "--allow-network opens nothing: every address is of this machine alone",
                "taskhold serve --allow-network --listen ADDRESS:PORT, or leave it out",
            ));
        }
        #[cfg(unix)]
        if let Some((path, folder)) = self.socket_path() {
            sockets.open_socket(&path, folder).await?;
        }
        Ok(sockets)
    }

    /// Returns where the Unix socket is to be, and in whose folder that is; `None` if there is to be none.
    #[cfg(unix)]
    fn socket_path(&self) -> Option<(PathBuf, SocketFolder)> {
        if let Some(given) = self.socket.as_ref()? {
            let given = std::path::absolute(given).unwrap_or_else(|_| given.clone());
            return Some((given, SocketFolder::Given));
        }
        let runtime = Folders::here().and_then(|folders| folders.runtime);
        let folder = runtime.map(|folder| folder.join("taskhold"));
        let folder = folder.unwrap_or_else(|| {
            let user = rustix::process::geteuid().as_raw();
            std::env::temp_dir().join(format!("taskhold-{user}"))
        });
        Some((folder.join("tasks.sock"), SocketFolder::Own))
    }
}

/// Runs the daemon that `instance` gives the right to be, on the sockets that `open` opens, until it is asked to end. What
/// `announce` returns goes on beside it; cancelling the token that it is given ends the daemon.
pub(super) fn run<Beside: Future<Output = CliResult>>(
    context: &Context,
    instance: &Instance,
    mut limits: Limits,
    setup: impl FnOnce(Limits) -> Setup,
    open: impl Future<Output = CliResult<Sockets>>,
    announce: impl FnOnce(&Sockets, CancellationToken) -> CliResult<Beside>,
) -> CliResult {
    let readers = std::thread::available_parallelism().map_or(2, |count| count.get().min(4));
    stop::refuse_few_handles()?;
    // One thread for all connections: what takes long is done on the threads of the database, and handing a small
    // call from one thread to another costs more than answering it. `benches/http.rs` measures it.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let db = Db::start(&context.database, readers);
    let served = runtime.block_on(async {
        let asked = CancellationToken::new();
        // Before anything is announced: a signal that comes right after it finds the handler in place.
        stop::on_signal(asked.clone())?;
        // A database that cannot be used is told now, not at the first call.
        db.session().read(Store::state).await?;
        let sockets = open.await?;
        instance.announce(&sockets.places().join(", "))?;
        let beside = announce(&sockets, asked.clone())?;
        limits.fit_handles();
        let most = limits.subscriptions;
        let setup = setup(limits);
        let (session, zone, served) = (db.session(), context.caller.zone, db.clone());
        let handler = move |ending| Server::new(&served, zone, ending).watching_at_most(most);
        notify(Lifecycle::Ready);
        let ends = asked.clone();
        let serving = http::serve(sockets, setup, session, handler, asked);
        let stopping = async move {
            ends.cancelled().await;
            notify(Lifecycle::Stopping);
        };
        let ((), (), beside) = tokio::join!(serving, stopping, beside);
        beside
    });
    let closed = db.close_within(CLOSING);
    runtime.shutdown_background();
    served?;
    Ok(closed?)
}

/// What a service manager wants to know.
#[derive(Clone, Copy)]
enum Lifecycle {
    Ready,
    Stopping,
}

/// Tells systemd, where it is systemd that started us.
fn notify(state: Lifecycle) {
    #[cfg(unix)]
    {
        let message = match state {
            Lifecycle::Ready => "READY=1\n",
            Lifecycle::Stopping => "STOPPING=1\n",
        };
        if let Err(error) = send_to_systemd(message) {
            tracing::warn!("cannot tell systemd how it is: {error}");
        }
    }
    #[cfg(not(unix))]
    let _ = state;
}

/// Sends a message to the socket that systemd named, if it did (`sd_notify(3)`).
#[cfg(unix)]
fn send_to_systemd(message: &str) -> std::io::Result<()> {
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::{
        ffi::OsStrExt as _,
        net::{SocketAddr, UnixDatagram},
    };

    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else {
        return Ok(());
    };
    let address = match socket.as_bytes().strip_prefix(b"@") {
        // A socket without a file.
        #[cfg(target_os = "linux")]
        Some(name) => SocketAddr::from_abstract_name(name)?,
        _ => SocketAddr::from_pathname(&socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(message.as_bytes(), &address)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_of_this_machine_alone() {
        let cases = [
            ("8275", Some(Listen::Port(8275))),
            ("localhost:1", Some(Listen::Port(1))),
            (
                "127.0.0.1:1",
                Some(Listen::Address(([127, 0, 0, 1], 1).into())),
            ),
            ("0.0.0.0:1", Some(Listen::Address(([0, 0, 0, 0], 1).into()))),
            (
                "[::ffff:127.0.0.1]:1",
                Some(Listen::Address(([127, 0, 0, 1], 1).into())),
            ),
            ("example.com:1", None),
            ("127.0.0.1", None),
            ("70000", None),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
    }
}
