-- What a phone says of itself, by its registration and since: JSON of the app, and its language.
ALTER TABLE credentials ADD COLUMN app TEXT;
ALTER TABLE credentials ADD COLUMN locale TEXT;

-- Its person wants the longest time that the policy allows.
ALTER TABLE credentials ADD COLUMN slow INTEGER NOT NULL DEFAULT 0;

-- When it last answered a request.
ALTER TABLE credentials ADD COLUMN answered INTEGER;

-- Where pushes go. One that was replaced is kept for a day.
CREATE TABLE push_addresses (
    credential TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    type       TEXT NOT NULL CHECK (type IN ('fcm', 'apns', 'unifiedpush')),
    token      TEXT NOT NULL,
    replaced   INTEGER,
    PRIMARY KEY (credential, type, token)
) STRICT;
CREATE INDEX push_addresses_replaced ON push_addresses (replaced);
