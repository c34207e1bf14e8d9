//! Files of ours that are not the database: private to their owner, durable, and locked between processes.
//!
//! | module | what it holds |
//! |---|---|
//! | `private` | folders and files that only their owner can read or write |
//! | `open_file_limit` | file handles, and whether there are any left |
//! | `size_limit` | what happens at `ulimit -f` |
//! | `writers` | who else may write a file or a folder |
//! | `durable` | the one way to write a file so that it survives a power cut |
//! | `immutable` | marks that keep everyone from changing a file |
//! | `lock` | locks between processes, waited for with a limit |
//! | `patience` | how long a call waits for locks, SQLite's too |
//! | `plain_path` | paths without what Windows puts before them |
//! | `shell_word` | words in commands that a person is to type |
//! | `process` | who holds a lock, or has a file open |

mod durable;
mod immutable;
mod lock;
mod open_file_limit;
pub(crate) mod patience;
mod plain_path;
mod private;
mod process;
mod shell_word;
mod size_limit;
mod writers;

pub(crate) use durable::{
    NewFile, SyncedFile, discard, make_folder, make_usual_folder, may_make_in, nowhere, remove,
    remove_empty_folder, replace_private, replace_readable, sync, sync_folder, taken,
};
pub(crate) use immutable::way_to_unmark;
pub(crate) use lock::{Lock, LockError, OF_BACKUPS, OF_DATABASE, OF_TURNS, lock, try_lock};
pub(crate) use open_file_limit::{TOO_FEW, are_used_up, spare_handles};
pub(crate) use plain_path::{absolute, canonicalize, plain_path};
pub(crate) use private::{
    NotOurs, create_private, has_other_names, is_another_users, is_open_to_others, make_private,
    not_our_folder, not_ours, open_beside, open_own, open_theirs,
};
pub(crate) use process::Process;
pub(crate) use shell_word::shell_word;
pub(crate) use size_limit::{fail_writes_past_limit, was_limit_reached};
pub(crate) use writers::{Others, other_writers};
