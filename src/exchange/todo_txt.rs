//! todo.txt, as published at <https://github.com/todotxt/todo.txt>: one line a task.
//!
//! `x` and the dates, the priorities, `+project` and `@context` are the format's own; `due:`, `t:` (not before), `rec:`
//! (again), `pri:` (of what is done), `id:`, `p:` (part of) and `dep:` (after) are what its programs have agreed on; and
//! `status:` is ours, for what the format has no sign for.
//!
//! The format has no way to escape. A line of our own ends with `id:N`, and its title comes back as it was, whatever it
//! looks like (`own_export`). In any other, marks at the end are taken out of the title; those in the middle of a sentence stay in
//! it too, so that nobody has to read "Call about". A key that is not known here is a part of the title.

use std::io::{self, BufRead, Write};

use chrono::NaiveDate;

use super::{Fault, Notes, Relatives, WriteError, lines::Lines, new_task, title};
use crate::domain::{
    command::{Caller, begin_series},
    imported::{Arrival, Name, Terms},
    repeat::Repeat,
    task::{Invalid, Priority, Project, Status, Tag, Task, TaskWithComments, Timestamp},
    when::{When, Zone},
};

mod own_export;
mod rec;

/// Who is said to have created what comes from such a file.
const SOURCE: &str = "todo.txt";
/// What it cannot hold.
const LEFT_OUT: [&str; 7] = [
    "comments",
    "created_by",
    "description",
    "repeat_from",
    "rev",
    "started_at",
    "updated_at",
];

/// Writes the format.
#[derive(Debug)]
pub struct Writer {
    zone: Zone,
    left_out: Notes,
}

impl Writer {
    /// Writes days as they are in `zone`.
    pub fn new(zone: Zone) -> Self {
        Self {
            zone,
            left_out: Notes::default(),
        }
    }

    fn line(&mut self, whole: &TaskWithComments) -> String {
        let task = &whole.task;
        let day = |at: Timestamp| written(self.zone.today(at.as_millis()));
        let mut words = Vec::new();
        let is_done = task.status == Status::Completed;
        let letter = task.priority.map(|priority| match priority {
            Priority::High => 'A',
            Priority::Medium => 'B',
            Priority::Low => 'C',
        });
        if is_done {
            words.push("x".to_owned());
            // Both dates are always there: so one at the start of the title is a part of it.
            words.push(day(task.completed_at.unwrap_or(task.updated_at)));
        } else {
            words.extend(letter.map(|letter| format!("({letter})")));
        }
        words.push(day(task.created_at));
        words.push(task.title.as_str().to_owned());
        if own_export::needs_end(task.title.as_str()) {
            words.push(own_export::END_OF_TITLE.to_owned());
        }
        let project = task.project.iter().map(|project| ('+', project.as_str()));
        let tags = task.tags.iter().map(|tag| ('@', tag.as_str()));
        let marks = project.chain(tags);
        words.extend(marks.map(|(sign, name)| format!("{sign}{}", name.replace(' ', "-"))));
        let mut key = |key: &str, value: String| words.push(format!("{key}:{value}"));
        match (is_done, letter, task.status) {
            (true, Some(letter), _) => key("pri", letter.to_string()),
            (_, _, Status::InProgress | Status::Cancelled) => {
                key("status", task.status.to_string());
            }
            _ => {}
        }
        if let Some(due) = &task.due {
            key("due", written(due.day(self.zone)));
        }
        if let Some(until) = &task.defer_until {
            key("t", written(until.day(self.zone)));
        }
        let again = task
            .repeat
            .as_ref()
            .map(|repeat| rec::write(repeat, task.due, self.zone));
        if let Some(Some(again)) = &again {
            key("rec", again.clone());
        }
        if let Some(parent) = task.parent {
            key("p", parent.to_string());
        }
        for other in &task.depends_on {
            key("dep", other.to_string());
        }
        // Last: that makes it a line of ours.
        key("id", task.id.to_string());
        self.count(whole, again == Some(None));
        words.join(" ")
    }

    fn count(&mut self, whole: &TaskWithComments, rule_is_lost: bool) {
        let (task, notes) = (&whole.task, &mut self.left_out);
        notes.count_fields(whole, &LEFT_OUT);
        let has_time = |when: &Option<When>| !matches!(when, None | Some(When::Day(_)));
        if has_time(&task.due) {
            notes.count("due (the time of day)");
        }
        if has_time(&task.defer_until) {
            notes.count("defer_until (the time of day)");
        }
        if rule_is_lost {
            notes.count("repeat (rules that rec: cannot say)");
        }
        if task.completed_at.is_some() {
            notes.count("completed_at (the time of day)");
        }
        notes.count("created_at (the time of day)");
        let has_blank = |project: &Project| project.as_str().contains(' ');
        if task.project.as_ref().is_some_and(has_blank) {
            notes.count("project (blanks became -)");
        }
    }
}

impl super::Writer for Writer {
    fn begin(&mut self, _: &mut dyn Write, _: super::Contents) -> io::Result<()> {
        Ok(())
    }

    fn task(
        &mut self,
        out: &mut dyn Write,
        whole: &TaskWithComments,
        _: &Relatives<'_>,
    ) -> Result<(), WriteError> {
        Ok(writeln!(out, "{}", self.line(whole))?)
    }

    fn end(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn left_out(&self) -> &Notes {
        &self.left_out
    }
}

/// Reads the format.
pub struct Reader<'a, R> {
    lines: Lines<R>,
    caller: &'a Caller,
    notes: Notes,
}

impl<'a, R: BufRead> Reader<'a, R> {
    /// Begins to read `input`, its days as they are where `caller` is.
    pub fn new(input: R, caller: &'a Caller) -> Self {
        Self {
            lines: Lines::new(input),
            caller,
            notes: Notes::default(),
        }
    }
}

impl<R: BufRead> super::Reader for Reader<'_, R> {
    fn next(&mut self) -> Option<Result<Arrival, Fault>> {
        loop {
            let line = match self.lines.next()? {
                Ok(line) if line.trim().is_empty() => continue,
                Ok(line) => read(line, self.caller, &mut self.notes),
                Err(fault) => return Some(Err(fault)),
            };
            let number = self.lines.number();
            return Some(match line {
                Ok(arrival) => Ok(Arrival {
                    line: number,
                    ..arrival
                }),
                Err(invalid) => Err(Fault::task(number, invalid.to_string())),
            });
        }
    }

    fn notes(&self) -> &Notes {
        &self.notes
    }

    fn terms(&mut self) -> Terms {
        Terms {
            keeps_ids: false,
            is_complete: false,
        }
    }
}

/// What stands before the words of a line.
struct Start<'a> {
    is_done: bool,
    letter: Option<char>,
    completed: Option<NaiveDate>,
    created: Option<NaiveDate>,
    rest: &'a str,
}

impl<'a> Start<'a> {
    fn read(line: &'a str) -> Self {
        let (is_done, mut rest) = match line.strip_prefix("x ") {
            Some(rest) => (true, rest.trim_start()),
            None => (false, line),
        };
        let letter = priority(rest);
        if letter.is_some() {
            rest = rest[4..].trim_start();
        }
        let mut dates = [None, None];
        for date in dates.iter_mut().take(if is_done { 2 } else { 1 }) {
            let Some((word, after)) = rest.split_once(' ') else {
                break;
            };
            let Some(day) = day(word) else { break };
            (*date, rest) = (Some(day), after.trim_start());
        }
        let [first, second] = dates;
        let (completed, created) = if is_done {
            (first, second)
        } else {
            (None, first)
        };
        Self {
            is_done,
            letter,
            completed,
            created,
            rest,
        }
    }
}

/// Returns the letter of `(A) ` at the start of `text`.
fn priority(text: &str) -> Option<char> {
    match text.as_bytes() {
        [b'(', letter @ b'A'..=b'Z', b')', b' ', ..] => Some(char::from(*letter)),
        _ => None,
    }
}

/// Returns a day as it is read again: a zone may move an instant out of the years a task can have.
fn written(day: NaiveDate) -> String {
    let first = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap_or_default();
    let last = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or_default();
    day.clamp(first, last).to_string()
}

fn day(word: &str) -> Option<NaiveDate> {
    match word.parse::<When>() {
        Ok(When::Day(day)) => Some(day),
        _ => None,
    }
}

fn is_mark(word: &str) -> bool {
    word.len() > 1 && word.starts_with(['+', '@'])
}

/// Returns the key and the value of a word like `due:2026-12-24`, if the key means something here.
fn known_key(word: &str) -> Option<(&str, &str)> {
    let (key, value) = word.split_once(':')?;
    let is_known = ["due", "t", "rec", "pri", "id", "p", "dep", "status"].contains(&key);
    (is_known && !value.is_empty()).then_some((key, value))
}

fn read(line: &str, caller: &Caller, notes: &mut Notes) -> Result<Arrival, Invalid> {
    let start = Start::read(line.trim_end());
    let at = |day| Timestamp::from_millis(When::begin_of(day, caller.zone).order(caller.zone));
    let placeholder = title("-", notes)?;
    let task = new_task(placeholder, SOURCE, start.created.map_or(caller.now, at));
    let end_of_day = |day: NaiveDate| Timestamp::from_millis(When::Day(day).order(caller.zone));
    let mut arrival = Arrival {
        line: 0,
        name: None,
        task,
        comments: Vec::new(),
        id: None,
        created: start.created.map(|day| [at(day), end_of_day(day)]),
        parent: None,
        depends_on: Vec::new(),
    };
    let mut rest = LateMarks {
        letter: start.letter,
        again: None,
    };
    let own = own_export::split(start.rest);
    let is_own = own.is_some();
    let sentence = match own {
        Some((title, marks)) => {
            rest.take(&marks, &mut arrival, notes);
            title.to_owned()
        }
        None => rest.read(start.rest, &mut arrival, notes),
    };
    if let Some(Name::Text(name)) = &arrival.name {
        arrival.id = name.parse().ok();
    }
    let task = &mut arrival.task;
    task.title = title(&sentence, notes)?;
    task.priority = rest.letter.map(|letter| by_letter(letter, notes));
    if start.is_done {
        task.status = Status::Completed;
        task.completed_at = Some(start.completed.map_or(caller.now, at));
        task.repeat = rest
            .again
            .filter(|_| is_own)
            .zip(task.due)
            .map(|(repeat, due)| repeat.anchored(&due, caller.zone));
    } else {
        task.repeat = rest.again;
        begin_series(task, caller);
    }
    task.updated_at = task.completed_at.unwrap_or(task.created_at);
    Task::refuse_too_many_tags(task.tags.len())?;
    Ok(arrival)
}

/// What the words of a line say that must wait for its end.
struct LateMarks {
    letter: Option<char>,
    again: Option<Repeat>,
}

impl LateMarks {
    /// Takes keys and marks out of the words of a line. Returns the title they leave.
    fn read(&mut self, text: &str, arrival: &mut Arrival, notes: &mut Notes) -> String {
        let mut words: Vec<&str> = text
            .split([' ', '\t'])
            .filter(|word| !word.is_empty())
            .collect();
        words.retain(|word| {
            let Some((key, value)) = known_key(word) else {
                return true;
            };
            let is_read = self.set(arrival, key, value, notes);
            if !is_read {
                notes.count(format!(
                    "{key}: a value that is not understood stayed in the title"
                ));
            }
            !is_read
        });
        let kept = words
            .iter()
            .rposition(|word| !is_mark(word))
            .map_or(words.len(), |last| last + 1);
        let (sentence, marks) = words.split_at(kept);
        for word in marks.iter().chain(sentence).filter(|word| is_mark(word)) {
            take_mark(&mut arrival.task, word, notes);
        }
        sentence.join(" ")
    }

    /// Takes the marks of a line of ours.
    fn take(&mut self, marks: &[&str], arrival: &mut Arrival, notes: &mut Notes) {
        for mark in marks {
            match known_key(mark) {
                Some((key, value)) => _ = self.set(arrival, key, value, notes),
                None => take_mark(&mut arrival.task, mark, notes),
            }
        }
    }

    /// Sets what `key` says. Returns whether `value` could be read.
    fn set(&mut self, arrival: &mut Arrival, key: &str, value: &str, notes: &mut Notes) -> bool {
        match key {
            "rec" => rec::read(value, notes)
                .map(|repeat| self.again = Some(repeat))
                .is_some(),
            "pri" => set_letter(&mut self.letter, value),
            _ => set(arrival, key, value),
        }
    }
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
        "id" => arrival.name.replace(name()).is_none(),
        "p" => arrival.parent.replace(name()).is_none(),
        _ => {
            arrival.depends_on.push(name());
            true
        }
    }
}

/// Takes `+project` or `@context`; a task has one project, further ones become tags.
fn take_mark(task: &mut Task, word: &str, notes: &mut Notes) {
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
    match Tag::try_from(name) {
        Ok(tag) => {
            task.tags.insert(tag);
        }
        Err(_) => notes.count("tag: one that cannot be used was left out"),
    }
}

fn by_letter(letter: char, notes: &mut Notes) -> Priority {
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
mod tests;
