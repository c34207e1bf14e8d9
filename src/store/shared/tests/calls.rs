//! Calls that machines make, and what came of them.

use crate::{
    domain::{
        command::{CallKey, Command, Draft, Patch, Reference},
        repeat::Repeat,
        task::{CommentText, Status, Tag, TaskId, Title},
        when::When,
    },
    store::Store,
};

pub(super) fn task_id(id: i64) -> TaskId {
    TaskId::try_from(id).unwrap()
}

pub(super) fn title(text: &str) -> Title {
    Title::try_from(text.to_owned()).unwrap()
}

pub(super) fn add(text: &str) -> Command {
    Command::Add {
        drafts: vec![Draft::titled(title(text))],
        key: None,
    }
}

pub(super) fn keyed(text: &str, key: &str) -> Command {
    let key = CallKey::try_from(key.to_owned()).unwrap().of_call([7; 32]);
    Command::Add {
        drafts: vec![Draft::titled(title(text))],
        key: Some(key),
    }
}

pub(super) fn titles(store: &Store) -> Vec<String> {
    let ids = 1..=store.last_number("task").unwrap();
    let tasks = ids.filter_map(|id| store.task(task_id(id)).unwrap());
    tasks.map(|task| task.title.as_str().to_owned()).collect()
}

/// Returns a call that may be refused: it names tasks that are there, or were never.
pub(super) fn random_call(random: &mut fastrand::Rng) -> Command {
    let some = |random: &mut fastrand::Rng| task_id(random.i64(1..14));
    let several = |random: &mut fastrand::Rng| -> Vec<TaskId> {
        (0..random.usize(1..3)).map(|_| some(random)).collect()
    };
    let word = |random: &mut fastrand::Rng| format!("{}{}", random.lowercase(), random.lowercase());
    match random.u32(0..16) {
        0..5 => {
            let mut drafts = Vec::new();
            for _ in 0..random.usize(1..4) {
                let mut draft = Draft::titled(title(&word(random)));
                if random.u32(0..4) == 0 {
                    draft.parent = Some(Reference::Task(some(random)));
                }
                if random.u32(0..4) == 0 {
                    draft.depends_on = [Reference::Earlier(random.usize(1..3))].into();
                }
                if random.u32(0..4) == 0 {
                    draft.due = Some(When::Day(
                        chrono::NaiveDate::from_ymd_opt(1970, 1, 9).unwrap(),
                    ));
                    draft.repeat = Some(Repeat::try_from("FREQ=DAILY".to_owned()).unwrap());
                }
                if random.bool() {
                    draft.tags = [Tag::try_from(word(random)).unwrap()].into();
                }
                drafts.push(draft);
            }
            let key = random.bool().then(|| {
                let key = format!("k{}", random.u32(0..6));
                CallKey::try_from(key).unwrap().of_call([7; 32])
            });
            Command::Add { drafts, key }
        }
        5..11 => {
            let mut patch = Patch::default();
            if random.bool() {
                patch.title = Some(title(&word(random)));
            }
            if random.bool() {
                let statuses = Status::ALL;
                patch.status = Some(statuses[random.usize(0..statuses.len())]);
            }
            if random.u32(0..4) == 0 {
                patch.parent = Some(random.bool().then(|| some(random)));
            }
            if random.u32(0..4) == 0 {
                patch.depends_on = Some(several(random).into_iter().collect());
            }
            if random.bool() {
                patch.comment = Some(CommentText::try_from(word(random)).unwrap());
            }
            Command::Update {
                ids: several(random),
                patch,
                if_rev: None,
            }
        }
        11..13 => Command::Complete(several(random)),
        13 => Command::Delete {
            ids: several(random),
            confirm: None,
        },
        14 => Command::Undo(Some(random.i64(1..40))),
        _ => Command::Undo(None),
    }
}
