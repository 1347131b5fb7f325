-- How often it was changed who may call and how much: accounts, members, tokens and apps that were changed or deleted.
ALTER TABLE config_version ADD COLUMN callers BIGINT NOT NULL DEFAULT 0;
