//! What a process that was not there before finds in a home.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use super::{HOST_BEFORE, Scenario, Subject, root};
use crate::support::Home;

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    /// Every task, the trash included, without the times of its changes.
    pub(crate) tasks: Vec<Value>,
    pub(crate) subject: Value,
    /// What the doctor calls bad.
    pub(crate) bad: Vec<String>,
    /// What must never be.
    pub(crate) faults: Vec<String>,
}

/// Looks at all that is in a home, and then goes on working in it: what is found is what was there before. `was` is where
/// the home was when a command put its path into a file.
pub(crate) fn look(scenario: &Scenario, home: &Home, was: &Path) -> Seen {
    let mut faults = Vec::new();
    let examined = examine(scenario, home, &[], &mut faults);
    let tasks = tasks(scenario, home, &mut faults);
    let subject = subject(scenario, home, was, &mut faults);
    let mut bad = checks(&examined, |finding| finding["verdict"] == "bad");
    bad.extend(integrity(&scenario.database(home)));
    let is_due = |finding: &Value| {
        !["good", "unknown"].contains(&finding["verdict"].as_str().unwrap_or_default())
            && finding["can_be_fixed"] == true
            && finding["check"] != "ballast"
    };
    if !checks(&examined, is_due).is_empty() {
        let mended = examine(scenario, home, &["--fix"], &mut faults);
        let left = checks(&mended, |finding| {
            finding["verdict"] == "bad" || is_due(finding)
        });
        if !left.is_empty() {
            faults.push(format!("--fix leaves {left:?}"));
        }
    }
    // The next start: it works, and what it writes is there.
    if let Err(said) = run(scenario, home, &["add", "afterwards", "--json"]) {
        faults.push(format!("nothing can be added: {said}"));
    }
    Seen {
        tasks,
        subject,
        bad,
        faults,
    }
}

/// Runs the program to its end and returns what it printed, or what it said when it failed.
fn run(scenario: &Scenario, home: &Home, arguments: &[&str]) -> Result<String, String> {
    let output = scenario.run(home, arguments).output().unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{}: {}", output.status, said.trim_end()))
    }
}

fn examine(scenario: &Scenario, home: &Home, more: &[&str], faults: &mut Vec<String>) -> Value {
    let arguments = [&["doctor", "--json"], more].concat();
    let output = scenario.run(home, &arguments).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        faults.push(format!("the doctor fails: {output:?}"));
        Value::Null
    })
}

fn checks(examined: &Value, which: impl Fn(&Value) -> bool) -> Vec<String> {
    let findings = examined["findings"].as_array().into_iter().flatten();
    findings
        .filter(|finding| which(finding))
        .map(|finding| {
            let text = |name: &str| finding[name].as_str().unwrap_or_default();
            format!("{}: {}", text("check"), text("what"))
        })
        .collect()
}

/// Returns every task, as an export has it.
fn tasks(scenario: &Scenario, home: &Home, faults: &mut Vec<String>) -> Vec<Value> {
    match run(scenario, home, &["export", "-"]) {
        Ok(exported) => read_export(&exported),
        Err(said) => {
            faults.push(format!("the tasks cannot be read: {said}"));
            Vec::new()
        }
    }
}

/// Reads an export without what differs from run to run: when something was done, and how often.
fn read_export(exported: &str) -> Vec<Value> {
    let lines = exported.lines().skip(1);
    lines
        .map(|line| {
            let mut task: Value = serde_json::from_str(line).unwrap();
            let fields = task.as_object_mut().unwrap();
            fields.remove("rev");
            for (name, value) in fields.iter_mut() {
                if name.ends_with("_at") {
                    *value = json!(true);
                }
            }
            if let Some(comments) = fields.get_mut("comments").and_then(Value::as_array_mut) {
                for comment in comments {
                    comment.as_object_mut().map(|comment| comment.remove("at"));
                }
            }
            task
        })
        .collect()
}

fn subject(scenario: &Scenario, home: &Home, was: &Path, faults: &mut Vec<String>) -> Value {
    let text = |name: &str| {
        let text = fs::read(root(home).join(name)).ok()?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Some(text.replace(was.to_str().unwrap(), "HOME"))
    };
    let mut asked = |arguments: &[&str]| {
        run(scenario, home, arguments).unwrap_or_else(|said| {
            faults.push(format!("{arguments:?} fails: {said}"));
            "null".to_owned()
        })
    };
    match scenario.subject {
        Subject::Tasks => Value::Null,
        Subject::File(name) => json!(text(name)),
        Subject::Host(name) => {
            let now = text(name);
            if now.as_deref() != Some(HOST_BEFORE) && !is_kept_beside(&root(home).join(name)) {
                faults.push("the host's file as it was is not beside it".to_owned());
            }
            json!(now)
        }
        Subject::Copy(name) => copy(&root(home).join(name)),
        Subject::Token => json!(asked(&["token", "show"]).trim_end()),
        Subject::Tokens => {
            let list: Value = serde_json::from_str(&asked(&["token", "list", "--json"])).unwrap();
            let tokens = list["tokens"].as_array().into_iter().flatten();
            tokens.map(|token| token["name"].clone()).collect()
        }
        Subject::Backups => {
            let list: Value =
                serde_json::from_str(&asked(&["backup", "--list", "--json"])).unwrap();
            let backups = list["backups"].as_array().into_iter().flatten();
            json!(backups.filter(|one| one["reason"] == "asked").count())
        }
    }
}

fn is_kept_beside(file: &Path) -> bool {
    let entries = fs::read_dir(file.parent().unwrap()).into_iter().flatten();
    entries.flatten().any(|entry| {
        entry
            .path()
            .extension()
            .is_some_and(|ending| ending == "bak")
            && fs::read_to_string(entry.path()).is_ok_and(|text| text == HOST_BEFORE)
    })
}

/// Returns how many tasks are in a copy of a database; `null` if there is none.
fn copy(path: &Path) -> Value {
    match fs::metadata(path) {
        Err(_) => Value::Null,
        Ok(found) if found.len() == 0 => json!("empty"),
        Ok(_) => {
            if let Some(fault) = integrity(path) {
                return json!(fault);
            }
            let copy = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
            let count = copy.and_then(|copy| {
                copy.query_row_and_then("SELECT count(*) FROM task", [], |row| row.get(0))
            });
            count.map_or_else(|error| json!(error.to_string()), |count: i64| json!(count))
        }
    }
}

/// Returns what SQLite itself finds wrong in a file, if there is one with something in it. Pages that nothing uses are
/// room that was not given back.
fn integrity(path: &Path) -> Option<String> {
    if fs::metadata(path).map_or(0, |found| found.len()) == 0 {
        return None;
    }
    let checked = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|file| file.pragma_query_value(None, "integrity_check", |row| row.get(0)));
    let verdict: String = checked.unwrap_or_else(|error| error.to_string());
    let is_harmless = |line: &str| {
        line == "ok" || line.starts_with("*** in database") || line.ends_with(": never used")
    };
    let fault = verdict.lines().find(|line| !is_harmless(line))?;
    Some(format!("integrity_check: {fault}"))
}
