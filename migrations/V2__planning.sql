-- Planning: priority, dates, recurrence, projects, tags, subtasks, dependencies, comments, keys of retried calls, search.
-- Why:  the whole task model.
-- Data: every task is kept; what is new starts empty. The search index is filled from the tasks there are.
-- Do not edit after release, comments included: refinery checks the checksum.
ALTER TABLE task ADD COLUMN priority    TEXT CHECK (priority IN ('high', 'medium', 'low'));
ALTER TABLE task ADD COLUMN due         TEXT;   -- a date, 2026-12-24, or an instant, 2026-12-24T17:00:00.000Z
ALTER TABLE task ADD COLUMN defer_until TEXT;   -- likewise
ALTER TABLE task ADD COLUMN repeat      TEXT;   -- RFC 5545 recurrence rule
ALTER TABLE task ADD COLUMN repeat_from TEXT;   -- where the rule had put this instance, if it was moved
ALTER TABLE task ADD COLUMN project     TEXT COLLATE NOCASE;
ALTER TABLE task ADD COLUMN tags        TEXT    NOT NULL DEFAULT '[]';   -- JSON array of words, sorted
ALTER TABLE task ADD COLUMN parent      INTEGER REFERENCES task (id);
ALTER TABLE task ADD COLUMN depends_on  TEXT    NOT NULL DEFAULT '[]';   -- JSON array of task ids, sorted
ALTER TABLE task ADD COLUMN comments    TEXT    NOT NULL DEFAULT '[]';   -- JSON array of {at, actor, text}, oldest first

-- Derived from the columns above, for the indexes; written with them and never logged.
ALTER TABLE task ADD COLUMN due_order   INTEGER NOT NULL DEFAULT 9223372036854775807;   -- local time as if UTC, ms; max: none
ALTER TABLE task ADD COLUMN defer_order INTEGER NOT NULL DEFAULT -9223372036854775808;  -- likewise; min: none
ALTER TABLE task ADD COLUMN rank        INTEGER NOT NULL DEFAULT 2;                     -- of the priority: 0 high, 1 medium, 2 none, 3 low
ALTER TABLE task ADD COLUMN blockers    INTEGER NOT NULL DEFAULT 0;                     -- how many of depends_on are open

-- Which task has which tag, and which depends on which: what the JSON columns say, the other way round.
CREATE TABLE tag (
    tag     TEXT    NOT NULL,
    task_id INTEGER NOT NULL REFERENCES task (id),
    PRIMARY KEY (tag, task_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE dependency (
    depends_on INTEGER NOT NULL REFERENCES task (id),
    task_id    INTEGER NOT NULL REFERENCES task (id),
    PRIMARY KEY (depends_on, task_id)
) STRICT, WITHOUT ROWID;

-- A call that was given a key answers the same when its client repeats it.
CREATE TABLE call_key (
    actor     TEXT    NOT NULL,
    key       TEXT    NOT NULL,
    group_seq INTEGER NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;

-- Up to which change each client has looked.
CREATE TABLE client (
    actor    TEXT    NOT NULL PRIMARY KEY,
    seen_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The texts of every task, as they are searched.
CREATE VIEW searchable AS
SELECT id, title AS heading,
       coalesce(project || ' ', '') || coalesce((SELECT group_concat(value, ' ') FROM json_each(tags)), '') AS labels,
       description AS body,
       coalesce((SELECT group_concat(value ->> 'text', char(10)) FROM json_each(comments)), '') AS remarks
  FROM task;
-- Words of every task, finished and trashed ones too. Holds no text, only where each word stands; the rowid is the task.
CREATE VIRTUAL TABLE search USING fts5 (
    heading, labels, body, remarks,   -- title; project and tags; description; comments
    content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO search (rowid, heading, labels, body, remarks) SELECT id, heading, labels, body, remarks FROM searchable;
-- The same of the titles alone: a word that is common elsewhere and in few titles is found there at once.
CREATE VIRTUAL TABLE title_search USING fts5 (
    heading, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO title_search (rowid, heading) SELECT id, heading FROM searchable;
-- Tasks whose words are not in the index as they are now. Indexed many at once: a commit of each would cost more than its row.
CREATE TABLE unindexed (task_id INTEGER PRIMARY KEY) STRICT;

-- Lists: overdue and due first, then by priority, then by age; finished and trashed tasks the latest first.
DROP INDEX task_by_open;
DROP INDEX task_by_status;
DROP INDEX task_by_trash;
-- Serves the views open, today and overdue.
CREATE INDEX task_by_plan ON task (due_order, rank, id)
    WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress');
-- Serves the view ready.
CREATE INDEX task_by_readiness ON task (due_order, rank, id, defer_order)
    WHERE deleted_at IS NULL AND status = 'pending' AND blockers = 0;
-- Serves the view blocked.
CREATE INDEX task_by_blockers ON task (due_order, rank, id)
    WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress') AND blockers > 0;
-- Serves open tasks of a project.
CREATE INDEX task_by_project ON task (project, due_order, rank, id)
    WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress') AND project IS NOT NULL;
-- Serves what is in progress, also for days.
CREATE INDEX task_by_progress ON task (updated_at, id)
    WHERE deleted_at IS NULL AND status = 'in_progress';
-- Serves the view completed.
CREATE INDEX task_by_completion ON task (completed_at, id)
    WHERE deleted_at IS NULL AND status = 'completed';
-- Serves what was given up.
CREATE INDEX task_by_cancellation ON task (updated_at, id)
    WHERE deleted_at IS NULL AND status = 'cancelled';
-- Serves the trash.
CREATE INDEX task_by_deletion ON task (deleted_at, id) WHERE deleted_at IS NOT NULL;
-- Serves the subtasks of a task.
CREATE INDEX task_by_parent ON task (parent) WHERE parent IS NOT NULL;

PRAGMA user_version = 2;   -- last, so that it stands only where all above does
