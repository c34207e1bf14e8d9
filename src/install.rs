//! Puts taskhold into the configuration of AI hosts, and takes it out again.
//!
//! | file | what it holds |
//! |---|---|
//! | `host.rs` | the hosts: what each calls its servers, and what to do after a change |
//! | `place.rs` | where each host's configuration is, for every system |
//! | `format.rs` | JSON and TOML: read, set and removed without touching anything else; YAML: read |
//! | `by_hand.rs` | what a person changes where the file is not edited for them: Goose's, which is YAML |
//! | `file.rs` | reading and replacing a file |
//! | `backup.rs` | the file as it was, a few times |
//! | `program.rs` | the path by which hosts start this program |
//!
//! # Invariants
//!
//! - A file that cannot be read or parsed is refused, never overwritten.
//! - An edit is parsed again before it leaves: whatever it does not name has the value it had.
//! - An entry of another program is never changed.

use std::path::Path;

use serde_json::{Map, Value, json};

mod backup;
mod by_hand;
mod file;
mod format;
mod host;
mod locations;
mod program;

pub use by_hand::{ByHand, put_by_hand, remove_by_hand};
pub use file::{Refusal, must_be_writable, read, replace};
pub use format::Trouble;
pub use host::Host;
pub use locations::{Location, Machine, Os};
pub use program::{called, path_text, program};

/// What the server is called in a host's configuration, unless the person names it.
pub const DEFAULT_NAME: &str = "tasks";

/// The longest name of a server: hosts put it before each tool's name and allow 64 characters for both.
const MAX_NAME: usize = 30;

/// What a host is to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The program, as an absolute path: hosts do not search the shell's.
    pub program: String,
    /// The database to name; `None` leaves it to the program, or to the entry as it is.
    pub database: Option<String>,
}

impl Server {
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["mcp".to_owned()];
        if let Some(database) = &self.database {
            arguments.extend(["--db".to_owned(), database.clone()]);
        }
        arguments
    }
}

/// An entry that starts taskhold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEntry {
    /// What the host calls it.
    pub name: String,
    /// The program it starts.
    pub program: String,
}

/// Returns `name` if hosts can take it as a server's name, else what it must be.
pub fn checked_name(name: &str) -> Result<String, String> {
    let fits = name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    fits.then(|| name.to_owned()).ok_or_else(|| {
        format!("must be lower-case letters, digits and _, at most {MAX_NAME}, a letter first")
    })
}

/// Returns the entries of `text` that start taskhold.
pub fn entries(host: Host, text: &str) -> Result<Vec<ServerEntry>, Trouble> {
    let root = host.format().read(text)?;
    let servers = servers(host, &root)?;
    let ours = servers.into_iter().flatten().filter_map(|(name, entry)| {
        Some(ServerEntry {
            name: name.clone(),
            program: program_of_ours(host, entry)?.to_owned(),
        })
    });
    Ok(ours.collect())
}

/// Returns `text` with `server` in it; the same text if it is there already.
///
/// Without a `name`, an entry that starts taskhold is brought up to date, else one is added. What a person has added to
/// an entry stays, and so does the database it names unless `server` names one.
pub fn put(host: Host, text: &str, name: Option<&str>, server: &Server) -> Result<String, Trouble> {
    let root = host.format().read(text)?;
    let (name, members) = wanted(host, &root, name, server)?;
    if members.is_empty() {
        return Ok(text.to_owned());
    }
    let mut expected = root.clone();
    for (key, value) in &members {
        expected[host.container()][&name][*key] = value.clone();
    }
    host.format()
        .set(text, host.container(), &name, &members, &expected)
}

/// Members of an entry, in order.
type Members = Vec<(&'static str, Value)>;

/// Returns the name that the entry is to have, and those of its members that are to be set: all where it is not there.
fn wanted(
    host: Host,
    root: &Value,
    name: Option<&str>,
    server: &Server,
) -> Result<(String, Members), Trouble> {
    let servers = servers(host, root)?;
    let name = match name {
        Some(name) => name.to_owned(),
        None => our_names(host, servers)
            .into_iter()
            .next()
            .unwrap_or_else(|| DEFAULT_NAME.to_owned()),
    };
    let entry = servers.and_then(|servers| servers.get(&name));
    if let Some(entry) = entry {
        must_be_ours(host, &name, entry)?;
    }
    let given = |key: &str| entry.and_then(|entry| entry.get(key));
    let mut members = Vec::new();
    for (key, value) in host.members(&name) {
        if given(key).is_none() {
            members.push((key, value));
        }
    }
    if given(host.program_key()) != Some(&json!(server.program)) {
        members.push((host.program_key(), json!(server.program)));
    }
    let arguments = json!(server.arguments());
    if (entry.is_none() || server.database.is_some()) && given("args") != Some(&arguments) {
        members.push(("args", arguments));
    }
    Ok((name, members))
}

/// Returns `text` without taskhold: without the entry `name`, or without any that starts it. With the last server goes the
/// place for servers, if nothing else is in it.
pub fn remove(host: Host, text: &str, name: Option<&str>) -> Result<String, Trouble> {
    let mut root = host.format().read(text)?;
    let names = unwanted(host, &root, name)?;
    let mut edited = text.to_owned();
    if names.is_empty() {
        return Ok(edited);
    }
    for name in names {
        if let Some(servers) = root[host.container()].as_object_mut() {
            servers.remove(&name);
        }
        edited = host
            .format()
            .remove(&edited, host.container(), &name, &root)?;
    }
    Ok(host.format().tidied(edited, host.container()))
}

/// Returns the names of the entries to take out: `name` if it is there, or each that starts taskhold.
fn unwanted(host: Host, root: &Value, name: Option<&str>) -> Result<Vec<String>, Trouble> {
    let servers = servers(host, root)?;
    let Some(name) = name else {
        return Ok(our_names(host, servers));
    };
    let Some(entry) = servers.and_then(|servers| servers.get(name)) else {
        return Ok(Vec::new());
    };
    must_be_ours(host, name, entry)?;
    Ok(vec![name.to_owned()])
}

/// Reports whether `text` says nothing at all, to the host or to a person.
pub fn is_blank(text: &str) -> bool {
    let text = text.trim_start_matches('\u{FEFF}').trim();
    text.is_empty() || text.split_whitespace().collect::<String>() == "{}"
}

/// Returns the host's servers; `None` if it has no place for them yet.
fn servers(host: Host, root: &Value) -> Result<Option<&Map<String, Value>>, Trouble> {
    let not_an_object = |key: &str| Trouble::Shape {
        key: key.to_owned(),
    };
    match root {
        Value::Null => Ok(None),
        Value::Object(root) => match root.get(host.container()) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(servers)) => Ok(Some(servers)),
            Some(_) => Err(not_an_object(host.container())),
        },
        _ => Err(not_an_object("the whole of it")),
    }
}

/// Returns the names of the entries that start taskhold, the usual one first.
fn our_names(host: Host, servers: Option<&Map<String, Value>>) -> Vec<String> {
    let mut names: Vec<String> = servers
        .into_iter()
        .flatten()
        .filter(|(_, entry)| program_of_ours(host, entry).is_some())
        .map(|(name, _)| name.clone())
        .collect();
    names.sort_by_key(|name| name != DEFAULT_NAME);
    names
}

fn must_be_ours(host: Host, name: &str, entry: &Value) -> Result<(), Trouble> {
    if program_of_ours(host, entry).is_some() {
        return Ok(());
    }
    let program = ["url", "httpUrl", "uri", host.program_key()]
        .iter()
        .find_map(|key| entry.get(key)?.as_str());
    Err(Trouble::Taken {
        name: format!("{}.{name}", host.container()),
        program: program.unwrap_or("something else").to_owned(),
    })
}

/// Returns the program of an entry that runs `taskhold mcp`, wherever it is; `None` for any other entry.
fn program_of_ours(host: Host, entry: &Value) -> Option<&str> {
    let program = entry.get(host.program_key())?.as_str()?;
    let file = program.rsplit(['/', '\\']).next()?;
    let stem = Path::new(file).file_stem()?.to_str()?;
    let serves = entry.get("args")?.get(0)?.as_str()? == "mcp";
    (stem.eq_ignore_ascii_case("taskhold") && serves).then_some(program)
}

#[cfg(test)]
mod tests;
