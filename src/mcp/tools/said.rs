//! What of a change the call did not say itself: a reply tells that, and does not repeat the rest.

use crate::{
    domain::{
        change::Edit,
        command::Outcome,
        task::{Project, Status, Task},
        when::{When, Zone},
    },
    input::{Clearable, GivenFields},
};

/// Returns the names of the fields that `edit` set otherwise than `given` says word for word: a date that was worked out, a
/// series that went on. Of a call that was made before, all fields that are set.
pub(super) fn unsaid(
    edit: &Edit,
    outcome: &Outcome,
    given: Option<&GivenFields>,
    zone: Zone,
) -> Vec<&'static str> {
    let nothing = GivenFields::default();
    let given = given.unwrap_or(&nothing);
    let (before, after) = (
        edit.before.as_ref().filter(|_| !outcome.is_repeat),
        &edit.after,
    );
    let mut names = Vec::new();
    macro_rules! field {
        ($name:ident, $unset:expr, $is_said:expr) => {
            let unset = $unset;
            let was = before.map_or(&unset, |task| &task.$name);
            let is_said = $is_said && !given.reworded.contains(&stringify!($name));
            if *was != after.$name && !is_said {
                names.push(stringify!($name));
            }
        };
    }
    field!(status, Status::Pending, given.status.is_some());
    // A task that repeats is pending again.
    if given.status.is_some_and(|status| status != after.status) {
        names.push("status");
    }
    field!(due, None, is_date(given.due.as_ref(), after.due, zone));
    field!(
        defer_until,
        None,
        is_date(given.defer_until.as_ref(), after.defer_until, zone)
    );
    field!(
        priority,
        None,
        given.priority == after.priority.map(Clearable::Set)
    );
    field!(repeat, None, {
        let rule = after.repeat.as_ref();
        let is_rule = |text: &String| {
            rule.is_some_and(|rule| {
                text.eq_ignore_ascii_case(&rule.words(zone)) || *text == rule.to_string()
            })
        };
        matches!(&given.repeat, Some(Clearable::Set(text)) if is_rule(text))
    });
    field!(project, None, {
        let project = after.project.as_ref().map(Project::as_str);
        matches!(&given.project, Some(Clearable::Set(text)) if Some(text.as_str()) == project)
    });
    field!(tags, std::collections::BTreeSet::new(), {
        let words = given.tags.as_deref().unwrap_or(&given.add_tags);
        let has = |word: &String| after.tags.iter().any(|tag| tag.as_str() == word);
        given.remove_tags.is_empty() && words.len() == after.tags.len() && words.iter().all(has)
    });
    field!(
        parent,
        None,
        matches!(given.parent, Some(Clearable::Set(_)))
    );
    field!(depends_on, std::collections::BTreeSet::new(), {
        let ids = given.depends_on.as_ref();
        ids.is_some_and(|ids| ids.len() == after.depends_on.len())
    });
    names
}

fn is_date(given: Option<&Clearable<String>>, date: Option<When>, zone: Zone) -> bool {
    matches!((given, date), (Some(Clearable::Set(text)), Some(date)) if *text == date.iso(zone))
}

/// Returns the names of the fields that `edit` has cleared.
pub(super) fn cleared(edit: &Edit) -> impl Iterator<Item = &'static str> {
    fn set(task: &Task) -> [(&'static str, bool); 9] {
        [
            ("description", !task.description.is_empty()),
            ("due", task.due.is_some()),
            ("defer_until", task.defer_until.is_some()),
            ("priority", task.priority.is_some()),
            ("repeat", task.repeat.is_some()),
            ("project", task.project.is_some()),
            ("tags", !task.tags.is_empty()),
            ("parent", task.parent.is_some()),
            ("depends_on", !task.depends_on.is_empty()),
        ]
    }
    let before = edit.before.as_ref().map(set).into_iter().flatten();
    let both = before.zip(set(&edit.after));
    both.filter_map(|((name, was_set), (_, is_set))| (was_set && !is_set).then_some(name))
}
