-- What an operator sets for an account: rates of requests and quotas of objects, as JSON.

ALTER TABLE accounts ADD COLUMN limits {text} NOT NULL DEFAULT '{}';
