//! How a template of Taskwarrior recurs, as a rule of RFC 5545.

/// Returns the rule for `recur`; `None` for what comes more than once a day, or is not known.
pub(super) fn rule(recur: &str) -> Option<String> {
    let recur = recur.to_ascii_lowercase();
    let (frequency, interval) = match recur.as_str() {
        "weekdays" => return Some("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR".to_owned()),
        "daily" | "day" => ("DAILY", 1),
        "weekly" | "sennight" => ("WEEKLY", 1),
        "biweekly" | "fortnight" => ("WEEKLY", 2),
        "monthly" => ("MONTHLY", 1),
        "bimonthly" => ("MONTHLY", 2),
        "quarterly" => ("MONTHLY", 3),
        "semiannual" => ("MONTHLY", 6),
        "annual" | "yearly" => ("YEARLY", 1),
        "biannual" | "biyearly" => ("YEARLY", 2),
        counted => period(counted)?,
    };
    Some(format!("FREQ={frequency};INTERVAL={interval}"))
}

/// Reads `3d`, `2weeks`, and ISO 8601's `P3M`.
fn period(text: &str) -> Option<(&'static str, u32)> {
    let iso = text.strip_prefix('p');
    let text = iso.unwrap_or(text);
    let (count, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let count: u32 = if count.is_empty() {
        1
    } else {
        count.parse().ok()?
    };
    let (unit, times) = match unit {
        "d" | "day" | "days" => ("DAILY", 1),
        "w" | "wk" | "wks" | "week" | "weeks" => ("WEEKLY", 1),
        "mo" | "mos" | "mth" | "mths" | "mnths" | "month" | "months" => ("MONTHLY", 1),
        "m" if iso.is_some() => ("MONTHLY", 1),
        "q" | "qtr" | "qtrs" | "qrtr" | "qrtrs" | "quarter" | "quarters" => ("MONTHLY", 3),
        "y" | "yr" | "yrs" | "year" | "years" => ("YEARLY", 1),
        _ => return None,
    };
    Some((unit, count.checked_mul(times)?))
}
