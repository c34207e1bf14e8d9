use rusqlite::StatementStatus;

use super::{target::SET_REFERENCES, *};
use crate::{
    domain::{
        task::{Actor, Timestamp, Title},
        when::Zone,
    },
    store::{Access, write_task},
};

fn caller() -> Caller {
    Caller {
        actor: Actor::named("test"),
        now: Timestamp::from_millis(0),
        zone: Zone::UTC,
        session: None,
    }
}

fn terms() -> Terms {
    Terms {
        keeps_ids: true,
        is_complete: true,
        is_line: false,
        rules_in_line: None,
    }
}

fn arrival(id: i64, parent: Option<i64>, depends_on: Option<i64>) -> Arrival {
    let at = Timestamp::from_millis(id);
    let own = TaskId::try_from(id).unwrap();
    Arrival {
        line: id.cast_unsigned(),
        name: Some(Name::Number(id)),
        called: None,
        versions: Vec::new(),
        is_round_done: false,
        task: Task {
            tags: [format!("t{}", id % 5)]
                .map(|tag| crate::domain::task::Tag::try_from(tag).unwrap())
                .into(),
            ..Task::new(
                own,
                Title::try_from(format!("Task {id}")).unwrap(),
                Actor::named("x"),
                at,
            )
        },
        comments: Vec::new(),
        id: Some(own),
        created: Some([at; 2]),
        parent: parent.map(Name::Number),
        depends_on: depends_on.map(Name::Number).into_iter().collect(),
    }
}

/// Looking for rows that point to one that was missing would be a step a row, at each row.
#[test]
fn a_task_that_others_referred_to_ahead_is_added_without_a_look_at_every_row() {
    const TASKS: i64 = 300;
    for is_empty in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
        let caller = caller();
        if !is_empty {
            let mut writer = store.writer().unwrap();
            let mut import = writer.import(&caller, terms()).unwrap();
            import.take(arrival(10_000, None, None)).unwrap();
            import.finish(None, |_, _| ()).unwrap();
            writer.commit().unwrap();
        }
        let mut writer = store.writer().unwrap();
        let mut import = writer.import(&caller, terms()).unwrap();
        for id in 1..=TASKS {
            let next = Some(id + 1).filter(|next| *next <= TASKS);
            let ahead = (id * 7 % TASKS + 1 > id).then_some(id * 7 % TASKS + 1);
            import.take(arrival(id, next, ahead)).unwrap();
        }
        let imported = import.finish(None, |line, invalid| panic!("{line}: {invalid}"));
        assert_eq!(imported.unwrap().new, TASKS.cast_unsigned());
        writer.commit().unwrap();
        for sql in [write_task::INSERT, SET_REFERENCES] {
            let statement = store.connection.prepare_cached(sql).unwrap();
            assert!(statement.get_status(StatementStatus::Run) >= 299, "{sql}");
            let scanned = statement.get_status(StatementStatus::FullscanStep);
            assert_eq!(scanned, 0, "{sql}, into an empty database: {is_empty}");
        }
        let last = store.existing(TaskId::try_from(if is_empty { 299 } else { 10_299 }).unwrap());
        assert_eq!(
            last.unwrap().parent.map(TaskId::get),
            Some(if is_empty { 300 } else { 10_300 })
        );
    }
}

#[test]
fn a_rehearsal_comes_to_the_same_as_the_import_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("tasks.db"), Access::Write).unwrap();
    let caller = caller();
    let arrivals = || {
        [
            arrival(1, Some(2), None),
            arrival(2, None, Some(1)),
            arrival(3, Some(3), Some(9)),
        ]
    };
    for round in 0..2 {
        let reader = Store::open(&folder.path().join("tasks.db"), Access::Read).unwrap();
        let mut told = Vec::new();
        let rehearsed = reader
            .snapshot(|reader| {
                let mut import = reader.rehearse_import(&caller, terms())?;
                for arrival in arrivals() {
                    import.take(arrival)?;
                }
                import.finish(Some(9), |line, invalid| told.push((line, invalid)))
            })
            .unwrap();
        let before = store.last_change().unwrap();
        let mut told_too = Vec::new();
        let mut writer = store.writer().unwrap();
        let mut import = writer.import(&caller, terms()).unwrap();
        for arrival in arrivals() {
            import.take(arrival).unwrap();
        }
        let imported = import
            .finish(Some(9), |line, invalid| told_too.push((line, invalid)))
            .unwrap();
        writer.commit().unwrap();
        assert_eq!(told, told_too);
        assert_eq!(
            (rehearsed.group, imported.group),
            (None, (round == 0).then_some(1))
        );
        assert_eq!(before, round * 3);
        let group = imported.group;
        assert_eq!(Imported { group, ..rehearsed }, imported);
    }
}
