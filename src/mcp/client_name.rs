//! What a client is called where people read it: many give the name of a package.

use rmcp::model::Implementation;

use crate::domain::task::Actor;

/// The names that hosts are known to give, and what people call these hosts.
const HOSTS: [(&str, &str); 13] = [
    ("amp-mcp-client", "Amp"),
    ("antigravity-client", "Antigravity"),
    ("claude-ai", "Claude"),
    ("claude-code", "Claude Code"),
    ("codex-mcp-client", "Codex"),
    ("continue-cli-client", "Continue"),
    ("cursor-vscode", "Cursor"),
    ("factory-cli", "Factory"),
    ("gemini-cli-mcp-client", "Gemini CLI"),
    ("github-copilot-developer", "GitHub Copilot"),
    ("goose", "Goose"),
    ("Visual-Studio-Code", "Visual Studio Code"),
    ("windsurf-client", "Windsurf"),
];

/// The longest title of its own that a client is called by, in characters.
const MAX_TITLE: usize = 40;

/// Returns what `client` is called: by its own title, by what people call it, or as it calls itself.
pub(super) fn readable(client: &Implementation) -> &str {
    let title = client.title.as_deref().map(str::trim);
    if let Some(title) = title.filter(|title| is_name(title)) {
        return title;
    }
    let known = HOSTS.iter().find(|(name, _)| *name == client.name);
    known.map_or(&client.name, |(_, readable)| readable)
}

/// Reports whether a title is a name, and nothing that would have to be cleaned or cut.
fn is_name(title: &str) -> bool {
    title.chars().any(char::is_alphanumeric)
        && title.chars().count() <= MAX_TITLE
        && Actor::named(title).as_str() == title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_called_by_its_title_or_as_people_call_its_host() {
        let long = "x".repeat(MAX_TITLE + 1);
        let cases = [
            ("codex-mcp-client", None, "Codex"),
            ("codex-mcp-client", Some("Codex of Anna"), "Codex of Anna"),
            ("codex-mcp-client", Some(""), "Codex"),
            ("codex-mcp-client", Some("..."), "Codex"),
            ("codex-mcp-client", Some("two\nlines"), "Codex"),
            ("codex-mcp-client", Some("\u{202e}xedoC"), "Codex"),
            ("codex-mcp-client", Some(long.as_str()), "Codex"),
            ("gemini-cli-mcp-client", None, "Gemini CLI"),
            ("codex-mcp-client-2", None, "codex-mcp-client-2"),
            ("Zed", None, "Zed"),
        ];
        for (name, title, expected) in cases {
            let mut client = Implementation::new(name, "1");
            client.title = title.map(str::to_owned);
            assert_eq!(readable(&client), expected, "{name} {title:?}");
        }
    }

    #[test]
    fn no_host_is_named_twice() {
        let mut names = HOSTS.map(|(name, _)| name.to_lowercase());
        names.sort();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }
}
