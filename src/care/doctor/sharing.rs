//! Whether the log that several machines share answers, keeps what is written, and is followed.

use super::Finding;
use crate::{
    disk::shell_word,
    domain::error::{Error, Result},
    share::{
        environment::Environment,
        log::LogError,
        probe::{Lifecycle, Probed},
        secrets::Secrets,
    },
    store::{ExaminedSnapshot, Paths, Store, open},
};

const CHECK: &str = "sharing";

/// Examines the shared log of a database; nothing is said of one that is not shared.
pub(super) fn examine(paths: &Paths) -> Vec<Finding> {
    match looked(paths) {
        Ok(found) => found,
        Err(Error::Unfollowed {
            reason, way_out, ..
        }) => {
            let what = format!("the shared log cannot be followed: {reason}");
            vec![Finding::bad(CHECK, what, way_out)]
        }
        Err(error) => vec![Finding::bad(
            CHECK,
            error.with_causes(),
            "see to that, then look again; tasks can be read meanwhile",
        )],
    }
}

fn looked(paths: &Paths) -> Result<Vec<Finding>> {
    let store = Store::over(open::open_to_look(&paths.database)?, paths.clone());
    let Some(state) = store.shared_state()? else {
        return Ok(Vec::new());
    };
    let secrets = store.secrets_of(&state)?;
    let place = &secrets.code.place;
    let mut found: Vec<Finding> = credentials(&secrets).into_iter().collect();
    let probed = place.probe(Environment::of_process(), secrets.login.as_ref());
    let probed = match probed {
        Ok(probed) => probed,
        Err(error @ LogError::Unreachable(_)) => {
            let what = format!(
                "entry {} is here; {place} does not answer: {error}",
                state.n
            );
            let way_out = "tasks can be read, and changed again when it answers";
            found.push(Finding::warning(CHECK, what, way_out));
            return Ok(found);
        }
        Err(error) => {
            let way_out = "nothing is changed until that is mended; another place is made with `taskhold share leave` and `share init`";
            found.push(Finding::bad(CHECK, format!("{place}: {error}"), way_out));
            return Ok(found);
        }
    };
    // The last entry is read again, too: one that was deleted is noticed before the next change is.
    let (_, later) = store.look_back()?;
    let what = format!(
        "entry {} of {place}, {}; it answers in {} ms",
        state.n,
        if later == 0 {
            "the last".to_owned()
        } else {
            format!("{later} or more after it")
        },
        probed.answer_time.as_millis()
    );
    found.push(Finding::good(CHECK, what));
    found.extend(clock(&probed));
    found.extend(probed.lifecycle.map(|lifecycle| rules(&lifecycle)));
    found.extend(snapshot(&store)?);
    Ok(found)
}

/// Tells of a file of credentials that others can read.
fn credentials(secrets: &Secrets) -> Option<Finding> {
    let environment = Environment::of_process();
    let login = secrets.login.as_ref();
    let file = (secrets.code.place).open_credentials_file(&environment, login)?;
    Some(Finding::warning(
        CHECK,
        format!(
            "{} holds the credentials of the store, and others can read it",
            file.display()
        ),
        format!("chmod 600 {}", shell_word(file.display())),
    ))
}

/// Tells whether the store deletes by itself what the log needs.
fn rules(lifecycle: &Lifecycle) -> Finding {
    let good = |what: &str| Finding::good(CHECK, what.to_owned());
    match lifecycle {
        Lifecycle::Harmless => good("no lifecycle rule of the bucket deletes objects of the log"),
        Lifecycle::NotOffered => good("the store shows no lifecycle rules"),
        Lifecycle::Hidden => good(
            "whether a lifecycle rule of the bucket deletes objects of the log is not known: the credentials lack s3:GetLifecycleConfiguration",
        ),
        Lifecycle::Unknown(error) => good(&format!(
            "whether a lifecycle rule of the bucket deletes objects of the log is not known: {error}"
        )),
        Lifecycle::Harmful(rules) => Finding::bad(
            CHECK,
            format!(
                "lifecycle rules of the bucket take away what the log needs: {}",
                rules.join("; ")
            ),
            "take these rules away, or have them leave the folder of the log alone: where an entry is missing, the log ends",
        ),
    }
}

/// Tells of a snapshot that nobody can join by.
fn snapshot(store: &Store) -> Result<Option<Finding>> {
    let Some(ExaminedSnapshot {
        number,
        entry: Err(reason),
    }) = store.examine_snapshot()?
    else {
        return Ok(None);
    };
    let what = format!("snapshot {number} of the shared log cannot be used: {reason}");
    let way_out = "no task is missing: who joins reads the entries one by one, which takes longer; put back what was altered or deleted under snapshot/ and part/, if the store still has it";
    Ok(Some(Finding::warning(CHECK, what, way_out)))
}

fn clock(probed: &Probed) -> Option<Finding> {
    let seconds = probed.skew_seconds.filter(|_| probed.is_clock_off())?;
    let what = format!(
        "the clocks of this machine and of the shared log are {} seconds apart",
        seconds.unsigned_abs()
    );
    Some(Finding::warning(
        CHECK,
        what,
        "set the clock of this machine; AWS refuses what is 15 minutes off",
    ))
}
