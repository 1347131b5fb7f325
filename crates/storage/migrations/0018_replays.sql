-- Campaigns that are run over recorded history. What they decide is in the device store.
CREATE TABLE replays (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    app_id {text} NOT NULL,
    campaign_id {text} NOT NULL,
    from_ms BIGINT NOT NULL,
    to_ms BIGINT NOT NULL,
    draft {text},
    status {text} NOT NULL,
    progress {text} NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX replays_by_created_at ON replays (account_id, created_at, id);
CREATE INDEX replays_by_status ON replays (status, created_at, id);
