-- Notifications of campaigns. The segment is copied from the audience, the state from the status.
CREATE TABLE notifications (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name {text} NOT NULL,
    name_folded {text} NOT NULL,
    config {text} NOT NULL,
    campaign_id {text} NOT NULL,
    segment_id {text},
    state {text} NOT NULL,
    trigger_json {text} NOT NULL,
    audience_json {text} NOT NULL,
    action_json {text} NOT NULL,
    options_json {text} NOT NULL,
    status_json {text} NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX notifications_unique_id ON notifications (id);
CREATE INDEX notifications_by_created_at ON notifications (account_id, created_at, id);
CREATE INDEX notifications_by_updated_at ON notifications (account_id, updated_at, created_at, id);
CREATE INDEX notifications_by_name ON notifications (account_id, name_folded, created_at, id);
CREATE INDEX notifications_by_campaign_id ON notifications (account_id, campaign_id, created_at, id);
CREATE INDEX notifications_by_segment_id ON notifications (account_id, segment_id, created_at, id);
CREATE INDEX notifications_by_state ON notifications (state, created_at, id);
