-- A request whose time is over is no open one, so that what is looked for among the open ones stays little.
CREATE TABLE new_challenges (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    jti        TEXT NOT NULL UNIQUE,
    hash       TEXT NOT NULL UNIQUE,
    txn        TEXT NOT NULL,
    credential TEXT NOT NULL,
    statement  TEXT NOT NULL,
    number     TEXT NOT NULL,
    expires    INTEGER NOT NULL,
    seen       INTEGER,
    stage      TEXT NOT NULL CHECK (stage IN ('open', 'late', 'decided', 'cancelled'))
) STRICT;
INSERT INTO new_challenges
    SELECT seq, jti, hash, txn, credential, statement, number, expires, seen,
           CASE WHEN stage = 'open' AND told_over = 1 THEN 'late' ELSE stage END
    FROM challenges;
-- The numbers go on where they were.
DELETE FROM sqlite_sequence WHERE name = 'new_challenges';
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'new_challenges', seq FROM sqlite_sequence WHERE name = 'challenges';
DROP TABLE challenges;
ALTER TABLE new_challenges RENAME TO challenges;
CREATE INDEX challenges_by_txn ON challenges (txn);
CREATE INDEX challenges_open ON challenges (credential, seq) WHERE stage = 'open';

-- The answer to an action may hold an invitation: it is sealed. What is remembered lives for minutes.
DROP TABLE calls;
CREATE TABLE calls (
    credential TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    jti        TEXT NOT NULL,
    digest     TEXT NOT NULL,
    status     INTEGER NOT NULL,
    answer     BLOB NOT NULL,
    expires    INTEGER NOT NULL,
    PRIMARY KEY (credential, jti)
) STRICT;
