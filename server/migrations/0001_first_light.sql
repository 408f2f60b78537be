-- Times are seconds since 1970. Ids and hashes are base64url. A column named *_hash holds the SHA-256
-- of a secret that the database never sees; one named *_wrapped is sealed under the wrapping key.

CREATE TABLE users (
    id       TEXT PRIMARY KEY,
    account  TEXT NOT NULL UNIQUE,
    name     TEXT NOT NULL,
    given    TEXT,
    family   TEXT,
    admin    INTEGER NOT NULL,
    created  INTEGER NOT NULL
) STRICT;

CREATE TABLE apps (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    entity_id      TEXT NOT NULL UNIQUE,
    acs            TEXT,
    audience       TEXT NOT NULL,
    certificate    TEXT,
    require_signed INTEGER NOT NULL,
    enabled        INTEGER NOT NULL,
    created        INTEGER NOT NULL
) STRICT;

-- cs1-keys statements; those that name a next root are kept for ever.
CREATE TABLE key_statements (
    n         INTEGER PRIMARY KEY,
    root      TEXT NOT NULL,
    statement TEXT NOT NULL
) STRICT;

-- The address that is handed out; only its page makes an invitation, when its button is pressed.
CREATE TABLE pages (
    token_hash TEXT PRIMARY KEY,
    user       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires    INTEGER NOT NULL,
    made       INTEGER NOT NULL
) STRICT;

CREATE TABLE invitations (
    id         TEXT PRIMARY KEY,
    user       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    page_hash  TEXT NOT NULL REFERENCES pages (token_hash) ON DELETE CASCADE,
    browser_hash TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    code_hash  TEXT NOT NULL UNIQUE,
    number     INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    offers     INTEGER NOT NULL,
    tries      INTEGER NOT NULL,
    stage      TEXT NOT NULL CHECK (stage IN ('open', 'registered', 'done', 'sas', 'second_finisher', 'expired', 'replaced')),
    credential TEXT
) STRICT;
CREATE INDEX invitations_by_user ON invitations (user, stage);

CREATE TABLE offers (
    hash       TEXT PRIMARY KEY,
    invitation TEXT NOT NULL REFERENCES invitations (id) ON DELETE CASCADE,
    statement  TEXT NOT NULL,
    ns         TEXT NOT NULL,
    dh_wrapped BLOB NOT NULL
) STRICT;

CREATE TABLE credentials (
    id             TEXT PRIMARY KEY,
    user           TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    account        TEXT NOT NULL,
    registration   TEXT NOT NULL,
    registration_hash TEXT NOT NULL UNIQUE,
    offer_hash     TEXT NOT NULL,
    dev            TEXT NOT NULL UNIQUE,
    uv             TEXT UNIQUE,
    device         TEXT NOT NULL,
    standing       TEXT NOT NULL,
    reason         TEXT,
    sn             INTEGER NOT NULL,
    state          TEXT NOT NULL,
    policy         TEXT NOT NULL,
    pending_until  INTEGER NOT NULL,
    wake           TEXT NOT NULL UNIQUE,
    push_id        TEXT NOT NULL UNIQUE,
    ctr            INTEGER NOT NULL,
    heard          INTEGER NOT NULL,
    dh_wrapped     BLOB NOT NULL,
    push_wrapped   BLOB NOT NULL,
    off_wrapped    BLOB NOT NULL,
    created        INTEGER NOT NULL
) STRICT;
CREATE INDEX credentials_by_user ON credentials (user, standing);

-- Every state that was ever signed: the receipts that phone and server share.
CREATE TABLE states (
    credential TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    sn         INTEGER NOT NULL,
    statement  TEXT NOT NULL,
    PRIMARY KEY (credential, sn)
) STRICT;

-- `credential` is of nobody for a name that is unknown: such a login looks like any other.
CREATE TABLE challenges (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    jti        TEXT NOT NULL UNIQUE,
    hash       TEXT NOT NULL UNIQUE,
    txn        TEXT NOT NULL,
    credential TEXT NOT NULL,
    statement  TEXT NOT NULL,
    number     TEXT NOT NULL,
    expires    INTEGER NOT NULL,
    seen       INTEGER,
    stage      TEXT NOT NULL CHECK (stage IN ('open', 'decided', 'cancelled'))
) STRICT;
CREATE INDEX challenges_by_credential ON challenges (credential, stage, seq);
CREATE INDEX challenges_by_txn ON challenges (txn);
CREATE INDEX challenges_by_expiry ON challenges (expires);

CREATE TABLE responses (
    credential TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    jti        TEXT NOT NULL,
    hash       TEXT NOT NULL,
    ctr        INTEGER NOT NULL,
    statement  TEXT NOT NULL,
    verdict    TEXT NOT NULL,
    expires    INTEGER NOT NULL,
    PRIMARY KEY (credential, jti)
) STRICT;
CREATE INDEX responses_by_ctr ON responses (credential, ctr);

CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY,
    user       TEXT REFERENCES users (id) ON DELETE CASCADE,
    signed_in  INTEGER,
    expires    INTEGER NOT NULL
) STRICT;

CREATE TABLE known_browsers (
    browser_hash TEXT NOT NULL,
    user         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    used         INTEGER NOT NULL,
    PRIMARY KEY (browser_hash, user)
) STRICT;

-- One SAML request on its way through the pages.
CREATE TABLE logins (
    id           TEXT PRIMARY KEY,
    session_hash TEXT NOT NULL,
    app          TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    request_id   TEXT NOT NULL,
    request      TEXT NOT NULL,
    expires      INTEGER NOT NULL,
    stage        TEXT NOT NULL CHECK (stage IN ('new', 'waiting', 'approved', 'done', 'denied', 'number', 'late', 'reported', 'replaced', 'cancelled', 'paused')),
    account      TEXT,
    user         TEXT REFERENCES users (id) ON DELETE CASCADE,
    txn          TEXT,
    number       TEXT,
    begun        INTEGER,
    until        INTEGER,
    seen         INTEGER,
    approved     INTEGER
) STRICT;
CREATE INDEX logins_by_request ON logins (app, request_id, stage);
CREATE INDEX logins_by_txn ON logins (txn);
CREATE INDEX logins_by_session ON logins (session_hash, stage);

-- Append-only; `digest` covers the entry and the digest before it. It names things by id only.
CREATE TABLE audit (
    n       INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    event   TEXT NOT NULL,
    subject TEXT NOT NULL,
    result  TEXT NOT NULL,
    digest  TEXT NOT NULL
) STRICT;
