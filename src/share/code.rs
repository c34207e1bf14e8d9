//! The join code: all that another machine needs to join a log, in one line of text.
//!
//! It is `taskhold1_` and base64 for URLs (RFC 4648, section 5) without padding, of: the log's id (16 bytes), its key (32), the
//! length of the place (2, big-endian), the place, and the first 8 bytes of the SHA-256 of all before.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    log::Digest,
    place::{Place, PlaceError},
    seal::{Key, LogId},
};

const PREFIX: &str = "taskhold1_";
/// What each later format begins with as well.
const FAMILY: &str = "taskhold";
/// How many characters of base64 the log's id takes; what comes next is of the key.
const ID_CHARACTERS: usize = 16 * 4 / 3;
const HEAD: usize = 16 + 32 + 2;
const CHECK: usize = 8;

/// What a machine needs to join a log. [`Display`](fmt::Display) writes it in full, with the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinCode {
    /// Where the log is kept.
    pub place: Place,
    /// Which log.
    pub log: LogId,
    /// What opens it.
    pub key: Key,
}

/// Reports whether `text` holds a join code, or the start of one that shows some of the key. A path such as `taskhold1_backup.db` goes
/// on where a code ends, and is none.
pub fn is_in(text: &str) -> bool {
    let mut starts = text.match_indices(FAMILY);
    starts.any(|(at, family)| {
        let version = &text[at + family.len()..];
        let code = version.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_of_code = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let has_version = code.len() < version.len();
        has_version
            && code.strip_prefix('_').is_some_and(|code| {
                let rest = code.trim_start_matches(is_of_code);
                code.len() - rest.len() > ID_CHARACTERS && !goes_on_as_path(rest)
            })
    })
}

/// Reports whether `rest` makes what stands before it the name of a folder, or of a file with an extension. A full stop alone ends a
/// sentence.
fn goes_on_as_path(rest: &str) -> bool {
    let is_extension = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric());
    rest.starts_with(['/', '\\']) || rest.strip_prefix('.').is_some_and(is_extension)
}

/// Why a text is no join code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// It is something else.
    #[error(
        "this is no join code: one begins with {PREFIX}; `taskhold share code` prints it on a machine that has joined"
    )]
    Other,
    /// There is a second one after it.
    #[error("this is more than one join code: give one of them alone")]
    Several,
    /// Its end is missing, or something hangs on to it.
    #[error("the join code is {}", if has < says {
        let least = if *is_least { " at least" } else { "" };
        format!("cut off: {has} characters of{least} {says}; copy all of it, from {PREFIX} to the end")
    } else {
        format!("too long: {has} characters where it says {says}; give it alone, without what follows it")
    })]
    Length {
        /// How many characters there are.
        has: usize,
        /// How many there ought to be.
        says: usize,
        /// Whether that is the fewest, since even its length is cut off.
        is_least: bool,
    },
    /// A character is wrong, left out or changed place.
    #[error("the join code has a mistake in it: its checksum does not fit; copy it again")]
    Checksum,
    /// It is whole, and of a newer program.
    #[error("the join code was made by a newer taskhold: upgrade this one")]
    Newer,
    /// It is whole, and names a place that this program does not know.
    #[error("the join code leads to a place that this taskhold cannot use: {0}")]
    Place(PlaceError),
}

impl fmt::Display for JoinCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.to_string();
        let length = u16::try_from(place.len()).map_err(|_| fmt::Error)?;
        let mut bytes = Vec::with_capacity(HEAD + place.len() + CHECK);
        bytes.extend_from_slice(self.log.as_bytes());
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(place.as_bytes());
        let check = Digest::of(&bytes);
        bytes.extend_from_slice(&check.as_bytes()[..CHECK]);
        write!(out, "{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for JoinCode {
    type Err = CodeError;

    /// Reads a code. White space in it, as a terminal or a letter puts in when it breaks a line, is passed over.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let text: String = text.split_whitespace().collect();
        let Some(code) = text.strip_prefix(PREFIX) else {
            let later = text
                .strip_prefix(FAMILY)
                .and_then(|rest| rest.split_once('_'));
            let is_later = later.is_some_and(|(version, _)| {
                version.parse::<u32>().is_ok_and(|version| version > 1)
            });
            return Err(if is_later {
                CodeError::Newer
            } else {
                CodeError::Other
            });
        };
        if code.contains(PREFIX) {
            return Err(CodeError::Several);
        }
        // As far as the length, without the last characters, which alone may stand for less than whole bytes: what follows may be
        // anything.
        let end = code.len().min(HEAD.div_ceil(3) * 4) / 4 * 4;
        let whole = code.get(..end).ok_or(CodeError::Checksum)?;
        let start = URL_SAFE_NO_PAD
            .decode(whole)
            .map_err(|_| CodeError::Checksum)?;
        let length = start.get(HEAD - 2..HEAD);
        let is_least = length.is_none();
        let length = length.map_or(0, |length| u16::from_be_bytes([length[0], length[1]]));
        let length = HEAD + usize::from(length) + CHECK;
        let says = (length * 4).div_ceil(3);
        if code.len() != says {
            // A wrong character may stand in the length itself: then the checksum of what is there is what fails.
            return Err(CodeError::Length {
                has: PREFIX.len() + code.len(),
                says: PREFIX.len() + says,
                is_least,
            });
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(code)
            .map_err(|_| CodeError::Checksum)?;
        let (said, check) = bytes.split_at(bytes.len() - CHECK);
        if Digest::of(said).as_bytes()[..CHECK] != *check {
            return Err(CodeError::Checksum);
        }
        let log = said[..16].try_into().expect("16 bytes");
        let key = said[16..48].try_into().expect("32 bytes");
        let place = std::str::from_utf8(&said[HEAD..]).map_err(|_| CodeError::Checksum)?;
        Ok(Self {
            place: place.parse().map_err(CodeError::Place)?,
            log: LogId::from_bytes(log),
            key: Key::from_bytes(key),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> JoinCode {
        JoinCode {
            place: "s3://tasks/anna?endpoint=https://store.example&region=auto"
                .parse()
                .unwrap(),
            log: LogId::from_bytes([1; 16]),
            key: Key::from_bytes([0xfb; 32]),
        }
    }

    #[test]
    fn a_code_is_one_word_and_is_read_as_it_is_written() {
        let text = code().to_string();
        assert!(!text.contains(char::is_whitespace) && text.starts_with(PREFIX));
        assert_eq!(text.parse(), Ok(code()));
        let (start, end) = text.split_at(50);
        assert_eq!(
            format!("  {start}\n  {end}\r\n").parse(),
            Ok(code()),
            "broken into lines"
        );
    }

    #[test]
    fn a_cut_code_is_called_cut_and_a_wrong_one_wrong() {
        let text = code().to_string();
        for end in PREFIX.len()..text.len() {
            let error = text[..end].parse::<JoinCode>().unwrap_err();
            let of = match error {
                CodeError::Length { is_least: true, .. } => "at least 88".to_owned(),
                _ => text.len().to_string(),
            };
            assert_eq!(end < PREFIX.len() + 68, of.starts_with("at least"), "{end}");
            let said = format!("cut off: {end} characters of {of};");
            assert!(error.to_string().contains(&said), "{end}: {error}");
        }
        let error = format!("{text}AA").parse::<JoinCode>().unwrap_err();
        assert!(error.to_string().contains("too long"), "{error}");
        let error = format!("{text}\n# from anna's desk").parse::<JoinCode>();
        let error = error.unwrap_err().to_string();
        assert!(error.contains("without what follows it"), "{error}");
        for between in ["", "\n", " "] {
            let twice = format!("{text}{between}{text}");
            assert_eq!(twice.parse::<JoinCode>(), Err(CodeError::Several));
        }
        let mut wrong = 0;
        for at in PREFIX.len()..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let error = String::from_utf8(bytes)
                .unwrap()
                .parse::<JoinCode>()
                .unwrap_err();
            wrong += usize::from(error == CodeError::Checksum);
        }
        // But for the characters that say how long it is.
        assert!(wrong >= text.len() - PREFIX.len() - 4, "{wrong}");
    }

    #[test]
    fn a_code_is_found_in_a_text_from_where_it_shows_some_of_the_key() {
        let text = code().to_string();
        let id = PREFIX.len() + ID_CHARACTERS;
        for (text, is_code) in [
            (text.as_str(), true),
            (&format!("--member={text}"), true),
            (&format!("my code: \"{text}\""), true),
            (&format!("taskhold1 and {text}"), true),
            (&text.replace("taskhold1", "taskhold23"), true),
            (&text[..=id], true),
            (&text[..id], false),
            (&format!("it is {text}."), true),
            (&format!("{}.", &text[..=id]), true),
            (&format!("{}...", &text[..=id]), true),
            (&format!("/var/taskhold.db/{text}"), true),
            ("taskhold1_backup_before_the_upgrade.db", false),
            (
                "/home/anna/taskhold1_backup_before_the_upgrade/tasks.db",
                false,
            ),
            (r"C:\taskhold1_backup_before_the_upgrade\tasks.db", false),
            (&text.replace("taskhold1", "taskhold"), false),
            ("s3://tasks/taskhold1_backup", false),
            ("é taskhold1_é", false),
            ("", false),
        ] {
            assert_eq!(is_in(text), is_code, "{text}");
        }
    }

    #[test]
    fn what_is_no_code_is_told_from_a_code_of_a_newer_program() {
        for other in ["", "taskhold", "taskhold0_AAAA", "s3://tasks/anna", "é"] {
            assert_eq!(other.parse::<JoinCode>(), Err(CodeError::Other), "{other}");
        }
        assert_eq!("taskhold2_AAAA".parse::<JoinCode>(), Err(CodeError::Newer));
        assert!(matches!(
            "taskhold1_é".parse::<JoinCode>(),
            Err(CodeError::Length { .. })
        ));
        assert_eq!(
            "taskhold1_ééé".parse::<JoinCode>(),
            Err(CodeError::Checksum)
        );
    }
}
