//! The emoji that are written with characters that cannot be seen: those that Unicode lists (UTS #51).

use std::{collections::HashSet, sync::LazyLock};

use icu_properties::{
    CodePointSetData,
    props::{Emoji, EmojiModifier, RegionalIndicator},
};

pub(super) const JOINER: char = '\u{200D}';
const TEXT_STYLE: char = '\u{FE0E}';
const EMOJI_STYLE: char = '\u{FE0F}';
const KEYCAP: char = '\u{20E3}';

const BLACK_FLAG: char = '\u{1F3F4}';
const CANCEL_TAG: char = '\u{E007F}';
/// The subdivisions that have a flag: England, Scotland and Wales.
const SUBDIVISIONS: [&str; 3] = ["gbeng", "gbsct", "gbwls"];

/// The emoji that are joined of several, of `emoji-zwj-sequences.txt`; without skin tones, which any of their people may
/// have, and without selectors, which many programs leave out.
static JOINED: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("emoji_joined.txt").lines().collect());
/// Of how many parts the longest of them is.
const MOST_PARTS: usize = 4;

/// Reports whether `c` cannot be seen and is a part of some emoji.
pub(super) fn is_part(c: char) -> bool {
    matches!(
        c,
        JOINER | TEXT_STYLE | EMOJI_STYLE | '\u{E0020}'..=CANCEL_TAG
    )
}

/// Returns the length of the longest emoji that `text` begins with, if invisible characters or skin tones are a part of
/// it; otherwise 0.
pub(super) fn sequence(text: &[char]) -> usize {
    let [first, second, ..] = text else { return 0 };
    if !is_part(*second) && !is_skin_tone(*second) || is_part(*first) {
        return 0;
    }
    let mut end = part(text);
    let mut longest = if end > 1 { end } else { 0 };
    let mut joined = String::from(*first);
    for _ in 1..MOST_PARTS {
        let [JOINER, rest @ ..] = &text[end..] else {
            break;
        };
        let length = part(rest);
        if length == 0 || text[end - 1] == TEXT_STYLE {
            break;
        }
        joined.extend([JOINER, rest[0]]);
        end += 1 + length;
        if JOINED.contains(joined.as_str()) {
            longest = end;
        }
    }
    longest
}

/// Returns the length of the character that `text` begins with, together with its skin tone, style or tags; 0 if it cannot
/// be a part of an emoji.
fn part(text: &[char]) -> usize {
    match text {
        ['#' | '*' | '0'..='9', EMOJI_STYLE, KEYCAP, ..] => 3,
        [c, ..] if c.is_ascii() || super::is_forbidden(*c) => 0,
        [BLACK_FLAG, rest @ ..] => 1 + subdivision(rest),
        [_, tone, ..] if is_skin_tone(*tone) => 2,
        [c, TEXT_STYLE | EMOJI_STYLE, ..] if has_styles(*c) => 2,
        [_, ..] => 1,
        [] => 0,
    }
}

/// Returns the length of the tags of a flag that exists; 0 if `text` begins with none.
fn subdivision(text: &[char]) -> usize {
    let is = |name: &&str| {
        let tag = |letter: u8| char::from_u32(0xE0000 + u32::from(letter));
        let tags = name.bytes().filter_map(tag).chain([CANCEL_TAG]);
        text.len() > name.len() && tags.eq(text[..=name.len()].iter().copied())
    };
    SUBDIVISIONS
        .iter()
        .find(|name| is(name))
        .map_or(0, |name| name.len() + 1)
}

fn is_skin_tone(c: char) -> bool {
    CodePointSetData::new::<EmojiModifier>().contains(c)
}

/// Reports whether `c` can be shown as text and as an emoji.
fn has_styles(c: char) -> bool {
    CodePointSetData::new::<Emoji>().contains(c)
        && !is_skin_tone(c)
        && !CodePointSetData::new::<RegionalIndicator>().contains(c)
}
