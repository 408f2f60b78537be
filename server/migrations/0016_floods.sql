-- Whether the browser that asked had signed in to the account before: strangers are counted apart.
ALTER TABLE logins ADD COLUMN known INTEGER NOT NULL DEFAULT 0;
CREATE INDEX logins_waiting ON logins (account) WHERE stage = 'waiting';

-- Sign-ins that the person of an ID refused, mistyped or never saw, and until when strangers don't wake its phones.
CREATE TABLE unwelcome (
    user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    at   INTEGER NOT NULL
) STRICT;
CREATE INDEX unwelcome_by_user ON unwelcome (user, at);
ALTER TABLE users ADD COLUMN quiet_until INTEGER NOT NULL DEFAULT 0;

-- Listed, but no reason to wake a phone.
ALTER TABLE challenges ADD COLUMN silent INTEGER NOT NULL DEFAULT 0;
