-- The end of a request that wakes no phone wakes none either.
ALTER TABLE others ADD COLUMN silent INTEGER NOT NULL DEFAULT 0;
