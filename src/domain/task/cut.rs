//! Marks in what was cut for a reader: how much is left out, and how to read on. Whoever sends a marked text back has
//! not read the whole of it.

use super::{Invalid, TaskId};

/// Comes after the number of what is left out and the noun for it, before the arguments.
const CALL: &str = ": get_task task_id:";
const MORE_CHARACTERS: &str = " more characters";
const CHARACTERS_BEFORE: &str = " characters before";

/// The shortest cut of a description that anyone is shown, in characters.
pub(crate) const SHORTEST: usize = 200;

/// Returns the call that reads on in `field` of a task from `place` on.
pub(crate) fn call(id: TaskId, field: &str, place: usize) -> String {
    format!("get_task task_id:{id} cursor:\"{field}.{place}\"")
}

/// Returns what ends a text that has `left` more characters, to be read from `place` on.
pub(crate) fn more_characters(id: TaskId, field: &str, place: usize, left: usize) -> String {
    let (left, call) = (grouped(left), call(id, field, place));
    format!("… [{left}{MORE_CHARACTERS}: {call}]")
}

/// Returns what begins a text that is read from its character `before` on.
pub(crate) fn characters_before(id: TaskId, field: &str, before: usize) -> String {
    let (count, call) = (grouped(before), call(id, field, 0));
    format!("[{count}{CHARACTERS_BEFORE}: {call}] …")
}

/// Returns the last item of a list that has `left` more, to be read from `place` on.
pub(crate) fn more_items(id: TaskId, field: &str, place: usize, left: usize) -> String {
    format!("… [{} more: {}]", grouped(left), call(id, field, place))
}

/// Refuses the item of a list that says that the list was cut.
pub(crate) fn refuse_cut_item(item: &str) -> Result<(), String> {
    match item.split_once("… [") {
        Some((_, mark)) if mark.contains(" more: get_task task_id:") => Err(format!(
            "the list was cut for reading: {mark} reads the rest; send all of it",
            mark = mark
                .split_once(": ")
                .map_or(mark, |(_, call)| call)
                .trim_end_matches(']')
        )),
        _ => Ok(()),
    }
}

/// Refuses `given` as the new description of a task that has `stored`, where it is a copy that was cut for reading.
///
/// Text that merely looks like a mark is kept: where the stored description is no longer than the place of the mark says,
/// or has the same words itself.
pub(crate) fn refuse_cut_description(id: TaskId, given: &str, stored: &str) -> Result<(), Invalid> {
    let length = stored.chars().count();
    let place = marks(given)
        .find(|mark| length > mark.place && !stored.contains(mark.text))
        .map(|mark| mark.place)
        .or_else(|| beginning_with_ellipsis(given, stored));
    let Some(place) = place else { return Ok(()) };
    Err(Invalid::new(
        "description",
        format!(
            "was cut for reading, the stored one has {} characters: read it to its end, {} and on, then send all of it; or leave it out and add a comment",
            grouped(length),
            call(id, "description", place)
        ),
    ))
}

/// A mark found in a text.
struct Mark<'a> {
    text: &'a str,
    /// So many characters of the whole are known to whoever saw it, or come before what they saw.
    place: usize,
}

/// Finds the marks in `text`.
fn marks(text: &str) -> impl Iterator<Item = Mark<'_>> {
    text.match_indices(CALL).filter_map(move |(at, _)| {
        let before = &text[..at];
        let (count, is_end) = match before.strip_suffix(MORE_CHARACTERS) {
            Some(before) => (before, true),
            None => (before.strip_suffix(CHARACTERS_BEFORE)?, false),
        };
        let before = count.trim_end_matches(|c: char| c.is_ascii_digit() || c == ',');
        let number = &count[before.len()..];
        let begin = before
            .strip_suffix('[')
            .filter(|_| !number.is_empty())?
            .len();
        let rest = &text[at..];
        let end = at + rest.find(']').map_or(rest.len(), |end| end + 1);
        let text = &text[begin..end];
        let place = if is_end {
            let (_, place) = text.rsplit_once("description.").unwrap_or_default();
            place.trim_end_matches(['"', '\\', ']'])
        } else {
            number
        };
        Some(Mark {
            text,
            place: place.replace(',', "").parse().unwrap_or(0),
        })
    })
}

/// Returns the length of `given` without an ellipsis at its end where that is a beginning of `stored`, and too long to
/// be a coincidence.
fn beginning_with_ellipsis(given: &str, stored: &str) -> Option<usize> {
    let given = given.trim_end();
    let beginning = given
        .strip_suffix('…')
        .or_else(|| given.strip_suffix("..."))?
        .trim_end();
    let length = beginning.chars().count();
    let is_cut = length >= SHORTEST && stored.starts_with(beginning) && !stored.starts_with(given);
    is_cut.then_some(length)
}

/// Returns the number with commas between thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(given: &str, stored: &str) -> bool {
        let id = TaskId::try_from(7).unwrap();
        refuse_cut_description(id, given, stored).is_err()
    }

    #[test]
    fn a_number_is_grouped_by_thousands() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn a_marked_text_is_refused_however_it_was_edited() {
        let id = TaskId::try_from(7).unwrap();
        let stored = "é".repeat(20_000);
        let shown = "é".repeat(9_000);
        let end = more_characters(id, "description", 9_000, 11_000);
        let begin = characters_before(id, "description", 9_000);
        for given in [
            format!("{shown}{end}"),
            format!("other words{end}"),
            format!("{shown}{end} and more"),
            format!("{begin}{shown}"),
            end.replace('…', ""),
            end.clone(),
            end.replace("cursor", "from"),
        ] {
            assert!(is_refused(&given, &stored), "{given}");
            // What is stored now is no longer than what was read.
            assert!(
                given.contains("from") || !is_refused(&given, &shown),
                "{given}"
            );
        }
    }

    #[test]
    fn a_text_that_speaks_of_marks_is_none_that_was_cut() {
        let id = TaskId::try_from(7).unwrap();
        let end = more_characters(id, "description", 100, 1_000);
        let stored = format!("{end} {}", "x".repeat(2_000));
        assert!(!is_refused(&format!("{stored} y"), &stored));
        assert!(is_refused(&end.replace("1,000", "2,000"), &stored));
        for given in [
            "more characters: get_task task_id:1",
            "[x more characters: get_task task_id:1]",
        ] {
            assert!(!is_refused(given, &stored), "{given}");
        }
    }

    #[test]
    fn a_long_beginning_with_an_ellipsis_is_a_cut_text() {
        let stored = "word ".repeat(100);
        let beginning = &stored[..250];
        for (given, refused) in [
            (format!("{beginning}…"), true),
            (format!("{beginning}...\n"), true),
            (beginning.to_owned(), false),
            (format!("{}…", &stored[..100]), false),
            (format!("other {beginning}…"), false),
        ] {
            assert_eq!(is_refused(&given, &stored), refused, "{given}");
        }
    }

    #[test]
    fn the_mark_at_the_end_of_a_list_is_no_item() {
        let id = TaskId::try_from(7).unwrap();
        let refusal = refuse_cut_item(&more_items(id, "tags", 40, 24)).unwrap_err();
        assert!(
            refusal.contains("get_task task_id:7 cursor:\"tags.40\" reads"),
            "{refusal}"
        );
        assert_eq!(refuse_cut_item("… more"), Ok(()));
    }
}
