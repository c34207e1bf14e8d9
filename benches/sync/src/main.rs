//! What TaskChampion takes for the tasks of `cargo bench --bench machines`: taskhold-sync-compare CALLS AT_ONCE TASKS
//!
//! Its replica is a SQLite file, and its server another one in the same folder, reached by no network: the fastest there is. A task
//! that others are to have is added, committed and synchronised, as ours is acknowledged when the shared log has it. Prints the
//! figures in milliseconds and a second, on one line: add p50, list p50, adds at once a second, new machine in seconds.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use taskchampion::{
    Operations, Replica, Server, ServerConfig, SqliteStorage, Status, Uuid, chrono::Utc,
    storage::AccessMode,
};

type Error = Box<dyn std::error::Error>;

/// A machine: a replica, and its way to the server.
struct Machine {
    replica: Replica<SqliteStorage>,
    server: Box<dyn Server>,
}

impl Machine {
    async fn new(folder: &Path, name: &str) -> Result<Self, Error> {
        let storage = SqliteStorage::new(folder.join(name), AccessMode::ReadWrite, true).await?;
        let server_dir = folder.join("server");
        std::fs::create_dir_all(&server_dir)?;
        Ok(Self {
            replica: Replica::new(storage),
            server: ServerConfig::Local { server_dir }.into_server().await?,
        })
    }

    async fn add(&mut self, title: String) -> Result<(), Error> {
        let mut operations = Operations::new();
        let mut task = self.replica.create_task(Uuid::new_v4(), &mut operations).await?;
        task.set_description(title, &mut operations)?;
        task.set_status(Status::Pending, &mut operations)?;
        task.set_entry(Some(Utc::now()), &mut operations)?;
        self.replica.commit_operations(operations).await?;
        Ok(())
    }

    async fn sync(&mut self) -> Result<(), Error> {
        self.replica.sync(&mut self.server, false).await?;
        Ok(())
    }
}

fn p50(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1_000.0
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let counts: Vec<usize> = std::env::args()
        .skip(1)
        .map(|text| text.parse())
        .collect::<Result<_, _>>()?;
    let [calls, at_once, tasks] = counts[..] else {
        return Err("usage: taskhold-sync-compare CALLS AT_ONCE TASKS".into());
    };
    let folder = tempfile::tempdir()?;
    let mut machine = Machine::new(folder.path(), "first").await?;
    let mut adds = Vec::new();
    for number in 0..calls {
        let begun = Instant::now();
        machine.add(format!("call {number}")).await?;
        machine.sync().await?;
        adds.push(begun.elapsed());
    }
    let mut lists = Vec::new();
    for _ in 0..calls {
        let begun = Instant::now();
        let listed = machine.replica.pending_tasks().await?;
        assert_eq!(listed.len(), calls);
        lists.push(begun.elapsed());
    }
    let begun = Instant::now();
    for number in 0..at_once {
        machine.add(format!("at once {number}")).await?;
    }
    machine.sync().await?;
    let rate = at_once as f64 / begun.elapsed().as_secs_f64();

    // A log of as many versions as there are tasks, and a machine that reads it.
    let folder = tempfile::tempdir()?;
    let mut machine = Machine::new(folder.path(), "first").await?;
    for number in 0..tasks {
        machine.add(format!("task {number}")).await?;
        machine.sync().await?;
    }
    let begun = Instant::now();
    let mut fresh = Machine::new(folder.path(), "second").await?;
    fresh.sync().await?;
    let joined = begun.elapsed().as_secs_f64();
    assert_eq!(fresh.replica.all_task_uuids().await?.len(), tasks);
    println!("{:.2} {:.2} {rate:.0} {joined:.1}", p50(adds), p50(lists));
    Ok(())
}
