-- The request that a response answers, where answers are kept longer than requests are.
ALTER TABLE responses ADD COLUMN challenge TEXT;
