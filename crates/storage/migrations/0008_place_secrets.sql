-- The secret key of a place's location provider, sealed; not in its configuration.
ALTER TABLE places ADD COLUMN sealed_secret_key {bytes};
