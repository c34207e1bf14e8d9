//! The clock of the system.

use std::time::{Duration, SystemTime};

use crate::domain::{task::Timestamp, when::LATEST};

/// Returns the time now. A clock that is set to a time before 1970 or after 9999, which no task can have, counts as set to
/// the nearest that one can.
pub fn now() -> Timestamp {
    timestamp(SystemTime::now())
}

/// Reports whether the clock is set to a time that can be written down.
pub(crate) fn is_set() -> bool {
    now() > Timestamp::from_millis(0) && !is_past_years()
}

/// Reports whether the clock is set to a time after the last year that can be written down.
pub(crate) fn is_past_years() -> bool {
    now() >= Timestamp::from_millis(LATEST)
}

fn timestamp(at: SystemTime) -> Timestamp {
    let since_1970 = at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let millis = i64::try_from(since_1970.as_millis()).unwrap_or(LATEST);
    Timestamp::from_millis(millis.min(LATEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_to_any_time_gives_one_that_a_task_can_have() {
        let epoch = SystemTime::UNIX_EPOCH;
        let year = Duration::from_hours(24 * 365);
        let cases = [
            (epoch - year, 0),
            (epoch, 0),
            (epoch + Duration::from_millis(1), 1),
            (epoch + year * 20_000, LATEST),
        ];
        for (at, millis) in cases {
            assert_eq!(timestamp(at).as_millis(), millis, "{at:?}");
        }
    }
}
