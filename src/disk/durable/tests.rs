use std::thread;

use super::*;

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn a_folder_in_the_place_of_a_file_stays_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("a");
    fs::create_dir(&place).unwrap();
    let refused = replace_private(&place, b"new").unwrap_err().to_string();
    assert!(refused.contains("it is no regular file"), "{refused}");
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn a_file_is_replaced_though_somebody_is_reading_it() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("a");
    let new = folder.path().join("a.new");
    for _ in 0..10 {
        fs::write(&place, vec![0; 8 << 20]).unwrap();
        let mut reader = fs::File::open(&place).unwrap();
        thread::scope(|scope| {
            let replaced = scope.spawn(|| replace_private(&place, b"new"));
            while !new.exists() && !replaced.is_finished() {
                thread::yield_now();
            }
            io::copy(&mut reader, &mut io::sink()).unwrap();
            drop(reader);
            replaced.join().unwrap().unwrap();
        });
        assert_eq!(fs::read(&place).unwrap(), b"new");
    }
}

#[test]
fn what_a_killed_process_left_is_removed_by_the_next_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("tasks.jsonl");
    let make = |name: &str| {
        let path = folder.path().join(name);
        let file = fs::File::create(&path).unwrap();
        let long_ago = std::time::SystemTime::now() - 2 * LEFT_BEHIND;
        file.set_modified(long_ago).unwrap();
        path
    };
    let left = make(".tasks.jsonl.taskhold-new-a1b2c3");
    let others = [
        ".tasks.jsonl.taskhold-new-a1b2c3d",
        ".tasks.jsonl.backup",
        ".other.jsonl.taskhold-new-a1b2c3",
    ]
    .map(make);
    let young = folder.path().join(".tasks.jsonl.taskhold-new-young1");
    fs::write(&young, "").unwrap();
    // One that is being written, however long that takes.
    let alive = NewFile::private(&place).unwrap();
    let long_ago = std::time::SystemTime::now() - 2 * LEFT_BEHIND;
    alive.file.as_file().set_modified(long_ago).unwrap();
    let kept = NewFile::private(&place).unwrap();
    assert!(!left.exists());
    assert!(young.exists() && alive.path().exists() && kept.path().exists());
    for other in others {
        assert!(other.exists(), "{}", other.display());
    }
}

#[test]
fn a_file_that_is_not_finished_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("a");
    fs::write(&place, "old").unwrap();
    let ways: [fn(&Path) -> io::Result<NewFile>; 3] =
        [NewFile::private, NewFile::readable, |place| {
            NewFile::private_with_ending(place, ".new")
        }];
    for begin in ways {
        let mut new = begin(&place).unwrap();
        new.write_all(b"half").unwrap();
        assert_eq!(names(folder.path()).len(), 2);
        drop(new);
        assert_eq!(names(folder.path()), ["a"]);
    }
    assert_eq!(fs::read_to_string(&place).unwrap(), "old");
}

#[test]
fn a_file_appears_only_where_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("a");
    let new = || {
        let mut new = NewFile::private(&place).unwrap();
        new.write_all(b"new").unwrap();
        new.sync().unwrap()
    };
    new().appear().unwrap();
    fs::write(&place, "theirs").unwrap();
    let refusal = new().appear().unwrap_err();
    assert_eq!(refusal.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&place).unwrap(), "theirs");
    new().replace().unwrap();
    assert_eq!(fs::read_to_string(&place).unwrap(), "new");
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn a_name_that_is_as_long_as_the_system_allows_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("n".repeat(255));
    replace_readable(&place, b"x").unwrap();
    assert!(place.exists());
}

#[cfg(unix)]
#[test]
fn a_file_has_its_mode_before_it_has_content() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("a");
    assert_eq!(mode(NewFile::private(&place).unwrap().path()), 0o600);
    let new = NewFile::private_with_ending(&place, ".new").unwrap();
    assert_eq!(mode(new.path()), 0o600);
    // The test may run with any umask, which only takes away.
    let new = NewFile::readable(&place).unwrap();
    assert_eq!(mode(new.path()) & !0o644, 0);
}

#[cfg(unix)]
#[test]
fn what_a_crash_or_another_left_under_the_name_of_the_new_file_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let (place, other) = (folder.path().join("a"), folder.path().join("other"));
    fs::write(&other, "theirs").unwrap();
    std::os::unix::fs::symlink(&other, folder.path().join("a.new")).unwrap();
    replace_private(&place, b"ours").unwrap();
    assert_eq!(fs::read_to_string(&other).unwrap(), "theirs");
    assert_eq!(fs::read_to_string(&place).unwrap(), "ours");
    assert!(!place.is_symlink());
}

#[test]
fn folders_are_made_where_there_are_none_and_a_file_is_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b/c");
    make_usual_folder(&deep).unwrap();
    make_usual_folder(&deep).unwrap();
    assert!(deep.is_dir());
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(make_usual_folder(&file).is_err());
    assert!(make_usual_folder(&file.join("under")).is_err());
    assert!(remove(&file).is_ok() && remove(&file).is_err());
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_synced_is_told_from_a_disk_that_fails() {
    use rustix::io::Errno;
    for unsupported in [Errno::INVAL, Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOTTY] {
        assert!(is_unsupported(&unsupported.into()), "{unsupported}");
    }
    for fault in [Errno::IO, Errno::NOSPC, Errno::DQUOT, Errno::ROFS] {
        assert!(!is_unsupported(&fault.into()), "{fault}");
    }
    assert!(!is_unsupported(&io::Error::other("no number")));
}

/// As a drop box is: the system lets nobody sync what they may not look at.
#[cfg(unix)]
#[test]
fn a_file_can_be_put_in_a_folder_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o300)).unwrap();
    replace_readable(&closed.join("a"), b"x").unwrap();
    assert_eq!(fs::read_to_string(closed.join("a")).unwrap(), "x");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
}
