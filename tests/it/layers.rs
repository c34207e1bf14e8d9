//! Who may import whom. Nothing points back up.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// A module of the crate's root, and the others it may use.
const LAYERS: [(&str, &[&str]); 20] = [
    ("board", &[]),
    ("disk", &[]),
    ("domain", &[]),
    ("clock", &["domain"]),
    ("remote", &[]),
    ("home", &[]),
    ("share", &["disk", "home", "remote"]),
    ("store", &["clock", "disk", "domain", "share"]),
    ("care", &["disk", "domain", "share", "store"]),
    ("input", &["domain"]),
    ("exchange", &["domain"]),
    ("render", &["domain"]),
    ("jsonrpc", &["domain", "render"]),
    (
        "mcp",
        &[
            "board", "clock", "domain", "input", "jsonrpc", "render", "store",
        ],
    ),
    ("stdio", &["domain", "jsonrpc", "mcp", "store"]),
    ("install", &["disk", "home"]),
    (
        "http",
        &["board", "clock", "disk", "jsonrpc", "mcp", "store"],
    ),
    ("bridge", &["jsonrpc", "remote", "stdio"]),
    ("config", &["disk", "domain", "home"]),
    (
        "cli",
        &[
            "bridge", "care", "clock", "config", "disk", "domain", "exchange", "home", "http",
            "input", "install", "mcp", "render", "share", "stdio", "store",
        ],
    ),
];

/// A library, and the modules that may use it.
const LIBRARIES: [(&str, &[&str]); 10] = [
    ("ring", &["remote", "share"]),
    ("rusqlite", &["care", "store"]),
    ("refinery", &["store"]),
    ("rmcp", &["bridge", "http", "jsonrpc", "mcp", "stdio"]),
    ("clap", &["cli", "config", "main"]),
    ("clap_complete", &["cli"]),
    ("jsonc_parser", &["install"]),
    ("saphyr", &["install"]),
    ("dunce", &["disk"]),
    ("directories", &["home"]),
];

/// Calls after which a power cut decides what is there. `disk` makes them in the order that leaves it no choice.
const DURABLE: [&str; 15] = [
    "sync_all",
    "sync_data",
    "rename(",
    ".persist",
    "hard_link",
    "fs::symlink(",
    "fs::write",
    "fs::copy",
    "File::create",
    "create_new(",
    "create_dir",
    "DirBuilder",
    "remove_file",
    "remove_dir",
    "rustix::fs",
];

struct Source {
    /// Its path in `src`.
    path: PathBuf,
    /// The root module it belongs to.
    module: String,
    /// Whether it holds tests alone.
    is_tests: bool,
    /// Its text without comments.
    code: String,
}

impl Source {
    /// Returns its code without the tests, which are at its end.
    fn own_code(&self) -> &str {
        if self.is_tests {
            return "";
        }
        let tests = self.code.match_indices("\n#[cfg(").find(|(at, _)| {
            let mut lines = self.code[*at + 1..].lines();
            let is_for_tests = lines.next().is_some_and(|line| line.contains("test"));
            let item = lines.find(|line| !line.starts_with("#["));
            is_for_tests && item.is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
        });
        tests.map_or(&self.code, |(at, _)| &self.code[..at])
    }
}

/// Returns every source file.
fn sources() -> Vec<Source> {
    fn collect(folder: &Path, root: &Path, found: &mut Vec<Source>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, root, found);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            let code = source
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            let inner = path.strip_prefix(root).unwrap();
            let module = Path::new(inner.components().next().unwrap().as_os_str());
            found.push(Source {
                module: module.file_stem().unwrap().to_str().unwrap().to_owned(),
                is_tests: inner.with_extension("").iter().any(|name| name == "tests"),
                code: code.collect::<Vec<_>>().join("\n"),
                path: inner.to_owned(),
            });
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
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
    for Source { module, code, .. } in sources() {
        if ["lib", "main"].contains(&module.as_str()) {
            continue;
        }
        let (_, allowed) = LAYERS
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("{module} has no place in the layers"));
        for used in crate_uses(&code) {
            assert!(
                used == module || allowed.contains(&used.as_str()),
                "{module} uses {used}, which is not below it"
            );
        }
    }
}

/// Returns the paths that `code` uses, whole: of `use super::{b, c::d}` they are `super::b` and `super::c::d`.
fn used_paths(code: &str) -> Vec<String> {
    let is_of_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut paths = Vec::new();
    for root in ["crate::", "super::"] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].trim_end_matches(is_of_path);
            if before.len() < at {
                continue;
            }
            if before.ends_with("use ") {
                let end = code[at..].find(';').map_or(code.len(), |end| at + end);
                paths.extend(leaves(&code[at..end]));
            } else {
                let path: String = code[at..].chars().take_while(|c| is_of_path(*c)).collect();
                paths.push(path.trim_end_matches(':').to_owned());
            }
        }
    }
    paths
}

/// Returns the paths of the tree of a `use`.
fn leaves(tree: &str) -> Vec<String> {
    let Some((root, group)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap().trim().to_owned()];
    };
    let (mut depth, mut begin, mut branches) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            ',' | '}' if depth == 0 => {
                branches.push(&group[begin..at]);
                begin = at + 1;
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    let branches = branches
        .into_iter()
        .filter(|branch| !branch.trim().is_empty());
    let paths = branches.flat_map(|branch| leaves(branch.trim()));
    paths.map(|path| format!("{}{path}", root.trim())).collect()
}

/// Returns the modules that lead to the one at `path`: `store`, `db` of `store/db.rs`.
fn modules_of(path: &Path) -> Vec<String> {
    let path = path.with_extension("");
    let names = path.iter().map(|name| name.to_str().unwrap().to_owned());
    names.collect()
}

/// Returns where `used` leads from `module`, as far as it names modules.
fn resolved(used: &str, module: &[String]) -> Vec<String> {
    let mut at = module.to_vec();
    for name in used.split("::").map(str::trim) {
        match name {
            "crate" => at.clear(),
            "super" => drop(at.pop()),
            "self" => {}
            name => at.push(name.to_owned()),
        }
    }
    at
}

/// A file may use its own folder's files and what its parent declares; two that need each other belong together, or have
/// something below them that both need.
#[test]
fn no_files_of_a_folder_import_each_other_in_a_ring() {
    let mut edges: BTreeMap<Vec<String>, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    let sources = sources();
    let known: BTreeSet<Vec<String>> = sources
        .iter()
        .map(|source| modules_of(&source.path))
        .collect();
    for source in &sources {
        let module = modules_of(&source.path);
        for used in used_paths(source.own_code()) {
            let target = resolved(&used, &module);
            let shared = module
                .iter()
                .zip(&target)
                .take_while(|(a, b)| a == b)
                .count();
            let (Some(from), Some(to)) = (module.get(shared), target.get(shared)) else {
                continue;
            };
            if known.contains(&target[..=shared]) {
                let folder = edges.entry(module[..shared].to_vec()).or_default();
                folder.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    assert!(edges.len() > 10, "imports are written in another way now");
    for (folder, edges) in edges {
        let mut left = edges;
        // Whoever uses nothing that is left is in no ring.
        loop {
            let files: BTreeSet<String> = left.keys().cloned().collect();
            for uses in left.values_mut() {
                uses.retain(|used| files.contains(used));
            }
            let before = left.len();
            left.retain(|_, uses| !uses.is_empty());
            if left.len() == before {
                break;
            }
        }
        assert!(left.is_empty(), "in {}: {left:?}", folder.join("/"));
    }
}

#[test]
fn each_library_stays_where_it_belongs() {
    for Source { module, code, .. } in sources() {
        for (library, allowed) in LIBRARIES {
            let path = format!("{library}::");
            let is_of_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            let used = code.lines().any(|line| {
                // Neither `String::` nor `crypto::ring::` is a path of ring.
                let has_path = line
                    .match_indices(&path)
                    .any(|(at, _)| !line[..at].ends_with(is_of_path));
                has_path || line.contains(&format!("use {library}"))
            });
            assert!(
                !used || allowed.contains(&module.as_str()),
                "{module} uses {library}"
            );
        }
    }
}

#[test]
fn only_the_disk_module_names_syncs_and_removes_files() {
    let mut made_by_disk = 0;
    for source in sources() {
        for call in DURABLE {
            let is_made = source.own_code().contains(call);
            let module = &source.module;
            assert!(
                !is_made || module == "disk",
                "{module} calls {call} itself; crate::disk does it so that a power cut loses nothing"
            );
            made_by_disk += usize::from(is_made);
        }
    }
    assert!(made_by_disk > 0, "the calls are written in another way now");
}

/// What is embedded is what the checkout had: a migration with other ends of lines has another checksum, so that a database
/// made by that build is altered to all others.
#[test]
fn no_text_that_is_embedded_has_a_carriage_return() {
    fn look(folder: &Path, looked_at: &mut usize) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                look(&path, looked_at);
            } else {
                let has_return = fs::read(&path).unwrap().contains(&b'\r');
                assert!(!has_return, "{} has a carriage return", path.display());
                *looked_at += usize::from(path.extension().is_some_and(|end| end != "rs"));
            }
        }
    }
    let mut looked_at = 0;
    for folder in ["migrations", "src"] {
        look(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            &mut looked_at,
        );
    }
    assert!(looked_at > 2, "the texts are elsewhere now");
}

#[test]
fn uses_are_found_in_paths_and_groups() {
    let source = "use crate::{\n    a::{b, c},\n    d,\n};\nlet x = crate::e::f;";
    assert_eq!(crate_uses(source), ["a", "d", "e"]);
}

#[test]
fn a_path_is_resolved_from_the_module_that_uses_it() {
    let code = "use super::{db::{self, Db}, Store as S};\nlet x = crate::domain::task::f();";
    assert_eq!(
        used_paths(code),
        [
            "crate::domain::task::f",
            "super::db::self",
            "super::db::Db",
            "super::Store",
        ]
    );
    let module = ["store".to_owned(), "change_feed".to_owned()];
    assert_eq!(resolved("super::db::Db", &module), ["store", "db", "Db"]);
}
