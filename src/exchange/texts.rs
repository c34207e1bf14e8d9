//! Texts of files, as a task can hold them: cleaned, cut where they are too long, and nothing of them lost.

use super::Notes;
use crate::domain::{
    task::{Actor, Comment, CommentText, Description, Invalid, Tag, Timestamp, Title},
    text::clean,
};

/// What is read of a text, and of a title that is one, in bytes: what a description has no room for becomes comments.
const MOST: usize = 1 << 20;

/// Takes in a text that a title was, or a line of one. Returns what is to go into the description besides: further lines,
/// and the whole of what is too long for a title, which is cut at a word.
pub(super) fn heading(raw: &str, notes: &mut Notes) -> Result<(Title, Option<String>), Invalid> {
    let cleaned = clean(raw);
    count_altered(cleaned.altered, "title", notes);
    let text = cleaned.text.trim();
    if text.len() > MOST {
        let reason = format!("has {} bytes, {MOST} are the most", text.len());
        return Err(Invalid::new("title", reason));
    }
    let (line, further) = match text.split_once('\n') {
        Some((line, further)) => (line.trim_end(), Some(further)),
        None => (text, None),
    };
    if let Some(end) = cut(line) {
        notes.count("title: one too long for a line is whole in the description");
        let title = Title::try_from(format!("{}…", line[..end].trim_end()))?;
        return Ok((title, Some(text.to_owned())));
    }
    if further.is_some() {
        notes.count("title: lines after the first are in the description");
    }
    let further = further.map(|further| further.trim_start_matches('\n').to_owned());
    Ok((Title::try_from(line.to_owned())?, further))
}

/// Returns where to cut a line that is too long for a title, so that an ellipsis fits after it: before a word, unless that
/// is a very long one.
fn cut(line: &str) -> Option<usize> {
    line.char_indices().nth(Title::MAX_CHARS)?;
    let (most, last) = line.char_indices().nth(Title::MAX_CHARS - 1)?;
    // A word may end right before the last character that there is room for.
    let word = line[..most + last.len_utf8()].rfind(char::is_whitespace);
    Some(word.filter(|word| *word > most / 2).unwrap_or(most))
}

/// Takes in a tag. A comma would separate tags wherever it is named.
pub(super) fn tag(word: &str, notes: &mut Notes) -> Result<Tag, Invalid> {
    let parts: Vec<&str> = word.split(',').filter(|part| !part.is_empty()).collect();
    let joined = parts.join("-");
    let has_commas = joined != word;
    let tag = Tag::try_from(joined)?;
    if has_commas {
        notes.count("tag: commas became -");
    }
    Ok(tag)
}

/// Takes in a description. What is too long for one is returned in pieces, to become comments.
pub(super) fn description(
    raw: &str,
    notes: &mut Notes,
) -> Result<(Description, Vec<String>), Invalid> {
    let cleaned = clean(raw);
    count_altered(cleaned.altered, "description", notes);
    let mut text = cleaned.text.as_str();
    if text.len() > MOST {
        let reason = format!("has {} bytes, {MOST} are the most", text.len());
        return Err(Invalid::new("description", reason));
    }
    let mut take = |most: usize| {
        let (piece, rest) = text.split_at(text.floor_char_boundary(most));
        text = rest;
        piece.to_owned()
    };
    let description = Description::try_from(take(Description::MAX_BYTES))?;
    let mut pieces = Vec::new();
    loop {
        let piece = take(CommentText::MAX_BYTES);
        if piece.is_empty() {
            break;
        }
        pieces.push(piece);
    }
    if !pieces.is_empty() {
        notes.count("description: the end of one that is too long became comments");
    }
    Ok((description, pieces))
}

/// Returns `texts` below each other, without those that are empty.
pub(super) fn joined<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts = texts.into_iter().filter(|text| !text.is_empty());
    texts.collect::<Vec<_>>().join("\n")
}

/// Takes in a comment; one that is blank is left out.
pub(super) fn comment(
    at: Timestamp,
    actor: Actor,
    raw: &str,
    notes: &mut Notes,
) -> Result<Option<Comment>, Invalid> {
    if raw.trim().is_empty() {
        return Ok(None);
    }
    let (text, was_altered) = CommentText::cleaned(raw)?;
    count_altered(was_altered, "comment", notes);
    Ok(Some(Comment { at, actor, text }))
}

pub(super) fn count_altered(was_altered: bool, field: &str, notes: &mut Notes) {
    if was_altered {
        notes.count(format!(
            "{field}: characters that cannot be seen were taken out"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(raw: &str) -> (String, Option<String>) {
        let (title, rest) = heading(raw, &mut Notes::default()).unwrap();
        (title.to_string(), rest)
    }

    #[test]
    fn a_title_is_one_line_and_the_others_go_on_in_the_description() {
        assert_eq!(taken(" Buy paint "), ("Buy paint".to_owned(), None));
        assert_eq!(
            taken("\nBuy paint \n\nand brushes\nsoon"),
            ("Buy paint".to_owned(), Some("and brushes\nsoon".to_owned()))
        );
        assert!(heading(" \n ", &mut Notes::default()).is_err());
    }

    #[test]
    fn a_title_that_is_too_long_is_cut_at_a_word_and_whole_in_the_description() {
        let most = Title::MAX_CHARS;
        assert_eq!(taken(&"x".repeat(most)), ("x".repeat(most), None));
        let (title, rest) = taken(&"x".repeat(most + 1));
        assert_eq!(title, "x".repeat(most - 1) + "…");
        assert_eq!(rest, Some("x".repeat(most + 1)));
        let words = "wörd ".repeat(101);
        let (title, rest) = taken(&words);
        assert_eq!(title, "wörd ".repeat(100).trim_end().to_owned() + "…");
        assert_eq!(rest.as_deref(), Some(words.trim_end()));
        let (title, _) = taken(&format!("See {}", "x".repeat(most)));
        assert_eq!(title.chars().count(), most);
    }

    proptest::proptest! {
        #[test]
        fn a_title_is_cut_between_characters_of_any_width(
            begin in 0..8_usize,
            pieces in proptest::collection::vec(proptest::sample::select(vec!["x", "é", "会", "🚀", " ", "\u{a0}", "\u{3000}", "e\u{301}"]), 490..512),
            tail in proptest::sample::select(vec!["x", "é", "会", "🚀"]),
        ) {
            let text = format!("{}{}{}", "x".repeat(begin + 1), pieces.concat(), tail.repeat(12));
            let (title, rest) = taken(&text);
            proptest::prop_assert!(title.chars().count() <= Title::MAX_CHARS);
            let line = clean(&text).text.trim().to_owned();
            match rest {
                None => proptest::prop_assert_eq!(title, line),
                Some(rest) => {
                    let begin = title.strip_suffix('…').unwrap().trim_end();
                    proptest::prop_assert!(line.starts_with(begin), "{}\n{}", title, line);
                    proptest::prop_assert_eq!(rest, line);
                }
            }
        }
    }

    #[test]
    fn a_line_of_one_long_word_is_cut_whatever_its_characters() {
        for c in ["é", "会", "🚀", "x"] {
            let (title, rest) = taken(&c.repeat(600));
            assert_eq!(title, c.repeat(Title::MAX_CHARS - 1) + "…");
            assert_eq!(rest, Some(c.repeat(600)));
        }
    }

    #[test]
    fn a_title_that_is_too_long_for_a_description_and_comments_is_refused_as_one() {
        let refused = heading(&"x".repeat(MOST + 1), &mut Notes::default()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "title has 1048577 bytes, 1048576 are the most"
        );
        assert!(heading(&"x".repeat(MOST), &mut Notes::default()).is_ok());
    }

    #[test]
    fn the_end_of_a_long_description_becomes_comments() {
        let text = "ä".repeat(Description::MAX_BYTES / 2 + CommentText::MAX_BYTES / 2 + 1);
        let (description, pieces) = description(&text, &mut Notes::default()).unwrap();
        assert_eq!(description.as_str().len(), Description::MAX_BYTES);
        assert_eq!(
            pieces.iter().map(String::len).collect::<Vec<_>>(),
            [CommentText::MAX_BYTES, 2]
        );
        assert_eq!(description.to_string() + &pieces.concat(), text);
    }
}
