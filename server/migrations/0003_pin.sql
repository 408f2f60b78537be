-- K_pin of a credential; none where its policy has no PIN.
ALTER TABLE credentials ADD COLUMN pin_wrapped BLOB;

-- Responses whose PIN was not right, or is not compared yet: each is noted before it is compared, and
-- five lock the PIN. A right one, or an administrator, clears them.
CREATE TABLE pin_tries (
    credential TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    jti        TEXT NOT NULL,
    PRIMARY KEY (credential, jti)
) STRICT;
