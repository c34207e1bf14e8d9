//! Which entries start this program: by its name, by a launcher or a shell that is told the name, or by a path that leads here.

use serde_json::{Value, json};

use super::{
    host::{Command, Host},
    program::leads_here,
};

/// Programs that start the package named in their arguments. Our links for one click name `npx`; on Windows hosts call it by `cmd`.
const LAUNCHERS: [&str; 9] = [
    "npx", "npm", "pnpm", "pnpx", "bunx", "uvx", "uv", "pipx", "cmd",
];

const SHELLS: [&str; 4] = ["sh", "bash", "zsh", "dash"];

/// The endings by which Windows knows programs.
const ENDINGS: [&str; 4] = [".exe", ".cmd", ".bat", ".com"];

/// Returns what an entry starts if that is `taskhold mcp`, wherever it is, whatever its file is called and whichever launcher or
/// shell starts it; `None` for any other entry. The arguments are those of taskhold.
pub(super) fn command_of_ours(host: Host, entry: &Value) -> Option<Command> {
    let Command { program, arguments } = host.command(entry)?;
    let name = file_name(&program);
    let is_one_of = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
    let arguments = if is_one_of(&LAUNCHERS) {
        let at = arguments
            .windows(2)
            .position(|pair| pair[0].as_str().is_some_and(is_named_taskhold) && pair[1] == "mcp")?;
        arguments[at + 1..].to_vec()
    } else if is_one_of(&SHELLS) {
        let mut words = arguments.iter().filter_map(Value::as_str);
        in_script(words.find(|word| !word.starts_with('-'))?)?
    } else if arguments.first()? == "mcp" && (is_named_taskhold(&program) || leads_here(&program)) {
        arguments
    } else {
        return None;
    };
    Some(Command { program, arguments })
}

/// Returns the arguments of `taskhold mcp` in a script of a shell; `None` if it is not there, or if the shell would make something
/// else of them.
fn in_script(script: &str) -> Option<Vec<Value>> {
    let words: Vec<&str> = script.split_whitespace().collect();
    let at = words.windows(2).position(|pair| {
        is_named_taskhold(pair[0].trim_matches(['"', '\''])) && pair[1] == "mcp"
    })?;
    // What the script sets for it would be lost.
    if words[..at].iter().any(|word| word.contains("TASKHOLD_")) {
        return None;
    }
    let arguments = &words[at + 1..];
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:=@".contains(c);
    let are_plain = arguments.iter().all(|word| word.chars().all(is_plain));
    are_plain.then(|| arguments.iter().map(|word| json!(word)).collect())
}

/// Reports whether a word names our program or our package: its name, after which a version may stand as package managers, archives
/// and browsers write it (`taskhold@1.2.3`, `taskhold==1.2.3`, `taskhold-1.2.3`, `taskhold (1)`).
pub(super) fn is_named_taskhold(word: &str) -> bool {
    const NAME: &str = "taskhold";
    let file = file_name(word);
    let Some((name, rest)) = file.split_at_checked(NAME.len()) else {
        return false;
    };
    let version = rest.trim_start_matches(['-', '_', '=', ' ', '(', 'v']);
    let has_version = version.starts_with(|c: char| c.is_ascii_digit() || c == '@');
    name.eq_ignore_ascii_case(NAME) && (rest.is_empty() || has_version)
}

/// Returns the name of a program without its folder and the ending that Windows gives it.
fn file_name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
    let ending = ENDINGS.iter().find_map(|ending| {
        let (name, last) = name.split_at_checked(name.len().checked_sub(ending.len())?)?;
        last.eq_ignore_ascii_case(ending).then_some(name)
    });
    ending.unwrap_or(name)
}
