//! The fields of a task of Taskwarrior: what each says, and what is left out because it cannot be used.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use serde_json::{Map, Value};

use super::{DERIVED, SOURCE, STATUSES};
use crate::{
    domain::{
        command::Caller,
        imported::{Arrival, Called, Name},
        repeat::Repeat,
        task::{Actor, Comment, Invalid, Priority, Project, Status, Task, Timestamp},
        when::When,
    },
    exchange::{
        Notes, day_or_instant, new_task,
        texts::{comment, description, heading, joined, tag},
    },
};

mod recur;

/// What is read here.
const TAKEN: [&str; 16] = [
    "description",
    "entry",
    "modified",
    "end",
    "start",
    "status",
    "due",
    "wait",
    "scheduled",
    "project",
    "priority",
    "tags",
    "annotations",
    "until",
    "uuid",
    "depends",
];

/// Makes a task of an object. A date of its plan that cannot be read is left out and added to `faults`, since its loss may be
/// missed; anything else that cannot be used is left out with a note. Without a title there is no task.
pub(super) fn read(
    object: &Map<String, Value>,
    caller: &Caller,
    notes: &mut Notes,
    faults: &mut Vec<Invalid>,
) -> Result<Arrival, Invalid> {
    let mut fields = Fields { object, notes };
    let (title, more) = heading(title(object)?, fields.notes)?;
    let created = fields.instant("entry");
    let entry = created.unwrap_or(caller.now);
    let mut task = new_task(title, SOURCE, entry);
    task.updated_at = fields.instant("modified").unwrap_or(entry);
    let end = fields.instant("end").unwrap_or(task.updated_at);
    let start = fields.instant("start");
    let status = fields.text("status").unwrap_or("pending");
    set_status(&mut task, status, start, end, fields.notes);
    let mut when = |field| match planned(object, field) {
        Ok(at) => at.map(|at| day_or_instant(at.as_millis(), caller.zone)),
        Err(invalid) => {
            faults.push(invalid);
            None
        }
    };
    task.due = when("due");
    let (wait, scheduled) = (when("wait"), when("scheduled"));
    if wait.is_some() && scheduled.is_some() {
        fields
            .notes
            .count("wait and scheduled: the later was taken");
    }
    task.defer_until = [wait, scheduled]
        .into_iter()
        .flatten()
        .max_by_key(|when| when.order(caller.zone));
    let mut rest = Unmapped::default();
    set_words(&mut task, &mut fields, &mut rest);
    let mut comments = fields.annotations(entry);
    let until = fields.instant("until");
    let recur = fields.text("recur");
    if status == "recurring" {
        let made = fields.text("mask").map_or(0, |mask| mask.chars().count());
        repeat(
            &mut task,
            recur.unwrap_or_default(),
            made,
            until,
            caller,
            &mut rest,
        );
    } else {
        if let (Some(until), None) = (until, fields.text("parent")) {
            rest.keep("until", &When::At(until.as_millis()).show(caller.zone));
        }
        if recur.is_some() {
            fields
                .notes
                .count("recur: the task's template repeats, and not the task");
        }
    }
    for (name, value) in object.iter().filter(|(name, _)| !is_known(name)) {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        rest.keep(name, &text);
    }
    let uuid = fields.text("uuid").map(uuid_of);
    let mut depends_on = fields.names("depends");
    let own_name = uuid.clone().map(Name::Text);
    let count = depends_on.len();
    depends_on.retain(|name| Some(name) != own_name.as_ref());
    if depends_on.len() < count {
        fields.leave_out(&wrong("depends", "names the task itself"));
    }
    let text = joined([more.as_deref().unwrap_or_default(), &rest.text]);
    let (description, pieces) = description(&text, notes)?;
    task.description = description;
    for piece in pieces {
        let remark = comment(task.updated_at, Actor::named(SOURCE), &piece, notes)?;
        comments.extend(remark);
    }
    comments.sort_by_key(|comment| comment.at);
    for name in rest.names {
        notes.count(format!("{name}: kept as a line of the description"));
    }
    Ok(Arrival {
        line: 0,
        name: own_name,
        called: uuid.map(|name| Called {
            from: SOURCE,
            name,
            is_text: false,
            before: None,
            sequence: None,
        }),
        task,
        comments,
        id: None,
        versions: Vec::new(),
        created: created.map(|at| [at; 2]),
        parent: None,
        depends_on,
        is_round_done: false,
    })
}

/// Sets project, priority and tags. What cannot be one is kept in the `rest`.
fn set_words(task: &mut Task, fields: &mut Fields<'_, '_>, rest: &mut Unmapped) {
    task.project = fields
        .text("project")
        .and_then(|name| rest.or_kept("project", name, Project::try_from(name.to_owned())));
    task.priority = fields
        .text("priority")
        .and_then(|word| rest.or_kept("priority", word, word.parse::<Priority>()));
    for word in fields.list("tags") {
        let tag = rest.or_kept("tag", &word, tag(&word, fields.notes));
        if task.tags.len() < Task::MAX_TAGS {
            task.tags.extend(tag);
        } else if let Some(tag) = tag.filter(|tag| !task.tags.contains(tag)) {
            rest.keep("tag", tag.as_str());
        }
    }
}

/// Returns the text that becomes the title.
fn title(object: &Map<String, Value>) -> Result<&str, Invalid> {
    match object.get("description") {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(wrong("description", "is no text")),
    }
}

/// Returns a date of the task's plan.
fn planned(object: &Map<String, Value>, field: &'static str) -> Result<Option<Timestamp>, Invalid> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => instant(field, text).map(Some),
        Some(_) => Err(wrong(field, NO_TIME)),
    }
}

fn set_status(
    task: &mut Task,
    status: &str,
    start: Option<Timestamp>,
    end: Timestamp,
    notes: &mut Notes,
) {
    match status {
        "completed" => {
            task.status = Status::Completed;
            task.completed_at = Some(end);
        }
        "deleted" => task.deleted_at = Some(end),
        "recurring" => {}
        other => {
            if !STATUSES.contains(&other) {
                let known = STATUSES.join(", ");
                notes.count(format!("status is none of {known}: read as pending"));
            }
            if start.is_some() {
                task.status = Status::InProgress;
                task.started_at = start;
            }
        }
    }
}

fn is_known(name: &str) -> bool {
    TAKEN.contains(&name) || DERIVED.contains(&name)
}

/// Makes a task of a template: one that repeats, from the first date on for which the template has not `made` a task.
fn repeat(
    task: &mut Task,
    recur: &str,
    made: usize,
    until: Option<Timestamp>,
    caller: &Caller,
    rest: &mut Unmapped,
) {
    let rule = recur::rule(recur).map(|rule| match until {
        Some(until) => format!(
            "{rule};UNTIL={}",
            caller.zone.today(until.as_millis()).format("%Y%m%d")
        ),
        None => rule,
    });
    let (Some(first), Some(Ok(repeat))) = (task.due, rule.map(|rule| Repeat::read(&rule))) else {
        rest.keep("recur", recur);
        return;
    };
    let first = first.settled(caller.zone);
    let repeat = repeat.anchored(&first, caller.zone);
    let mut due = first;
    for _ in 0..made {
        let Some(next) = repeat.next(&first, &due, i64::MIN, caller.zone) else {
            // The series has made all its tasks: the template has nothing left to do.
            task.status = Status::Completed;
            task.completed_at = Some(task.updated_at);
            return;
        };
        due = next;
    }
    (task.due, task.repeat) = (Some(due), Some(repeat));
}

/// What has no field here, as lines of the description.
#[derive(Default)]
struct Unmapped {
    text: String,
    names: BTreeSet<String>,
}

impl Unmapped {
    fn keep(&mut self, name: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(name);
        self.text.push_str(": ");
        self.text.push_str(value);
        self.names.insert(name.to_owned());
    }

    /// Returns the value as it was read; one that cannot be used is kept as it was given.
    fn or_kept<T>(&mut self, name: &str, given: &str, read: Result<T, Invalid>) -> Option<T> {
        read.inspect_err(|_| self.keep(name, given)).ok()
    }
}

/// The fields of an object. One that cannot be read is left out with a note.
struct Fields<'a, 'n> {
    object: &'a Map<String, Value>,
    notes: &'n mut Notes,
}

impl<'a> Fields<'a, '_> {
    /// Returns the value of a field that says something.
    fn value(&self, field: &str) -> Option<&'a Value> {
        self.object.get(field).filter(|value| !value.is_null())
    }

    fn leave_out(&mut self, invalid: &Invalid) {
        self.notes.count(format!("{invalid}: left out"));
    }

    fn text(&mut self, field: &'static str) -> Option<&'a str> {
        let text = self.value(field)?.as_str();
        if text.is_none() {
            self.leave_out(&wrong(field, "is no text"));
        }
        text
    }

    fn instant(&mut self, field: &'static str) -> Option<Timestamp> {
        let read = instant(field, self.text(field)?);
        read.inspect_err(|invalid| self.leave_out(invalid)).ok()
    }

    /// Reads an array of texts; older versions write one text with commas.
    fn list(&mut self, field: &'static str) -> Vec<String> {
        let Some(value) = self.value(field) else {
            return Vec::new();
        };
        let values = match value {
            Value::String(text) => return text.split(',').map(str::to_owned).collect(),
            Value::Array(values) => values.as_slice(),
            _ => &[],
        };
        let texts: Vec<String> = values
            .iter()
            .filter_map(|value| Some(value.as_str()?.to_owned()))
            .collect();
        if !value.is_array() || texts.len() < values.len() {
            self.leave_out(&wrong(field, "is no list of texts"));
        }
        texts
    }

    /// Reads what other tasks are called: an array of texts, one text with commas, or either of them written as a text.
    fn names(&mut self, field: &'static str) -> Vec<Name> {
        let texts = self.list(field);
        let names = texts
            .iter()
            .flat_map(|text| text.split(['[', ']', '"', '\'', ',', ' ']))
            .filter(|name| !name.is_empty());
        names.map(|name| Name::Text(uuid_of(name))).collect()
    }

    fn annotations(&mut self, entry: Timestamp) -> Vec<Comment> {
        const FIELD: &str = "annotations";
        let Some(value) = self.value(FIELD) else {
            return Vec::new();
        };
        let mut comments = Vec::new();
        let Some(annotations) = value.as_array() else {
            self.leave_out(&wrong(FIELD, "is no list"));
            return comments;
        };
        for annotation in annotations {
            let Some(object) = annotation.as_object() else {
                self.leave_out(&wrong(FIELD, "holds what is no object"));
                continue;
            };
            let mut fields = Fields {
                object,
                notes: self.notes,
            };
            let at = fields.instant("entry").unwrap_or(entry);
            let text = fields.text("description").unwrap_or_default();
            match comment(at, Actor::named(SOURCE), text, self.notes) {
                Ok(remark) => comments.extend(remark),
                Err(invalid) => self.leave_out(&invalid),
            }
        }
        comments
    }
}

/// Returns a UUID in the lower case in which it is written; it is the same in upper case (RFC 9562, 4).
fn uuid_of(text: &str) -> String {
    text.to_ascii_lowercase()
}

const NO_TIME: &str = "is no time like 20261224T170000Z between 1970 and 9999";

fn instant(field: &'static str, text: &str) -> Result<Timestamp, Invalid> {
    let read = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").ok();
    read.map(|at| Timestamp::from_millis(at.and_utc().timestamp_millis()))
        .filter(|at| (0..=253_402_300_799_999).contains(&at.as_millis()))
        .ok_or_else(|| wrong(field, NO_TIME))
}

/// Reports whether a text is a time as Taskwarrior writes it.
pub(super) fn is_time(text: &str) -> bool {
    instant("time", text).is_ok()
}

fn wrong(field: &'static str, reason: &str) -> Invalid {
    Invalid::new(field, reason)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{task::Tag, when::Zone};

    /// Reads an object. Returns the task, the notes, and what is at fault.
    fn taken(object: &Value) -> (Arrival, Vec<String>, Vec<String>) {
        let (mut notes, mut faults) = (Notes::default(), Vec::new());
        let caller = Caller {
            actor: Actor::named("test"),
            now: Timestamp::from_millis(0),
            zone: Zone::UTC,
            session: None,
        };
        let arrival = read(
            object.as_object().unwrap(),
            &caller,
            &mut notes,
            &mut faults,
        );
        let notes = notes.iter().map(|(note, _)| note.to_owned()).collect();
        let faults = faults.iter().map(ToString::to_string).collect();
        (arrival.unwrap(), notes, faults)
    }

    #[test]
    fn what_cannot_be_read_is_left_out_of_the_task_with_a_note() {
        let good = json!({ "description": "One", "uuid": "a-1", "status": "pending" });
        for (field, bad, note) in [
            ("entry", json!("yesterday"), "entry is no time like"),
            ("modified", json!(5), "modified is no text: left out"),
            ("end", json!("20261301T000000Z"), "end is no time like"),
            ("start", json!(true), "start is no text: left out"),
            ("status", json!("odd"), "status is none of pending,"),
            ("status", json!(1), "status is no text: left out"),
            ("until", json!("soon"), "until is no time like"),
            ("project", json!(["a"]), "project is no text: left out"),
            ("priority", json!(1), "priority is no text: left out"),
            ("tags", json!({}), "tags is no list of texts: left out"),
            (
                "tags",
                json!(["a", 1]),
                "tags is no list of texts: left out",
            ),
            ("depends", json!(7), "depends is no list of texts: left out"),
            (
                "annotations",
                json!("x"),
                "annotations is no list: left out",
            ),
            (
                "annotations",
                json!(["x"]),
                "annotations holds what is no object: left out",
            ),
            ("recur", json!(7), "recur is no text: left out"),
        ] {
            let mut object = good.clone();
            object[field] = bad;
            let (arrival, notes, faults) = taken(&object);
            assert_eq!(arrival.task.title.as_str(), "One", "{object}");
            assert_eq!(arrival.task.status, Status::Pending, "{object}");
            assert!(
                notes.iter().any(|said| said.starts_with(note)),
                "{object}: {notes:?}"
            );
            assert!(faults.is_empty(), "{object}: {faults:?}");
        }
        let (arrival, ..) =
            taken(&json!({ "description": "One", "uuid": 7, "tags": ["a", 1, "b"] }));
        assert_eq!((arrival.name, arrival.task.tags.len()), (None, 2));
    }

    #[test]
    fn a_date_that_cannot_be_read_is_a_fault_and_its_task_is_there() {
        for field in ["due", "wait", "scheduled"] {
            for bad in [json!("tomorrow"), json!(20_261_224)] {
                let mut object = json!({ "description": "One", "uuid": "a-1" });
                object[field] = bad;
                let (arrival, notes, faults) = taken(&object);
                assert_eq!((arrival.task.due, arrival.task.defer_until), (None, None));
                assert!(notes.is_empty(), "{notes:?}");
                assert_eq!(faults, [format!("{field} {NO_TIME}")]);
            }
        }
    }

    #[test]
    fn a_uuid_is_the_same_in_capitals() {
        let uuid = "2F1B6E2C-0000-4000-8000-00000000000A";
        let object = json!({ "description": "One", "uuid": uuid, "depends": [uuid, "2F1B-B"] });
        let (arrival, notes, _) = taken(&object);
        let name = Name::Text(uuid.to_lowercase());
        assert_eq!(arrival.called.unwrap().name, uuid.to_lowercase());
        assert_eq!(arrival.name, Some(name));
        assert_eq!(arrival.depends_on, [Name::Text("2f1b-b".to_owned())]);
        assert_eq!(notes, ["depends names the task itself: left out"]);
    }

    #[test]
    fn a_tag_with_a_comma_is_one_that_can_be_named() {
        let tags = json!(["a,b", "c", ",", ",d"]);
        let (arrival, notes, _) = taken(&json!({ "description": "One", "tags": tags }));
        let tags: Vec<&str> = arrival.task.tags.iter().map(Tag::as_str).collect();
        assert_eq!(tags, ["a-b", "c", "d"]);
        assert_eq!(arrival.task.description.as_str(), "tag: ,");
        let expected = [
            "tag: commas became -",
            "tag: kept as a line of the description",
        ];
        assert_eq!(notes, expected);
    }

    #[test]
    fn tags_beyond_those_that_a_task_can_have_are_lines_of_the_description() {
        let tags: Vec<String> = (0..=Task::MAX_TAGS).map(|tag| format!("t{tag}")).collect();
        let (arrival, notes, _) = taken(&json!({ "description": "One", "tags": tags }));
        assert_eq!(arrival.task.tags.len(), Task::MAX_TAGS);
        let last = format!("tag: t{}", Task::MAX_TAGS);
        assert_eq!(arrival.task.description.as_str(), last);
        assert_eq!(notes, ["tag: kept as a line of the description"]);
    }
}
