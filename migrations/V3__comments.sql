-- Comments: a row each, instead of a list inside the task.
-- Why:  a comment was logged as the whole list, before and after, so that 250 comments of 1 kB made 66 MB; and a list of tasks
--       read all comments. The description is the last column now, so that a list need not step over a long one. The check of
--       its length uses a function that every SQLite has: octet_length, of 2023, kept the sqlite3 of Debian 12 and macOS 13
--       from PRAGMA integrity_check. The words of a search are made by the program: SQLite's own rules found nothing in texts
--       without blanks, and cut Hindi and Thai at their vowel signs.
-- Data: every task and every comment is kept. The log is rewritten: of comments it holds those that a change took away (old)
--       and added (new). The program fills the search index right after this. A program of schema 2 that
--       is still running fails at each write: it names columns and tables that are gone or renamed here (task.comments,
--       searchable, client).
-- Runs with foreign keys off, since task is replaced; they are checked afterwards.
-- Do not edit after release, comments included: refinery checks the checksum.
CREATE TABLE comment (
    id      INTEGER PRIMARY KEY,
    task_id INTEGER NOT NULL REFERENCES task (id),
    at      INTEGER NOT NULL,
    actor   TEXT    NOT NULL,
    text    TEXT    NOT NULL
) STRICT;
INSERT INTO comment (task_id, at, actor, text)
SELECT task.id, item.value ->> 'at', item.value ->> 'actor', item.value ->> 'text'
  FROM task, json_each(task.comments) AS item
 WHERE task.comments <> '[]' ORDER BY task.id, item.key;
-- Serves the comments of a task, oldest first.
CREATE INDEX comment_by_task ON comment (task_id, at, id);

-- A change with many comments has several rows in the log, so that none grows without bound.
ALTER TABLE change ADD COLUMN part  INTEGER NOT NULL DEFAULT 1;   -- which row it is, from 1; all fields but comments are in the first
ALTER TABLE change ADD COLUMN parts INTEGER NOT NULL DEFAULT 1;   -- how many rows there are

-- What later versions note of a call; NULL where nobody did.
ALTER TABLE change ADD COLUMN session TEXT;   -- the client's session that made the change
ALTER TABLE change ADD COLUMN origin  TEXT;   -- the way by which the call came in
ALTER TABLE call_key ADD COLUMN digest BLOB;  -- of what the call with this key said
-- Serves undo: the last group of a session.
CREATE INDEX change_by_session ON change (session, group_seq) WHERE session IS NOT NULL;

-- The log: where a list was appended to, what was appended; where an undo cut it, what was cut; otherwise item by item.
DROP TRIGGER change_is_append_only_update;
UPDATE change SET
    old = json_set(old, '$.comments', json((
        CASE WHEN before_list = '[]' OR substr(after_list, 1, length(before_list) - 1) = substr(before_list, 1, length(before_list) - 1)
                  AND substr(after_list, length(before_list), 1) IN (',', ']')
             THEN '[]'
             WHEN after_list = '[]' THEN before_list
             WHEN substr(before_list, 1, length(after_list) - 1) = substr(after_list, 1, length(after_list) - 1)
                  AND substr(before_list, length(after_list), 1) = ','
             THEN '[' || substr(before_list, length(after_list) + 1)
             ELSE (SELECT json_group_array(json(item.value)) FROM json_each(before_list) AS item
                    WHERE item.value IS NOT (after_list ->> ('$[' || item.key || ']')))
        END))),
    new = json_set(new, '$.comments', json((
        CASE WHEN before_list = '[]' THEN after_list
             WHEN substr(after_list, 1, length(before_list) - 1) = substr(before_list, 1, length(before_list) - 1)
                  AND substr(after_list, length(before_list), 1) = ','
             THEN '[' || substr(after_list, length(before_list) + 1)
             WHEN after_list = '[]' OR substr(before_list, 1, length(after_list) - 1) = substr(after_list, 1, length(after_list) - 1)
                  AND substr(before_list, length(after_list), 1) IN (',', ']')
             THEN '[]'
             ELSE (SELECT json_group_array(json(item.value)) FROM json_each(after_list) AS item
                    WHERE item.value IS NOT (before_list ->> ('$[' || item.key || ']')))
        END)))
  FROM (SELECT seq AS changed, old ->> '$.comments' AS before_list, new ->> '$.comments' AS after_list
          FROM change WHERE old IS NOT NULL AND new ->> '$.comments' IS NOT NULL)
 WHERE seq = changed;
CREATE TRIGGER change_is_append_only_update BEFORE UPDATE ON change
BEGIN SELECT RAISE(ABORT, 'the change log is append only'); END;

DROP VIEW searchable;
CREATE TABLE task_new (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,   -- from 1, never reused
    title        TEXT    NOT NULL CHECK (length(title) BETWEEN 1 AND 500),
    status       TEXT    NOT NULL CHECK (status IN ('pending', 'in_progress', 'completed', 'cancelled')),
    created_at   INTEGER NOT NULL,   -- this and every time: ms since the Unix epoch
    updated_at   INTEGER NOT NULL,
    started_at   INTEGER,
    completed_at INTEGER,
    created_by   TEXT    NOT NULL,
    rev          INTEGER NOT NULL CHECK (rev >= 1),   -- grows by one with each change
    deleted_at   INTEGER,                             -- set while the task is in the trash
    priority     TEXT    CHECK (priority IN ('high', 'medium', 'low')),
    due          TEXT,                                -- a date, 2026-12-24, or an instant, 2026-12-24T17:00:00.000Z
    defer_until  TEXT,                                -- likewise
    repeat       TEXT,                                -- RFC 5545 recurrence rule
    repeat_from  TEXT,                                -- where the rule had put this instance, if it was moved
    project      TEXT    COLLATE NOCASE,
    tags         TEXT    NOT NULL DEFAULT '[]',       -- JSON array of words, sorted
    parent       INTEGER REFERENCES task (id),
    depends_on   TEXT    NOT NULL DEFAULT '[]',       -- JSON array of task ids, sorted
    origin       TEXT,                                -- JSON: what a file of another program calls it, and digests of what that said of it
    -- Derived from the columns above, for the indexes; written with them and never logged.
    due_kind     INTEGER NOT NULL DEFAULT 3,                      -- 0 an instant, also a time of a zone; 1 a day; 2 a time without a zone; 3 none
    due_order    INTEGER NOT NULL DEFAULT 9223372036854775807,    -- ms since the Unix epoch; of kinds 1 and 2 the digits as if UTC; max: none
    defer_kind   INTEGER NOT NULL DEFAULT 3,                      -- as due_kind
    defer_order  INTEGER NOT NULL DEFAULT -9223372036854775808,   -- as due_order; min: none
    rank         INTEGER NOT NULL DEFAULT 2,                      -- of the priority: 0 high, 1 medium, 2 none, 3 low
    blockers     INTEGER NOT NULL DEFAULT 0,                      -- how many of depends_on are open
    project_key  TEXT,                                            -- the project, whatever the case of its letters
    description  TEXT    NOT NULL CHECK (length(CAST(description AS BLOB)) <= 65536)   -- the longest comes last: lists do not read it
) STRICT;
INSERT INTO task_new (id, title, status, created_at, updated_at, started_at, completed_at, created_by, rev, deleted_at, priority,
                      due, defer_until, repeat, repeat_from, project, tags, parent, depends_on, due_kind, due_order, defer_kind,
                      defer_order, rank, blockers, project_key, description)
SELECT id, title, status, created_at, updated_at, started_at, completed_at, created_by, rev, deleted_at, priority,
       due, defer_until, repeat, repeat_from, project, tags, parent, depends_on,
       CASE WHEN due IS NULL THEN 3 ELSE length(due) = 10 END,
       CASE WHEN length(due) = 10 THEN unixepoch(due) * 1000 ELSE due_order END,
       CASE WHEN defer_until IS NULL THEN 3 ELSE length(defer_until) = 10 END,
       CASE WHEN length(defer_until) = 10 THEN unixepoch(defer_until) * 1000 ELSE defer_order END,
       rank, blockers, coalesce((SELECT key FROM temp.folded WHERE name = project COLLATE BINARY), lower(project)), description
  FROM task;
-- Numbers that were given out stay used up, also where no row has them.
DELETE FROM sqlite_sequence WHERE name = 'task_new';
INSERT INTO sqlite_sequence (name, seq) SELECT 'task_new', seq FROM sqlite_sequence WHERE name = 'task';
DROP TABLE task;
ALTER TABLE task_new RENAME TO task;

-- Tags whatever the case of their letters; task.tags has them as they were written. The program put the names that are not ASCII
-- into temp.folded, since SQL folds no others. The few open tasks of a tag stand before years of old ones.
CREATE TABLE tag_new (
    tag     TEXT    NOT NULL,
    is_old  INTEGER NOT NULL,   -- 0: the task is open; 1: it is finished or in the trash
    task_id INTEGER NOT NULL REFERENCES task (id),
    PRIMARY KEY (tag, is_old, task_id)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO tag_new (tag, is_old, task_id)
SELECT coalesce((SELECT key FROM temp.folded WHERE name = tag), lower(tag)),
       task.deleted_at IS NOT NULL OR task.status IN ('completed', 'cancelled'), task_id
  FROM tag JOIN task ON task.id = task_id;
DROP TABLE tag;
ALTER TABLE tag_new RENAME TO tag;

-- Lists: overdue and due first, then by priority, then by age, each kind of date by itself; finished and trashed tasks the
-- latest first. By the columns after those that give the order, a list passes over tasks that a filter leaves out without reading
-- their rows, which lie all over the file.
-- Serves the views open, pending, today, tomorrow, week and overdue.
CREATE INDEX task_by_plan ON task (due_kind, due_order, rank, id, defer_kind, defer_order, project_key, status)
    WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress');
-- Serves the view ready.
CREATE INDEX task_by_readiness ON task (due_kind, due_order, rank, id, defer_kind, defer_order, project_key)
    WHERE deleted_at IS NULL AND status = 'pending' AND blockers = 0;
-- Serves the view blocked.
CREATE INDEX task_by_blockers ON task (due_kind, due_order, rank, id, project_key, status)
    WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress') AND blockers > 0;
-- Serves open tasks of a project.
CREATE INDEX task_by_project ON task (project_key, due_kind, due_order, rank, id, defer_kind, defer_order, status, blockers)
    WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress') AND project_key IS NOT NULL;
-- Serves the other tasks of a project, completed ones the latest first. A task that is added is open, and costs nothing here.
CREATE INDEX task_by_old_project ON task (project_key, completed_at, id, rank, due_kind, due_order, status, deleted_at)
    WHERE (deleted_at IS NOT NULL OR status IN ('completed', 'cancelled')) AND project_key IS NOT NULL;
-- Serves the other tasks that are due between two dates, or first.
CREATE INDEX task_by_old_due ON task (due_kind, due_order, rank, id, status, deleted_at, completed_at)
    WHERE (deleted_at IS NOT NULL OR status IN ('completed', 'cancelled')) AND due_kind < 3;
-- Serves lists that are read from the tasks with a tag: what a view and a filter ask of a task, without reading its row, which is
-- some ten times as long.
CREATE INDEX task_by_id ON task (id, status, deleted_at, completed_at, rank, project_key, due_kind, due_order, defer_kind,
                                 defer_order, blockers, parent);
-- Serves the view deferred, and when the next of these comes.
CREATE INDEX task_by_deferral ON task (defer_kind, defer_order, id, rank, due_kind, due_order, project_key, status)
    WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress') AND defer_until IS NOT NULL;
-- Serves what is in progress, also for days.
CREATE INDEX task_by_progress ON task (updated_at, id, rank, due_kind, due_order, project_key)
    WHERE deleted_at IS NULL AND status = 'in_progress';
-- Serves the view completed: years of finished tasks may hold none that is asked for.
CREATE INDEX task_by_completion ON task (completed_at, id, rank, due_kind, due_order, project_key)
    WHERE deleted_at IS NULL AND status = 'completed';
-- Serves finished rounds of series in the view completed: completing such a task sets its next date.
CREATE INDEX change_by_round ON change (at, task_id, seq)
    WHERE kind = 'complete' AND instr(new, '"due":') > 0;
-- Serves what was given up.
CREATE INDEX task_by_cancellation ON task (updated_at, id, rank, due_kind, due_order, project_key)
    WHERE deleted_at IS NULL AND status = 'cancelled';
-- Serves the trash.
CREATE INDEX task_by_deletion ON task (deleted_at, id, rank, due_kind, due_order, project_key, status, completed_at)
    WHERE deleted_at IS NOT NULL;
-- Serves the subtasks of a task.
CREATE INDEX task_by_parent ON task (parent) WHERE parent IS NOT NULL;

-- The texts of every task that are searched, but for its comments, which together may be longer than a value can be.
CREATE VIEW task_text AS
SELECT id, title AS heading,
       coalesce(project || ' ', '') || coalesce((SELECT group_concat(value, ' ') FROM json_each(tags)), '') AS labels,
       description AS body
  FROM task;

-- Terms of every task, as the program makes them of these texts; finished and trashed ones too. Holds no text, only where each
-- term stands; the rowid is the task.
DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5 (
    heading, labels, body, remarks, inside,   -- title; project and tags; description; comments; pieces of words of the first two
    content = '', contentless_delete = 1, tokenize = 'ascii'
);
-- The same of the titles alone: a word that is common elsewhere and in few titles is found there at once.
DROP TABLE title_search;
CREATE VIRTUAL TABLE title_search USING fts5 (heading, content = '', contentless_delete = 1, tokenize = 'ascii');
-- The titles of all tasks but the newest, whatever the case of their letters, as lists sorted by titles are read. Like the terms,
-- they are written when tasks are indexed.
CREATE TABLE title_order (
    task_id INTEGER PRIMARY KEY,
    key     TEXT    NOT NULL
) STRICT;
CREATE INDEX title_order_by_key ON title_order (key);
INSERT OR IGNORE INTO unindexed (task_id) SELECT id FROM task;
-- The one row says by which version of its rules the program made these terms; there is none until it has.
CREATE TABLE word_rules (version INTEGER NOT NULL) STRICT;
-- The one row says by which version of the time zone database the order of times with a zone was worked out; there is none until
-- it was. A program that has another works it out anew.
CREATE TABLE zone_data (version TEXT NOT NULL) STRICT;

-- Up to which change each client has looked (-1: it never did), and up to which it was told that others made any.
ALTER TABLE client RENAME TO client_seen;
ALTER TABLE client_seen ADD COLUMN told_seq INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 3;   -- last, so that it stands only where all above does
