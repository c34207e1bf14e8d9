//! Who may import whom. Nothing points back up.

use std::{fs, path::Path};

/// A module of the crate's root, and the others it may use.
const LAYERS: [(&str, &[&str]); 21] = [
    ("disk", &[]),
    ("when", &["text"]),
    ("repeat", &["when"]),
    ("text", &[]),
    ("task", &["repeat", "text", "when"]),
    ("arrival", &["task"]),
    ("change", &["task"]),
    ("error", &["change", "disk", "task"]),
    ("command", &["change", "error", "repeat", "task", "when"]),
    (
        "store",
        &[
            "arrival", "change", "command", "disk", "error", "repeat", "task", "text", "when",
        ],
    ),
    (
        "given",
        &["command", "error", "repeat", "store", "task", "when"],
    ),
    ("remark", &["command", "error", "store", "task", "when"]),
    (
        "exchange",
        &["arrival", "command", "error", "repeat", "task", "when"],
    ),
    ("render", &["change", "command", "repeat", "task", "when"]),
    (
        "mcp",
        &[
            "change", "command", "error", "given", "remark", "render", "repeat", "store", "task",
            "when",
        ],
    ),
    ("stdio", &["mcp", "store", "when"]),
    ("install", &["disk"]),
    ("http", &["disk", "mcp", "stdio", "store"]),
    ("bridge", &["stdio", "store"]),
    ("config", &["task", "when"]),
    (
        "cli",
        &[
            "arrival", "bridge", "change", "command", "config", "disk", "error", "exchange",
            "given", "http", "install", "mcp", "remark", "render", "repeat", "stdio", "store",
            "task", "text", "when",
        ],
    ),
];

/// A library, and the modules that may use it.
const LIBRARIES: [(&str, &[&str]); 8] = [
    ("rusqlite", &["store", "error"]),
    ("refinery", &["store"]),
    ("rmcp", &["bridge", "http", "mcp", "stdio"]),
    ("clap", &["cli", "config", "main"]),
    ("clap_complete", &["cli"]),
    ("jsonc_parser", &["install"]),
    ("yaml_edit", &["install"]),
    ("saphyr", &["install"]),
];

/// Returns every source file, without its comments, with the root module it belongs to.
fn sources() -> Vec<(String, String)> {
    fn collect(folder: &Path, module: Option<&str>, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let module = module.unwrap_or(&name);
            if path.is_dir() {
                collect(&path, Some(module), found);
            } else {
                let source = fs::read_to_string(&path).unwrap();
                let code = source
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("//"));
                found.push((module.to_owned(), code.collect::<Vec<_>>().join("\n")));
            }
        }
    }
    let mut found = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        None,
        &mut found,
    );
    found
}

/// Returns the root modules `source` names after `crate::`, in paths and in `use` groups.
fn crate_uses(source: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let mut uses = Vec::new();
    for (at, _) in source.match_indices("crate::") {
        let rest = &source[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut expected = true;
            for (at, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => expected = true,
                    c if expected && c.is_alphabetic() => {
                        uses.push(word(&group[at..]));
                        expected = false;
                    }
                    _ => {}
                }
            }
        } else {
            uses.push(word(rest));
        }
    }
    uses
}

#[test]
fn no_module_uses_one_above_it() {
    for (module, source) in sources() {
        if ["lib", "main"].contains(&module.as_str()) {
            continue;
        }
        let (_, allowed) = LAYERS
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("{module} has no place in the layers"));
        for used in crate_uses(&source) {
            assert!(
                used == module || allowed.contains(&used.as_str()),
                "{module} uses {used}, which is not below it"
            );
        }
    }
}

#[test]
fn each_library_stays_where_it_belongs() {
    for (module, source) in sources() {
        for (library, allowed) in LIBRARIES {
            let used = source.lines().any(|line| {
                line.contains(&format!("{library}::")) || line.contains(&format!("use {library}"))
            });
            assert!(
                !used || allowed.contains(&module.as_str()),
                "{module} uses {library}"
            );
        }
    }
}

#[test]
fn uses_are_found_in_paths_and_groups() {
    let source = "use crate::{\n    a::{b, c},\n    d,\n};\nlet x = crate::e::f;";
    assert_eq!(crate_uses(source), ["a", "d", "e"]);
}
