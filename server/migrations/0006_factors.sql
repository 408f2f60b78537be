-- K_uv and what its gesture may be, as JSON, where it is another one than that of the registration.
ALTER TABLE credentials ADD COLUMN uv_renewed TEXT;

-- K_uv that were replaced: a response of theirs that was judged gets its verdict again, and nothing else.
CREATE TABLE old_uv_keys (
    thumbprint TEXT PRIMARY KEY,
    credential TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    key        TEXT NOT NULL
) STRICT;
