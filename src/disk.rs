//! Files of ours that are not the database: private to their owner, durable, and locked between processes.
//!
//! | module | what it holds |
//! |---|---|
//! | `private` | folders and files that only their owner can read or write |
//! | `durable` | the one way to write a file so that it survives a power cut |

mod durable;
mod private;

pub(crate) use durable::{
    NewFile, SyncedFile, discard, make_usual_folder, remove, replace_private, replace_readable,
    sync, sync_folder,
};
pub(crate) use private::{create_private, make_folder, make_private, open_beside, open_to_lock};
