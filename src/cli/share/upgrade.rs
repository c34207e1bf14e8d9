//! `taskhold share upgrade`

use std::{
    fmt::Write as _,
    io::{self, IsTerminal as _},
};

use serde_json::json;

use super::secrets;
use crate::{
    cli::{CliResult, Context, Failure},
    domain::{task::Timestamp, text::counted, when::Zone},
    render,
    store::{Access, Formats, Older, Store},
};

/// Who wrote longer ago is not waited for, in days.
const LATELY: i64 = 30;
/// A day, in ms.
const DAY: i64 = 24 * 60 * 60 * 1_000;

pub(super) fn upgrade(context: &Context, yes: bool) -> CliResult {
    let mut store = Store::open(&context.database, Access::Write)?;
    secrets(&store)?;
    let formats = store.formats()?;
    if formats.log >= formats.known {
        return print(context, formats, false);
    }
    let since = Timestamp::from_millis(context.caller.now.as_millis() - LATELY * DAY);
    let older = store.older_programs(since)?;
    if !older.is_empty() {
        return Err(
            Failure::input(too_old(&older, formats, context.caller.zone)).with_hint(
                "update taskhold there, change a task there, and raise the format again",
            ),
        );
    }
    if !(yes || is_agreed(formats)?) {
        return Ok(context.screen.print("Nothing was changed.\n")?);
    }
    let raised = store.raise_format()?.is_some();
    let formats = Formats {
        log: formats.known,
        ..formats
    };
    print(context, formats, raised)
}

fn print(context: &Context, formats: Formats, raised: bool) -> CliResult {
    if context.screen.json {
        return Ok(context.screen.print_json(&json!({
            "format": formats.log,
            "newest": formats.known,
            "raised": raised,
        }))?);
    }
    Ok(context.screen.print(&said_of(formats, raised))?)
}

fn said_of(formats: Formats, raised: bool) -> String {
    let format = formats.log;
    if raised {
        return format!(
            "The log has format {format} now. An older taskhold reads the tasks it has, and stops following until it is updated.\n"
        );
    }
    format!("This log is at the newest format ({format}): there is nothing to raise.\n")
}

/// Says which machines would be left behind.
fn too_old(older: &[Older], formats: Formats, zone: Zone) -> String {
    let count = counted(i64::try_from(older.len()).unwrap_or(i64::MAX), "machine");
    let mut said = format!(
        "format {} is not known to the taskhold of {count} that wrote to the log in the last {LATELY} days:",
        formats.known
    );
    for (place, one) in older.iter().enumerate() {
        let member = one.member.as_deref().unwrap_or("one that names no member");
        let _ = write!(
            said,
            "{} {member}, taskhold {} (entry {}, {})",
            if place == 0 { "" } else { ";" },
            one.version,
            one.entry,
            render::instant(one.at, zone)
        );
    }
    said
}

fn is_agreed(formats: Formats) -> CliResult<bool> {
    if !io::stdin().is_terminal() {
        return Err(Failure::call(
            "raising the format of the log is asked about at a terminal",
            "taskhold share upgrade --yes",
        ));
    }
    super::is_agreed(&format!(
        "From then on every machine needs a taskhold that knows format {}. Raise the format of the log? [y/N] ",
        formats.known
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_at_the_newest_format_and_machines_that_are_too_old_are_said() {
        let formats = |log, known| Formats { log, known };
        let said = said_of(formats(1, 1), false);
        assert!(said.contains("at the newest format (1)"), "{said}");
        let said = said_of(formats(2, 2), true);
        assert!(said.contains("format 2 now"), "{said}");
        let older = |member: Option<&str>| Older {
            member: member.map(str::to_owned),
            version: "0.1.0".to_owned(),
            entry: 812,
            at: Timestamp::from_millis(0),
        };
        let said = too_old(&[older(Some("ben")), older(None)], formats(1, 2), Zone::UTC);
        assert!(
            said.contains("format 2") && said.contains("2 machines"),
            "{said}"
        );
        assert!(
            said.contains("ben, taskhold 0.1.0 (entry 812, 1970-01-01")
                && said.contains("one that names no member"),
            "{said}"
        );
    }
}
