//! Whether there is a way back: backups, each opened, and their tasks compared with their log.

use std::{
    fs,
    time::{Duration, Instant, UNIX_EPOCH},
};

use super::Finding;
use crate::{
    domain::{
        error::{Error, Result},
        task::Timestamp,
    },
    store::{
        Paths, Store,
        backup::{self, Backup, Reason},
        history_check::Rows,
        open,
    },
};

const CHECK: &str = "backups";
/// How long without a backup is too long, in days.
const LONG: i64 = 8;
/// A day, in ms.
const DAY: i64 = 24 * 60 * 60 * 1_000;
/// How long backups are opened, one after another. The latest is, however long it takes.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn examine(paths: &Paths, now: Timestamp) -> Finding {
    look(paths, now).unwrap_or_else(|error| match error {
        // Of their folder; the database may be sound.
        Error::Unusable { .. } => {
            Finding::bad(CHECK, error.with_causes(), "mend that, then look again")
        }
        error => Finding::of_error(CHECK, &error),
    })
}

fn look(paths: &Paths, now: Timestamp) -> Result<Finding> {
    let backups = backup::list(&paths.database)?;
    let Some(latest) = backup::latest(&backups, now) else {
        return Ok(Finding::warning(
            CHECK,
            "there are none",
            "take one: `taskhold backup`",
        ));
    };
    let since = Instant::now();
    let (mut opened, mut wrong) = (0, Vec::new());
    let others = backups.iter().filter(|backup| *backup != latest);
    for backup in [latest].into_iter().chain(others) {
        if opened > 0 && since.elapsed() > PATIENCE {
            break;
        }
        opened += 1;
        wrong.extend(problem(backup)?.map(|problem| format!("{}: {problem}", backup.name())));
    }
    let days = (now.as_millis() - latest.taken_at.as_millis()) / DAY;
    let what = format!(
        "{}, the latest {days} days old; {opened} opened",
        backups.len()
    );
    if let Some(first) = wrong.first() {
        return Ok(Finding::bad(
            CHECK,
            format!("{what}, {} of them damaged; {first}", wrong.len()),
            "take another with `taskhold backup`, and remove what is damaged; what can be read in it, `taskhold doctor --salvage NEW --db FILE` gets out",
        ));
    }
    let to_come = backups
        .iter()
        .filter(|backup| backup.is_to_come(now))
        .count();
    if to_come > 0 {
        return Ok(Finding::warning(
            CHECK,
            format!("{what}; {to_come} of them dated in the future, since a clock was wrong"),
            "set the clock if it is wrong now; else remove them, or leave them: they take the place of no others",
        ));
    }
    let changed_at = fs::metadata(&paths.database)
        .and_then(|file| file.modified())
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
        .and_then(|at| i64::try_from(at.as_millis()).ok());
    let is_late = changed_at.is_some_and(|at| at > latest.taken_at.as_millis() + LONG * DAY);
    if is_late
        && !backups
            .iter()
            .any(|one| one.reason == Reason::Daily && days <= LONG)
    {
        return Ok(Finding::warning(
            CHECK,
            format!("{what}, though tasks were changed since"),
            "take one: `taskhold backup`; its error, if there is one, says why none was taken",
        ));
    }
    Ok(Finding::good(CHECK, format!("{what}, each sound")))
}

/// Says what is wrong with a backup; `None` if it is sound. One of an older schema is opened, and its tasks are not
/// compared; nor are those of one before a repair, which is there for what was wrong.
fn problem(backup: &Backup) -> Result<Option<String>> {
    let contents = match backup::inspect(&backup.path) {
        Ok(contents) => contents,
        // Thinned out meanwhile.
        Err(_) if !backup.path.exists() => return Ok(None),
        Err(error) => return Ok(Some(error.with_causes())),
    };
    if contents.schema != open::latest_schema() || backup.reason == Reason::Repair {
        return Ok(None);
    }
    let store = Store::over(open::open_to_look(&backup.path)?, Paths::new(&backup.path));
    Ok(Rows::read(&store)?.disagreeing())
}
