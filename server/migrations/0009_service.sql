-- What people are shown as the host of an application that asks by the service API; that of its ACS otherwise.
ALTER TABLE apps ADD COLUMN host TEXT;

-- Keys of applications for the service API. A revoked one stays in the list.
CREATE TABLE api_keys (
    id       TEXT PRIMARY KEY,
    app      TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    key_hash TEXT NOT NULL UNIQUE,
    note     TEXT NOT NULL,
    created  INTEGER NOT NULL,
    used     INTEGER,
    revoked  INTEGER
) STRICT;

-- What applications asked. `id` is the `txn`; `api_key` is none where a command asked; `receipt` is JSON, without
-- the statements about keys.
CREATE TABLE asks (
    id         TEXT PRIMARY KEY,
    app        TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    api_key    TEXT,
    request_id TEXT NOT NULL,
    digest     TEXT NOT NULL,
    user       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    number     TEXT NOT NULL,
    begun      INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    seen       INTEGER,
    stage      TEXT NOT NULL CHECK (stage IN ('waiting', 'approved', 'denied', 'number', 'reported', 'late', 'cancelled', 'paused')),
    decided    INTEGER,
    receipt    TEXT,
    UNIQUE (app, request_id)
) STRICT;
CREATE INDEX asks_by_user ON asks (user, app);
CREATE INDEX asks_by_until ON asks (until);
