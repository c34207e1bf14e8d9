//! Reading lines of todo.txt.

use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    io::{self, BufRead, Seek},
};

use chrono::NaiveDate;

use super::{day, is_mark, known_key, own_export, rec, start::Start};
use crate::{
    domain::{
        command::{Caller, begin_series},
        imported::{Arrival, Called, Name, Terms, own_name},
        repeat::Repeat,
        task::{Invalid, Priority, Project, Status, Tag, Task, Timestamp, Title},
        when::When,
    },
    exchange::{
        Fault, Notes,
        lines::Lines,
        new_task,
        texts::{comment, description, heading},
    },
};

/// Who is said to have created what comes from such a file.
const SOURCE: &str = "todo.txt";

/// Reads the format.
pub struct Reader<'a, R> {
    lines: Lines<R>,
    caller: &'a Caller,
    names: Names,
    /// The lines that come after all others are being read.
    is_late: bool,
    pub(super) notes: Notes,
}

impl<'a, R: BufRead + Seek> Reader<'a, R> {
    /// Begins to read `input`, its days as they are where `caller` is.
    pub fn new(mut input: R, caller: &'a Caller) -> io::Result<Self> {
        let names = Names::read(&mut input)?;
        input.rewind()?;
        Ok(Self {
            lines: Lines::new(input),
            caller,
            names,
            is_late: false,
            notes: Notes::default(),
        })
    }
}

/// Which lines are named by others: what other people write after `id:` is mostly the number of a ticket.
#[derive(Default)]
struct Names {
    /// The hash of what each line is called by its `id:`.
    ids: HashSet<u64>,
    /// Of what more than one is called.
    ambiguous: HashSet<u64>,
    /// Of what lines of other programs name with `p:` and `dep:`.
    named: HashSet<u64>,
    /// The hash of what lines of other programs say without keys, where one is open and one is done.
    in_both: HashSet<u64>,
}

impl Names {
    fn read(input: &mut impl BufRead) -> io::Result<Self> {
        let mut names = Self::default();
        let mut lines = Lines::new(input);
        let (mut open, mut done) = (HashSet::new(), HashSet::new());
        loop {
            match lines.next() {
                None => break,
                Some(Ok(line)) => {
                    names.note(line);
                    if let Some((is_done, words)) = words_of(line) {
                        let same = if is_done { &mut done } else { &mut open };
                        same.insert(words);
                    }
                }
                Some(Err(Fault::Read(error))) => return Err(error),
                // Told when the line is read for what it says.
                Some(Err(_)) => {}
            }
        }
        open.retain(|words| done.contains(words));
        names.in_both = open;
        Ok(names)
    }

    /// Reports whether a line comes after all others: it is done, and an open one says the same. What is open here is rather
    /// the open one, and otherwise the one that is done, wherever they stand.
    fn is_late(&self, line: &str) -> bool {
        !self.in_both.is_empty()
            && words_of(line)
                .is_some_and(|(is_done, words)| is_done && self.in_both.contains(&words))
    }

    fn note(&mut self, line: &str) {
        let start = Start::read(line.trim_end());
        let is_own = own_export::split(start.rest).is_some();
        let words = start.rest.rsplit([' ', '\t']);
        let counts = |(key, _): &(&str, &str)| !is_own || *key == "id";
        for (key, value) in
            words
                .filter_map(known_key)
                .filter(counts)
                .take(if is_own { 1 } else { usize::MAX })
        {
            let hash = hash(value);
            match key {
                "id" if !self.ids.insert(hash) => _ = self.ambiguous.insert(hash),
                "p" | "dep" => _ = self.named.insert(hash),
                _ => {}
            }
        }
    }

    /// Reports whether there is one line that is called so.
    fn has(&self, name: &str) -> bool {
        let hash = hash(name);
        self.ids.contains(&hash) && !self.ambiguous.contains(&hash)
    }

    /// Reports whether another line names the one that is called so.
    fn is_named(&self, name: &str) -> bool {
        self.has(name) && self.named.contains(&hash(name))
    }
}

/// Returns whether a line is done, and a hash of what it says without keys; `None` for a line of ours and one that
/// says when it was created, which are known by that.
fn words_of(line: &str) -> Option<(bool, u64)> {
    let start = Start::read(line.trim_end());
    if start.created.is_some() || own_export::split(start.rest).is_some() {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    let words = start.rest.split([' ', '\t']);
    let says = |word: &&str| !word.is_empty() && known_key(word).is_none();
    words.filter(says).for_each(|word| word.hash(&mut hasher));
    Some((start.is_done, hasher.finish()))
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

impl<R: BufRead + Seek> crate::exchange::Reader for Reader<'_, R> {
    fn next(&mut self) -> Option<Result<Arrival, Fault>> {
        loop {
            let line = match self.lines.next() {
                None if self.is_late || self.names.in_both.is_empty() => return None,
                None => {
                    self.is_late = true;
                    match self.lines.rewind() {
                        Ok(()) => continue,
                        Err(error) => return Some(Err(error.into())),
                    }
                }
                Some(Ok(line)) if line.trim().is_empty() => continue,
                Some(Ok(line)) if self.names.is_late(line) != self.is_late => continue,
                Some(Ok(line)) => read(line, &self.names, self.caller, &mut self.notes),
                // Told the first time.
                Some(Err(Fault::Task { .. })) if self.is_late => continue,
                Some(Err(fault)) => return Some(Err(fault)),
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
            is_line: true,
            rule_in_line: Some(rec::write),
        }
    }
}

fn read(line: &str, names: &Names, caller: &Caller, notes: &mut Notes) -> Result<Arrival, Invalid> {
    let start = Start::read(line.trim_end());
    let at = |day| Timestamp::from_millis(When::begin_of(day, caller.zone).order(caller.zone));
    let placeholder = Title::try_from("-".to_owned())?;
    let task = new_task(placeholder, SOURCE, start.created.map_or(caller.now, at));
    let end_of_day = |day: NaiveDate| Timestamp::from_millis(When::Day(day).order(caller.zone));
    let mut arrival = Arrival {
        line: 0,
        name: None,
        called: None,
        task,
        comments: Vec::new(),
        id: None,
        versions: Vec::new(),
        created: start.created.map(|day| [at(day), end_of_day(day)]),
        parent: None,
        depends_on: Vec::new(),
    };
    let own = own_export::split(start.rest);
    let is_own = own.is_some();
    let mut rest = LateMarks {
        letter: start.letter,
        again: None,
        names: (!is_own).then_some(names),
    };
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
    let (title, more) = heading(&sentence, notes)?;
    let (description, pieces) = description(&more.unwrap_or_default(), notes)?;
    (task.title, task.description) = (title, description);
    for piece in pieces {
        let remark = comment(task.created_at, task.created_by.clone(), &piece, notes)?;
        arrival.comments.extend(remark);
    }
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
        if task.repeat.is_some() {
            task.due = task.due.or(task.defer_until);
        }
        begin_series(task, caller);
    }
    task.updated_at = task.completed_at.unwrap_or(task.created_at);
    arrival.called = if is_own {
        own_called(&arrival)
    } else {
        Some(called(&sentence, &start))
    };
    let task = &arrival.task;
    Task::refuse_too_many_tags(task.tags.len())?;
    Ok(arrival)
}

/// Returns what a line of ours is known by in a database that has the task from there; `None` if it does not say when the task
/// was created. A line says less than other files of ours: so what it said is kept under a kind of its own.
fn own_called(arrival: &Arrival) -> Option<Called> {
    let [first, last] = arrival.created?;
    let id = arrival.id.filter(|_| first == last)?;
    Some(Called {
        from: SOURCE,
        name: own_name(id, first),
        is_text: true,
        before: None,
    })
}

/// Returns what a line is known by: its title and the date it was created, or else whether it is done, and since when.
fn called(sentence: &str, start: &Start<'_>) -> Called {
    let name = match (start.created, start.is_done, start.completed) {
        (Some(created), _, _) => format!("{created} {sentence}"),
        (None, false, _) => sentence.to_owned(),
        (None, true, Some(completed)) => format!("x {completed} {sentence}"),
        (None, true, None) => format!("x {sentence}"),
    };
    Called {
        from: SOURCE,
        name,
        is_text: true,
        before: (start.created.is_none() && start.is_done).then(|| sentence.to_owned()),
    }
}

/// What the words of a line say that must wait for its end.
struct LateMarks<'a> {
    letter: Option<char>,
    again: Option<Repeat>,
    /// `None` in a line of ours, which names tasks by their numbers.
    names: Option<&'a Names>,
}

impl LateMarks<'_> {
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
            match key {
                _ if is_read => {}
                "id" | "rev" => {}
                "p" | "dep" => notes.count(format!(
                    "{key}: a name that no task of the file has stayed in the title"
                )),
                _ => notes.count(format!(
                    "{key}: a value that is not understood stayed in the title"
                )),
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
            "id" if self.names.is_some_and(|names| !names.is_named(value)) => false,
            "rev" if self.names.is_some() => false,
            "p" | "dep" if self.names.is_some_and(|names| !names.has(value)) => false,
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
        "rev" => {
            if let Some((version, created_at)) = own_export::read_state(value) {
                arrival.versions.push(version);
                if let Some(at) = created_at {
                    arrival.created = Some([at; 2]);
                    task.created_at = at;
                }
            }
            true
        }
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
