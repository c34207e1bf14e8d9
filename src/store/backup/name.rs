//! What a backup in the folder is called: when it was taken, and why.

use chrono::{DateTime, Utc};

use super::Reason;
use crate::domain::task::Timestamp;

const STAMP: &str = "%Y%m%dT%H%M%S%3fZ";

fn utc(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.as_millis()).unwrap_or_default()
}

/// Days are those of UTC: every process counts the same ones.
pub(super) fn day(at: Timestamp) -> chrono::NaiveDate {
    utc(at).date_naive()
}

pub(super) fn name(reason: Reason, at: Timestamp) -> String {
    format!("{}-{}.db", utc(at).format(STAMP), reason.as_str())
}

pub(super) fn parse(name: &str) -> Option<(Reason, Timestamp)> {
    let (stamp, word) = name.strip_suffix(".db")?.split_once('-')?;
    let at = chrono::NaiveDateTime::parse_from_str(stamp, STAMP).ok()?;
    let reason = Reason::ALL
        .into_iter()
        .find(|reason| reason.as_str() == word)?;
    Some((
        reason,
        Timestamp::from_millis(at.and_utc().timestamp_millis()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22, 12:00 UTC.
    const NOON: i64 = 1_795_348_800_000;

    #[test]
    fn a_name_says_when_and_why_and_anything_else_is_no_backup() {
        for reason in Reason::ALL {
            let at = Timestamp::from_millis(NOON + 123);
            assert_eq!(parse(&name(reason, at)), Some((reason, at)));
        }
        assert_eq!(
            name(Reason::Daily, Timestamp::from_millis(NOON + 7)),
            "20261122T120000007Z-daily.db"
        );
        for other in [
            ".lock",
            "20261122T120000007Z-daily.db.partial",
            "20261122T120000007Z-often.db",
            "notes.db",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
