//! Characters that cannot be seen and that a script is written with, each where it has something to say:
//!
//! | character | where |
//! |---|---|
//! | joiner, non-joiner | beside a letter of a cursive or Indic script, as in Persian or Hindi |
//! | variation selectors and the vowel separator of Mongolian | after a letter of it |
//! | variation selector 1 | after a letter of Myanmar, Phags-pa or Manichaean |
//! | fillers of old Hangul | in a syllable that lacks a consonant or a vowel |
//! | combining grapheme joiner | between two points of Hebrew, whose order it keeps |

use icu_properties::{
    CodePointMapData,
    props::{GeneralCategory, HangulSyllableType, IndicSyllabicCategory, JoiningType, Script},
};
use unicode_normalization::char::canonical_combining_class;

use super::{emoji::JOINER, is_forbidden};

const NON_JOINER: char = '\u{200C}';
const GRAPHEME_JOINER: char = '\u{34F}';
const VOWEL_SEPARATOR: char = '\u{180E}';
const SELECTOR_1: char = '\u{FE00}';
const LEADING_FILLER: char = '\u{115F}';
const VOWEL_FILLER: char = '\u{1160}';

/// Reports whether `c` cannot be seen and some script is written with it.
pub(super) fn is_part(c: char) -> bool {
    is_mongolian_selector(c)
        || matches!(
            c,
            JOINER
                | NON_JOINER
                | GRAPHEME_JOINER
                | VOWEL_SEPARATOR
                | SELECTOR_1
                | LEADING_FILLER
                | VOWEL_FILLER
        )
}

/// Reports whether a script is written with `c` after `before` and before `after`.
pub(super) fn is_written_with(c: char, before: Option<char>, after: &[char]) -> bool {
    let next = after.first().copied();
    let is_before = |fits: fn(char) -> bool| before.is_some_and(fits);
    let is_next = |fits: fn(char) -> bool| next.is_some_and(fits);
    match c {
        JOINER | NON_JOINER => {
            is_before(has_joints)
                || is_before(is_mongolian_selector)
                || is_before(shows) && is_next(has_joints)
        }
        GRAPHEME_JOINER => is_before(is_hebrew_point) && is_next(is_hebrew_point),
        VOWEL_SEPARATOR => {
            (is_before(is_mongolian_letter) || is_before(is_mongolian_selector))
                && is_next(is_mongolian_letter)
        }
        SELECTOR_1 => is_before(has_variants),
        LEADING_FILLER => match after {
            [VOWEL_FILLER, last, ..] => is_hangul(*last, HangulSyllableType::TrailingJamo),
            _ => is_next(|c| is_hangul(c, HangulSyllableType::VowelJamo)),
        },
        VOWEL_FILLER if before == Some(LEADING_FILLER) => {
            is_next(|c| is_hangul(c, HangulSyllableType::TrailingJamo))
        }
        VOWEL_FILLER => is_before(|c| is_hangul(c, HangulSyllableType::LeadingJamo)),
        c => is_mongolian_selector(c) && is_before(is_mongolian_letter),
    }
}

/// Reports whether the form of `c` depends on whether it is joined to what stands beside it.
fn has_joints(c: char) -> bool {
    use JoiningType as Joining;
    let is_cursive = || {
        matches!(
            CodePointMapData::<Joining>::new().get(c),
            Joining::DualJoining
                | Joining::LeftJoining
                | Joining::RightJoining
                | Joining::JoinCausing
        )
    };
    let is_indic = || {
        CodePointMapData::<IndicSyllabicCategory>::new().get(c) != IndicSyllabicCategory::Other
            // Digits and dashes are written in Indic scripts, too.
            && script(c) != Script::Common
    };
    shows(c) && (is_cursive() || is_indic())
}

fn shows(c: char) -> bool {
    !c.is_whitespace() && !is_forbidden(c)
}

fn has_variants(c: char) -> bool {
    let is_of = |script| {
        script == Script::Myanmar || script == Script::PhagsPa || script == Script::Manichaean
    };
    is_of(script(c)) && category(c) == GeneralCategory::OtherLetter
}

fn is_hangul(c: char, kind: HangulSyllableType) -> bool {
    !matches!(c, LEADING_FILLER | VOWEL_FILLER)
        && CodePointMapData::<HangulSyllableType>::new().get(c) == kind
}

fn is_hebrew_point(c: char) -> bool {
    script(c) == Script::Hebrew && canonical_combining_class(c) != 0
}

fn is_mongolian_letter(c: char) -> bool {
    script(c) == Script::Mongolian
        && matches!(
            category(c),
            GeneralCategory::OtherLetter | GeneralCategory::ModifierLetter
        )
}

fn is_mongolian_selector(c: char) -> bool {
    matches!(c, '\u{180B}'..='\u{180D}' | '\u{180F}')
}

fn script(c: char) -> Script {
    CodePointMapData::<Script>::new().get(c)
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}
