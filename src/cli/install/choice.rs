//! Which hosts are meant, where none is named: those on this machine are offered, at a terminal.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use super::super::{CliResult, Context, Failure, screen::can_ask};
use crate::install::Host;

/// A host that is on this machine.
pub(super) struct Candidate {
    pub(super) host: Host,
    /// What is in its file.
    pub(super) state: &'static str,
}

/// Returns the hosts among `candidates` that a person chooses; a failure that names them, where nobody can be asked.
pub(super) fn hosts(
    candidates: &[Candidate],
    remove: bool,
    context: &Context,
) -> CliResult<Vec<Host>> {
    if candidates.is_empty() || context.screen.json || !can_ask() {
        return Err(nobody_asked(candidates, remove));
    }
    let (question, declined) = if remove {
        ("Take taskhold out of which?", "taken out")
    } else {
        ("Set up which?", "set up")
    };
    let mut stderr = io::stderr();
    write!(stderr, "{}", listed(candidates))?;
    loop {
        write!(
            stderr,
            "{question} Numbers or names, all, or nothing for none: "
        )?;
        stderr.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        match chosen(&answer, candidates) {
            Ok(hosts) if hosts.is_empty() => return Err(Failure::Declined(declined)),
            Ok(hosts) => return Ok(hosts),
            Err(word) => writeln!(
                stderr,
                "\"{}\" is no number of the list and no host",
                word.escape_debug()
            )?,
        }
    }
}

fn listed(candidates: &[Candidate]) -> String {
    let mut lines = "AI hosts on this machine:\n".to_owned();
    for (number, Candidate { host, state }) in (1..).zip(candidates) {
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{number:3}  {:14} {state}", host.word());
    }
    lines
}

/// Returns the hosts that `answer` names, or the word in it that names none.
fn chosen(answer: &str, candidates: &[Candidate]) -> Result<Vec<Host>, String> {
    let mut hosts = Vec::new();
    for word in answer.split([',', ' ', '\t', '\r', '\n']) {
        let named = if word.is_empty() {
            continue;
        } else if word.eq_ignore_ascii_case("all") {
            candidates.iter().map(|candidate| candidate.host).collect()
        } else if let Ok(number) = word.parse::<usize>() {
            let candidate = number.checked_sub(1).and_then(|at| candidates.get(at));
            vec![candidate.ok_or(word)?.host]
        } else {
            vec![word.parse::<Host>().map_err(|_| word)?]
        };
        for host in named {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
    }
    Ok(hosts)
}

/// Returns the failure that names the hosts on this machine, and the command that names them.
fn nobody_asked(candidates: &[Candidate], remove: bool) -> Failure {
    let words: Vec<&str> = candidates.iter().map(|it| it.host.word()).collect();
    let message = match (words.is_empty(), remove) {
        (false, false) => format!("no host is named; on this machine are {}", words.join(", ")),
        (false, true) => format!("no host is named; taskhold is in {}", words.join(", ")),
        (true, false) => "no host is named, and none was found on this machine".to_owned(),
        (true, true) => "no host is named, and taskhold was found in none".to_owned(),
    };
    let flag = if remove { " --remove" } else { "" };
    let hint = if words.is_empty() {
        "taskhold install --list names the hosts and their files".to_owned()
    } else {
        format!("taskhold install{flag} {}", words.join(" "))
    };
    Failure::call(message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_hosts_by_number_by_name_or_all_and_each_once() {
        let candidates = [Host::Codex, Host::Zed, Host::Windsurf].map(|host| Candidate {
            host,
            state: "not installed",
        });
        let cases: [(&str, Result<&[Host], &str>); 10] = [
            ("\n", Ok(&[])),
            ("", Ok(&[])),
            ("2\n", Ok(&[Host::Zed])),
            ("3, 1\r\n", Ok(&[Host::Windsurf, Host::Codex])),
            ("Zed 2,zed", Ok(&[Host::Zed])),
            ("ALL", Ok(&[Host::Codex, Host::Zed, Host::Windsurf])),
            // One that was not found can be named.
            ("cursor", Ok(&[Host::Cursor])),
            ("4", Err("4")),
            ("0", Err("0")),
            ("1 emacs", Err("emacs")),
        ];
        for (answer, hosts) in cases {
            let expected = hosts.map(<[Host]>::to_vec).map_err(str::to_owned);
            assert_eq!(chosen(answer, &candidates), expected, "{answer:?}");
        }
    }
}
