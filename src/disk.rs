//! Files of ours that are not the database: private to their owner, durable, and locked between processes.
//!
//! | module | what it holds |
//! |---|---|
//! | `private` | folders and files that only their owner can read or write |
//! | `size_limit` | what happens at `ulimit -f` |
//! | `durable` | the one function that writes a file so that it survives a power cut |

mod durable;
mod private;
mod size_limit;

pub(crate) use durable::replace_private;
pub(crate) use private::{create_private, make_folder, make_private, open_beside, open_to_lock};
pub(crate) use size_limit::{fail_writes_past_limit, was_limit_reached};
