-- Digits may be typed on a phone of the ID too: the one that began it, which is asked by `txn` once the new
-- phone has come. An administrator's invitation that is open now is over; it lives for ten minutes.
ALTER TABLE invitations DROP COLUMN via;
ALTER TABLE invitations ADD COLUMN via TEXT NOT NULL DEFAULT 'browser' CHECK (via IN ('browser', 'admin', 'phone'));
ALTER TABLE invitations ADD COLUMN begun_by TEXT;
ALTER TABLE invitations ADD COLUMN txn TEXT;
