-- Statements that name a next root are found by it.
ALTER TABLE key_statements ADD COLUMN names_next INTEGER NOT NULL DEFAULT 0;

-- The root that an invitation names; empty for those made before this column, which live ten minutes.
ALTER TABLE invitations ADD COLUMN root TEXT NOT NULL DEFAULT '';
