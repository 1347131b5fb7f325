-- What campaigns and experiences are listed by, copied from their configurations. The status of a campaign
-- follows from its phase, its times and the moment of the question.
ALTER TABLE campaigns ADD COLUMN phase {text};
ALTER TABLE campaigns ADD COLUMN start_at BIGINT;
ALTER TABLE campaigns ADD COLUMN end_at BIGINT;
CREATE INDEX campaigns_by_phase ON campaigns (account_id, phase, start_at, end_at);
ALTER TABLE experiences ADD COLUMN enabled {text};
CREATE INDEX experiences_by_enabled ON experiences (account_id, enabled, created_at, id);
