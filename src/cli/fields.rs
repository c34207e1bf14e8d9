//! The fields of a task as a command line gives them, by flag or by quick word, read into drafts and patches.

use serde_json::json;

use super::{CliResult, Failure, call::unescaped, hint::of_value, input::stdin_text};
use crate::{
    domain::{
        command::{Caller, Draft, Patch},
        error::Error,
        task::{Invalid, Tag, shortened},
    },
    input::{
        GivenFields, Notes,
        quick_fields::{list, put},
        quick_words::{Field, Purpose, QuickValue, QuickWords},
    },
};

/// Flags for what quick words say too.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Fields")]
pub(super) struct FieldArgs {
    /// Title, as it is: no quick words are read in it
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Description, or - to read it from standard input [also: desc:TEXT, note:TEXT]
    #[arg(short, long, value_name = "TEXT")]
    description: Option<String>,
    /// Due date: 2026-12-24, fri, tomorrow 17:30, in 3 days [also: due:DATE]
    #[arg(long, value_name = "DATE")]
    due: Option<String>,
    /// Not ready before this date [also: defer:DATE]
    #[arg(long, value_name = "DATE")]
    defer: Option<String>,
    /// Rule by which it repeats: daily, every 2 weeks on mon, monthly on the 31st [also: repeat:RULE]
    #[arg(long, value_name = "RULE")]
    repeat: Option<String>,
    /// Project it belongs to [also: project:NAME]
    #[arg(short = 'P', long, value_name = "PROJECT")]
    project: Option<String>,
    /// high, medium or low [also: !high, pri:high]
    #[arg(short, long, value_name = "LEVEL")]
    priority: Option<String>,
    /// Tag to add, or several with commas between them (can be repeated) [also: +TAG]
    #[arg(short, long, value_name = "TAG", value_delimiter = ',')]
    tag: Vec<String>,
    /// Task that this is a part of [also: parent:ID]
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    /// Tasks that must be done first [also: after:ID,ID]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    after: Vec<String>,
}

/// What was given, as text; one value a field.
#[derive(Debug)]
pub(super) struct Given {
    /// The title, if there is one.
    pub(super) title: Option<String>,
    /// The title is made of words, so that one of them may have been meant otherwise.
    pub(super) title_is_of_words: bool,
    purpose: Purpose,
    values: Vec<Value>,
    tags: Vec<String>,
    /// Tags that words take away.
    untags: Vec<String>,
    remarks: Vec<String>,
}

#[derive(Debug)]
struct Value {
    field: Field,
    text: String,
    /// The quick word that gave it; `None` for a flag.
    word: Option<String>,
}

impl FieldArgs {
    /// Reports whether the description comes from standard input.
    pub(super) fn reads_stdin(&self) -> bool {
        self.description.as_deref() == Some("-")
    }

    /// Puts the flags, the `words` with the quick words among them, and the `literal` words together.
    pub(super) fn with_words(
        self,
        words: &[String],
        literal: &[String],
        purpose: Purpose,
    ) -> CliResult<Given> {
        let mut given = Given {
            title: None,
            title_is_of_words: false,
            purpose,
            values: Vec::new(),
            tags: self.tag,
            untags: Vec::new(),
            remarks: Vec::new(),
        };
        let description = match self.description {
            Some(dash) if dash == "-" => Some(description_from_stdin()?),
            given => given,
        };
        let after = (!self.after.is_empty()).then(|| self.after.join(","));
        let flags = [
            (Field::Description, description),
            (Field::Due, self.due),
            (Field::Defer, self.defer),
            (Field::Repeat, self.repeat),
            (Field::Project, self.project),
            (Field::Priority, self.priority),
            (Field::Parent, self.parent),
            (Field::After, after),
        ];
        for (field, value) in flags {
            if let Some(value) = value {
                given.set(field, &value, None)?;
            }
        }
        let words = words.iter().map(|word| unescaped(word));
        let mut read = QuickWords::read(words, purpose);
        match purpose {
            Purpose::Add => refuse_status(&read)?,
            Purpose::Edit => refuse_text(&read)?,
        }
        let mut title = std::mem::take(&mut read.text);
        let mut titles = Vec::from_iter(self.title);
        for QuickValue { field, text, word } in std::mem::take(&mut read.values) {
            if field == Field::Title {
                given.title_is_of_words = true;
                titles.push(text);
            } else {
                given.set(field, &text, Some(&word))?;
            }
        }
        given.tags.append(&mut read.tags);
        given.untags = std::mem::take(&mut read.untags);
        given.note_taken(&read);
        title.extend(literal.iter().cloned());
        if !title.is_empty() {
            given.title_is_of_words = true;
            titles.push(title.join(" "));
        }
        if let [first, second, ..] = titles.as_slice() {
            return Err(Failure::call(
                format!("the title is given twice: \"{first}\" and \"{second}\""),
                "say it once",
            ));
        }
        given.title = titles.pop();
        Ok(given)
    }
}

/// Returns the description that standard input holds. An empty one is refused: a command before it has failed.
fn description_from_stdin() -> CliResult<String> {
    let text = stdin_text()?.trim_end().to_owned();
    if text.is_empty() {
        return Err(Failure::input("standard input holds no description")
            .with_hint("give it a text; in edit, desc: takes the description away"));
    }
    Ok(text)
}

/// Refuses a new task that has another status than a new one has.
fn refuse_status(read: &QuickWords) -> CliResult {
    match read
        .values
        .iter()
        .find(|value| value.field == Field::Status)
    {
        None => Ok(()),
        Some(QuickValue { word, .. }) => Err(Failure::call(
            "a task is added as pending",
            format!(
                "taskhold start ID or taskhold done ID, once it is there; {}",
                literally(Purpose::Add, word)
            ),
        )),
    }
}

/// Refuses words of an edit that set nothing: they would take the title's place.
fn refuse_text(read: &QuickWords) -> CliResult {
    if read.text.is_empty() {
        return Ok(());
    }
    let (words, reason) = if let Some((word, reason)) = read.doubts.first() {
        (word.clone(), Some(reason.clone()))
    } else {
        let meant = read.meant().map(|meant| format!("did you mean {meant}?"));
        (read.text.join(" "), meant)
    };
    let said = shortened(&words, 60);
    Err(Failure::call(
        match reason {
            Some(reason) => format!("\"{said}\" sets nothing: {reason}"),
            None => format!("\"{said}\" sets nothing"),
        },
        format!("a new title stands after --: taskhold edit ID -- {said}"),
    ))
}

/// Says how `word` becomes one of the title.
fn literally(purpose: Purpose, word: &str) -> String {
    let call = match purpose {
        Purpose::Add => "add",
        Purpose::Edit => "edit ID",
    };
    format!("as a word of the title it stands after --: taskhold {call} -- {word}")
}

impl Given {
    /// Reports whether nothing was given.
    pub(super) fn is_empty(&self) -> bool {
        self.title.is_none()
            && self.values.is_empty()
            && self.tags.is_empty()
            && self.untags.is_empty()
    }

    /// Remarks which words of a text were read as quick words, and which were not that may have been meant so.
    fn note_taken(&mut self, read: &QuickWords) {
        if !read.taken.is_empty() && self.purpose == Purpose::Add {
            self.remarks.push(format!(
                "taken out of the title: {}; all of a text after -- or in --title stays in it",
                read.taken.join(", ")
            ));
        }
        for (word, reason) in &read.doubts {
            self.remarks
                .push(format!("\"{word}\" stays in the title: {reason}"));
        }
    }

    /// Returns the remarks on how the words were read.
    pub(super) fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// Sets `field`, unless it was given before.
    pub(super) fn set(&mut self, field: Field, value: &str, word: Option<&str>) -> CliResult {
        if self.value(field).is_some() {
            return Err(Failure::call(
                format!("{} is given twice", field.name()),
                "say it once; what is to be a word of the title stands after --",
            ));
        }
        self.values.push(Value {
            field,
            text: value.to_owned(),
            word: word.map(str::to_owned),
        });
        Ok(())
    }

    /// Returns what was given, to tell another call from the same one made again.
    pub(super) fn sent(&self) -> serde_json::Value {
        let fields = self
            .values
            .iter()
            .map(|value| (value.field.name().to_owned(), value.text.clone().into()));
        let fields: serde_json::Map<_, _> = fields.collect();
        json!({ "tags": self.tags, "fields": fields })
    }

    /// Sets `field` where it was not given.
    pub(super) fn set_default(&mut self, field: Field, value: &str) {
        // What was given stays.
        let _ = self.set(field, value, None);
    }

    fn value(&self, field: Field) -> Option<&str> {
        let mut values = self.values.iter();
        let value = values.find(|value| value.field == field)?;
        Some(&value.text)
    }

    fn refused(&self, value: &Value, mut invalid: Invalid) -> Failure {
        // A flag and a quick word are named by what people type.
        if matches!(invalid.field, "task_id" | "reference" | "defer_until") {
            invalid.field = value.field.name();
        }
        let hint = value.word.as_ref().map(|word| {
            let literally = literally(self.purpose, word);
            match of_value(invalid.field) {
                Some(hint) => format!("{hint}; {literally}"),
                None => literally,
            }
        });
        Failure::Value { invalid, hint }
    }

    /// Returns the draft of a task with `title` and the other fields that were given.
    pub(super) fn draft(
        &self,
        title: &str,
        notes: &mut Notes,
        caller: &Caller,
    ) -> CliResult<Draft> {
        let fields = GivenFields {
            title: Some(title.to_owned()),
            ..self.fields()?
        };
        fields
            .draft(notes, caller)
            .map_err(|error| self.explained(error))
    }

    /// Returns the patch that sets what was given; an empty value clears its field.
    pub(super) fn patch(
        &self,
        untag: &[String],
        notes: &mut Notes,
        caller: &Caller,
    ) -> CliResult<Patch> {
        let fields = GivenFields {
            title: self.title.clone(),
            remove_tags: [untag, self.untags.as_slice()].concat(),
            ..self.fields()?
        };
        fields
            .patch(notes, caller)
            .map_err(|error| self.explained(error))
    }

    fn fields(&self) -> CliResult<GivenFields> {
        let mut fields = GivenFields {
            add_tags: self.tags.clone(),
            ..GivenFields::default()
        };
        for value in &self.values {
            put(&mut fields, value.field, &value.text)
                .map_err(|invalid| self.refused(value, invalid))?;
        }
        Ok(fields)
    }

    /// Says how a word whose value is refused becomes text.
    fn explained(&self, error: Error) -> Failure {
        let Error::Invalid(invalid) = error else {
            return error.into();
        };
        let field = Field::of_task(invalid.field);
        // A tag may also come from a flag.
        let is_at_fault = |value: &&Value| {
            Some(value.field) == field
                && (value.field != Field::Tags
                    || list(&value.text)
                        .iter()
                        .any(|tag| Tag::cleaned(tag).is_err()))
        };
        match self.values.iter().find(is_at_fault) {
            Some(value) => self.refused(value, invalid),
            None => Error::Invalid(invalid).into(),
        }
    }
}
