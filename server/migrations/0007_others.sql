-- What a phone is told beside requests, until it acknowledges it. `seq` is of one row with that of
-- challenges, so that one cursor counts both.
CREATE TABLE others (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    jti        TEXT NOT NULL UNIQUE,
    credential TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('cancel', 'notice')),
    statement  TEXT NOT NULL,
    made       INTEGER NOT NULL
) STRICT;
CREATE INDEX others_by_credential ON others (credential, seq);
CREATE INDEX others_by_age ON others (made);

-- Whether the phone was told that the time of this challenge is over.
ALTER TABLE challenges ADD COLUMN told_over INTEGER NOT NULL DEFAULT 0;

-- The newest `n` of the server's keys that the phone was told of; those of before know what is in force.
ALTER TABLE credentials ADD COLUMN keys_told INTEGER NOT NULL DEFAULT 0;
UPDATE credentials SET keys_told = (SELECT coalesce(max(n), 0) FROM key_statements);
