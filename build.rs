//! Finds out which commit is being built, for `taskhold --version`.
//!
//! It is what `TASKHOLD_COMMIT` says, else what cargo wrote into the package of a release, else, in an optimised build of a
//! checkout, what git says. Other builds know none, so that a commit does not have the whole program compiled anew.

use std::{env, fs, path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=TASKHOLD_COMMIT");
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let root = Path::new(&root);
    let given = env::var("TASKHOLD_COMMIT").unwrap_or_default();
    let commit = if given.is_empty() {
        packaged(root).or_else(|| checked_out(root))
    } else {
        assert!(
            is_commit(&given),
            "TASKHOLD_COMMIT is {given}, which is no commit"
        );
        Some(given)
    };
    let commit = commit.unwrap_or_default();
    println!("cargo::rustc-env=TASKHOLD_COMMIT_BUILT={commit}");
}

/// Reports whether `text` is the hash of a commit, with or without the mark of changes on top of it.
fn is_commit(text: &str) -> bool {
    let hash = text.strip_suffix("-dirty").unwrap_or(text);
    (7..=64).contains(&hash.len()) && hash.chars().all(|c| c.is_ascii_hexdigit())
}

/// Returns the commit that the package was made of, as `cargo package` notes it; `None` in a checkout.
fn packaged(root: &Path) -> Option<String> {
    let noted = fs::read_to_string(root.join(".cargo_vcs_info.json")).ok()?;
    let (_, rest) = noted.split_once("\"sha1\"")?;
    let commit = rest.split('"').nth(1)?.to_owned();
    let is_dirty = noted.contains("\"dirty\": true");
    let commit = if is_dirty {
        format!("{commit}-dirty")
    } else {
        commit
    };
    is_commit(&commit).then_some(commit)
}

/// Returns the commit that is checked out; `None` where git is not there, or `root` is in no checkout of its own.
fn checked_out(root: &Path) -> Option<String> {
    if env::var("PROFILE").as_deref() != Ok("release") || !root.join(".git").exists() {
        return None;
    }
    let git = |words: &[&str]| {
        let output = Command::new("git")
            .args(words)
            .current_dir(root)
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let commit = git(&[
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
        "--exclude=*",
    ])?;
    // The log of HEAD changes with each commit and checkout. A file that is not there would have this run at each build.
    for path in ["logs/HEAD", "HEAD"] {
        let path = root.join(git(&["rev-parse", "--git-path", path])?);
        if path.is_file() {
            println!("cargo::rerun-if-changed={}", path.display());
            break;
        }
    }
    // Whether there are changes on top of it.
    for path in ["src", "migrations", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={path}");
    }
    is_commit(&commit).then_some(commit)
}
