//! Which backups are kept, and for how long.

use std::collections::BTreeSet;

use chrono::Datelike as _;

use super::{Backup, Reason, name::day};
use crate::domain::task::Timestamp;

const DAYS: usize = 7;
const WEEKS: usize = 4;
const OTHERS: usize = 4;
/// How far the clocks of two processes may be apart, in ms.
const AHEAD: i64 = 24 * 60 * 60 * 1_000;

/// Reports whether a backup is dated after `now`: a clock was wrong when it was taken, or is now.
pub(super) fn is_to_come(backup: &Backup, now: Timestamp) -> bool {
    backup.taken_at.as_millis() > now.as_millis() + AHEAD
}

/// Returns which of `backups`, the latest first, are past their time.
///
/// Of the daily ones, the last of each of the 7 latest days and of each of the 4 latest weeks that have one are kept;
/// of the others, the 4 latest of each reason; of those a person asked for, all. Those dated after `now` do not
/// count towards these limits: the 7 nearest are kept until their time has come.
pub(super) fn surplus(backups: &[Backup], now: Timestamp) -> Vec<&Backup> {
    let (to_come, past): (Vec<&Backup>, Vec<&Backup>) = backups
        .iter()
        .filter(|backup| backup.reason != Reason::Asked)
        .partition(|backup| is_to_come(backup, now));
    let far = to_come.len().saturating_sub(DAYS);
    let (mut days, mut weeks) = (BTreeSet::new(), BTreeSet::new());
    let mut others = Vec::new();
    let mut is_kept = |backup: &Backup| {
        if backup.reason == Reason::Daily {
            let day = day(backup.taken_at);
            let week = (day.iso_week().year(), day.iso_week().week());
            let is_of_day = days.len() < DAYS && days.insert(day);
            let is_of_week = weeks.len() < WEEKS && weeks.insert(week);
            return is_of_day || is_of_week;
        }
        others.push(backup.reason);
        let so_far = others.iter().filter(|other| **other == backup.reason);
        so_far.count() <= OTHERS
    };
    let mut surplus = to_come[..far].to_vec();
    surplus.extend(past.into_iter().filter(|backup| !is_kept(backup)));
    surplus
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::store::backup::name::name;

    const DAY: i64 = 24 * 60 * 60 * 1_000;
    /// 2026-11-22, a Sunday, 12:00 UTC.
    const NOON: i64 = 1_795_348_800_000;

    fn backup(reason: Reason, at: i64) -> Backup {
        let taken_at = Timestamp::from_millis(at);
        Backup {
            path: PathBuf::from(name(reason, taken_at)),
            taken_at,
            reason,
            bytes: 0,
        }
    }

    /// Returns the days that are left when a backup is taken at noon of each of `days`, from the first on.
    fn kept_after(days: impl Iterator<Item = i64>) -> Vec<String> {
        let mut kept: Vec<Backup> = Vec::new();
        for day in days {
            let taken = backup(Reason::Daily, NOON + day * DAY);
            let now = taken.taken_at;
            kept.insert(0, taken);
            let gone: Vec<Backup> = surplus(&kept, now).into_iter().cloned().collect();
            kept.retain(|backup| !gone.contains(backup));
        }
        kept.iter()
            .map(|backup| day(backup.taken_at).to_string())
            .collect()
    }

    #[test]
    fn seven_days_and_four_weeks_are_kept() {
        let week = [
            "2026-11-22",
            "2026-11-21",
            "2026-11-20",
            "2026-11-19",
            "2026-11-18",
            "2026-11-17",
            "2026-11-16",
        ];
        let sundays = ["2026-11-15", "2026-11-08", "2026-11-01"];
        assert_eq!(kept_after(-100..=0), [&week[..], &sundays].concat());
    }

    #[test]
    fn who_seldom_writes_keeps_seven_days_however_long_ago() {
        let kept = kept_after((-20..=0).map(|month| month * 30));
        assert_eq!(kept.len(), 7, "{kept:?}");
        assert_eq!(
            (kept[0].as_str(), kept[6].as_str()),
            ("2026-11-22", "2026-05-26")
        );
    }

    #[test]
    fn the_weeks_of_a_years_end_are_told_apart() {
        // 2027-01-01 lies in week 53 of 2026, as the Sunday after it does.
        let new_year = (1_798_804_800_000 - NOON) / DAY;
        let kept = kept_after(new_year - 60..=new_year + 12);
        assert_eq!(
            &kept[7..],
            ["2027-01-03", "2026-12-27"],
            "two of the four weeks are among the seven days"
        );
    }

    #[test]
    fn of_each_other_reason_four_are_kept_and_of_those_asked_for_all() {
        let mut backups: Vec<Backup> = (0..30)
            .rev()
            .flat_map(|day| Reason::ALL.map(|reason| backup(reason, NOON + day * DAY)))
            .filter(|backup| backup.reason != Reason::Daily)
            .collect();
        let now = backups[0].taken_at;
        let gone: Vec<Backup> = surplus(&backups, now).into_iter().cloned().collect();
        backups.retain(|backup| !gone.contains(backup));
        for reason in Reason::ALL {
            let kept = backups.iter().filter(|backup| backup.reason == reason);
            let expected = match reason {
                Reason::Daily => 0,
                Reason::Asked => 30,
                _ => 4,
            };
            assert_eq!(kept.count(), expected, "{reason}");
        }
        assert_eq!(day(backups[0].taken_at).to_string(), "2026-12-21");
    }

    #[test]
    fn those_of_a_clock_that_was_ahead_displace_none_and_are_not_too_many() {
        let years_ahead = 1_500;
        let mut backups: Vec<Backup> = (0..30)
            .flat_map(|day| {
                Reason::ALL.map(|reason| backup(reason, NOON + (years_ahead - day) * DAY))
            })
            .chain((0..30).map(|day| backup(Reason::Daily, NOON - day * DAY)))
            .collect();
        let now = Timestamp::from_millis(NOON);
        let gone: Vec<Backup> = surplus(&backups, now).into_iter().cloned().collect();
        backups.retain(|backup| !gone.contains(backup));
        let (to_come, past): (Vec<_>, Vec<_>) =
            backups.iter().partition(|backup| is_to_come(backup, now));
        let asked = to_come
            .iter()
            .filter(|backup| backup.reason == Reason::Asked);
        assert_eq!((asked.count(), to_come.len()), (30, 30 + 7));
        assert_eq!(past.len(), 10, "7 days, and 3 weeks before them");
        // A process whose clock is a few hours behind takes no backup for one to come.
        let evening = backup(Reason::Daily, NOON + DAY / 2);
        assert!(!is_to_come(&evening, now));
    }
}
