//! Reading lines of todo.txt.

use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    io::{self, BufRead, Seek},
};

use chrono::NaiveDate;

use super::{
    known_key,
    marks::{LateMarks, by_letter},
    own_export,
    start::Start,
};
use crate::{
    domain::{
        command::{Caller, begin_series},
        imported::{Arrival, Called, Name, Terms, own_name},
        task::{Invalid, Status, Task, Timestamp, Title},
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
pub(super) struct Names {
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
    pub(super) fn has(&self, name: &str) -> bool {
        let hash = hash(name);
        self.ids.contains(&hash) && !self.ambiguous.contains(&hash)
    }

    /// Reports whether another line names the one that is called so.
    pub(super) fn is_named(&self, name: &str) -> bool {
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
    let mut rest = LateMarks::new(start.letter, (!is_own).then_some(names));
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
            .repeat(task.due)
            .filter(|_| is_own)
            .zip(task.due)
            .map(|(repeat, due)| repeat.anchored(&due, caller.zone));
    } else {
        if rest.again.is_some() {
            task.due = task.due.or(task.defer_until);
        }
        task.repeat = rest.repeat(task.due);
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
        sequence: None,
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
        // A line without any date may be one of years ago, in a file of what was done; a box is ticked where it stands.
        before: (start.created.is_none()
            && start.is_done
            && (start.completed.is_some() || start.is_box))
            .then(|| sentence.to_owned()),
        sequence: None,
    }
}
