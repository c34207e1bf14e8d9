//! What each client has seen of the changes by others.
//!
//! A client has *looked* at a change when the list of changes showed it, and was *told* of one when a reply counted it.

use rusqlite::{OptionalExtension, named_params, params};

use super::{Store, failure::WhileTrying};
use crate::domain::{advice::News, command::Caller, error::Result, task::Actor};

/// In the column of what a client has looked at, before it has.
const NEVER: i64 = -1;
/// So many changes are news enough at the first look.
const FIRST_LOOK: i64 = 50;

fn look_of(seen: Option<(i64, i64)>, last: i64) -> i64 {
    let look = seen.map(|(look, _)| look).filter(|look| *look > NEVER);
    look.unwrap_or(last - FIRST_LOOK).max(0)
}

impl Store {
    /// Returns after which change the list of changes begins for a session of the client that has not looked: after the last
    /// look of any, and of a client that never did, a few changes back.
    pub fn last_look(&self, client: &Actor) -> Result<i64> {
        Ok(look_of(self.seen(client)?, self.last_change()?))
    }

    /// Returns up to which change the client has looked, and was told.
    fn seen(&self, client: &Actor) -> Result<Option<(i64, i64)>> {
        self.connection
            .prepare_cached("SELECT seen_seq, told_seq FROM client_seen WHERE actor = ?1")
            .and_then(|mut statement| {
                let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
                statement.query_row([client], read).optional()
            })
            .while_trying("read what a client has seen")
    }

    /// Remembers that the client of `caller` has looked at all changes up to `seq`.
    pub(super) fn keep_look(&self, seq: i64, caller: &Caller) -> Result<()> {
        self.keep_seen(caller.client().as_str(), seq, seq)
    }

    /// Remembers that it was told of all changes up to `seq`.
    pub(super) fn keep_told(&self, seq: i64, caller: &Caller) -> Result<()> {
        self.keep_seen(caller.client().as_str(), NEVER, seq)
    }

    /// Remembers up to which change a client has looked and was told; what it has seen already stays seen.
    pub(crate) fn keep_seen(&self, client: &str, look: i64, told: i64) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO client_seen (actor, seen_seq, told_seq) VALUES (?1, ?2, ?3)
                 ON CONFLICT (actor) DO UPDATE SET seen_seq = max(seen_seq, excluded.seen_seq),
                                                   told_seq = max(told_seq, excluded.told_seq)",
            )
            .and_then(|mut statement| statement.execute(params![client, look, told]))
            .while_trying("keep what a client has seen")?;
        Ok(())
    }

    /// Returns what others than the session of `caller` have changed after `told`. A session that was told nothing yet hears
    /// what came after its client's last session: after all that it was told, has looked at or has changed itself.
    pub fn news(&self, told: Option<i64>, caller: &Caller) -> Result<News> {
        let last = self.last_change()?;
        let start = match told {
            Some(_) => None,
            None => Some(self.start(caller, last)?),
        };
        let known = start.and_then(|(_, known)| known);
        let after = told.or(known).unwrap_or(last);
        let (count, by) = if after >= last {
            (0, Vec::new())
        } else {
            self.foreign_changes(after, caller)?
        };
        Ok(News {
            told,
            last,
            count,
            by,
            look: start.map(|(look, _)| look),
            is_new: start.is_some() && known.is_none(),
        })
    }

    /// Returns where a session begins that was told nothing yet: after which change the list of changes, and after which the
    /// news; `None` where nothing is known of its client.
    fn start(&self, caller: &Caller, last: i64) -> Result<(i64, Option<i64>)> {
        let seen = self.seen(caller.client())?;
        let known = seen.map(|(look, told)| look.max(told));
        let known = known.max(self.last_change_of(&caller.actor)?);
        let known = known.max(self.last_change_of(caller.client())?);
        Ok((look_of(seen, last), known))
    }

    /// Returns the last change that `actor` has made.
    fn last_change_of(&self, actor: &Actor) -> Result<Option<i64>> {
        self.connection
            .prepare_cached(
                "SELECT max(seq) FROM change
                  WHERE actor = ?1 AND group_seq = (SELECT max(group_seq) FROM change WHERE actor = ?1)",
            )
            .and_then(|mut statement| statement.query_row([actor], |row| row.get(0)))
            .while_trying("read the change log")
    }

    /// Returns how many changes others than the session of `caller` made after `seq`, counted up to [`Self::COUNT_LIMIT`],
    /// and who made those, who changed something last first. What was made in no session is its client's.
    fn foreign_changes(&self, seq: i64, caller: &Caller) -> Result<(u32, Vec<Actor>)> {
        let counts = self
            .connection
            .prepare_cached(
                "SELECT actor, count(*)
                   FROM (SELECT seq, actor FROM change
                          WHERE seq > :seq AND NOT coalesce(session = :session, actor IN (:actor, :client))
                          ORDER BY seq LIMIT :most)
                  GROUP BY actor ORDER BY max(seq) DESC",
            )
            .and_then(|mut statement| {
                let whose = named_params! {
                    ":seq": seq,
                    ":session": caller.session_id(),
                    ":actor": caller.actor,
                    ":client": caller.client(),
                    ":most": Self::COUNT_LIMIT,
                };
                let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
                statement
                    .query_map(whose, read)?
                    .collect::<rusqlite::Result<Vec<(Actor, u32)>>>()
            })
            .while_trying("read the change log")?;
        let count = counts.iter().map(|(_, count)| count).sum();
        Ok((count, counts.into_iter().map(|(actor, _)| actor).collect()))
    }
}
