-- Where the digits of an invitation are typed: into its page, or by an administrator, who has no page.
ALTER TABLE invitations ADD COLUMN via TEXT NOT NULL DEFAULT 'browser' CHECK (via IN ('browser', 'admin'));

-- Until when a phone that was added later may not change the ID, seconds.
ALTER TABLE credentials ADD COLUMN probation INTEGER;
