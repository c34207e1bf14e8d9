//! What a daemon says when it listens: where, on which tasks, and how a client connects.

use std::io::{self, Write as _};

use super::super::Context;
use crate::{disk::shell_word, http::Sockets, install};

/// Says it, to a person or to a program. The token is not told: what is printed here ends up in logs.
pub(super) fn print(context: &Context, sockets: &Sockets) -> io::Result<()> {
    let places = sockets.places();
    if context.screen.json {
        return context.screen.print_json(&serde_json::json!({
            "program": env!("CARGO_PKG_VERSION"),
            "database": context.database,
            "listening": places,
            "url": sockets.urls().next(),
        }));
    }
    let mut out = io::stdout().lock();
    writeln!(out, "taskhold {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "tasks:     {}", context.database.display())?;
    writeln!(out, "listening: {}", places.join("  "))?;
    let program = command(&install::called());
    if let Some(url) = sockets.urls().next() {
        // Another database has another token.
        let database = context
            .named_database()
            .map(|path| format!(" --db {}", shell_word(path.display())));
        let token = format!("{program} token show{}", database.unwrap_or_default());
        writeln!(
            out,
            "\nConnect Claude Code:\n  claude mcp add -s user --transport http tasks {url} --header \"Authorization: Bearer $({token})\""
        )?;
        writeln!(
            out,
            "\nOr any host with a JSON configuration, with the token that `{token}` prints:\n  {{ \"mcpServers\": {{ \"tasks\": {{ \"type\": \"http\", \"url\": \"{url}\", \"headers\": {{ \"Authorization\": \"Bearer TOKEN\" }} }} }} }}"
        )?;
    } else if let Some(path) = sockets.unix_paths().next() {
        let socket = shell_word(format_args!("unix:{}", path.display()));
        writeln!(
            out,
            "\nConnect a host that starts its servers:\n  {program} mcp --connect {socket}"
        )?;
    }
    out.flush()
}

/// Quotes the program's name. `PowerShell` takes a quoted word for a text unless it is told to call it.
fn command(program: &str) -> String {
    let quoted = shell_word(program);
    if cfg!(windows) && quoted != program {
        format!("& {quoted}")
    } else {
        quoted
    }
}
