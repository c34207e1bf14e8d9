//! What a service runs, and what it needs for that.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args as _};

use super::{Context, Failure, ServiceError};
use crate::{
    cli::{call, serve::ServeArgs},
    install,
};

/// The call of `taskhold serve` that a service makes.
#[derive(Debug)]
pub(super) struct ServeCommand {
    pub(super) program: PathBuf,
    pub(super) database: PathBuf,
    pub(super) options: Options,
}

/// Options of `taskhold serve`, and what they ask for.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) words: Vec<String>,
    /// Files that are read beside the database and the configuration.
    pub(super) reads: Vec<PathBuf>,
    pub(super) socket: Option<Socket>,
    /// Whether other machines are to reach the daemon.
    pub(super) is_for_network: bool,
}

/// Where the Unix socket is to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Socket {
    /// In the folder `taskhold` of the runtime directory.
    Runtime,
    /// In this folder.
    In(PathBuf),
}

impl Options {
    /// Reads options as `serve` does: a service that was installed with wrong ones could never start.
    pub(super) fn read(words: Vec<String>) -> Result<Self, Failure> {
        let serve = clap::Command::new("taskhold serve")
            .no_binary_name(true)
            .disable_help_flag(true);
        let matches = ServeArgs::augment_args(serve)
            .try_get_matches_from(&words)
            .map_err(|error| {
                let arguments: Vec<_> = words.iter().map(Into::into).collect();
                call::of_clap(&error, &arguments)
            })?;
        let reads = ["tls_cert", "tls_key"]
            .into_iter()
            .filter_map(|name| path(&matches, name))
            .map(|path| absolute(path).cloned())
            .collect::<Result<_, _>>()?;
        // There is none on Windows.
        let has_socket = matches.try_contains_id("socket").unwrap_or(false);
        let socket = match path(&matches, "socket") {
            Some(path) => Some(Socket::In(existing(folder(absolute(path)?))?.to_owned())),
            None => has_socket.then_some(Socket::Runtime),
        };
        Ok(Self {
            reads,
            socket,
            is_for_network: matches.get_flag("allow_network"),
            words,
        })
    }
}

impl ServeCommand {
    /// Returns the call with these options, which names the database that it was made for.
    pub(super) fn new(context: &Context, options: Options) -> Result<Self, ServiceError> {
        Ok(Self {
            // By the path that stays when a package manager puts the next version elsewhere.
            program: install::program().map_err(ServiceError::Program)?.into(),
            // A sandbox hides links too, so none is on the way.
            database: context.settled_database(),
            options,
        })
    }

    /// Returns the program and its arguments.
    pub(super) fn words(&self) -> impl Iterator<Item = String> {
        let path = |path: &Path| path.display().to_string();
        [
            path(&self.program),
            "--db".to_owned(),
            path(&self.database),
            "serve".to_owned(),
        ]
        .into_iter()
        .chain(self.options.words.iter().cloned())
    }

    /// Returns the folder of the database. It must be free to write in: SQLite, tokens and backups make files beside
    /// the database, take others' places and remove them, for which no list of files will do.
    pub(super) fn folder(&self) -> &Path {
        folder(&self.database)
    }
}

fn path<'a>(matches: &'a ArgMatches, name: &str) -> Option<&'a PathBuf> {
    matches.try_get_one(name).ok().flatten()
}

fn absolute(path: &PathBuf) -> Result<&PathBuf, Failure> {
    if path.is_absolute() {
        return Ok(path);
    }
    let said = format!("\"{}\" is not an absolute path", path.display());
    let hint = "give the whole path: the service does not run in this folder";
    Err(Failure::call(said, hint))
}

fn existing(folder: &Path) -> Result<&Path, Failure> {
    if folder.is_dir() {
        return Ok(folder);
    }
    let said = format!("there is no folder {}", folder.display());
    let hint = "make it first, for the service is let into folders that are there; --socket without a path needs none";
    Err(Failure::call(said, hint))
}

fn folder(file: &Path) -> &Path {
    file.parent().unwrap_or(file)
}

/// A call with words that must be quoted, for the tests of every definition.
#[cfg(test)]
pub(super) fn example(program: &str, database: &str) -> ServeCommand {
    let options = ["--listen", "8276"].map(ToOwned::to_owned).to_vec();
    ServeCommand {
        program: PathBuf::from(program),
        database: PathBuf::from(database),
        options: Options::read(options).unwrap(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_serve_would_not_take_are_refused() {
        let read = |words: &[&str]| Options::read(words.iter().map(ToString::to_string).collect());
        for wrong in [
            &["--lissten", "3"][..],
            &["--listen", "x"],
            &["--limit", "calls=many"],
            &["--db", "/x.db"],
            &["--tls-cert", "/cert.pem"],
            &["--tls-cert", "cert.pem", "--tls-key", "/key.pem"],
            &["--help"],
            &["more"],
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
        let right = ["--listen", "1", "--listen", "[::1]:2", "--limit", "calls=3"];
        let options = read(&right).unwrap();
        assert_eq!(options.words, right);
        assert!(!options.is_for_network && options.socket.is_none() && options.reads.is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn what_options_ask_for_is_seen() {
        let read = |words: &[&str]| Options::read(words.iter().map(ToString::to_string).collect());
        let tls = [
            "--tls-cert",
            "/tls/cert.pem",
            "--tls-key",
            "/tls/key.pem",
            "--allow-network",
        ];
        let options = read(&tls).unwrap();
        assert_eq!(
            options.reads,
            ["/tls/cert.pem", "/tls/key.pem"].map(PathBuf::from)
        );
        assert!(options.is_for_network);
        assert_eq!(read(&["--socket"]).unwrap().socket, Some(Socket::Runtime));
        let folder = tempfile::tempdir().unwrap();
        let socket = |path: &Path| read(&[&format!("--socket={}", path.display())]);
        let within = socket(&folder.path().join("tasks.sock")).unwrap().socket;
        assert_eq!(within, Some(Socket::In(folder.path().to_owned())));
        assert!(socket(&folder.path().join("none/tasks.sock")).is_err());
        assert!(socket(Path::new("tasks.sock")).is_err());
    }
}
