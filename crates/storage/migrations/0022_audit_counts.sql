-- How many events of each sort there are in each full block of 256 events of an audit log. By these a narrowed list is
-- counted and finds its page; an index for each thing that it is narrowed by would be written by every change.
CREATE TABLE audit_counts (
    account_id {text} NOT NULL,
    -- Counted from 0.
    block BIGINT NOT NULL,
    action {text} NOT NULL,
    kind {text} NOT NULL,
    -- Empty where it was no member.
    member_id {text} NOT NULL,
    events BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, block, action, kind, member_id)
);
DROP INDEX audit_events_by_at;
DROP INDEX audit_events_by_action;
DROP INDEX audit_events_by_kind;
DROP INDEX audit_events_by_member_id;

-- The number of a change is the key by which SQLite keeps it then: it needs no index of its own. In PostgreSQL nothing
-- changes.
CREATE TABLE numbered_changes (
    version {key} PRIMARY KEY,
    account_id {text} NOT NULL,
    kind {text} NOT NULL,
    object_id {text} NOT NULL
);
INSERT INTO numbered_changes (version, account_id, kind, object_id)
SELECT version, account_id, kind, object_id FROM changes;
DROP TABLE changes;
ALTER TABLE numbered_changes RENAME TO changes;
