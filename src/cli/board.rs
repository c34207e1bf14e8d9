//! `taskhold board`

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    CliResult, Context, Failure,
    serve::{self, PORT},
    stop,
};
use crate::{
    bridge::Target,
    disk::{discard, replace_private},
    home::Folders,
    http::{Instance, InstanceError, Limits, Setup, Sockets, Tokens},
};

/// How long a daemon that has just begun may take to say where it listens.
const BEGINNING: Duration = Duration::from_secs(5);
/// How often its file is looked at.
const AGAIN: Duration = Duration::from_millis(200);
/// How long the browser may take. The code is good as long.
const OPENING: Duration = Duration::from_mins(1);
/// How long the daemon may take to give a code. It does so at once.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How long it may take to say whether the code was used. It says so after ten seconds at the latest.
const WAITING: Duration = Duration::from_secs(20);

/// Show the tasks as a page in the browser, to work on
///
/// The page follows what any other program changes. It is served by the daemon that runs, if one does, and by this command
/// otherwise, until Ctrl-C. The browser is signed in by a private file in your home folder, which is removed at once; nobody else
/// on this machine gets in.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  taskhold board
  taskhold board --read-only
  taskhold board --print")]
pub(super) struct BoardArgs {
    /// Let the page only look
    #[arg(long)]
    read_only: bool,
    /// Print the address instead of opening a browser; it signs in once, within a minute
    #[arg(long)]
    print: bool,
    /// Certificate, as PEM, that the daemon's rests upon [default: those the system trusts]
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,
}

impl BoardArgs {
    pub(super) fn run(self, context: &Context) -> CliResult {
        context.refuse_unusable()?;
        let database = context.settled_database();
        let begun = Instant::now();
        loop {
            match Instance::take(&database) {
                Ok(instance) => return self.serve(context, &database, &instance),
                // It has the lock, and has not said yet where it listens.
                Err(InstanceError::Taken { notice, .. })
                    if notice.trim().is_empty() && begun.elapsed() < BEGINNING =>
                {
                    std::thread::sleep(AGAIN);
                }
                Err(InstanceError::Taken { notice, .. }) if !notice.trim().is_empty() => {
                    return self.by_daemon(context, &database, &notice);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Opens the page of the daemon that says in its file that it listens at `notice`.
    fn by_daemon(&self, context: &Context, database: &Path, notice: &str) -> CliResult {
        let urls = notice.split(", ").map(str::trim);
        let mut urls = urls.filter(|place| place.starts_with("http"));
        let url = urls.next().ok_or_else(|| {
            Failure::input(
                "the daemon listens on a socket alone, which no browser reaches".to_owned(),
            )
            .with_hint("end it, and start it with: taskhold serve --socket --listen 8275")
        })?;
        let opening = self.opening(context, database, url)?;
        stop::refuse_few_handles()?;
        let runtime = runtime()?;
        let opened = runtime.block_on(async {
            let asked = CancellationToken::new();
            stop::on_signal(asked.clone())?;
            opening.open(&asked).await
        });
        runtime.shutdown_background();
        opened
    }

    /// Serves the page, and opens it.
    fn serve(self, context: &Context, database: &Path, instance: &Instance) -> CliResult {
        let tokens = Tokens::new(database);
        tokens.own()?;
        let limits = Limits::default();
        let setup = |limits| Setup {
            tokens,
            limits,
            names: Vec::new(),
            idle_exit: None,
            logs_requests: false,
        };
        serve::run(
            context,
            instance,
            limits,
            setup,
            sockets(),
            |sockets, asked| {
                let url = sockets.urls().next().unwrap_or_default();
                let opening = self.opening(context, database, &url)?;
                Ok(async move {
                    let opened = opening.open(&asked).await;
                    if opened.is_err() {
                        asked.cancel();
                    }
                    opened
                })
            },
        )
    }

    fn opening<'a>(
        &self,
        context: &'a Context,
        database: &Path,
        url: &str,
    ) -> CliResult<Opening<'a>> {
        // Any address of this machine is meant; a browser must be told one.
        let url = url.replace("//0.0.0.0:", "//127.0.0.1:");
        let url = url.replace("//[::]:", "//[::1]:");
        let target: Target = url
            .parse()
            .map_err(|error| Failure::input(format!("the daemon listens at {url}: {error}")))?;
        let target = target.trusting(self.tls_ca.as_deref());
        let target = target.map_err(|error| Failure::input(error.to_string()))?;
        let token = Tokens::new(database).own()?;
        Ok(Opening {
            context,
            target: target.with_token(token),
            page: url.strip_suffix("mcp").unwrap_or(&url).to_owned(),
            is_read_only: self.read_only,
            prints: self.print,
        })
    }
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

/// Listens on the usual port, or on a free one where another program has that.
async fn sockets() -> CliResult<Sockets> {
    let mut usual = Sockets::default();
    if usual.open_loopback(PORT).await.is_ok() {
        return Ok(usual);
    }
    let mut free = Sockets::default();
    free.open_loopback(0).await?;
    Ok(free)
}

/// The page on its way to a browser.
struct Opening<'a> {
    context: &'a Context,
    /// The daemon, and the user's own token.
    target: Target,
    /// The address of the page, which ends in a slash.
    page: String,
    is_read_only: bool,
    prints: bool,
}

impl Opening<'_> {
    /// Has the page signed in to, or prints the address that does it. Ends early when it is `asked` to.
    async fn open(&self, asked: &CancellationToken) -> CliResult {
        let screen = &self.context.screen;
        let question = json!({ "read_only": self.is_read_only });
        let Some(answer) = self.answer(&question, AT_ONCE, asked).await? else {
            return Ok(());
        };
        let code = answer["code"].as_str().unwrap_or_default();
        let address = format!("{}#code={code}", self.page);
        if self.prints {
            if screen.json {
                let printed = json!({ "url": address, "seconds": answer["seconds"] });
                return Ok(screen.print_json(&printed)?);
            }
            return Ok(screen.print(&format!("{address}\n"))?);
        }
        let file = home()?.join(format!("taskhold-board-{}.html", std::process::id()));
        replace_private(&file, redirect(&address).as_bytes()).map_err(|error| {
            let message = format!("cannot write {}: {error}", file.display());
            Failure::input(message).with_hint(BY_HAND)
        })?;
        let opened = self.through(&file, code, asked).await;
        // What is left of it signs nobody in.
        let _ = discard(&file);
        if !opened? {
            return Ok(());
        }
        if screen.json {
            return Ok(screen.print_json(&json!({ "url": self.page }))?);
        }
        Ok(screen.print(&format!("the board is open at {}\n", self.page))?)
    }

    /// Asks the daemon about a code. Returns `None` where this was `asked` to end before the answer came.
    async fn answer(
        &self,
        question: &Value,
        within: Duration,
        asked: &CancellationToken,
    ) -> CliResult<Option<Value>> {
        let answer = self.target.ask("/board/code", question, within);
        Ok(asked.run_until_cancelled(answer).await.transpose()?)
    }

    /// Opens `file` in the browser, and waits until the page has used the code. Reports whether it has: it was `asked` to end
    /// before, otherwise.
    async fn through(&self, file: &Path, code: &str, asked: &CancellationToken) -> CliResult<bool> {
        open::that_detached(file).map_err(|error| {
            Failure::input(format!("no browser could be started: {error}")).with_hint(BY_HAND)
        })?;
        let begun = Instant::now();
        let question = json!({ "code": code });
        while begun.elapsed() < OPENING {
            let Some(answer) = self.answer(&question, WAITING, asked).await? else {
                return Ok(false);
            };
            if answer["waiting"] == false && begun.elapsed() < OPENING {
                return Ok(true);
            }
        }
        let message = "no browser has opened the board within a minute";
        Err(Failure::input(message).with_hint(BY_HAND))
    }
}

/// What to do where no browser opens.
const BY_HAND: &str = "taskhold board --print prints an address to open by hand";

/// Returns the user's home folder. A browser from a snap reads neither `/tmp` nor what is hidden, and an address on its command
/// line could be read by others.
fn home() -> CliResult<PathBuf> {
    let home = Folders::here().map(|folders| folders.home);
    home.ok_or_else(|| {
        let message = "there is no home folder to hand the browser a private file in";
        Failure::input(message).with_hint(BY_HAND)
    })
}

/// Returns a page that goes on to `address`, which holds no character that means something in HTML.
fn redirect(address: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Taskhold</title>\n<script>location.replace(\"{address}\")</script>\n\
         <noscript><meta http-equiv=\"refresh\" content=\"0;url={address}\"></noscript>\n<p><a href=\"{address}\">Open the board</a>\n"
    )
}
