//! The hosts: what each calls its servers, and what to do after a change.

use std::{fmt, str::FromStr};

use serde_json::{Value, json};

use super::format::{Format, Leniency};

/// The keys that lead from the top of a configuration to its servers.
pub(super) type Container = &'static [&'static str];

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
    /// opencode in the terminal, versions 1 and 2.
    OpenCode,
    /// GitHub Copilot in the terminal.
    Copilot,
    /// LM Studio.
    LmStudio,
    /// Windsurf, later called Devin Desktop.
    Windsurf,
}

const RESTART_DESKTOP: &str =
    "quit Claude Desktop wholly, from its menu or tray icon too, and start it again";

impl Host {
    /// Every host, in the order people are shown them.
    pub const ALL: [Self; 12] = [
        Self::ClaudeDesktop,
        Self::ClaudeCode,
        Self::Codex,
        Self::VsCode,
        Self::Cursor,
        Self::Gemini,
        Self::Zed,
        Self::Goose,
        Self::OpenCode,
        Self::Copilot,
        Self::LmStudio,
        Self::Windsurf,
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
            Self::OpenCode => "opencode",
            Self::Copilot => "copilot",
            Self::LmStudio => "lmstudio",
            Self::Windsurf => "windsurf",
        }
    }

    /// Returns the other words people use for it.
    pub fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::ClaudeDesktop => &["claude"],
            Self::VsCode => &["vs-code", "code"],
            Self::Gemini => &["gemini-cli"],
            Self::OpenCode => &["open-code"],
            Self::Copilot => &["copilot-cli", "github-copilot"],
            Self::LmStudio => &["lm-studio"],
            Self::Windsurf => &["devin-desktop"],
            Self::ClaudeCode | Self::Codex | Self::Cursor | Self::Zed | Self::Goose => &[],
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
            Self::OpenCode => "opencode",
            Self::Copilot => "GitHub Copilot CLI",
            Self::LmStudio => "LM Studio",
            Self::Windsurf => "Windsurf",
        }
    }

    /// Returns the names of its programs, where one of them in the search path says that it is on the machine. Other programs
    /// than Goose and GitHub Copilot CLI have their names too, so that these are told by their folders alone.
    pub(super) fn programs(self) -> &'static [&'static str] {
        match self {
            Self::ClaudeDesktop => &["claude-desktop"],
            Self::ClaudeCode => &["claude"],
            Self::Codex => &["codex"],
            Self::VsCode => &["code", "code-insiders", "codium"],
            Self::Cursor => &["cursor", "cursor-agent"],
            Self::Gemini => &["gemini"],
            Self::Zed => &["zed", "zeditor"],
            Self::OpenCode => &["opencode"],
            Self::LmStudio => &["lms"],
            Self::Windsurf => &["windsurf"],
            Self::Goose | Self::Copilot => &[],
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
            Self::OpenCode => "start a new session; opencode mcp list shows the server",
            Self::Copilot => "start a new session; copilot mcp list shows the server",
            Self::LmStudio => {
                "restart LM Studio and switch the server on among the integrations of a chat"
            }
            Self::Windsurf => "refresh the MCP servers in the Cascade panel, or restart Windsurf",
        }
    }

    /// Returns what the person does so that the host forgets the server that was taken out.
    pub fn step_to_forget(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => RESTART_DESKTOP,
            Self::ClaudeCode
            | Self::Codex
            | Self::Gemini
            | Self::Goose
            | Self::OpenCode
            | Self::Copilot => "start a new session",
            Self::VsCode => "restart VS Code",
            Self::Cursor => "restart Cursor",
            Self::Zed => "nothing: Zed reads its settings at once",
            Self::LmStudio => "restart LM Studio",
            Self::Windsurf => "refresh the MCP servers in the Cascade panel, or restart Windsurf",
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

    /// Returns what it reads of JSON beyond the standard. Where nobody has seen it read more, it is taken to read no more.
    pub(super) fn leniency(self) -> Leniency {
        let (mark, comments, last_commas) = match self {
            Self::VsCode | Self::OpenCode | Self::Copilot => (true, true, true),
            Self::Zed => (false, true, true),
            Self::Gemini => (false, true, false),
            Self::ClaudeCode => (true, false, false),
            _ => (false, false, false),
        };
        Leniency {
            mark,
            comments,
            last_commas,
        }
    }

    /// Returns where the host keeps its servers: the usual place last, before it one that counts if the file has it already.
    pub(super) fn containers(self) -> &'static [Container] {
        match self {
            Self::Codex => &[&["mcp_servers"]],
            Self::VsCode => &[&["servers"]],
            Self::Zed => &[&["context_servers"]],
            Self::Goose => &[&["extensions"]],
            // The second is that of opencode 1, which opencode 2 reads too; opencode 1 reads no file that has the first.
            Self::OpenCode => &[&["mcp", "servers"], &["mcp"]],
            _ => &[&["mcpServers"]],
        }
    }

    /// Reports whether the host refuses a file without a place for servers.
    pub(super) fn needs_container(self) -> bool {
        matches!(self, Self::Copilot | Self::LmStudio)
    }

    /// Returns a new server's entry. What is not in [`command_keys`](Self::command_keys) a person may change.
    pub(super) fn members(self, name: &str, command: &Command) -> Vec<(&'static str, Value)> {
        let Command { program, arguments } = command;
        let program = ("command", json!(program));
        let arguments = ("args", json!(arguments));
        match self {
            Self::ClaudeCode | Self::VsCode => {
                vec![("type", json!("stdio")), program, arguments]
            }
            // Zed of before 2026 reads no entry without it, later ones do not mind.
            Self::Zed => vec![("source", json!("custom")), program, arguments],
            Self::Goose => vec![
                ("enabled", json!(true)),
                ("type", json!("stdio")),
                ("name", json!(name)),
                ("description", json!("Your tasks")),
                ("cmd", program.1),
                arguments,
            ],
            Self::OpenCode => {
                let mut words = vec![program.1];
                words.extend(command.arguments.iter().cloned());
                vec![("type", json!("local")), ("command", json!(words))]
            }
            Self::Copilot => vec![
                ("type", json!("local")),
                program,
                arguments,
                ("tools", json!(["*"])),
            ],
            Self::ClaudeDesktop
            | Self::Codex
            | Self::Cursor
            | Self::Gemini
            | Self::LmStudio
            | Self::Windsurf => vec![program, arguments],
        }
    }

    /// Returns the keys that say what an entry starts.
    pub(super) fn command_keys(self) -> &'static [&'static str] {
        match self {
            Self::Goose => &["cmd", "args"],
            Self::OpenCode => &["command"],
            _ => &["command", "args"],
        }
    }

    /// Returns what an entry starts; `None` if it starts no program.
    pub(super) fn command(self, entry: &Value) -> Option<Command> {
        let value = |key: &str| entry.get(key);
        let (program, arguments) = match self.command_keys() {
            [both] => value(both)?.as_array()?.split_first()?,
            [program, arguments, ..] => {
                let arguments = value(arguments).and_then(Value::as_array);
                (value(program)?, arguments.map_or(&[][..], Vec::as_slice))
            }
            [] => return None,
        };
        Some(Command {
            program: program.as_str()?.to_owned(),
            arguments: arguments.to_vec(),
        })
    }
}

/// What an entry starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// The program.
    pub(super) program: String,
    /// The arguments of the program, as they stand in the configuration.
    pub(super) arguments: Vec<Value>,
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
