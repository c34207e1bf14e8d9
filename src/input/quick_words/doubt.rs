//! What a word that stays text may have been meant to be.

use super::word::{Field, NAMES, Word, is_level};

/// What Taskwarrior has before a colon and a task here has not.
const FOREIGN: [&str; 5] = ["until", "start", "end", "entry", "uuid"];

/// What others call a tag.
const LABELS: [&str; 4] = ["label", "labels", "context", "category"];

/// Returns `text` as a shell takes it for one word.
pub(super) fn quoted(text: &str) -> String {
    if text.contains(char::is_whitespace) {
        format!("\"{text}\"")
    } else {
        text.to_owned()
    }
}

/// Returns how the field is cleared that `-project:x` names.
pub(super) fn cleared(word: &str) -> Option<String> {
    let Word::Set(field, _) = Word::of_task(word.strip_prefix('-')?) else {
        return None;
    };
    let name = field.name();
    Some(format!(
        "did you mean {name}: without a value, which clears it?"
    ))
}

/// Returns the field that others call so, and nobody here.
fn foreign(name: &str) -> Option<Field> {
    match name.to_lowercase().as_str() {
        "p" => Some(Field::Priority),
        "date" | "when" => Some(Field::Due),
        _ => None,
    }
}

/// Returns why a word that stays text may have been meant as a quick word; `None` if nothing speaks for it.
pub(super) fn doubt(word: &str) -> Option<String> {
    if let Some(level) = word.strip_prefix('!')
        && !level.is_empty()
        && level.chars().all(char::is_alphabetic)
    {
        return Some("levels are !high, !medium and !low".to_owned());
    }
    if is_level(word) {
        return Some(format!("did you mean {}?", word.to_lowercase()));
    }
    let Some((name, value)) = word.split_once(':') else {
        let (name, value) = word.split_once('=')?;
        let field = Field::named(name).or_else(|| foreign(name));
        let field = field.filter(|field| !value.is_empty() && field.may_be(value))?;
        return Some(format!("did you mean {}:{value}?", field.name()));
    };
    if !name.starts_with(char::is_alphabetic) {
        return None;
    }
    match Field::named(name) {
        // As in "Note: call Anna".
        Some(Field::Description) => None,
        Some(_) if value.is_empty() => Some("there is nothing after it".to_owned()),
        Some(Field::Status) => Some("there is no such status".to_owned()),
        Some(Field::Title) => Some("the title is made of the other words".to_owned()),
        _ if value.is_empty() || value.starts_with("//") => None,
        _ if FOREIGN.iter().any(|one| one.eq_ignore_ascii_case(name)) => {
            Some("there is no such field".to_owned())
        }
        _ if LABELS.iter().any(|one| one.eq_ignore_ascii_case(name)) => {
            Some(format!("did you mean +{value}?"))
        }
        _ => {
            if let Some(field) = foreign(name).filter(|field| field.may_be(value)) {
                return Some(format!("did you mean {}:{value}?", field.name()));
            }
            let name = name.to_lowercase();
            // Many a word is near a short name: the value decides.
            let is_near = |(known, field): &&(&str, Field)| {
                strsim::osa_distance(known, &name) == 1
                    && (known.len() > 3 || (name.len() > 1 && field.may_be(value)))
            };
            let (near, _) = NAMES.iter().find(is_near)?;
            Some(format!("did you mean {near}:{value}?"))
        }
    }
}
