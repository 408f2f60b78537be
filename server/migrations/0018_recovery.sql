-- Recovery codes of an ID, each sealed; `used` is when a phone came with it.
CREATE TABLE recovery_codes (
    user         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    number       INTEGER NOT NULL,
    code_wrapped BLOB NOT NULL,
    used         INTEGER,
    PRIMARY KEY (user, number)
) STRICT;

-- Wrong codes in a row.
ALTER TABLE users ADD COLUMN wrong_codes INTEGER NOT NULL DEFAULT 0;

-- Whether a recovery code is asked for.
ALTER TABLE pages ADD COLUMN recovery INTEGER NOT NULL DEFAULT 0;
ALTER TABLE invitations ADD COLUMN recovery INTEGER NOT NULL DEFAULT 0;
