//! How much a model reads at once: measuring, cutting, and sharing out what there is.
//!
//! What is shown is whole items, as many as fit; then comes how many more there are, and the call that brings them.

use std::fmt::Write as _;

use crate::domain::task::TaskId;

/// The most that any form of a reply has, in bytes. Codex keeps 12,000 and cuts the middle out of what is longer.
pub const MAX_REPLY_BYTES: usize = 11_500;

/// What the frame of the one text block in a reply takes.
pub const FRAME_BYTES: usize = 40;

/// The most that a refusal has.
const MAX_REFUSAL_BYTES: usize = 2_000;

/// Returns how many bytes `text` takes inside a JSON string: some hosts count a reply as it is sent.
pub fn size(text: &str) -> usize {
    text.bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\t' => 2,
            0..=0x1F => 6,
            _ => 1,
        })
        .sum()
}

/// Returns the most that a character of a task takes in a reply: in a JSON object that is itself sent as text, or in
/// text where each line is indented.
fn most(c: char) -> usize {
    match c {
        '"' | '\\' => 4,
        '\t' => 3,
        '\n' => 8,
        c => c.len_utf8(),
    }
}

/// Returns the most that `text` of a task takes in a reply.
pub(super) fn most_of(text: &str) -> usize {
    text.chars().map(most).sum()
}

/// Returns as much of the beginning of `text` as takes at most `room`.
pub(super) fn beginning(text: &str, room: usize) -> &str {
    let mut left = room;
    let end = text
        .char_indices()
        .find(|(_, c)| match left.checked_sub(most(*c)) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
    end.map_or(text, |(at, _)| &text[..at])
}

/// Returns `text`, or so much of its beginning that it takes at most `room` with an ellipsis.
pub fn clipped(text: &str, room: usize) -> String {
    if size(text) <= room {
        return text.to_owned();
    }
    let mut left = room.saturating_sub('…'.len_utf8());
    let mut end = 0;
    for c in text.chars() {
        let Some(rest) = left.checked_sub(size(c.encode_utf8(&mut [0; 4]))) else {
            break;
        };
        (left, end) = (rest, end + c.len_utf8());
    }
    format!("{}…", &text[..end])
}

/// Returns a refusal with the middle cut out where it is long: it begins with what was wrong and ends with the way out.
pub fn refusal(text: &str) -> String {
    if size(text) <= MAX_REFUSAL_BYTES {
        return text.to_owned();
    }
    let beginning = clipped(text, MAX_REFUSAL_BYTES * 2 / 3);
    let mut left = MAX_REFUSAL_BYTES / 4;
    let mut end = text.len();
    for (at, c) in text.char_indices().rev() {
        let Some(rest) = left.checked_sub(size(c.encode_utf8(&mut [0; 4]))) else {
            break;
        };
        (left, end) = (rest, at);
    }
    format!("{beginning} {}", &text[end..])
}

/// A text made of whole items, until the next does not fit.
#[derive(Debug)]
pub struct Filled {
    /// What fits.
    pub text: String,
    /// How many items that is.
    pub shown: usize,
}

/// Returns as many of `items` as take at most `room`, with `between` between them. The first is there in any case, if it must be
/// clipped.
pub fn fill(items: impl IntoIterator<Item = String>, between: &str, room: usize) -> Filled {
    let mut filled = Filled {
        text: String::new(),
        shown: 0,
    };
    let mut left = room;
    for item in items {
        if filled.shown == 0 {
            filled.text = clipped(&item, room);
            left = left.saturating_sub(size(&filled.text));
        } else {
            let Some(rest) = left.checked_sub(size(between) + size(&item)) else {
                break;
            };
            left = rest;
            filled.text.push_str(between);
            filled.text.push_str(&item);
        }
        filled.shown += 1;
    }
    filled
}

/// Returns the max-min fair shares of `room`: each gets its demand, or an equal share of the rest.
pub fn shares(wanted: &[usize], room: usize) -> Vec<usize> {
    let mut shares = vec![0; wanted.len()];
    let mut by_want: Vec<usize> = (0..wanted.len()).collect();
    by_want.sort_by_key(|at| wanted[*at]);
    let mut left = room;
    for (served, at) in by_want.into_iter().enumerate() {
        shares[at] = wanted[at].min(left / (wanted.len() - served));
        left -= shares[at];
    }
    shares
}

/// Names tasks in short, in the order of their numbers: `3, 7-400`; of very many the first and the last.
pub fn ranges(ids: impl IntoIterator<Item = TaskId>) -> String {
    const MOST: usize = 20;
    let mut ids: Vec<i64> = ids.into_iter().map(TaskId::get).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut text = String::new();
    let groups: Vec<&[i64]> = ids.chunk_by(|one, next| one + 1 == *next).collect();
    for (at, group) in groups.iter().enumerate() {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        if at + 1 < groups.len() && at >= MOST {
            continue;
        }
        let gap = match at {
            0 => "",
            at if at > MOST => ", …, ",
            _ => ", ",
        };
        let _ = match group.len() {
            1 => write!(text, "{gap}{first}"),
            _ => write!(text, "{gap}{first}-{last}"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_measured_as_it_is_sent() {
        for text in ["", "abc", "é🦀", "\"\\\n\t", "a\u{1}b", "/\u{7f}"] {
            let sent = serde_json::to_string(text).unwrap();
            assert_eq!(size(text) + 2, sent.len(), "{text:?}");
        }
    }

    #[test]
    fn text_is_cut_between_characters() {
        let cases = [
            ("", 0, ""),
            ("abc", 3, "abc"),
            ("abcdefg", 6, "abc…"),
            ("aébcdefg", 5, "a…"),
            ("aébcdefg", 6, "aé…"),
            ("\"\"\"\"", 7, "\"\"…"),
            ("👩🏽 and", 8, "👩…"),
        ];
        for (text, room, cut) in cases {
            assert_eq!(clipped(text, room), cut, "{text:?}");
        }
    }

    #[test]
    fn a_beginning_fits_however_it_is_sent() {
        let text = "a\"\\\n\té🦀".repeat(100);
        for room in 0..500 {
            let beginning = beginning(&text, room);
            let json = serde_json::to_string(beginning).unwrap();
            assert!(size(&json[1..json.len() - 1]) <= room);
            assert!(size(&beginning.replace('\n', "\n      ")) <= room);
            assert!(most_of(beginning) <= room && text.starts_with(beginning));
        }
    }

    #[test]
    fn a_long_refusal_keeps_what_was_wrong_and_the_way_out() {
        let long = format!("no tool {}; there are two", "\"x".repeat(5_000));
        let short = refusal(&long);
        assert!(size(&short) <= MAX_REFUSAL_BYTES + 10, "{}", size(&short));
        assert!(
            short.starts_with("no tool ") && short.ends_with("; there are two"),
            "{short}"
        );
        assert_eq!(refusal("no"), "no");
    }

    #[test]
    fn a_list_is_filled_until_the_next_does_not_fit() {
        let items = ["aaaa", "bbb", "c"].map(str::to_owned);
        let cases = [
            (3, "…", 1),
            (4, "aaaa", 1),
            (7, "aaaa", 1),
            (8, "aaaa;bbb", 2),
            (9, "aaaa;bbb", 2),
            (10, "aaaa;bbb;c", 3),
            (100, "aaaa;bbb;c", 3),
        ];
        for (room, text, shown) in cases {
            let filled = fill(items.clone(), ";", room);
            assert_eq!(
                (filled.text.as_str(), filled.shown),
                (text, shown),
                "{room}"
            );
        }
    }

    #[test]
    fn room_is_shared_by_those_who_want_more_than_their_part() {
        let cases: [(&[usize], &[usize]); 6] = [
            (&[], &[]),
            (&[200], &[100]),
            (&[10, 20, 30], &[10, 20, 30]),
            (&[200, 0], &[100, 0]),
            (&[200, 10, 200], &[45, 10, 45]),
            (&[40, 300, 35], &[33, 34, 33]),
        ];
        for (wanted, given) in cases {
            assert_eq!(shares(wanted, 100), given, "{wanted:?}");
        }
    }

    #[test]
    fn tasks_are_named_by_ranges() {
        let of = |ids: &[i64]| ranges(ids.iter().map(|id| TaskId::try_from(*id).unwrap()));
        assert_eq!(of(&[]), "");
        assert_eq!(of(&[7, 1, 2, 3, 7]), "1-3, 7");
        assert_eq!(of(&[5, 6]), "5-6");
        let apart: Vec<i64> = (1..=100).map(|n| n * 2).collect();
        let text = of(&apart);
        assert!(
            text.starts_with("2, 4, 6") && text.ends_with("40, …, 200"),
            "{text}"
        );
    }
}
