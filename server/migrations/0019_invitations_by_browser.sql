-- What a browser shows goes along when it gets a new cookie.
CREATE INDEX invitations_by_browser ON invitations (browser_hash) WHERE stage IN ('open', 'registered');
