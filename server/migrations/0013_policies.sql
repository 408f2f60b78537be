-- What the settings asked of phones, each change under a number of its own.
CREATE TABLE policies (
    n      INTEGER PRIMARY KEY,
    policy TEXT NOT NULL
) STRICT;
