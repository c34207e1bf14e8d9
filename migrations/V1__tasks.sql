-- Tasks and their change log.
-- Why:  the first schema. `task` is the current state, `change` is how it came about.
-- Data: none.
-- Do not edit after release, comments included: refinery checks the checksum.
CREATE TABLE task (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,   -- from 1, never reused
    title        TEXT    NOT NULL CHECK (length(title) BETWEEN 1 AND 500),
    description  TEXT    NOT NULL CHECK (octet_length(description) <= 65536),
    status       TEXT    NOT NULL CHECK (status IN ('pending', 'in_progress', 'completed', 'cancelled')),
    created_at   INTEGER NOT NULL,   -- this and every time: ms since the Unix epoch
    updated_at   INTEGER NOT NULL,
    started_at   INTEGER,
    completed_at INTEGER,
    created_by   TEXT    NOT NULL,
    rev          INTEGER NOT NULL CHECK (rev >= 1),   -- grows by one with each change
    deleted_at   INTEGER                              -- set while the task is in the trash
) STRICT;

-- Serves the open view and tasks://pending.
CREATE INDEX task_by_open ON task (id)
    WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress');
-- Serves the completed view and the status filter.
CREATE INDEX task_by_status ON task (status, id) WHERE deleted_at IS NULL;
-- Serves the trash view.
CREATE INDEX task_by_trash ON task (id) WHERE deleted_at IS NOT NULL;

CREATE TABLE change (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,   -- commit order, no gaps that matter
    group_seq INTEGER NOT NULL,                    -- one call is one group: the seq of its first row
    at        INTEGER NOT NULL,
    actor     TEXT    NOT NULL,                    -- the client's name as it gave it
    kind      TEXT    NOT NULL,                    -- the command: add, update, complete, delete, undo
    task_id   INTEGER NOT NULL REFERENCES task (id),
    rev       INTEGER NOT NULL,                    -- of the task after this change
    old       TEXT,                                -- JSON of the fields changed, before; NULL on add
    new       TEXT    NOT NULL,                    -- JSON of the same fields, after
    reverts   INTEGER                              -- on undo: the group it reverted
) STRICT;

-- Serves the history of a task.
CREATE INDEX change_by_task ON change (task_id, seq);
-- Serves undo: the last group of a client.
CREATE INDEX change_by_actor ON change (actor, group_seq);
-- Serves undo: whether a group is undone.
CREATE INDEX change_by_reverts ON change (reverts) WHERE reverts IS NOT NULL;

CREATE TRIGGER change_is_append_only_update BEFORE UPDATE ON change
BEGIN SELECT RAISE(ABORT, 'the change log is append only'); END;
CREATE TRIGGER change_is_append_only_delete BEFORE DELETE ON change
BEGIN SELECT RAISE(ABORT, 'the change log is append only'); END;

PRAGMA application_id = 1953000548;   -- 'thld': ours, and nobody else's
PRAGMA user_version = 1;              -- last, so that it stands only where all above does
