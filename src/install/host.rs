//! The hosts: what each calls its servers, and what to do after a change.

use std::{fmt, str::FromStr};

use serde_json::{Value, json};

use super::format::Format;

/// An AI host whose configuration is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// The desktop app of Claude.
    ClaudeDesktop,
    /// Claude in the terminal.
    ClaudeCode,
    /// Codex: its command line, its app and its extension share one file.
    Codex,
    /// Visual Studio Code, its Insiders and `VSCodium`.
    VsCode,
    /// Cursor.
    Cursor,
    /// Gemini in the terminal.
    Gemini,
    /// Zed.
    Zed,
    /// Goose.
    Goose,
}

const RESTART_DESKTOP: &str =
    "quit Claude Desktop wholly, from its menu or tray icon too, and start it again";

impl Host {
    /// Every host, in the order people are shown them.
    pub const ALL: [Self; 8] = [
        Self::ClaudeDesktop,
        Self::ClaudeCode,
        Self::Codex,
        Self::VsCode,
        Self::Cursor,
        Self::Gemini,
        Self::Zed,
        Self::Goose,
    ];

    /// Returns the word for it on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "claude-desktop",
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::VsCode => "vscode",
            Self::Cursor => "cursor",
            Self::Gemini => "gemini",
            Self::Zed => "zed",
            Self::Goose => "goose",
        }
    }

    /// Returns the other words people use for it.
    pub fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::ClaudeDesktop => &["claude"],
            Self::VsCode => &["vs-code", "code"],
            Self::Gemini => &["gemini-cli"],
            _ => &[],
        }
    }

    /// Returns its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "Claude Desktop",
            Self::ClaudeCode => "Claude Code",
            Self::Codex => "Codex",
            Self::VsCode => "VS Code",
            Self::Cursor => "Cursor",
            Self::Gemini => "Gemini CLI",
            Self::Zed => "Zed",
            Self::Goose => "Goose",
        }
    }

    /// Returns what the person does so that the host starts the server that was put in.
    pub fn step_to_use(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => RESTART_DESKTOP,
            Self::ClaudeCode | Self::Codex => "start a new session; /mcp shows the server",
            Self::VsCode => {
                "run \"MCP: List Servers\" from the command palette and start it there; VS Code asks once whether you trust it"
            }
            Self::Cursor => "restart Cursor; Settings, MCP shows the server",
            Self::Gemini => {
                "start a new session in a folder you have trusted; /mcp shows the server"
            }
            Self::Zed => {
                "nothing: Zed reads its settings at once; the agent panel shows the server"
            }
            Self::Goose => "start a new session",
        }
    }

    /// Returns what the person does so that the host forgets the server that was taken out.
    pub fn step_to_forget(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => RESTART_DESKTOP,
            Self::ClaudeCode | Self::Codex | Self::Gemini | Self::Goose => "start a new session",
            Self::VsCode => "restart VS Code",
            Self::Cursor => "restart Cursor",
            Self::Zed => "nothing: Zed reads its settings at once",
        }
    }

    pub(super) fn format(self) -> Format {
        match self {
            Self::Codex => Format::Toml,
            Self::Goose => Format::Yaml,
            _ => Format::Json,
        }
    }

    /// Reports whether its file is left to the person, who is told what to change.
    pub fn is_edited_by_hand(self) -> bool {
        self.format() == Format::Yaml
    }

    /// Returns the key at the top under which the host keeps its servers.
    pub(super) fn container(self) -> &'static str {
        match self {
            Self::Codex => "mcp_servers",
            Self::VsCode => "servers",
            Self::Zed => "context_servers",
            Self::Goose => "extensions",
            Self::ClaudeDesktop | Self::ClaudeCode | Self::Cursor | Self::Gemini => "mcpServers",
        }
    }

    /// Returns the key of the program in a server's entry.
    pub(super) fn program_key(self) -> &'static str {
        match self {
            Self::Goose => "cmd",
            _ => "command",
        }
    }

    /// Returns what an entry needs beside its program and arguments. A person may have changed it since.
    pub(super) fn members(self, name: &str) -> Vec<(&'static str, Value)> {
        match self {
            Self::ClaudeCode | Self::VsCode => vec![("type", json!("stdio"))],
            // Zed of before 2026 reads no entry without it, later ones do not mind.
            Self::Zed => vec![("source", json!("custom"))],
            Self::Goose => vec![
                ("enabled", json!(true)),
                ("type", json!("stdio")),
                ("name", json!(name)),
                ("description", json!("Your tasks")),
            ],
            Self::ClaudeDesktop | Self::Codex | Self::Cursor | Self::Gemini => Vec::new(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Host {
    type Err = UnknownHost;

    fn from_str(word: &str) -> Result<Self, UnknownHost> {
        let word = word.to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|host| host.word() == word || host.aliases().contains(&word.as_str()))
            .ok_or(UnknownHost)
    }
}

/// A word that names no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the hosts are {}", Host::ALL.map(Host::word).join(", "))]
pub struct UnknownHost;
