//! How a template of Taskwarrior recurs, as a rule of RFC 5545.

/// Returns the rule for `recur`; `None` for what does not come in whole days, or is not known.
pub(super) fn rule(recur: &str) -> Option<String> {
    let recur = recur.trim().to_ascii_lowercase();
    let (frequency, interval) = match recur.as_str() {
        "weekdays" => return Some("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR".to_owned()),
        "daily" => ("DAILY", 1),
        "weekly" | "sennight" => ("WEEKLY", 1),
        "biweekly" | "fortnight" => ("WEEKLY", 2),
        "monthly" => ("MONTHLY", 1),
        "bimonthly" => ("MONTHLY", 2),
        "quarterly" => ("MONTHLY", 3),
        "semiannual" => ("MONTHLY", 6),
        "annual" | "yearly" => ("YEARLY", 1),
        "biannual" | "biyearly" => ("YEARLY", 2),
        period => match period.strip_prefix('p') {
            Some(iso) => iso_period(iso)?,
            None => counted(period)?,
        },
    };
    (interval > 0).then(|| format!("FREQ={frequency};INTERVAL={interval}"))
}

/// Reads `3d`, `2 weeks`, `day`.
fn counted(text: &str) -> Option<(&'static str, u32)> {
    let (count, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let count = if count.is_empty() {
        1
    } else {
        count.parse().ok()?
    };
    let hours = |count: u32| count.is_multiple_of(24).then_some(("DAILY", count / 24));
    match unit.trim_start() {
        "h" | "hr" | "hrs" | "hour" | "hours" => hours(count),
        "d" | "day" | "days" => Some(("DAILY", count)),
        "w" | "wk" | "wks" | "week" | "weeks" => Some(("WEEKLY", count)),
        "m" | "mo" | "mos" | "mth" | "mths" | "mnths" | "month" | "months" => {
            Some(("MONTHLY", count))
        }
        "q" | "qtr" | "qtrs" | "qrtr" | "qrtrs" | "quarter" | "quarters" => {
            Some(("MONTHLY", count.checked_mul(3)?))
        }
        "y" | "yr" | "yrs" | "year" | "years" => Some(("YEARLY", count)),
        _ => None,
    }
}

/// Reads what comes after the `P` of ISO 8601: `3m`, `1y6m`, `2w`, `t24h`.
fn iso_period(text: &str) -> Option<(&'static str, u32)> {
    let (date, time) = text.split_once('t').unwrap_or((text, ""));
    let (mut months, mut days, mut seconds) = (0_u32, 0_u32, 0_u32);
    for (part, units) in [
        (date, [('y', 12), ('m', 1), ('w', 7), ('d', 1)].as_slice()),
        (time, &[('h', 3600), ('m', 60), ('s', 1)]),
    ] {
        let mut rest = part;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            let count: u32 = rest[..end].parse().ok()?;
            let unit = rest[end..].chars().next()?;
            let (_, times) = units.iter().find(|(name, _)| *name == unit)?;
            let sum = match unit {
                _ if part == time => &mut seconds,
                'y' | 'm' => &mut months,
                _ => &mut days,
            };
            *sum = sum.checked_add(count.checked_mul(*times)?)?;
            rest = &rest[end + 1..];
        }
    }
    if !seconds.is_multiple_of(86_400) {
        return None;
    }
    days = days.checked_add(seconds / 86_400)?;
    match (months, days) {
        (months, 0) if months.is_multiple_of(12) => Some(("YEARLY", months / 12)),
        (months, 0) => Some(("MONTHLY", months)),
        (0, days) if days.is_multiple_of(7) => Some(("WEEKLY", days / 7)),
        (0, days) => Some(("DAILY", days)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_taskwarrior_takes_them() {
        let cases = [
            ("3m", Some("FREQ=MONTHLY;INTERVAL=3")),
            ("2 weeks", Some("FREQ=WEEKLY;INTERVAL=2")),
            ("14d", Some("FREQ=DAILY;INTERVAL=14")),
            ("48h", Some("FREQ=DAILY;INTERVAL=2")),
            ("month", Some("FREQ=MONTHLY;INTERVAL=1")),
            ("2q", Some("FREQ=MONTHLY;INTERVAL=6")),
            ("P2W", Some("FREQ=WEEKLY;INTERVAL=2")),
            ("P3M", Some("FREQ=MONTHLY;INTERVAL=3")),
            ("P1Y6M", Some("FREQ=MONTHLY;INTERVAL=18")),
            ("P1Y", Some("FREQ=YEARLY;INTERVAL=1")),
            ("P10D", Some("FREQ=DAILY;INTERVAL=10")),
            ("PT24H", Some("FREQ=DAILY;INTERVAL=1")),
            ("semiannual", Some("FREQ=MONTHLY;INTERVAL=6")),
            ("Weekdays", Some("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")),
            ("5h", None),
            ("0d", None),
            ("P1M15D", None),
            ("P", None),
            ("30min", None),
            ("often", None),
            ("", None),
        ];
        for (recur, expected) in cases {
            assert_eq!(rule(recur).as_deref(), expected, "{recur}");
        }
    }
}
