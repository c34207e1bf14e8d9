//! `taskhold share join`

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _},
};

use serde_json::json;

use super::{member_name, warn_of_credentials};
use crate::{
    care::join::{self, Joined},
    cli::{CliResult, Context, Failure, input, live_terminal::unshown_line},
    domain::{
        task::{TaskId, Title, shortened},
        text::counted,
    },
    share::{
        code::{CodeError, JoinCode},
        environment::Environment,
        secrets::Secrets,
    },
    store::{Imported, Paths},
};

/// How many characters are shown of a title.
const SHOWN: usize = 60;

fn read_code() -> CliResult<JoinCode> {
    let text = if io::stdin().is_terminal() {
        let line = unshown_line("Join code (it is not shown): ")?;
        line.ok_or_else(|| {
            Failure::input("a code cannot be typed here without being shown")
                .with_hint("taskhold share join < FILE, with the code in the file")
        })?
    } else {
        input::stdin_text()?
    };
    text.parse().map_err(|error: CodeError| {
        Failure::input(error.to_string())
            .with_hint("taskhold share code prints it, on a machine that shares the tasks")
    })
}

pub(super) fn join(context: &Context, member: Option<String>) -> CliResult {
    let member = member_name(member)?;
    let code = read_code()?;
    let kept = Secrets::load(&Paths::new(&context.database).share).ok();
    // That of a log which has ended may be kept by the same engine.
    let kept = kept.filter(|kept| kept.code.place.is_same_engine(&code.place));
    let login = code.place.login_to_keep(&Environment::of_process());
    let login = login.or_else(|| kept.as_ref()?.login.clone());
    let mut secrets = Secrets::new(code, login, member.clone());
    if let Some(kept) = kept {
        secrets.machine = kept.machine;
        secrets.next = kept.next.filter(|_| kept.code == secrets.code);
    }
    let mut caller = context.caller.clone();
    if let Some(member) = &member {
        caller = context.unsigned_caller().of_member(member);
    }
    let joined = join::join(&context.database, &secrets, &caller)?;
    warn_of_credentials(context, &secrets);
    // A machine begins with a backup of what it has now.
    context.has_written.set(true);
    if context.screen.json {
        return Ok(context.screen.print_json(&json!({
            "place": secrets.code.place.to_string(),
            "entry": joined.state.n,
            "tasks": joined.tasks,
            "brought": joined.brought.as_ref().map(|brought| json!({
                "new": brought.new,
                "here": brought.here,
                "differ": differ(brought),
                "differing": differing(brought).map(|(id, title, is_deleted)| json!({
                    "id": id.get(),
                    "title": title.as_str(),
                    "in_trash": is_deleted,
                })).collect::<Vec<_>>(),
                "group": brought.group,
                "first": brought.ends.as_ref().map(|[(first, _), _]| first.get()),
                "last": brought.ends.as_ref().map(|[_, (last, _)]| last.get()),
            })),
            "backup": joined.before.map(|backup| backup.path),
        }))?);
    }
    let said = said_of(&joined, &secrets);
    Ok(context.screen.print(&said)?)
}

/// Returns of how many tasks that were shared this machine said something else; one that is in the trash of the log, and was not
/// here, is one of them.
fn differ(brought: &Imported) -> u64 {
    brought.differ + brought.trashed
}

/// Returns the first of those that were changed here or are in the trash, each with its title in the log and whether it is in the
/// trash.
fn differing(brought: &Imported) -> impl Iterator<Item = (TaskId, &Title, bool)> {
    let changed = brought.differing.iter();
    let changed = changed.map(|task| (task.id, &task.title, false));
    let trashed = brought.in_trash.iter();
    changed.chain(trashed.map(|(id, title)| (*id, title, true)))
}

fn said_of(joined: &Joined, secrets: &Secrets) -> String {
    let mut said = format!(
        "Joined {}: {} now.\n",
        secrets.code.place,
        count(joined.tasks)
    );
    if let Some(brought) = &joined.brought {
        said_of_brought(brought, &mut said);
    }
    if let Some(before) = &joined.before {
        let _ = writeln!(said, "What was there before: {}", before.path.display());
    }
    said
}

/// Says what became of the tasks that were here.
fn said_of_brought(brought: &Imported, said: &mut String) {
    if let Some([(first, _), (last, _)]) = &brought.ends {
        let which = if first == last {
            format!("#{first}")
        } else {
            format!("#{first} to #{last}")
        };
        let group = brought
            .group
            .map_or_else(String::new, |group| format!(" (change group {group})"));
        let new = count(brought.new);
        let _ = writeln!(
            said,
            "{new} of this machine came along, now {which}{group}."
        );
    }
    if brought.here > 0 {
        let here = count(brought.here);
        let was = if brought.here == 1 { "was" } else { "were" };
        let _ = writeln!(said, "{here} of this machine {was} there already.");
    }
    let differ = differ(brought);
    if differ == 0 {
        return;
    }
    let _ = writeln!(
        said,
        "{} of those said something else here; the shared ones stand, and what was here is in the backup.",
        count(differ)
    );
    let mut more = differ;
    for (id, title, is_deleted) in differing(brought) {
        let trash = if is_deleted { ", in the trash" } else { "" };
        let _ = writeln!(said, "  {id} {}{trash}", shortened(title.as_str(), SHOWN));
        more = more.saturating_sub(1);
    }
    if more > 0 && more < differ {
        let _ = writeln!(said, "  and {more} more");
    }
}

fn count(tasks: u64) -> String {
    counted(i64::try_from(tasks).unwrap_or(i64::MAX), "task")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        share::seal::{Key, LogId},
        store::{Differing, SharedState},
    };

    #[test]
    fn what_said_something_else_is_counted_and_named_also_where_it_is_in_the_trash() {
        let task = |id: i64, title: &str| {
            let title = Title::try_from(title.to_owned()).unwrap();
            (TaskId::try_from(id).unwrap(), title)
        };
        let (id, title) = task(3, "Call mom");
        let joined = Joined {
            state: SharedState::before_first("log"),
            tasks: 4,
            brought: Some(Imported {
                here: 5,
                differ: 2,
                differing: vec![Differing {
                    id,
                    title,
                    fields: Vec::new(),
                }],
                trashed: 1,
                in_trash: vec![task(7, "Water the plants")],
                ..Imported::default()
            }),
            before: None,
        };
        let code = JoinCode {
            place: "s3://bucket/folder".parse().unwrap(),
            log: LogId::from_bytes([1; 16]),
            key: Key::from_bytes([2; 32]),
        };
        let said = said_of(&joined, &Secrets::new(code, None, None));
        assert!(
            said.contains("5 tasks of this machine were there already")
                && said.contains("3 tasks of those said something else here"),
            "{said}"
        );
        assert!(
            said.contains("  3 Call mom\n  7 Water the plants, in the trash\n  and 1 more\n"),
            "{said}"
        );
    }
}
