-- Calls of phones that changed something, by the proof's `jti`: a repeat gets the answer of the first. Kept as
-- long as the proof's nonce could still be good.
CREATE TABLE calls (
    credential TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    jti        TEXT NOT NULL,
    digest     TEXT NOT NULL,
    status     INTEGER NOT NULL,
    answer     TEXT NOT NULL,
    expires    INTEGER NOT NULL,
    PRIMARY KEY (credential, jti)
) STRICT;
