//! What quick words set: the text of each put into the field that it names; and a whole line that adds a task.

use super::{
    Clearable, GivenFields,
    quick_words::{Field, Purpose, QuickWords},
};
use crate::domain::task::Invalid;

/// A task as a line has it: its title, with quick words among the words of the title.
#[derive(Debug)]
pub(crate) struct AddLine {
    /// The title and the other fields. Without words for a title, it is an empty one.
    pub(crate) fields: GivenFields,
    /// Words that stay in the title and may have been meant otherwise, each with the reason.
    pub(crate) remarks: Vec<String>,
}

impl AddLine {
    /// Reads a line as `taskhold add` reads an argument with blanks.
    pub(crate) fn read(line: &str) -> Result<Self, Invalid> {
        let read = QuickWords::read([line.trim()], Purpose::Add);
        let mut fields = GivenFields {
            add_tags: read.tags,
            ..GivenFields::default()
        };
        let mut given: Vec<Field> = Vec::new();
        let mut titles = read.text;
        for value in read.values {
            match value.field {
                Field::Status => {
                    let reason =
                        "a task is added as pending; start or complete it once it is there";
                    return Err(Invalid::new("status", format!("{}: {reason}", value.word)));
                }
                Field::Title => titles.push(value.text),
                field if given.contains(&field) => {
                    return Err(Invalid::new(field.name(), "is given twice; say it once"));
                }
                field => {
                    put(&mut fields, field, &value.text)?;
                    given.push(field);
                }
            }
        }
        fields.title = Some(titles.join(" "));
        let doubt =
            |(word, reason): &(String, String)| format!("\"{word}\" stays in the title: {reason}");
        Ok(Self {
            fields,
            remarks: read.doubts.iter().map(doubt).collect(),
        })
    }
}

/// Puts the text of a field where it belongs; one that stands for none clears it.
pub(crate) fn put(fields: &mut GivenFields, field: Field, text: &str) -> Result<(), Invalid> {
    let given = if is_nothing(text) {
        Clearable::Clear
    } else {
        Clearable::Set(text.to_owned())
    };
    let items = given
        .clone()
        .set()
        .map(|text| list(&text))
        .unwrap_or_default();
    match field {
        Field::Title => fields.title = Some(text.to_owned()),
        Field::Description => fields.description = Some(text.to_owned()),
        Field::Status => fields.status = Some(text.parse()?),
        Field::Priority => fields.priority = Some(given.parsed()?),
        Field::Due => fields.due = Some(given),
        Field::Defer => fields.defer_until = Some(given),
        Field::Repeat => fields.repeat = Some(given),
        Field::Project => fields.project = Some(given),
        Field::Tags => fields.tags = Some(items),
        Field::Parent => fields.parent = Some(given.parsed()?),
        Field::After => {
            let ids = items.iter().map(|id| id.parse());
            fields.depends_on = Some(ids.collect::<Result<_, _>>()?);
        }
    }
    Ok(())
}

/// Reports whether a value stands for none.
pub(crate) fn is_nothing(value: &str) -> bool {
    matches!(value.trim().to_lowercase().as_str(), "" | "none")
}

/// Takes apart what has commas between it.
pub(crate) fn list(text: &str) -> Vec<String> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_gives_the_title_and_the_fields_among_its_words() {
        let line =
            AddLine::read(" Pay rent due:tomorrow 17:30 +home,flat project:Flat !high at 10:30 ")
                .unwrap();
        let fields = line.fields;
        assert_eq!(fields.title.as_deref(), Some("Pay rent at 10:30"));
        assert_eq!(
            fields.due,
            Some(Clearable::Set("tomorrow 17:30".to_owned()))
        );
        assert_eq!(fields.project, Some(Clearable::Set("Flat".to_owned())));
        assert_eq!(fields.add_tags, ["home", "flat"]);
        assert!(fields.priority.is_some() && fields.repeat.is_none());
        assert!(line.remarks.is_empty());
    }

    #[test]
    fn a_line_without_quick_words_is_the_title_as_it_is() {
        for line in ["Milk", "Call  Anna", "Note: look at http://x", "10:30 +1"] {
            let read = AddLine::read(line).unwrap();
            assert_eq!(read.fields.title.as_deref(), Some(line));
        }
        assert_eq!(
            AddLine::read("  ").unwrap().fields.title.as_deref(),
            Some("")
        );
        let doubted = AddLine::read("Pay rent du:fri").unwrap();
        assert_eq!(
            doubted.remarks,
            ["\"du:fri\" stays in the title: did you mean due:fri?"]
        );
    }

    #[test]
    fn after_two_dashes_all_of_a_line_is_the_title_as_it_is() {
        for (line, title, project) in [
            ("-- due:fri  means friday", "due:fri  means friday", None),
            (
                "project:Docs -- Explain +1 and !high",
                "Explain +1 and !high",
                Some("Docs"),
            ),
            (
                "project:\"My docs\" -- -- and --",
                "-- and --",
                Some("My docs"),
            ),
            // A dash among words of a title is one.
            (
                "Call Bob -- again project:Docs",
                "Call Bob -- again",
                Some("Docs"),
            ),
            ("Use --force", "Use --force", None),
            ("--", "--", None),
        ] {
            let fields = AddLine::read(line).unwrap().fields;
            assert_eq!(fields.title.as_deref(), Some(title), "{line}");
            let expected = project.map(|name: &str| Clearable::Set(name.to_owned()));
            assert_eq!(fields.project, expected, "{line}");
            assert!(fields.due.is_none() && fields.add_tags.is_empty(), "{line}");
        }
    }

    #[test]
    fn what_a_line_cannot_say_is_refused_by_the_name_of_the_field() {
        for (line, field) in [
            ("Pay rent due:fri due:sat", "due"),
            ("Pay rent status:done", "status"),
            ("Pay rent parent:x1", "task_id"),
            ("Pay rent pri:urgentest", "priority"),
        ] {
            assert_eq!(AddLine::read(line).unwrap_err().field, field, "{line}");
        }
    }
}
