//! Machines that share a log, each with a database of its own.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::{
    domain::{
        command::{Caller, CallerSession},
        session::SessionId,
        task::{Actor, Timestamp},
        when::Zone,
    },
    share::{
        code::JoinCode,
        memory::{Faults, Memory},
        seal::{Key, LogId},
        secrets::Secrets,
    },
    store::{Access, Store, history_check::Rows},
};

/// Three machines, or as many as a test needs.
pub(super) struct Machines {
    folder: TempDir,
    pub(super) log: Memory,
    pub(super) stores: Vec<Store>,
    now: i64,
}

/// Every row that all machines must have alike, as JSON. The number of a comment's row is this machine's own, and the order of
/// the comments of a task is not.
const ALIKE: [&str; 7] = [
    "SELECT json_array(id, title, description, status, created_at, updated_at, started_at, completed_at, created_by, rev,
                       deleted_at, priority, due, defer_until, repeat, repeat_from, project, tags, parent, depends_on, origin,
                       due_kind, due_order, defer_kind, defer_order, rank, blockers, project_key) FROM task ORDER BY id",
    "SELECT json_array(seq, group_seq, at, actor, kind, task_id, rev, old, new, reverts, part, parts, session)
       FROM change ORDER BY seq",
    "SELECT json_array(task_id, at, actor, text) FROM comment ORDER BY task_id, at, id",
    "SELECT json_array(tag, is_old, task_id) FROM tag ORDER BY tag, task_id",
    "SELECT json_array(depends_on, task_id) FROM dependency ORDER BY depends_on, task_id",
    "SELECT json_array(actor, key, group_seq, hex(digest)) FROM call_key ORDER BY actor, key",
    "SELECT json_array(name, seq) FROM sqlite_sequence WHERE name IN ('task', 'change') ORDER BY name",
];

pub(super) fn rows(store: &Store) -> Vec<String> {
    let read = |sql| -> rusqlite::Result<Vec<String>> {
        let mut statement = store.connection.prepare_cached(sql)?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    ALIKE
        .into_iter()
        .flat_map(|sql| read(sql).unwrap())
        .collect()
}

pub(super) fn secrets(place: &str, member: Option<&str>) -> Secrets {
    let code = JoinCode {
        place: place.parse().unwrap(),
        log: LogId::from_bytes([0x11; 16]),
        key: Key::from_bytes([0; 32]),
    };
    Secrets::new(code, None, member.map(str::to_owned))
}

impl Machines {
    /// The first shares what it has, and the others join; what is sent fails as `faults` says.
    pub(super) fn new(count: usize, seed: u64, faults: Faults) -> Self {
        Self::sharing(count, seed, faults, |_| {})
    }

    /// Likewise; the first does `before` while it is alone.
    pub(super) fn sharing(
        count: usize,
        seed: u64,
        faults: Faults,
        before: impl FnOnce(&mut Store),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = Memory::new(seed, Faults(0));
        let mut machines = Self {
            folder,
            log,
            stores: Vec::new(),
            now: 0,
        };
        let mut before = Some(before);
        for number in 0..count {
            let mut store = Store::open(&machines.path(number), Access::Write).unwrap();
            let place = machines.place(number);
            let handle = machines.log.handle(seed ^ number as u64, faults);
            handle.known_as(&place);
            let secrets = secrets(&place, Some(["anna", "ben", "cleo"][number % 3]));
            if let Some(before) = before.take() {
                before(&mut store);
                store.share(&secrets, &mut machines.log).unwrap();
            } else {
                store.begin_to_follow(&secrets).unwrap();
            }
            machines.stores.push(store);
        }
        machines
    }

    pub(super) fn path(&self, number: usize) -> PathBuf {
        self.folder
            .path()
            .join(format!("{number}"))
            .join("tasks.db")
    }

    pub(super) fn place(&self, number: usize) -> String {
        let name = self.folder.path().file_name().unwrap().to_str().unwrap();
        format!("s3://memory/{name}/{number}")
    }

    pub(super) fn caller(&mut self, client: &str) -> Caller {
        self.now += 1;
        caller(client, self.now)
    }

    /// Opens the database of a machine anew, as a new process does.
    pub(super) fn reopen(&mut self, number: usize) {
        self.stores[number] = Store::open(&self.path(number), Access::Write).unwrap();
    }

    /// Has every machine follow until nothing fails any more, and compares them.
    pub(super) fn settle(&mut self) {
        self.log.deliver();
        for number in 0..self.stores.len() {
            self.log.handle(0, Faults(0)).known_as(&self.place(number));
            self.reopen(number);
            self.stores[number].follow().unwrap();
        }
        let first = rows(&self.stores[0]);
        for store in &self.stores {
            assert_eq!(rows(store), first);
            let read = Rows::read(store).unwrap();
            assert!(read.are_good(), "{read:?}");
            let state = store.shared_state().unwrap().unwrap();
            assert_eq!(state.n, self.log.entries().len() as u64);
            let found = store
                .connection
                .pragma_query(None, "foreign_key_check", |_| {
                    panic!("a reference leads nowhere")
                });
            found.unwrap();
        }
    }
}

pub(super) fn caller(client: &str, now: i64) -> Caller {
    Caller {
        actor: Actor::named(client),
        now: Timestamp::from_millis(now),
        zone: Zone::UTC,
        session: Some(CallerSession {
            id: SessionId::stored(client),
            client: Actor::named(client),
        }),
    }
}
