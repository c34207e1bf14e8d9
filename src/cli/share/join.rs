//! `taskhold share join`

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _},
};

use serde_json::json;

use super::member_name;
use crate::{
    care::join::{self, Joined},
    cli::{CliResult, Context, Failure, input, live_terminal::unshown_line},
    domain::text::counted,
    share::{
        code::{CodeError, JoinCode},
        environment::Environment,
        secrets::Secrets,
    },
    store::{Imported, Paths},
};

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
    if context.screen.json {
        return Ok(context.screen.print_json(&json!({
            "place": secrets.code.place.to_string(),
            "entry": joined.state.n,
            "tasks": joined.tasks,
            "brought": joined.brought.as_ref().map(|brought| json!({
                "new": brought.new,
                "here": brought.here,
                "differ": brought.differ,
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

fn said_of(joined: &Joined, secrets: &Secrets) -> String {
    let count = |number: u64| counted(i64::try_from(number).unwrap_or(i64::MAX), "task");
    let mut said = format!(
        "Joined {}: {} now.\n",
        secrets.code.place,
        count(joined.tasks)
    );
    if let Some(Imported {
        new,
        here,
        differ,
        ends,
        group,
        ..
    }) = &joined.brought
    {
        if let Some([(first, _), (last, _)]) = ends {
            let which = if first == last {
                format!("#{first}")
            } else {
                format!("#{first} to #{last}")
            };
            let _ = writeln!(
                said,
                "{} of this machine came along, now {which}{}.",
                count(*new),
                group.map_or_else(String::new, |group| format!(" (change group {group})"))
            );
        }
        if *here > 0 {
            let _ = writeln!(said, "{} of this machine were there already.", count(*here));
        }
        if *differ > 0 {
            let _ = writeln!(
                said,
                "{} of those said something else here; the shared ones stand, and what was here is in the backup.",
                count(*differ)
            );
        }
    }
    if let Some(before) = &joined.before {
        let _ = writeln!(said, "What was there before: {}", before.path.display());
    }
    said
}
