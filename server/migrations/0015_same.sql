-- An application may take only answers from the device that the browser is on.
ALTER TABLE apps ADD COLUMN same_only INTEGER NOT NULL DEFAULT 0;

-- Whether the person of a session answered on the browser's own device.
ALTER TABLE sessions ADD COLUMN same INTEGER NOT NULL DEFAULT 0;

-- A request that only its link fetches is not listed.
ALTER TABLE challenges ADD COLUMN listed INTEGER NOT NULL DEFAULT 1;

-- A verdict that holds the secret of a way back; `verdict` is empty then.
ALTER TABLE responses ADD COLUMN verdict_wrapped BLOB;

-- Logins that the phone's own browser comes back to: `returning` after the approval, `returned` once it came. `same`: asked on
-- the browser's own device. `remote_at`: when the phone was last asked in the other way.
CREATE TABLE new_logins (
    id           TEXT PRIMARY KEY,
    session_hash TEXT NOT NULL,
    app          TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    request_id   TEXT NOT NULL,
    request      TEXT NOT NULL,
    expires      INTEGER NOT NULL,
    stage        TEXT NOT NULL CHECK (stage IN ('new', 'waiting', 'returning', 'returned', 'approved', 'done', 'denied', 'number', 'late', 'unreturned', 'reported', 'replaced', 'cancelled', 'paused')),
    account      TEXT,
    user         TEXT REFERENCES users (id) ON DELETE CASCADE,
    txn          TEXT,
    number       TEXT,
    begun        INTEGER,
    until        INTEGER,
    seen         INTEGER,
    approved     INTEGER,
    same         INTEGER NOT NULL DEFAULT 0,
    remote_at    INTEGER,
    return_hash  TEXT
) STRICT;
INSERT INTO new_logins
    SELECT id, session_hash, app, request_id, request, expires, stage, account, user, txn, number, begun, until, seen, approved,
           0, begun, NULL
    FROM logins;
DROP TABLE logins;
ALTER TABLE new_logins RENAME TO logins;
CREATE INDEX logins_by_request ON logins (app, request_id);
CREATE INDEX logins_by_txn ON logins (txn);
CREATE INDEX logins_by_session ON logins (session_hash);
CREATE INDEX logins_by_return ON logins (return_hash) WHERE return_hash IS NOT NULL;
