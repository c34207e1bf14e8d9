//! Text from standard input and from files, which may be endless: never more of it is read than can be meant.

use std::{
    fs::File,
    io::{self, BufRead, Read},
    path::Path,
};

use super::{CliResult, Failure};

/// The longest text, in bytes: a description, a comment and the fields of a task have room in it many times over.
const MOST_TEXT: u64 = 1024 * 1024;

/// The longest line, in bytes: what `list` prints of a task is shorter.
const MOST_LINE: u64 = 64 * 1024;

/// What some programs put before UTF-8; it is no part of the text.
const MARK: char = '\u{feff}';

/// Returns all of standard input as one text.
pub(super) fn stdin_text() -> CliResult<String> {
    text("standard input", io::stdin().lock())
}

/// Returns the text of a file.
pub(super) fn file_text(path: &Path) -> CliResult<String> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
    text(&name, file)
}

fn text(name: &str, input: impl Read) -> CliResult<String> {
    let mut text = String::new();
    input
        .take(MOST_TEXT + 1)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(name, &error))?;
    if text.len() as u64 > MOST_TEXT {
        return Err(Failure::input(format!(
            "{name} is longer than 1 MiB, and no text of a task is"
        ))
        .with_hint("give what is to be said of the task, and nothing else"));
    }
    if text.starts_with(MARK) {
        text.drain(..MARK.len_utf8());
    }
    Ok(text)
}

/// Lines of standard input, each with its number from 1.
pub(super) fn stdin_lines(most: usize) -> InputLines<io::StdinLock<'static>> {
    InputLines {
        input: io::stdin().lock(),
        number: 0,
        most,
    }
}

/// Lines of an input, each with its number from 1. A line that is too long, and one too many, is a failure.
pub(super) struct InputLines<R> {
    input: R,
    number: usize,
    most: usize,
}

impl<R: BufRead> InputLines<R> {
    fn read(&mut self) -> CliResult<Option<(usize, String)>> {
        let mut line = Vec::new();
        let read = (&mut self.input)
            .take(MOST_LINE + 1)
            .read_until(b'\n', &mut line)
            .map_err(|error| unreadable("standard input", &error))?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        let number = self.number;
        if line.len() as u64 > MOST_LINE {
            return Err(Failure::input(format!(
                "standard input, line {number}: is longer than 64 KiB"
            ))
            .with_hint("each line is one task: its title for add, its id for the others"));
        }
        if number > self.most {
            return Err(Failure::input(format!(
                "standard input has more than {} lines",
                self.most
            ))
            .with_hint("give it in parts; taskhold import takes any number of tasks"));
        }
        let line = String::from_utf8(line).map_err(|_| {
            Failure::input(format!("standard input, line {number}: is no UTF-8 text"))
                .with_hint("iconv -t UTF-8 turns other text into it")
        })?;
        let line = match number {
            1 => line.strip_prefix(MARK).unwrap_or(&line),
            _ => &line,
        };
        Ok(Some((
            number,
            line.trim_end_matches(['\r', '\n']).to_owned(),
        )))
    }
}

impl<R: BufRead> Iterator for InputLines<R> {
    type Item = CliResult<(usize, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::InvalidData => "iconv -t UTF-8 turns other text into it",
        _ => "name a file with text in it, or - for standard input",
    };
    Failure::input(format!("{name} cannot be read: {error}")).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: impl Read, most: usize) -> Result<Vec<(usize, String)>, String> {
        let lines = InputLines {
            input: io::BufReader::new(input),
            number: 0,
            most,
        };
        lines
            .collect::<CliResult<_>>()
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn what_has_no_end_is_refused_and_not_kept() {
        let endless = || io::repeat(b'x');
        assert!(
            text("it", endless())
                .unwrap_err()
                .to_string()
                .contains("1 MiB")
        );
        assert!(
            lines(endless(), 9)
                .unwrap_err()
                .contains("line 1: is longer")
        );
        assert!(
            lines(io::repeat(b'\n'), 9)
                .unwrap_err()
                .contains("more than 9")
        );
    }

    #[test]
    fn the_mark_of_utf8_is_no_part_of_a_text() {
        assert_eq!(text("it", "\u{feff}a\n".as_bytes()).unwrap(), "a\n");
    }

    #[test]
    fn lines_come_with_their_numbers_whatever_ends_them() {
        let read = lines("\u{feff}a\r\n\nb".as_bytes(), 3).unwrap();
        let expected = [(1, "a"), (2, ""), (3, "b")];
        assert_eq!(
            read,
            expected.map(|(number, line)| (number, line.to_owned()))
        );
        assert_eq!(
            lines(&b"a\n\xff\n"[..], 3).unwrap_err(),
            "standard input, line 2: is no UTF-8 text"
        );
    }
}
