//! The documents: what they name is there, and every part of the program has its place on the map.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns every document with its text.
fn documents() -> Vec<(PathBuf, String)> {
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    // Beside the documents stand their pictures.
    let docs = docs.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let beside = ["README.md", "CONTRIBUTING.md"].map(|name| root().join(name));
    docs.chain(beside)
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

/// Returns what stands between `start` and `end`, each time they come.
fn between<'a>(text: &'a str, start: &str, end: &str) -> impl Iterator<Item = &'a str> {
    let parts = text.split(start).skip(1);
    parts.filter_map(move |part| part.split_once(end).map(|(inner, _)| inner))
}

/// Returns the anchor of a heading, as Git hosts make it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().replace(' ', "-")
}

#[test]
fn the_readme_has_less_than_1200_words() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let words = readme.split_whitespace().count();
    assert!(words < 1_200, "it has {words}: move what is long to docs");
}

/// Under wine a test that is listed by a name it had before is run.
#[test]
fn the_tests_that_wine_cannot_run_are_there_each_with_a_reason() {
    let listed = fs::read_to_string(root().join("tests/systems/wine.tsv")).unwrap();
    for line in listed.lines() {
        let [kind, name, reason] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("not a kind, a name and a reason: {line:?}");
        };
        let (module, function) = name.rsplit_once("::").unwrap();
        let file = root().join(format!("tests/{kind}/{}.rs", module.replace("::", "/")));
        let text = fs::read_to_string(&file).unwrap_or_default();
        let is_there = text.contains(&format!("fn {function}("));
        assert!(is_there, "{name} is not in {}", file.display());
        assert!(!reason.is_empty(), "{name}");
    }
}

#[test]
fn every_link_leads_to_a_document_and_a_heading_that_are_there() {
    let mut followed = 0;
    for (path, text) in documents() {
        for link in between(&text, "](", ")") {
            if link.contains("://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = path.parent().unwrap().join(file);
            let target = if file.is_empty() {
                path.clone()
            } else {
                target
            };
            let found = fs::read(&target);
            let found = found.unwrap_or_else(|error| panic!("{}: {link}: {error}", path.display()));
            let found = String::from_utf8_lossy(&found);
            let mut headings = found.lines().filter(|line| line.starts_with('#'));
            let is_there = |line: &str| anchor(line.trim_start_matches('#')) == heading;
            assert!(
                heading.is_empty() || headings.any(is_there),
                "{}: {link}: there is no such heading",
                path.display()
            );
            followed += 1;
        }
    }
    assert!(followed > 20, "links are written in another way now");
}

#[test]
fn every_file_that_a_document_names_is_there() {
    let mut found = 0;
    for (path, text) in documents() {
        for name in text.split('`').skip(1).step_by(2) {
            let folders = ["src/", "tests/", "benches/", "migrations/", "examples/"];
            let is_path = !name.contains(char::is_whitespace)
                && folders.iter().any(|folder| name.starts_with(folder));
            // `src/cli/NAME.rs` stands for any file.
            if !is_path || name.contains("NAME") {
                continue;
            }
            assert!(
                root().join(name).exists(),
                "{} names {name}, which is not there",
                path.display()
            );
            found += 1;
        }
    }
    assert!(found > 50, "files are named in another way now");
}

#[test]
fn every_module_is_on_a_map() {
    /// Reports whether `map` has `name` as a module or as a file, alone or below `src`.
    fn has(map: &str, name: &str) -> bool {
        let forms = [
            format!("`{name}`"),
            format!("[`{name}`]"),
            format!("`{name}.rs`"),
            format!("`src/{name}.rs`"),
        ];
        forms.iter().any(|form| map.contains(form.as_str()))
    }
    let architecture = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let map = architecture.split("\n## Map of src").nth(1).unwrap();
    let mut maps = vec![(root().join("src"), map.to_owned())];
    for large in ["care", "cli", "domain", "http", "jsonrpc", "mcp", "store"] {
        let text = fs::read_to_string(root().join(format!("src/{large}.rs"))).unwrap();
        let docs = text.lines().take_while(|line| line.starts_with("//!"));
        maps.push((
            root().join("src").join(large),
            docs.collect::<Vec<_>>().join("\n"),
        ));
    }
    for (folder, map) in maps {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let is_module = path.extension().is_some_and(|end| end == "rs") && name != "tests";
            assert!(
                !is_module || has(&map, name),
                "{} is on no map",
                path.display()
            );
        }
    }
}
