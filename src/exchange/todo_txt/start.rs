//! What stands at the start of a line of todo.txt: whether it is done, its priority and its dates.

use chrono::NaiveDate;

use super::day;

/// What stands before the words of a line.
pub(super) struct Start<'a> {
    pub(super) is_done: bool,
    pub(super) letter: Option<char>,
    pub(super) completed: Option<NaiveDate>,
    pub(super) created: Option<NaiveDate>,
    /// It begins with a box, which is ticked or not.
    pub(super) is_box: bool,
    pub(super) rest: &'a str,
}

impl<'a> Start<'a> {
    pub(super) fn read(line: &'a str) -> Self {
        if let Some((is_done, rest)) = checkbox(line) {
            return Self {
                is_done,
                letter: None,
                completed: None,
                created: None,
                is_box: true,
                rest,
            };
        }
        let (is_done, mut rest) = match line.strip_prefix("x ") {
            Some(rest) => (true, rest.trim_start()),
            None => (false, line),
        };
        let mut letter = None;
        let mut dates = [None, None];
        for date in dates.iter_mut().take(if is_done { 2 } else { 1 }) {
            // What is done has its priority before or after the date on which it was.
            if letter.is_none() {
                letter = priority(rest);
                rest = if letter.is_some() {
                    rest[4..].trim_start()
                } else {
                    rest
                };
            }
            let Some((word, after)) = rest.split_once(' ') else {
                break;
            };
            let Some(day) = day(word) else { break };
            (*date, rest) = (Some(day), after.trim_start());
        }
        let [first, second] = dates;
        let (completed, created) = if is_done {
            (first, second)
        } else {
            (None, first)
        };
        Self {
            is_done,
            letter,
            completed,
            created,
            is_box: false,
            rest,
        }
    }
}

/// Returns whether a box at the start of a line is ticked, and what comes after it. No format of its own, but people write
/// lists so.
fn checkbox(line: &str) -> Option<(bool, &str)> {
    let unticked = line.strip_prefix("[ ] ").map(|rest| (false, rest));
    let ticked = line
        .strip_prefix("[x] ")
        .or_else(|| line.strip_prefix("[X] "));
    unticked.or(ticked.map(|rest| (true, rest)))
}

/// Returns the letter of `(A) ` at the start of `text`.
fn priority(text: &str) -> Option<char> {
    match text.as_bytes() {
        [b'(', letter @ b'A'..=b'Z', b')', b' ', ..] => Some(char::from(*letter)),
        _ => None,
    }
}
