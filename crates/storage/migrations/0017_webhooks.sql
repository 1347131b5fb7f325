-- Webhooks. App and campaign are copied from the configuration. Of both secrets only what is sealed.
CREATE TABLE webhooks (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name {text} NOT NULL,
    name_folded {text} NOT NULL,
    config {text} NOT NULL,
    app_id {text},
    campaign_id {text},
    sealed_secret {bytes} NOT NULL,
    sealed_previous_secret {bytes},
    previous_secret_until BIGINT,
    status_json {text} NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX webhooks_unique_id ON webhooks (id);
CREATE INDEX webhooks_by_created_at ON webhooks (account_id, created_at, id);
CREATE INDEX webhooks_by_updated_at ON webhooks (account_id, updated_at, created_at, id);
CREATE INDEX webhooks_by_name ON webhooks (account_id, name_folded, created_at, id);
CREATE INDEX webhooks_by_app_id ON webhooks (account_id, app_id, created_at, id);
CREATE INDEX webhooks_by_campaign_id ON webhooks (account_id, campaign_id, created_at, id);
