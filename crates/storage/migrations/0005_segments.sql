-- Segments, and the campaigns for them. `named_ids` is a copy of the ids of the segments that the query
-- names, with a space between two.
CREATE TABLE segments (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name {text} NOT NULL,
    name_folded {text} NOT NULL,
    config {text} NOT NULL,
    app_id {text} NOT NULL,
    external_id {text},
    unique_name {text} NOT NULL,
    named_ids {text} NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX segments_unique_id ON segments (id);
CREATE UNIQUE INDEX segments_unique_external_id ON segments (account_id, external_id);
CREATE UNIQUE INDEX segments_unique_unique_name ON segments (account_id, app_id, unique_name);
CREATE INDEX segments_by_created_at ON segments (account_id, created_at, id);
CREATE INDEX segments_by_updated_at ON segments (account_id, updated_at, created_at, id);
CREATE INDEX segments_by_name ON segments (account_id, name_folded, created_at, id);
CREATE INDEX segments_by_app_id ON segments (account_id, app_id, created_at, id);

ALTER TABLE campaigns ADD COLUMN segment_id {text};
CREATE INDEX campaigns_by_segment_id ON campaigns (account_id, segment_id);
