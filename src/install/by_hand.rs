//! What a person changes where the file is not edited for them: Goose's, which is YAML.
//!
//! The file is read, so that a person is told only what is not there yet, and where it goes.

use std::{fmt::Write as _, path::Path};

use serde::Serialize;
use serde_json::Value;

use super::{Host, Server, Trouble, Wanted, container, servers, unwanted};

/// What a person is to do with a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ByHand {
    /// A sentence without its full stop, which names the file and the place in it.
    pub instruction: String,
    /// The lines that go there, indented as they are there; empty where something is to be removed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub lines: String,
}

/// Returns what a person does so that `server` is in `file`, which says `text` and is not there if that is `None`; nothing
/// if it is in it already. The entry is the one that [`put`](super::put) would make or change.
pub fn put_by_hand(
    host: Host,
    file: &Path,
    text: Option<&str>,
    name: Option<&str>,
    server: &Server,
) -> Result<Option<ByHand>, Trouble> {
    let root = host.format().read(text.unwrap_or_default())?;
    let Wanted {
        container,
        name,
        members,
    } = Wanted::of(host, &root, name, server)?;
    if members.is_empty() {
        return Ok(None);
    }
    let servers = servers(container, &root)?;
    let (container, file) = (container.join("."), file.display());
    let (instruction, lines) = match servers {
        Some(servers) if servers.contains_key(&name) => (
            format!("set this in {container}.{name} in {file}"),
            lines(&members, 0),
        ),
        Some(servers) if !servers.is_empty() => {
            let indentation = indentation(text.unwrap_or_default(), &container);
            let members = lines(&members, 2 * indentation);
            (
                format!("add this below \"{container}:\" in {file}"),
                format!("{:indentation$}{name}:\n{members}", ""),
            )
        }
        _ => {
            let instruction = if text.is_none() {
                format!("write this to the new file {file}")
            } else if root.get(&container).is_some() {
                format!("put this in the place of \"{container}\", which is empty, in {file}")
            } else {
                format!("add this at the end of {file}")
            };
            let members = lines(&members, 4);
            (instruction, format!("{container}:\n  {name}:\n{members}"))
        }
    };
    Ok(Some(ByHand { instruction, lines }))
}

/// Returns what a person does so that `file`, which says `text`, has no taskhold in it; nothing if it has none. It is about
/// the entries that [`remove`](super::remove) would take out.
pub fn remove_by_hand(
    host: Host,
    file: &Path,
    text: &str,
    name: Option<&str>,
) -> Result<Option<ByHand>, Trouble> {
    let root = host.format().read(text)?;
    let container = container(host, &root)?;
    let names = unwanted(host, container, &root, name)?;
    let entries: Vec<String> = names
        .iter()
        .map(|name| format!("{}.{name}", container.join(".")))
        .collect();
    Ok((!entries.is_empty()).then(|| ByHand {
        instruction: format!(
            "remove {}, with all that is below, from {}",
            entries.join(" and "),
            file.display()
        ),
        lines: String::new(),
    }))
}

/// Returns a line for each member. Values are written as JSON, which is YAML.
fn lines(members: &[(&str, Value)], indentation: usize) -> String {
    let mut lines = String::new();
    for (key, value) in members {
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{:indentation$}{key}: {value}", "");
    }
    lines
}

/// Returns by how many blanks what is below the key at the top is indented.
fn indentation(text: &str, key: &str) -> usize {
    let is_heading = |line: &&str| {
        let rest = line.trim_start_matches('\u{FEFF}').strip_prefix(key);
        rest.is_some_and(|rest| rest.trim_start().starts_with(':'))
    };
    let below = text.lines().skip_while(|line| !is_heading(line)).skip(1);
    let mut indentations = below
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .map(|line| line.len() - line.trim_start_matches(' ').len());
    indentations
        .next()
        .filter(|blanks| *blanks > 0)
        .unwrap_or(2)
}

#[cfg(test)]
mod tests;
