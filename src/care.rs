//! Care of a database beside its everyday use: examining, repairing, rescuing, going back, joining a shared log.
//!
//! | file | what it holds |
//! |---|---|
//! | [`doctor`] | examines the database and what is around it |
//! | [`join`] | replaces the tasks by those of a shared log, and brings those that were here along |
//! | [`repair`] | repairs what is safe to repair: `doctor --fix` |
//! | [`removal`] | removes a database and all that is kept beside it |
//! | [`restore`] | goes back to a backup while others work |
//! | [`salvage`], `sqlite_pages` | copies tasks out of a damaged file, which it reads without SQLite |
//!
//! Backups are taken in [`store::backup`](crate::store::backup): opening the database for an upgrade and the first change of a
//! day take one.

pub mod doctor;
pub mod join;
pub mod removal;
pub mod repair;
pub mod restore;
pub mod salvage;
mod sqlite_pages;
