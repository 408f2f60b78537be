-- SAML requests that came by a POST of another site, which carries no cookie of ours: each waits for the
-- browser's next GET, which does, and becomes a login there. Once.
CREATE TABLE posted_requests (
    token_hash TEXT PRIMARY KEY,
    app        TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    request    TEXT NOT NULL,
    expires    INTEGER NOT NULL
) STRICT;
