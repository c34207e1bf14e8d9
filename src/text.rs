//! The one way text enters the store.
//!
//! Whatever a client, a shell or a file gives passes [`clean`] before it becomes part of a task, so that no stored
//! text can hide anything from the person who reads it or steer a terminal.
//!
//! # Invariants
//!
//! - Cleaning what is clean changes nothing.
//! - Cleaned text is NFC and holds none of the code points [`is_forbidden`] names.

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Text after [`clean`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleaned {
    /// What is left.
    pub text: String,
    /// Whether invisible or control characters were taken out. Line ends and NFC do not count.
    pub altered: bool,
}

const SUBDIVISION_FLAGS: [&str; 3] = ["gbeng", "gbsct", "gbwls"];
const BLACK_FLAG: char = '\u{1F3F4}';
const CANCEL_TAG: char = '\u{E007F}';

/// Returns `raw` with line ends as `\n`, in NFC, and without control, bidirectional-override, zero-width and tag
/// characters. What a control character begins to steer a terminal goes as a whole.
///
/// Joiners and variation selectors stay where scripts and emoji need them (beside a visible character, one at a
/// time), tag characters only in the three subdivision flags of Unicode's RGI set. Text in right-to-left scripts is
/// untouched.
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
    let mut text = String::with_capacity(raw.len());
    let mut altered = false;
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                text.push('\n');
            }
            '\u{2028}' | '\u{2029}' => text.push('\n'),
            BLACK_FLAG => {
                text.push(c);
                altered |= !push_flag_tags(&mut text, &mut chars);
            }
            '\u{200C}' | '\u{200D}' => {
                let joins = can_carry(text.chars().next_back(), true)
                    && chars
                        .peek()
                        .is_some_and(|next| can_carry(Some(*next), false));
                if joins {
                    text.push(c);
                } else {
                    altered = true;
                }
            }
            '\u{FE0E}' | '\u{FE0F}' if can_carry(text.chars().next_back(), false) => text.push(c),
            c if is_forbidden(c) => {
                altered = true;
                if let Some(length) = rest_of_sequence(c, chars.clone()) {
                    chars.by_ref().take(length).for_each(drop);
                }
            }
            c => text.push(c),
        }
    }
    if !is_nfc(&text) {
        text = text.nfc().collect();
    }
    Cleaned { text, altered }
}

/// Returns how many characters after `first`, which comes before `rest`, belong to the same control sequence (ECMA-48, and
/// ECMA-35 for character sets); `None` if it does not begin a whole one.
fn rest_of_sequence(first: char, mut rest: impl Iterator<Item = char>) -> Option<usize> {
    match first {
        '\u{1B}' => Some(
            1 + match rest.next()? {
                '[' => control_sequence(rest)?,
                opener @ (']' | 'P' | 'X' | '^' | '_') => control_string(opener == ']', rest)?,
                // `tput sgr0` chooses a character set. What begins with a blank is rather text.
                '!'..='/' => escape_sequence(rest)?,
                _ => return None,
            },
        ),
        '\u{9B}' => control_sequence(rest),
        '\u{90}' | '\u{98}' | '\u{9D}' | '\u{9E}' | '\u{9F}' => {
            control_string(first == '\u{9D}', rest)
        }
        _ => None,
    }
}

/// Reads parameters, intermediates and a final character.
fn control_sequence(rest: impl Iterator<Item = char>) -> Option<usize> {
    let mut has_intermediates = false;
    for (length, c) in (1..).zip(rest) {
        match c {
            '0'..='?' if !has_intermediates => {}
            ' '..='/' => has_intermediates = true,
            '@'..='~' => return Some(length),
            _ => return None,
        }
    }
    None
}

/// Reads more intermediates and a final character.
fn escape_sequence(rest: impl Iterator<Item = char>) -> Option<usize> {
    for (length, c) in (1..).zip(rest) {
        match c {
            ' '..='/' => {}
            '0'..='~' => return Some(length),
            _ => return None,
        }
    }
    None
}

/// Reads to the end of a string: a window's title, a link. One that goes over the end of a line is taken for text. Terminals
/// let a bell end the `command` of an operating system, too.
fn control_string(command: bool, rest: impl Iterator<Item = char>) -> Option<usize> {
    let mut is_escaped = false;
    for (length, c) in (1..).zip(rest) {
        match c {
            '\\' if is_escaped => return Some(length),
            _ if is_escaped => return None,
            '\u{1B}' => is_escaped = true,
            '\u{9C}' => return Some(length),
            '\u{7}' if command => return Some(length),
            c if c.is_control() => return None,
            _ => {}
        }
    }
    None
}

/// Takes the tag characters that follow a black flag, and keeps them if they make a flag that exists.
/// Returns whether there was nothing to drop.
fn push_flag_tags(text: &mut String, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    let mut tags = String::new();
    while let Some(tag) = chars.next_if(|c| is_tag(*c)) {
        tags.push(tag);
    }
    let letters: String = tags
        .chars()
        .filter(|c| *c != CANCEL_TAG)
        .filter_map(|c| char::from_u32(u32::from(c) - 0xE0000))
        .collect();
    let whole = tags.ends_with(CANCEL_TAG) && tags.chars().count() == letters.chars().count() + 1;
    if whole && SUBDIVISION_FLAGS.contains(&letters.as_str()) {
        text.push_str(&tags);
        return true;
    }
    tags.is_empty()
}

/// Reports whether a joiner or variation selector may stand beside `c`. `selector_too`: an emoji may bring its own
/// variation selector before a joiner.
fn can_carry(c: Option<char>, selector_too: bool) -> bool {
    match c {
        Some('\u{FE0E}' | '\u{FE0F}') => selector_too,
        Some('#' | '*') => true,
        Some(c) if c.is_ascii() => c.is_ascii_alphanumeric(),
        Some(c) => !(c.is_whitespace() || is_forbidden(c) || matches!(c, '\u{200C}' | '\u{200D}')),
        None => false,
    }
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{E0000}'..='\u{E007F}')
}

/// Reports whether `c` is never stored: control characters but tab and newline, bidirectional controls, zero-width
/// and filler characters, interlinear marks, tags, the second block of variation selectors, noncharacters.
pub fn is_forbidden(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{B}'..='\u{1F}' | '\u{7F}'..='\u{9F}'
        | '\u{AD}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180E}'
        | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}'
        | '\u{3164}' | '\u{FFA0}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
        | '\u{FDD0}'..='\u{FDEF}' | '\u{E0100}'..='\u{E01EF}')
        || matches!(c, '\u{FE0E}' | '\u{FE0F}') // where `clean` has not kept it
        || is_tag(c)
        || u32::from(c) & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_people_write_stays_as_it_is() {
        for text in [
            "Buy milk",
            "line one\n\tline two",
            "naïve café",
            "קנה חלב",
            "می\u{200C}خواهم",
            "❤\u{FE0F}\u{200D}🔥 and 👩\u{200D}🚀",
            "1\u{FE0F}\u{20E3}",
            "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
        ] {
            assert_eq!(
                clean(text),
                Cleaned {
                    text: text.to_owned(),
                    altered: false
                },
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_seen_is_taken_out() {
        let cases = [
            ("a\0b\u{7f}c\u{9b}", "abc"),
            ("pay \u{202e}evil\u{202c}", "pay evil"),
            ("a\u{200b}b\u{feff}\u{ad}c", "abc"),
            ("hi\u{e0068}\u{e0069}", "hi"),
            ("🏴\u{e0061}\u{e007f}x", "🏴x"),
            ("\u{200d}\u{200d}a\u{200d}", "a"),
            ("a\u{fe0f}\u{fe0f}\u{fe0f}", "a\u{fe0f}"),
            ("a\u{e0100}", "a"),
            ("x\u{fdd0}\u{10ffff}", "x"),
        ];
        for (raw, text) in cases {
            assert_eq!(
                clean(raw),
                Cleaned {
                    text: text.to_owned(),
                    altered: true
                },
                "{raw:?}"
            );
        }
    }

    #[test]
    fn what_steers_a_terminal_is_taken_out_whole() {
        let cases = [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}[01;31m\u{1b}[Kgrep\u{1b}[m\u{1b}[K", "grep"),
            ("\u{1b}[38:2::255:0:0mtrue\u{1b}[ q", "true"),
            (
                "\u{1b}[?1049h\u{1b}[2J\u{1b}[Hx\u{9b}1mbold\u{9b}m",
                "xbold",
            ),
            (
                "\u{1b}]0;title\u{7}x\u{1b}]2;é 家\u{1b}\\y\u{9d}0;z\u{9c}z",
                "xyz",
            ),
            (
                "\u{1b}]8;;http://x.example\u{1b}\\link\u{1b}]8;;\u{1b}\\",
                "link",
            ),
            (
                "\u{1b}P1$r0m\u{1b}\\a\u{1b}_app\u{1b}\\b\u{1b}^private\u{9c}c",
                "abc",
            ),
            ("\u{1b}(B\u{1b}[mreset", "reset"),
            // What is no whole sequence loses only what cannot be seen.
            ("\u{1b}[31", "[31"),
            ("\u{1b}[3\u{e9}m", "[3\u{e9}m"),
            ("\u{1b}[\u{1b}[1mx", "[x"),
            ("\u{1b}]0;never ends", "]0;never ends"),
            ("\u{1b}]0;line\nend\u{7}", "]0;line\nend"),
            ("\u{1b}Ptext\u{7}", "Ptext"),
            ("\u{1b}Milk \u{1b} and \u{1b}", "Milk  and "),
            ("[31m is text", "[31m is text"),
        ];
        for (raw, text) in cases {
            let expected = Cleaned {
                text: text.to_owned(),
                altered: raw != text,
            };
            assert_eq!(clean(raw), expected, "{raw:?}");
        }
    }

    #[test]
    fn line_ends_and_composition_are_normalised_without_remark() {
        let cases = [("a\r\nb\rc\u{2028}d", "a\nb\nc\nd"), ("e\u{301}", "é")];
        for (raw, text) in cases {
            assert_eq!(
                clean(raw),
                Cleaned {
                    text: text.to_owned(),
                    altered: false
                },
                "{raw:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn cleaning_twice_is_cleaning_once(raw in any::<String>()) {
            let once = clean(&raw).text;
            prop_assert_eq!(clean(&once), Cleaned { text: once.clone(), altered: false });
        }

        #[test]
        fn joiners_and_selectors_stay_stable(raw in "[a #\u{200c}\u{200d}\u{fe0e}\u{fe0f}\u{1f3f4}\u{e0067}\u{e007f}❤\u{301}\n]{0,12}") {
            let once = clean(&raw).text;
            prop_assert_eq!(clean(&once), Cleaned { text: once.clone(), altered: false });
        }

        #[test]
        fn sequences_leave_clean_text(raw in "(\u{1b}|\u{9b}|\u{9d}|\u{7}|\\[|\\]|\\\\|[0-9;mPX a\n]|é){0,16}") {
            let once = clean(&raw).text;
            prop_assert_eq!(clean(&once), Cleaned { text: once.clone(), altered: false });
        }

        #[test]
        fn nothing_forbidden_is_left(raw in any::<String>()) {
            let left = clean(&raw).text;
            let kept_by_context = |c| matches!(c, '\u{fe0e}' | '\u{fe0f}') || is_tag(c);
            let rest = left.chars().find(|c| is_forbidden(*c) && !kept_by_context(*c));
            prop_assert_eq!(rest, None);
        }
    }
}
