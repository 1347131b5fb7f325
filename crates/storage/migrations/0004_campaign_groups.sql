-- Groups of an app's campaigns.
CREATE TABLE campaign_groups (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name {text} NOT NULL,
    name_folded {text} NOT NULL,
    config {text} NOT NULL,
    app_id {text} NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX campaign_groups_unique_id ON campaign_groups (id);
CREATE INDEX campaign_groups_by_created_at ON campaign_groups (account_id, created_at, id);
CREATE INDEX campaign_groups_by_updated_at ON campaign_groups (account_id, updated_at, created_at, id);
CREATE INDEX campaign_groups_by_name ON campaign_groups (account_id, name_folded, created_at, id);
CREATE INDEX campaign_groups_by_app_id ON campaign_groups (account_id, app_id, created_at, id);

ALTER TABLE campaigns ADD COLUMN group_id {text};
CREATE INDEX campaigns_by_group_id ON campaigns (account_id, group_id, created_at, id);
