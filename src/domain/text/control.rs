//! Control sequences that steer a terminal: colours, the place of the cursor, titles of windows, links.

/// Returns how many characters after `first`, which comes before `rest`, belong to the same control sequence (ECMA-48, and
/// ECMA-35 for character sets); `None` if it does not begin a whole one.
pub(super) fn rest_of_sequence(first: char, mut rest: impl Iterator<Item = char>) -> Option<usize> {
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
