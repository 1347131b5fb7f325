-- Who did what to what, numbered in each account and chained by hashes: docs/audit.md has the form.
-- Rows are only added.
CREATE TABLE audit_events (
    account_id {text} NOT NULL,
    sequence BIGINT NOT NULL,
    at BIGINT NOT NULL,
    action {text} NOT NULL,
    kind {text} NOT NULL,
    -- The id of an object, or a keyed hash of the id of a person.
    object_id {text},
    actor {text} NOT NULL,
    member_id {text},
    token_id {text},
    request_id {text},
    route {text},
    address {text},
    parameters {text},
    before_json {text},
    after_json {text},
    hash {bytes} NOT NULL,
    PRIMARY KEY (account_id, sequence)
);
CREATE INDEX audit_events_by_at ON audit_events (account_id, at, sequence);
CREATE INDEX audit_events_by_action ON audit_events (account_id, action, sequence);
CREATE INDEX audit_events_by_kind ON audit_events (account_id, kind, sequence);
CREATE INDEX audit_events_by_object_id ON audit_events (account_id, object_id, sequence);
CREATE INDEX audit_events_by_member_id ON audit_events (account_id, member_id, sequence);

-- The newest event of each account. The seal is made with a key that is not in the database.
CREATE TABLE audit_heads (
    account_id {text} NOT NULL,
    sequence BIGINT NOT NULL,
    hash {bytes} NOT NULL,
    seal {bytes},
    PRIMARY KEY (account_id)
);

-- Who sent a file, as JSON: its rows are taken in later, and are in the log as their doing.
ALTER TABLE imports ADD COLUMN origin {text};
