//! Files of ours that are not the database: private to their owner, durable, and locked between processes.
//!
//! | module | what it holds |
//! |---|---|
//! | `private` | folders and files that only their owner can read or write |
//! | `handles` | file handles, and whether there are any left |
//! | `durable` | the one function that writes a file so that it survives a power cut |

mod durable;
mod handles;
mod private;

pub(crate) use durable::replace_private;
pub(crate) use handles::{TOO_FEW, are_used_up, spare_handles};
pub(crate) use private::{create_private, make_folder, make_private, open_beside, open_to_lock};
