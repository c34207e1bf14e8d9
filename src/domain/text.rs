//! The one way text enters the store.
//!
//! Whatever a client, a shell or a file gives passes [`clean`] before it becomes part of a task, so that no stored
//! text can hide anything from the person who reads it or steer a terminal.
//!
//! | module | what it knows |
//! |---|---|
//! | `control` | control sequences of terminals |
//! | `fold` | names that differ in the case of letters alone |
//! | `emoji` | the sequences that Unicode lists as emoji |
//! | `script` | which invisible characters a script is written with, and where |
//! | `terms` | what a text is searched by |
//!
//! # Invariants
//!
//! - Cleaning what is clean changes nothing.
//! - Cleaned text is NFC and holds none of the code points [`is_forbidden`] names, but where an emoji or a script is
//!   written with them.

use std::fmt;

use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};
use unicode_normalization::{UnicodeNormalization, is_nfc};

mod control;
mod emoji;
mod fold;
mod script;
pub(crate) mod terms;
#[cfg(test)]
mod tests;

pub(crate) use fold::folded;

/// Text after [`clean`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleaned {
    /// What is left.
    pub text: String,
    /// Whether invisible or control characters were taken out. Line ends, blanks and NFC do not count.
    pub altered: bool,
}

const LINE_SEPARATOR: char = '\u{2028}';
const PARAGRAPH_SEPARATOR: char = '\u{2029}';
/// An empty Braille cell: a symbol to Unicode, a blank to the eye.
const EMPTY_CELL: char = '\u{2800}';

/// How often what stands beside each other after a removal is looked at again.
const ROUNDS: usize = 4;

/// Returns `raw` with line ends as `\n`, in NFC, and without control and invisible characters. What a control character
/// begins to steer a terminal goes as a whole. Text in right-to-left scripts is untouched.
///
/// Joiners, variation selectors and tag characters stay in the emoji sequences that Unicode lists, and one at a time where
/// a script is written with them. An empty Braille cell stays beside others; alone it is a blank.
pub fn clean(raw: &str) -> Cleaned {
    // Most text is plain, and this runs for every row that is read.
    if raw
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t'))
    {
        return Cleaned {
            text: raw.to_owned(),
            altered: false,
        };
    }
    if !raw.contains(|c| {
        is_forbidden(c) || matches!(c, LINE_SEPARATOR | PARAGRAPH_SEPARATOR | EMPTY_CELL)
    }) {
        return Cleaned {
            text: composed(raw.to_owned()),
            altered: false,
        };
    }
    let mut altered = false;
    let mut text = composed(without_controls(raw, &mut altered));
    for round in 0.. {
        if !text.contains(depends_on_context) {
            break;
        }
        let keep = if round < ROUNDS {
            in_context
        } else {
            no_context
        };
        let kept = keep(&text);
        altered |= kept.has_lost;
        let next = composed(kept.text);
        if next == text {
            break;
        }
        text = next;
    }
    Cleaned { text, altered }
}

/// Returns `text` in NFC.
fn composed(text: String) -> String {
    if is_nfc(&text) {
        text
    } else {
        text.nfc().collect()
    }
}

/// Returns `raw` with line ends as `\n` and without what is never kept, whatever stands beside it.
fn without_controls(raw: &str, altered: &mut bool) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                text.push('\n');
            }
            LINE_SEPARATOR | PARAGRAPH_SEPARATOR => text.push('\n'),
            c if is_forbidden(c) && !depends_on_context(c) => {
                *altered = true;
                if let Some(length) = control::rest_of_sequence(c, chars.clone()) {
                    chars.by_ref().take(length).for_each(drop);
                }
            }
            c => text.push(c),
        }
    }
    text
}

/// What is left of a text, and whether that is less.
struct Kept {
    text: String,
    has_lost: bool,
}

/// Keeps of the characters that depend on their context those that an emoji or a script is written with.
fn in_context(text: &str) -> Kept {
    let chars: Vec<char> = text.chars().collect();
    let mut rest = chars.as_slice();
    let mut kept = Kept {
        text: String::with_capacity(text.len()),
        has_lost: false,
    };
    while let Some(&c) = rest.first() {
        let before = kept.text.chars().next_back();
        let length = match c {
            EMPTY_CELL => rest.iter().take_while(|c| is_braille(**c)).count(),
            _ => emoji::sequence(rest).max(1),
        };
        let (part, after) = rest.split_at(length);
        if c == EMPTY_CELL {
            let shows = before.is_some_and(is_braille) || part.iter().any(|c| *c != EMPTY_CELL);
            let blank = |c| if shows { c } else { ' ' };
            kept.text.extend(part.iter().copied().map(blank));
        } else if length > 1 || !depends_on_context(c) || script::is_written_with(c, before, after)
        {
            kept.text.extend(part);
        } else {
            kept.has_lost = true;
        }
        rest = after;
    }
    kept
}

/// Keeps none of the characters that depend on their context.
fn no_context(text: &str) -> Kept {
    let blank = |c| if c == EMPTY_CELL { ' ' } else { c };
    let kept: String = text.chars().map(blank).collect();
    let kept: String = kept.chars().filter(|c| !depends_on_context(*c)).collect();
    Kept {
        has_lost: kept.len() < text.len(),
        text: kept,
    }
}

fn is_braille(c: char) -> bool {
    matches!(c, EMPTY_CELL..='\u{28FF}')
}

/// Returns a number of things in words: `1 task`, `2 tasks`.
pub(crate) fn counted<N: fmt::Display + PartialEq + Copy + From<u8>>(
    count: N,
    noun: &str,
) -> String {
    let ending = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// Reports whether `c` is kept or not by what stands beside it.
fn depends_on_context(c: char) -> bool {
    c == EMPTY_CELL || emoji::is_part(c) || script::is_part(c)
}

/// Reports whether `c` is stored only as a part of an emoji or where a script is written with it, if at all: control
/// characters but tab and newline, whatever Unicode says to ignore where it is not understood
/// (`Default_Ignorable_Code_Point`), interlinear marks and noncharacters.
pub fn is_forbidden(c: char) -> bool {
    match c {
        '\t' | '\n' => false,
        '\0'..='\u{1F}'
        | '\u{7F}'..='\u{9F}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{FDD0}'..='\u{FDEF}' => true,
        // To look those up that people write most would cost more than the rest of the reading of a row.
        '\u{20}'..='\u{AC}'
        | '\u{AE}'..='\u{34E}'
        | '\u{350}'..='\u{61B}'
        | '\u{61D}'..='\u{115E}'
        | '\u{3165}'..='\u{D7FF}' => false,
        c => {
            u32::from(c) & 0xFFFE == 0xFFFE
                || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        }
    }
}
