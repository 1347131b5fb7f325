-- When a token was last used, to about a minute. Written beside requests, and no change of the token.
ALTER TABLE tokens ADD COLUMN last_used_at BIGINT;
