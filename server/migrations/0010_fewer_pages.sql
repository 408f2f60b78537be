-- A commit writes every page that it touched, of tables and of indexes. So an index has what is looked for by it
-- and nothing that changes at every step, and a small table that is found by one key is that key's index.

-- Only open ones are looked for by their phone.
DROP INDEX challenges_by_credential;
CREATE INDEX challenges_open ON challenges (credential, seq) WHERE stage = 'open';
-- What is over is swept in the order of `seq`.
DROP INDEX challenges_by_expiry;

DROP INDEX logins_by_request;
CREATE INDEX logins_by_request ON logins (app, request_id);
DROP INDEX logins_by_session;
CREATE INDEX logins_by_session ON logins (session_hash);

CREATE TABLE new_sessions (
    token_hash TEXT PRIMARY KEY,
    user       TEXT REFERENCES users (id) ON DELETE CASCADE,
    signed_in  INTEGER,
    expires    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO new_sessions SELECT token_hash, user, signed_in, expires FROM sessions;
DROP TABLE sessions;
ALTER TABLE new_sessions RENAME TO sessions;

CREATE TABLE new_known_browsers (
    browser_hash TEXT NOT NULL,
    user         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    used         INTEGER NOT NULL,
    PRIMARY KEY (browser_hash, user)
) STRICT, WITHOUT ROWID;
INSERT INTO new_known_browsers SELECT browser_hash, user, used FROM known_browsers;
DROP TABLE known_browsers;
ALTER TABLE new_known_browsers RENAME TO known_browsers;
