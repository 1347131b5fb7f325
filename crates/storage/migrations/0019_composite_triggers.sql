-- What the parts of a composite trigger are about, as `place:ID` and so on with spaces between; nothing for other triggers.
ALTER TABLE experiences ADD COLUMN part_targets {text};
CREATE INDEX experiences_by_part_targets ON experiences (account_id, part_targets) WHERE part_targets <> '';
