//! `taskhold share status`

use std::{fmt::Write as _, time::Duration};

use serde_json::json;

use super::{millis, secrets};
use crate::{
    cli::{CliResult, Context},
    domain::error::Error,
    render,
    store::{SharedState, Unsettled},
};

pub(super) fn status(context: &Context) -> CliResult {
    let store = context.reader()?;
    let secrets = secrets(&store)?;
    let state = store.shared_state()?.ok_or(Error::Fault)?;
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
        return Ok(context.screen.print_json(&json!({
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
            "unsettled": state.unsettled.as_ref().map(|unsettled| json!({
                "entry": unsettled.n,
                "at": render::instant(unsettled.at, context.caller.zone),
                "was_taken": unsettled.was_taken,
            })),
        }))?);
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
    if let Some(unsettled) = &state.unsettled {
        said.push_str(&said_of_unsettled(unsettled, context));
    }
    Ok(context.screen.print(&said)?)
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

fn said_of_unsettled(unsettled: &Unsettled, context: &Context) -> String {
    let at = render::instant(unsettled.at, context.caller.zone);
    let what = match unsettled.was_taken {
        Some(true) => "was made",
        Some(false) => "was not made, and never will be",
        None => "may yet appear; the next change settles it",
    };
    format!("unsettled a change of {at} that got no answer {what}\n")
}
