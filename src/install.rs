//! Puts taskhold into the configuration of AI hosts, and takes it out again.
//!
//! | file | what it holds |
//! |---|---|
//! | `host.rs` | the hosts: what each calls its servers, and what to do after a change |
//! | `locations.rs` | where each host's configuration is, for every system |
//! | `format.rs` | JSON and TOML: read, set and removed without touching anything else; YAML: read |
//! | `by_hand.rs` | what a person changes where the file is not edited for them: Goose's, which is YAML |
//! | `file.rs` | reading and replacing a file |
//! | `backup.rs` | the file as it was, a few times |
//! | `ours.rs` | which entries start this program |
//! | `program.rs` | the path by which hosts start this program |
//!
//! # Invariants
//!
//! - A file that cannot be read or parsed is refused, never overwritten.
//! - An edit is parsed again before it leaves: whatever it does not name has the value it had.
//! - What is put in, the host can read: a text that it cannot read is mended, if nothing is lost by that, or refused.
//! - An entry of another program is never changed.

use std::path::Path;

use serde_json::{Map, Value, json};

mod backup;
mod by_hand;
mod file;
mod format;
mod host;
mod locations;
mod ours;
mod program;

pub use backup::backups;
pub use by_hand::{ByHand, put_by_hand, remove_by_hand};
pub use file::{Refusal, must_be_writable, read, remove_empty_folders, replace};
pub use format::Trouble;
pub use host::Host;
use host::{Command, Container};
pub use locations::{Location, Machine, Package};
use ours::{command_of_ours, is_named_taskhold};
pub use program::{called, path_text, program, warning};

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
    fn arguments(&self) -> Vec<Value> {
        let mut arguments = vec![json!("mcp")];
        if let Some(database) = &self.database {
            arguments.extend([json!("--db"), json!(database)]);
        }
        arguments
    }
}

/// A configuration with taskhold in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// What it says now.
    pub text: String,
    /// What was taken out, so that the host can read the rest.
    pub taken_out: Vec<&'static str>,
}

/// An entry that starts taskhold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEntry {
    /// What the host calls it.
    pub name: String,
    /// The program it starts: taskhold, or what starts taskhold.
    pub program: String,
}

impl ServerEntry {
    /// Reports whether taskhold is not where the entry says. What a launcher, a shell or a host finds by a name is not known.
    pub fn is_program_gone(&self) -> bool {
        let path = Path::new(&self.program);
        is_named_taskhold(&self.program) && path.is_absolute() && !path.exists()
    }
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
    let mut entries = Vec::new();
    for container in host.containers() {
        let servers = servers(container, &root)?.into_iter().flatten();
        entries.extend(servers.filter_map(|(name, entry)| {
            Some(ServerEntry {
                name: name.clone(),
                program: command_of_ours(host, entry)?.program,
            })
        }));
    }
    Ok(entries)
}

/// Reports whether the host can read `text` as it is.
pub fn is_readable(host: Host, text: &str) -> bool {
    let readable = host.format().readable(text, host.leniency(), host.title());
    readable.is_ok_and(|(_, taken_out)| taken_out.is_empty())
}

/// Returns `text` with `server` in it, as the host can read it; the same text if all is so already.
///
/// Without a `name`, an entry that starts taskhold is brought up to date, else one is added. What a person has added to
/// an entry stays, and so does the database it names unless `server` names one.
pub fn put(host: Host, text: &str, name: Option<&str>, server: &Server) -> Result<Put, Trouble> {
    let (text, taken_out) = host
        .format()
        .readable(text, host.leniency(), host.title())?;
    let root = host.format().read(&text)?;
    let wanted = Wanted::of(host, &root, name, server)?;
    let text = if wanted.members.is_empty() {
        text.into_owned()
    } else {
        let mut expected = root;
        let mut entry = &mut expected;
        for key in wanted
            .container
            .iter()
            .copied()
            .chain([wanted.name.as_str()])
        {
            entry = &mut entry[key];
        }
        for (key, value) in &wanted.members {
            entry[*key] = value.clone();
        }
        host.format().set(
            &text,
            wanted.container,
            &wanted.name,
            &wanted.members,
            &expected,
        )?
    };
    Ok(Put { text, taken_out })
}

/// What is to be set in a configuration.
struct Wanted {
    container: Container,
    name: String,
    /// Members of the entry, in order: all where it is not there, none where it is as wanted.
    members: Vec<(&'static str, Value)>,
}

impl Wanted {
    fn of(host: Host, root: &Value, name: Option<&str>, server: &Server) -> Result<Self, Trouble> {
        let container = container(host, root)?;
        let servers = servers(container, root)?;
        let name = match name {
            Some(name) => name.to_owned(),
            None => our_names(host, servers)
                .into_iter()
                .next()
                .unwrap_or_else(|| DEFAULT_NAME.to_owned()),
        };
        let entry = servers.and_then(|servers| servers.get(&name));
        let mut arguments = server.arguments();
        if let Some(entry) = entry {
            let command = must_be_ours(host, container, &name, entry)?;
            if server.database.is_none() {
                arguments = command.arguments;
            }
        }
        let command = Command {
            program: server.program.clone(),
            arguments,
        };
        let mut members = host.members(&name, &command);
        members.retain(|(key, value)| {
            let given = entry.and_then(|entry| entry.get(key));
            given.is_none_or(|given| host.command_keys().contains(key) && given != value)
        });
        Ok(Self {
            container,
            name,
            members,
        })
    }
}

/// Returns where a server is to be put: where one of ours is already, else in the first place that is there.
fn container(host: Host, root: &Value) -> Result<Container, Trouble> {
    let containers = host.containers();
    let mut first = None;
    for container in containers {
        let Some(servers) = servers(container, root)? else {
            continue;
        };
        if !our_names(host, Some(servers)).is_empty() {
            return Ok(container);
        }
        // A server of opencode 1 could be called "servers".
        if !servers.contains_key("type") {
            first = first.or(Some(*container));
        }
    }
    Ok(first.unwrap_or(containers[containers.len() - 1]))
}

/// Returns `text` without taskhold: without the entry `name`, or without any that starts it. With the last server goes the
/// place for servers, if nothing else is in it and the host can do without.
pub fn remove(host: Host, text: &str, name: Option<&str>) -> Result<String, Trouble> {
    let mut root = host.format().read(text)?;
    let mut edited = text.to_owned();
    for container in host.containers() {
        let names = unwanted(host, container, &root, name)?;
        if names.is_empty() {
            continue;
        }
        for name in names {
            let mut servers = &mut root;
            for key in *container {
                servers = &mut servers[*key];
            }
            if let Some(servers) = servers.as_object_mut() {
                servers.remove(&name);
            }
            edited = host.format().remove(&edited, container, &name, &root)?;
        }
        if !host.needs_container() {
            edited = host.format().tidied(edited, container);
            root = host.format().read(&edited)?;
        }
    }
    Ok(edited)
}

/// Returns the names of the entries to take out: `name` if it is there, or each that starts taskhold.
fn unwanted(
    host: Host,
    container: Container,
    root: &Value,
    name: Option<&str>,
) -> Result<Vec<String>, Trouble> {
    let servers = servers(container, root)?;
    let Some(name) = name else {
        return Ok(our_names(host, servers));
    };
    let Some(entry) = servers.and_then(|servers| servers.get(name)) else {
        return Ok(Vec::new());
    };
    must_be_ours(host, container, name, entry)?;
    Ok(vec![name.to_owned()])
}

/// Reports whether `text` says nothing at all, to the host or to a person.
pub fn is_blank(host: Host, text: &str) -> bool {
    let text = text.trim_start_matches('\u{FEFF}');
    let text = text.split_whitespace().collect::<String>();
    text.is_empty() || text == "{}" || (host.needs_container() && text == "{\"mcpServers\":{}}")
}

/// Returns the servers in `container`; `None` if that is not there yet.
fn servers(container: Container, root: &Value) -> Result<Option<&Map<String, Value>>, Trouble> {
    let mut value = root;
    for depth in 0..=container.len() {
        let members = match value {
            Value::Null => return Ok(None),
            Value::Object(members) => members,
            _ if depth == 0 => {
                let key = "the whole of it".to_owned();
                return Err(Trouble::Shape { key });
            }
            _ => {
                let key = container[..depth].join(".");
                return Err(Trouble::Shape { key });
            }
        };
        match container.get(depth).map(|key| members.get(*key)) {
            None => return Ok(Some(members)),
            Some(None) => return Ok(None),
            Some(Some(inner)) => value = inner,
        }
    }
    Ok(None)
}

/// Returns the names of the entries that start taskhold, the usual one first.
fn our_names(host: Host, servers: Option<&Map<String, Value>>) -> Vec<String> {
    let mut names: Vec<String> = servers
        .into_iter()
        .flatten()
        .filter(|(_, entry)| command_of_ours(host, entry).is_some())
        .map(|(name, _)| name.clone())
        .collect();
    names.sort_by_key(|name| name != DEFAULT_NAME);
    names
}

/// Returns what the entry starts, which must be taskhold.
fn must_be_ours(
    host: Host,
    container: Container,
    name: &str,
    entry: &Value,
) -> Result<Command, Trouble> {
    if let Some(command) = command_of_ours(host, entry) {
        return Ok(command);
    }
    let address = ["url", "httpUrl", "serverUrl", "uri"]
        .iter()
        .find_map(|key| entry.get(key)?.as_str());
    let program = host.command(entry).map(|command| command.program);
    Err(Trouble::Taken {
        name: format!("{}.{name}", container.join(".")),
        program: address
            .map(str::to_owned)
            .or(program)
            .unwrap_or_else(|| "something else".to_owned()),
    })
}

#[cfg(test)]
mod tests;
