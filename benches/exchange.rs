//! Import and export of many tasks with the built binary: rate, and peak resident memory.
//!
//! `cargo bench --bench exchange -- 1000000` (the number of tasks; 1,000 if none is given, as in the tests).

#![expect(clippy::print_stdout, reason = "what was measured is the result")]

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, BufWriter, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Measured unless `TASKHOLD_BIN` names another.
const BINARY: &str = env!("CARGO_BIN_EXE_taskhold");

fn main() {
    let count = std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(1_000);
    // In cargo's target folder, since the system's temporary folder may be in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let path = |name: &str| {
        folder
            .path()
            .join(name)
            .to_str()
            .expect("it is text")
            .to_owned()
    };
    write_tasks(Path::new(&path("in.jsonl")), count).expect("write the file");

    let import = ["import", &path("in.jsonl"), "--db", &path("tasks.db")];
    measure("exchange/import/json", count, folder.path(), &import);
    let database = fs::metadata(path("tasks.db")).expect("a database").len();
    println!("the database has {} MB", database / 1_000_000);
    for (format, name) in [
        ("json", "out.jsonl"),
        ("markdown", "out.md"),
        ("todo.txt", "out.txt"),
        ("ics", "out.ics"),
        ("csv", "out.csv"),
    ] {
        let export = [
            "export",
            "--format",
            format,
            &path(name),
            "--db",
            &path("tasks.db"),
        ];
        measure(
            &format!("exchange/export/{format}"),
            count,
            folder.path(),
            &export,
        );
    }
    assert!(
        is_same(&path("in.jsonl"), &path("out.jsonl")),
        "what came out is not what went in"
    );
    for name in ["out.txt", "out.ics"] {
        let import = ["import", &path(name), "--db", &path(&format!("{name}.db"))];
        measure(
            &format!("exchange/import/{name}"),
            count,
            folder.path(),
            &import,
        );
    }
    let again = ["import", &path("in.jsonl"), "--db", &path("tasks.db")];
    measure("exchange/import/json_again", count, folder.path(), &again);
}

/// Writes what an export of such tasks is: of eight, one has a description, one is a part of the task before it and one of
/// a later one, one waits for the task before it and one for a later one; a quarter is done.
fn write_tasks(path: &Path, count: u64) -> std::io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(
        out,
        r#"{{"format":"taskhold","version":2,"last_id":{count},"tasks":{count},"history":false}}"#
    )?;
    for id in 1..=count {
        let (kind, day, second) = (id % 8, id * 7 % 28 + 1, id % 60);
        write!(
            out,
            r#"{{"id":{id},"rev":1,"title":"Task {id}: call the office about number {}""#,
            id * 31 % 977
        )?;
        if kind == 1 {
            write!(
                out,
                r#","description":"Collect the numbers of quarter {} and send them round""#,
                id % 4
            )?;
        }
        let status = if id % 4 == 2 { "completed" } else { "pending" };
        write!(out, r#","status":"{status}""#)?;
        if kind == 3 {
            write!(out, r#","priority":"high","due":"2027-01-{day:02}""#)?;
        }
        write!(
            out,
            r#","project":"project {}","tags":["tag{}"]"#,
            id % 100,
            id % 20
        )?;
        match kind {
            4 => write!(out, r#","parent":{}"#, id - 1)?,
            5 => write!(out, r#","depends_on":[{}]"#, id - 1)?,
            6 if id < count => write!(out, r#","parent":{}"#, ahead(id, count))?,
            7 if id < count => write!(out, r#","depends_on":[{}]"#, ahead(id, count))?,
            _ => {}
        }
        let at = format!("2026-11-01T10:00:{second:02}.000Z");
        write!(
            out,
            r#","created_at":"{at}","created_by":"bench","updated_at":"{at}""#
        )?;
        if status == "completed" {
            write!(out, r#","completed_at":"{at}""#)?;
        }
        writeln!(out, "}}")?;
    }
    out.flush()
}

/// Returns the id of a task that comes later: soon, or far behind.
fn ahead(id: u64, count: u64) -> u64 {
    if id.is_multiple_of(3) {
        id + 1
    } else {
        id + 1 + id * 7_919 % (count - id)
    }
}

/// Runs the binary to its end and prints how long it took until it told the result, and with the backup of the day that
/// may follow; and the most memory it had.
fn measure(name: &str, count: u64, home: &Path, arguments: &[&str]) {
    let started = Instant::now();
    let mut child = Command::new(std::env::var_os("TASKHOLD_BIN").unwrap_or_else(|| BINARY.into()))
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("TZ", "UTC")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start the binary");
    let printed = child.stdout.take().expect("it is piped");
    let told = thread::spawn(move || {
        let mut printed = BufReader::new(printed);
        let has_told = printed.skip_until(b'\n').is_ok_and(|read| read > 0);
        let told_at = has_told.then(Instant::now);
        let _ = std::io::copy(&mut printed, &mut std::io::sink());
        told_at
    });
    let mut peak = 0;
    let status = loop {
        peak = peak.max(high_water(&child));
        match child.try_wait().expect("wait for the binary") {
            Some(status) => break status,
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    let ended = started.elapsed();
    let told_at = told.join().expect("read what it printed");
    let took = told_at.map_or(ended, |at| at - started);
    let said = child.stderr.take().map(|said| {
        BufReader::new(said)
            .lines()
            .map_while(Result::ok)
            .collect::<Vec<_>>()
    });
    assert!(status.success(), "{name}: {said:?}");
    #[expect(clippy::cast_precision_loss, reason = "a rate to read")]
    let rate = count as f64 / took.as_secs_f64();
    let memory = if peak == 0 {
        "unknown".to_owned()
    } else {
        format!("{:.1} MB", f64::from(peak) / 1000.0)
    };
    println!(
        "{name}/{count}: {:.2} s ({:.2} s to its end), {rate:.0} tasks/s, peak resident {memory}",
        took.as_secs_f64(),
        ended.as_secs_f64()
    );
}

/// Returns the most memory the process has had so far, in kB; 0 where the system does not say.
fn high_water(child: &Child) -> u32 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

fn is_same(one: &str, other: &str) -> bool {
    let lines = |path| {
        BufReader::new(File::open(path).expect("open the file"))
            .lines()
            .map(|line| line.expect("a line"))
    };
    lines(one).eq(lines(other))
}
