//! How many columns text takes at a terminal, and text cut and padded to so many.
//!
//! The unit is what a reader takes for one character (a grapheme cluster, Unicode Annex 29): a family of emoji, a flag
//! or a letter with its accents is never cut in two, and takes the columns of one.
//!
//! Text with right-to-left letters stands between the isolates FSI and PDI (Annex 9): without them a terminal that
//! reorders would carry the columns beside it along. They take no column, and nothing else is ever isolated.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr;

const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const POP_ISOLATE: char = '\u{2069}';

/// Returns how many columns `text` takes.
pub(super) fn width(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    // One by one: ligatures over several, which a terminal's grid does not have, would count as one.
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// Returns `text` in at most `columns`, with an ellipsis where something was cut.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else {
        return String::new();
    };
    let mut used = 0;
    let mut kept: String = text
        .graphemes(true)
        .take_while(|one| {
            used += one.width();
            used <= room
        })
        .collect();
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

/// Returns `text` as a cell: isolated if it runs from right to left.
pub(super) fn isolated(text: &str) -> String {
    if text.contains(is_right_to_left) {
        format!("{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}")
    } else {
        text.to_owned()
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// The blocks Unicode keeps for scripts that run from right to left (`DerivedBidiClass`, the defaults R and AL).
fn is_right_to_left(c: char) -> bool {
    matches!(u32::from(c),
        0x0590..=0x08FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFF | 0x1_0800..=0x1_0FFF | 0x1_E800..=0x1_EFFF)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_character_is_what_a_reader_takes_for_one() {
        let cases = [
            ("Buy milk", 8),
            ("naïve", 5),
            ("e\u{301}", 1),
            ("牛乳を買う", 10),
            ("한국어", 6),
            ("ｆｕｌｌ", 8),
            ("לקנות חלב", 9),
            ("سلام", 4),
            ("لا", 2),
            ("👩\u{200d}👩\u{200d}👧\u{200d}👦", 2),
            ("🇩🇪🇫🇷", 4),
            ("👍🏽", 2),
            ("❤\u{fe0f}", 2),
            (
                "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
                2,
            ),
            ("", 0),
        ];
        for (text, columns) in cases {
            assert_eq!(width(text), columns, "{text}");
            assert_eq!(
                width(&isolated(text)),
                columns,
                "{text}: an isolate takes no column"
            );
        }
    }

    #[test]
    fn text_is_cut_between_characters() {
        let cases = [
            ("Buy milk", 8, "Buy milk"),
            ("Buy milk", 7, "Buy mi…"),
            ("Buy milk", 5, "Buy…"),
            ("牛乳を買う", 9, "牛乳を買…"),
            ("牛乳を買う", 8, "牛乳を…"),
            (
                "👩\u{200d}👩\u{200d}👧\u{200d}👦 home",
                3,
                "👩\u{200d}👩\u{200d}👧\u{200d}👦…",
            ),
            ("👩\u{200d}👩\u{200d}👧\u{200d}👦 home", 2, "…"),
            ("🇩🇪🇫🇷", 3, "🇩🇪…"),
            ("long", 1, "…"),
            ("long", 0, ""),
        ];
        for (text, columns, left) in cases {
            assert_eq!(cut(text, columns), left, "{text} in {columns}");
        }
    }

    #[test]
    fn only_what_runs_from_right_to_left_is_isolated() {
        assert_eq!(isolated("plain 牛 👍"), "plain 牛 👍");
        assert_eq!(isolated("חלב"), "\u{2068}חלב\u{2069}");
    }

    proptest! {
        #[test]
        fn what_is_cut_fits(text in any::<String>(), columns in 0..40_usize) {
            let text = crate::domain::text::clean(&text).text.replace('\n', " ");
            prop_assert!(width(&cut(&text, columns)) <= columns);
        }
    }
}
