-- The secret of an app before its present one, and until when devices may come with it.
ALTER TABLE apps ADD COLUMN sealed_previous_secret {bytes};
ALTER TABLE apps ADD COLUMN previous_secret_until BIGINT;
