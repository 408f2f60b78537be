-- Whether a statement's request was approved, or decided otherwise; of earlier ones it isn't known.
ALTER TABLE challenges ADD COLUMN approved INTEGER NOT NULL DEFAULT 0;
UPDATE challenges SET approved = 1 WHERE stage = 'decided';
