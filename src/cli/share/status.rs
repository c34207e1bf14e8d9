//! `taskhold share status`

use std::{fmt::Write as _, time::Duration};

use serde_json::json;

use super::{millis, secrets};
use crate::{
    cli::{CliResult, Context, Failure},
    domain::{error::Error, task::Timestamp},
    render,
    store::{SharedState, Unsettled},
};

/// A day, in ms.
const DAY: i64 = 24 * 60 * 60 * 1_000;

pub(super) fn status(context: &Context) -> CliResult {
    let store = context.reader_of_all_but_tasks()?;
    let secrets = secrets(&store)?;
    let mut state = store.shared_state()?.ok_or(Error::Fault)?;
    let is_news = |unsettled: &Unsettled| is_news(unsettled, context.caller.now);
    state.unsettled.retain(is_news);
    let look = store.look_back();
    let members = store.members()?;
    let heard = store
        .heard_at()
        .map(|at| render::instant(at, context.caller.zone));
    if context.screen.json {
        let (answer, behind, error) = match &look {
            Ok((answer, behind)) => (Some(millis(*answer)), Some(*behind), None),
            Err(error) => (None, None, Some(reason(error))),
        };
        context.screen.print_json(&json!({
            "place": secrets.code.place.to_string(),
            "log": state.log,
            "member": secrets.member,
            "entry": state.n,
            "format": state.format,
            "behind": behind,
            "answer_ms": answer,
            "error": error,
            "heard_at": heard,
            "members": members,
            "unsettled": state.unsettled.iter().map(|unsettled| json!({
                "entry": unsettled.n,
                "at": render::instant(unsettled.at, context.caller.zone),
                "was_taken": unsettled.was_taken,
            })).collect::<Vec<_>>(),
        }))?;
        return look.map(drop).map_err(failure);
    }
    let mut said = format!("place     {}\n", secrets.code.place);
    if let Some(member) = &secrets.member {
        let _ = writeln!(said, "member    {member}");
    }
    if !members.is_empty() {
        let _ = writeln!(said, "seen      {}", members.join(", "));
    }
    let _ = writeln!(
        said,
        "entry     {}{}",
        state.n,
        behind(&state, look.as_ref().ok())
    );
    match &look {
        Ok((answer, _)) => _ = writeln!(said, "answers   in {} ms", millis(*answer)),
        Err(Error::Unfollowed {
            reason, way_out, ..
        }) => {
            _ = writeln!(said, "follows   no: {reason}\nway out   {way_out}");
        }
        Err(error) => _ = writeln!(said, "answers   no: {}", reason(error)),
    }
    if let Some(heard) = heard {
        let _ = writeln!(said, "heard     {heard}");
    }
    for unsettled in &state.unsettled {
        said.push_str(&said_of_unsettled(unsettled, context));
    }
    context.screen.print(&said)?;
    look.map(drop).map_err(failure)
}

/// Returns the failure of a look at the shared log: for scripts, which read what was printed only if there is need.
fn failure(error: Error) -> Failure {
    let (message, hint) = match error {
        Error::NotShared { reason } => (
            format!("the shared log cannot be read: {reason}"),
            "tasks can be read; changes work again when the log answers",
        ),
        Error::Unfollowed {
            reason, way_out, ..
        } => (
            format!("the shared log cannot be followed: {reason}"),
            way_out,
        ),
        other => return other.into(),
    };
    Failure::Log {
        message,
        hint: hint.to_owned(),
    }
}

/// Says why the shared log was not looked at, which is no change: so nothing is said of one.
fn reason(error: &Error) -> String {
    match error {
        Error::NotShared { reason } | Error::Unfollowed { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}

fn behind(state: &SharedState, look: Option<&(Duration, usize)>) -> String {
    match look {
        Some((_, 0)) => ", the last".to_owned(),
        Some((_, behind)) => {
            format!(", and {behind} or more after it: the next change or --fresh fetches them")
        }
        None if state.n == 0 => ", nothing was fetched yet".to_owned(),
        None => String::new(),
    }
}

/// Reports whether it is still told what became of a change without an answer: for a day, once that is known.
fn is_news(unsettled: &Unsettled, now: Timestamp) -> bool {
    let age = now.as_millis().saturating_sub(unsettled.at.as_millis());
    unsettled.was_taken.is_none() || age < DAY
}

fn said_of_unsettled(unsettled: &Unsettled, context: &Context) -> String {
    let at = render::instant(unsettled.at, context.caller.zone);
    let what = match unsettled.was_taken {
        Some(true) => "was made",
        Some(false) => "was not made, and never will be",
        None => "may yet appear; the next change settles it",
    };
    format!("unsettled a change of {at} that got no answer {what}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_change_is_told_for_a_day_and_what_is_not_known_until_it_is() {
        let unsettled = |was_taken| Unsettled {
            n: 7,
            nonce: "00".to_owned(),
            at: Timestamp::from_millis(1_000),
            was_taken,
        };
        for (was_taken, age, is_told) in [
            (Some(true), DAY - 1, true),
            (Some(true), DAY, false),
            (Some(false), DAY, false),
            (None, DAY * 9, true),
        ] {
            let now = Timestamp::from_millis(1_000 + age);
            let told = is_news(&unsettled(was_taken), now);
            assert_eq!(told, is_told, "{was_taken:?} after {age} ms");
        }
    }
}
