-- Tags that a team has declared.
CREATE TABLE tags (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name {text} NOT NULL,
    name_folded {text} NOT NULL,
    config {text} NOT NULL,
    app_id {text} NOT NULL,
    unique_name {text} NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX tags_unique_id ON tags (id);
CREATE UNIQUE INDEX tags_unique_unique_name ON tags (account_id, app_id, unique_name);
CREATE INDEX tags_by_created_at ON tags (account_id, created_at, id);
CREATE INDEX tags_by_updated_at ON tags (account_id, updated_at, created_at, id);
CREATE INDEX tags_by_name ON tags (account_id, name_folded, created_at, id);
CREATE INDEX tags_by_app_id ON tags (account_id, app_id, created_at, id);
