//! The keys and marks among the words of a line of todo.txt.

use std::collections::BTreeSet;

use super::{day, is_mark, known_key, names::Names, own_export, rec};
use crate::{
    domain::{
        imported::{Arrival, Name},
        repeat::Repeat,
        task::{Invalid, Priority, Project, Status, Tag, Task},
        when::When,
    },
    exchange::{Notes, texts},
};

/// What the words of a line say that must wait for its end.
pub(super) struct LateMarks<'a> {
    pub(super) letter: Option<char>,
    /// How it repeats, and from which day of the month where that is not the day of `due`.
    pub(super) again: Option<Repeat>,
    again_day: Option<u32>,
    /// The keys that were taken, each of which counts once.
    taken: BTreeSet<&'static str>,
    /// `None` in a line of ours, which names tasks by their numbers.
    names: Option<&'a Names>,
}

/// What was made of a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    /// The task says it now.
    Taken,
    /// It means something else here, and is a word like others.
    Word,
    /// Its value is not understood.
    NotUnderstood,
    /// It names no task, or the task itself.
    NoTask,
    /// A later one says it already.
    Said,
}

impl<'a> LateMarks<'a> {
    /// Begins with the letter that stands before the words. `names` is `None` in a line of ours.
    pub(super) fn new(letter: Option<char>, names: Option<&'a Names>) -> Self {
        Self {
            letter,
            again: None,
            again_day: None,
            taken: BTreeSet::new(),
            names,
        }
    }

    /// Takes keys and marks out of the words of a line. Returns the title they leave.
    pub(super) fn read(&mut self, text: &str, arrival: &mut Arrival, notes: &mut Notes) -> String {
        let own_name = own_name_in(text);
        let mut words: Vec<&str> = Vec::new();
        // Of several the last counts, as in a line of ours.
        for word in text
            .split([' ', '\t'])
            .rev()
            .filter(|word| !word.is_empty())
        {
            let Some((key, value)) = known_key(word) else {
                words.push(word);
                continue;
            };
            let is_itself = matches!(key, "p" | "dep") && own_name == Some(value);
            let made = if is_itself {
                Made::NoTask
            } else {
                self.set(arrival, key, value, notes)
            };
            match made {
                Made::Taken => continue,
                Made::Word => {}
                Made::NoTask => notes.count(format!(
                    "{key}: a name that no other task of the file has stayed in the title"
                )),
                Made::NotUnderstood => notes.count(format!(
                    "{key}: a value that is not understood stayed in the title"
                )),
                Made::Said => notes.count(format!(
                    "{key}: of several in a line the last counts; the others stayed in the title"
                )),
            }
            words.push(word);
        }
        words.reverse();
        arrival.depends_on.reverse();
        let kept = words
            .iter()
            .rposition(|word| !is_mark(word))
            .map_or(words.len(), |last| last + 1);
        let (sentence, marks) = words.split_at(kept);
        for word in marks.iter().chain(sentence).filter(|word| is_mark(word)) {
            take_mark(&mut arrival.task, word, texts::tag, notes);
        }
        sentence.join(" ")
    }

    /// Takes the marks of a line of ours.
    pub(super) fn take(&mut self, marks: &[&str], arrival: &mut Arrival, notes: &mut Notes) {
        let keys = marks.iter().rev().filter_map(|mark| known_key(mark));
        for (key, value) in keys {
            if self.set(arrival, key, value, notes) == Made::Said {
                notes.count(format!(
                    "{key}: of several in a line of ours the last was taken"
                ));
            }
        }
        arrival.depends_on.reverse();
        for mark in marks.iter().filter(|mark| is_mark(mark)) {
            let as_it_was = |name: &str, _: &mut Notes| Tag::try_from(name.to_owned());
            take_mark(&mut arrival.task, mark, as_it_was, notes);
        }
    }

    /// Sets what `key` says.
    fn set(&mut self, arrival: &mut Arrival, key: &str, value: &str, notes: &mut Notes) -> Made {
        match (key, self.names) {
            ("id", Some(names)) if !names.is_named(value) => return Made::Word,
            ("rev", Some(_)) => return Made::Word,
            ("p" | "dep", Some(names)) if !names.has(value) => return Made::NoTask,
            _ => {}
        }
        let once = ONCE.iter().find(|once| **once == key);
        if once.is_some_and(|key| self.taken.contains(key)) {
            return Made::Said;
        }
        let is_read = match key {
            "rec" => rec::read(value, notes)
                .map(|repeat| self.again = Some(repeat))
                .is_some(),
            rec::DAY => rec::read_day(value)
                .map(|day| self.again_day = Some(day))
                .is_some(),
            "pri" => set_letter(&mut self.letter, value),
            _ => set(arrival, key, value),
        };
        if !is_read {
            return Made::NotUnderstood;
        }
        self.taken.extend(once);
        Made::Taken
    }

    /// Returns how the task repeats that is due on `due`.
    pub(super) fn repeat(self, due: Option<When>) -> Option<Repeat> {
        let again = self.again?;
        Some(match self.again_day {
            Some(day) => rec::on_day(again, day, due),
            None => again,
        })
    }
}

/// The keys that count once in a line.
const ONCE: [&str; 8] = ["due", "t", "rec", rec::DAY, "pri", "status", "id", "p"];

/// Returns what a line of another program is called by its last `id:`.
fn own_name_in(text: &str) -> Option<&str> {
    let mut keys = text.rsplit([' ', '\t']).filter_map(known_key);
    keys.find(|(key, _)| *key == "id").map(|(_, value)| value)
}

fn set_letter(letter: &mut Option<char>, value: &str) -> bool {
    let mut chars = value.chars();
    match (chars.next(), chars.next()) {
        (Some(given @ 'A'..='Z'), None) => {
            letter.get_or_insert(given);
            true
        }
        _ => false,
    }
}

/// Sets what `key` says. Returns whether `value` could be read.
fn set(arrival: &mut Arrival, key: &str, value: &str) -> bool {
    let name = || Name::Text(value.to_owned());
    let task = &mut arrival.task;
    match key {
        "due" => day(value)
            .map(|day| task.due = Some(When::Day(day)))
            .is_some(),
        "t" => day(value)
            .map(|day| task.defer_until = Some(When::Day(day)))
            .is_some(),
        "status" => match value.parse() {
            Ok(status @ (Status::InProgress | Status::Cancelled)) => {
                task.status = status;
                true
            }
            _ => false,
        },
        "rev" => {
            if let Some(state) = own_export::State::read(value) {
                arrival.versions.push(state.version);
                if let Some(at) = state.created_at {
                    arrival.created = Some([at; 2]);
                    arrival.called = state.first.map(|id| own_export::own_called(id, at));
                    task.created_at = at;
                }
            }
            true
        }
        "id" => {
            arrival.name = Some(name());
            true
        }
        "p" => {
            arrival.parent = Some(name());
            true
        }
        _ => {
            arrival.depends_on.push(name());
            true
        }
    }
}

/// Takes `+project` or `@context`; a task has one project, further ones become tags, as `tag` makes them.
fn take_mark(
    task: &mut Task,
    word: &str,
    tag: impl Fn(&str, &mut Notes) -> Result<Tag, Invalid>,
    notes: &mut Notes,
) {
    let name = word[1..].to_owned();
    if word.starts_with('+') && task.project.is_none() {
        match Project::try_from(name) {
            Ok(project) => task.project = Some(project),
            Err(_) => notes.count("project: one that cannot be used was left out"),
        }
        return;
    }
    if word.starts_with('+')
        && task
            .project
            .as_ref()
            .is_none_or(|project| project.as_str() != name)
    {
        notes.count("project: a task has one; further ones became tags");
    }
    match tag(&name, notes) {
        Ok(tag) => {
            task.tags.insert(tag);
        }
        Err(_) => notes.count("tag: one that cannot be used was left out"),
    }
}

pub(super) fn by_letter(letter: char, notes: &mut Notes) -> Priority {
    match letter {
        'A' => Priority::High,
        'B' => Priority::Medium,
        'C' => Priority::Low,
        _ => {
            notes.count("priority: letters after C became low");
            Priority::Low
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        Writer,
        tests::{caller, read_all},
    };
    use crate::{
        domain::{
            task::{Tag, Task, TaskId, TaskWithComments},
            when::{When, Zone},
        },
        exchange::{Contents, Relatives, Writer as _, new_task},
    };

    fn notes(text: &str) -> Vec<String> {
        let (_, notes) = read_all(text);
        notes.iter().map(|(note, _)| note.to_owned()).collect()
    }

    fn written(task: Task) -> String {
        let mut out = Vec::new();
        let mut writer = Writer::new(Zone::UTC);
        let contents = Contents {
            tasks: 1,
            last_id: 1,
            first_year: None,
        };
        let place = Relatives {
            depth: 0,
            other: &|_| Ok(None),
        };
        let whole = TaskWithComments {
            task,
            comments: Vec::new(),
        };
        writer.begin(&mut out, contents).unwrap();
        writer.task(&mut out, &whole, &place).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_series_keeps_its_day_of_the_month_in_every_month_and_in_every_file() {
        let of = |line: &str| read_all(line).0.remove(0).task;
        for (line, unit) in [
            ("Pay due:2027-01-31 rec:+1m", 1),
            ("Pay due:2027-01-30 rec:+1m", 1),
            ("Pay due:2027-03-31 rec:+3m", 3),
            ("Pay due:2028-02-29 rec:+1y", 12),
        ] {
            let first = of(line);
            let repeat = first.repeat.clone().unwrap();
            let mut due = first.due.unwrap();
            for round in 0..15 {
                let title = first.title.clone();
                let mut task = new_task(title, "test", caller().now);
                (task.id, task.due, task.repeat) = (TaskId::FIRST, Some(due), Some(repeat.clone()));
                let text = written(task);
                let own = of(&text);
                assert_eq!((own.title.as_str(), own.due), ("Pay", Some(due)), "{text}");
                assert_eq!(own.repeat.as_ref(), Some(&repeat), "{text}");
                // Another program knows nothing of what we add, and leaves it where it is.
                let (foreign, _) = text.split_once(" rev:").unwrap();
                let foreign = of(foreign);
                assert_eq!(
                    (foreign.title.as_str(), foreign.repeat),
                    ("Pay", Some(repeat.clone()))
                );
                let next = repeat.after(&due, &due, i64::MIN, Zone::UTC).unwrap();
                let months = |when: &When| {
                    use chrono::Datelike as _;
                    let day = when.day(Zone::UTC);
                    day.year() * 12 + day.month0().cast_signed()
                };
                assert_eq!(months(&next) - months(&due), unit, "{line}, round {round}");
                due = next;
            }
        }
    }

    #[test]
    fn a_day_of_the_month_that_goes_with_no_rule_changes_nothing() {
        let (mut arrivals, _) =
            read_all("Pay due:2027-02-28 rec:+1w recday:31\nPay due:2027-01-05 rec:+1m recday:32");
        let second = arrivals.pop().unwrap().task;
        assert_eq!(second.title.as_str(), "Pay recday:32");
        assert_eq!(
            second.repeat.unwrap().to_string(),
            "FREQ=MONTHLY;BYMONTHDAY=5"
        );
        let first = arrivals.pop().unwrap().task;
        assert_eq!(first.repeat.unwrap().to_string(), "FREQ=WEEKLY;BYDAY=SU");
    }

    #[test]
    fn a_tag_with_a_comma_is_one_that_can_be_named_unless_it_is_ours() {
        let (arrivals, notes) = read_all("Call @a,b +home +q,r @,\n");
        let task = &arrivals[0].task;
        let tags: Vec<&str> = task.tags.iter().map(Tag::as_str).collect();
        assert_eq!((task.title.as_str(), tags), ("Call", vec!["a-b", "q-r"]));
        let notes: Vec<_> = notes.iter().collect();
        assert_eq!(
            notes,
            [
                ("project: a task has one; further ones became tags", 1),
                ("tag: commas became -", 1),
                ("tag: one that cannot be used was left out", 1),
            ]
        );
        let mut own = arrivals[0].task.clone();
        own.id = TaskId::FIRST;
        own.tags = [Tag::try_from("a,b".to_owned()).unwrap()].into();
        let (arrivals, _) = read_all(&written(own.clone()));
        assert_eq!(arrivals[0].task.tags, own.tags);
    }

    #[test]
    fn of_a_key_that_is_there_twice_the_last_counts_and_nothing_is_lost() {
        let (arrivals, _) = read_all("Pay due:2026-12-01 rent due:2026-12-24 @home\n");
        let task = &arrivals[0].task;
        assert_eq!(task.title.as_str(), "Pay due:2026-12-01 rent");
        assert_eq!(task.due.map(String::from).as_deref(), Some("2026-12-24"));
        for line in [
            "Pay due:2026-12-01 due:2026-12-24",
            "Pay t:2026-12-01 t:2026-12-24",
            "Pay due:2026-12-01 rec:1d rec:2d",
            "Pay pri:A pri:B",
        ] {
            let notes = notes(line);
            assert_eq!(notes.len(), 1, "{line}: {notes:?}");
            assert!(
                notes[0].ends_with(
                    ": of several in a line the last counts; the others stayed in the title"
                ),
                "{notes:?}"
            );
        }
        // A line comes after several.
        let (arrivals, _) = read_all("A id:a\nB id:b\nC dep:a dep:b\n");
        assert_eq!(arrivals[2].depends_on.len(), 2);
    }

    #[test]
    fn a_line_that_names_itself_keeps_the_name_in_its_title() {
        let (arrivals, notes) = read_all("A id:a dep:a p:a\n");
        assert_eq!(arrivals[0].task.title.as_str(), "A dep:a p:a");
        assert_eq!(
            (&arrivals[0].parent, arrivals[0].depends_on.len()),
            (&None, 0)
        );
        let notes: Vec<&str> = notes.iter().map(|(note, _)| note).collect();
        assert_eq!(
            notes,
            [
                "dep: a name that no other task of the file has stayed in the title",
                "p: a name that no other task of the file has stayed in the title"
            ]
        );
    }
}
