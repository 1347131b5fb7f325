-- The control store, for SQLite and PostgreSQL alike.
--
-- `{text}` and `{bytes}` stand for the only types the two spell differently; text compares byte by
-- byte in both. Every object has the same frame; the columns after `config` are copies of what
-- has to be searched, unique or unsettable by a client. Ids are unique over all accounts, because
-- devices and the pipeline name objects by id alone.

-- One row. Its lock lets one writer of PostgreSQL in at a time, as SQLite does by itself.
CREATE TABLE config_version (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    version BIGINT NOT NULL
);
INSERT INTO config_version (only_row, version) VALUES (1, 0);

CREATE TABLE changes (
    version BIGINT PRIMARY KEY,
    account_id {text} NOT NULL,
    kind {text} NOT NULL,
    object_id {text} NOT NULL
);

-- Objects of each account and kind: counting a million rows for every page would take too long.
CREATE TABLE totals (
    account_id {text} NOT NULL,
    kind {text} NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind)
);

CREATE TABLE kept_answers (
    account_id {text} NOT NULL,
    idempotency_key {text} NOT NULL,
    request_hash {bytes} NOT NULL,
    sealed_answer {bytes} NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, idempotency_key)
);
CREATE INDEX kept_answers_by_created_at ON kept_answers (created_at);

CREATE TABLE labelled (
    account_id {text} NOT NULL,
    label_id {text} NOT NULL,
    kind {text} NOT NULL,
    object_id {text} NOT NULL,
    PRIMARY KEY (account_id, label_id, kind, object_id)
);
CREATE INDEX labelled_by_object ON labelled (account_id, kind, object_id);

CREATE TABLE accounts (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name {text} NOT NULL,
    name_folded {text} NOT NULL,
    config {text} NOT NULL,
    operator BIGINT NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX accounts_unique_id ON accounts (id);
CREATE INDEX accounts_by_created_at ON accounts (created_at, id);
CREATE INDEX accounts_by_updated_at ON accounts (updated_at, created_at, id);
CREATE INDEX accounts_by_name ON accounts (name_folded, created_at, id);

CREATE TABLE members (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name {text} NOT NULL,
    name_folded {text} NOT NULL,
    config {text} NOT NULL,
    email {text},
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX members_unique_id ON members (id);
CREATE UNIQUE INDEX members_unique_email ON members (account_id, email);
CREATE INDEX members_by_created_at ON members (account_id, created_at, id);
CREATE INDEX members_by_updated_at ON members (account_id, updated_at, created_at, id);
CREATE INDEX members_by_name ON members (account_id, name_folded, created_at, id);

CREATE TABLE tokens (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name {text} NOT NULL,
    name_folded {text} NOT NULL,
    config {text} NOT NULL,
    member_id {text} NOT NULL,
    secret_hash {bytes} NOT NULL,
    parent_id {text},
    expires_at BIGINT,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX tokens_unique_id ON tokens (id);
CREATE UNIQUE INDEX tokens_unique_secret_hash ON tokens (secret_hash);
CREATE INDEX tokens_by_created_at ON tokens (account_id, created_at, id);
CREATE INDEX tokens_by_updated_at ON tokens (account_id, updated_at, created_at, id);
CREATE INDEX tokens_by_name ON tokens (account_id, name_folded, created_at, id);
CREATE INDEX tokens_by_member_id ON tokens (account_id, member_id, created_at, id);
CREATE INDEX tokens_by_parent_id ON tokens (account_id, parent_id);
CREATE INDEX tokens_by_expires_at ON tokens (account_id, expires_at);

CREATE TABLE apps (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name {text} NOT NULL,
    name_folded {text} NOT NULL,
    config {text} NOT NULL,
    sealed_secret {bytes} NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX apps_unique_id ON apps (id);
CREATE INDEX apps_by_created_at ON apps (account_id, created_at, id);
CREATE INDEX apps_by_updated_at ON apps (account_id, updated_at, created_at, id);
CREATE INDEX apps_by_name ON apps (account_id, name_folded, created_at, id);

CREATE TABLE labels (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name {text} NOT NULL,
    name_folded {text} NOT NULL,
    config {text} NOT NULL,
    unique_name {text} NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX labels_unique_id ON labels (id);
CREATE UNIQUE INDEX labels_unique_unique_name ON labels (account_id, unique_name);
CREATE INDEX labels_by_created_at ON labels (account_id, created_at, id);
CREATE INDEX labels_by_updated_at ON labels (account_id, updated_at, created_at, id);
CREATE INDEX labels_by_name ON labels (account_id, name_folded, created_at, id);

CREATE TABLE places (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name {text} NOT NULL,
    name_folded {text} NOT NULL,
    config {text} NOT NULL,
    external_id {text},
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX places_unique_id ON places (id);
CREATE UNIQUE INDEX places_unique_external_id ON places (account_id, external_id);
CREATE INDEX places_by_created_at ON places (account_id, created_at, id);
CREATE INDEX places_by_updated_at ON places (account_id, updated_at, created_at, id);
CREATE INDEX places_by_name ON places (account_id, name_folded, created_at, id);

CREATE TABLE zones (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name {text} NOT NULL,
    name_folded {text} NOT NULL,
    config {text} NOT NULL,
    place_id {text} NOT NULL,
    external_id {text},
    floor_number BIGINT NOT NULL,
    short_id {text},
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX zones_unique_id ON zones (id);
CREATE UNIQUE INDEX zones_unique_external_id ON zones (account_id, external_id);
CREATE UNIQUE INDEX zones_unique_short_id ON zones (account_id, place_id, floor_number, short_id);
CREATE INDEX zones_by_created_at ON zones (account_id, created_at, id);
CREATE INDEX zones_by_updated_at ON zones (account_id, updated_at, created_at, id);
CREATE INDEX zones_by_name ON zones (account_id, name_folded, created_at, id);
CREATE INDEX zones_by_place_id ON zones (account_id, place_id, created_at, id);

CREATE TABLE beacons (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name {text} NOT NULL,
    name_folded {text} NOT NULL,
    config {text} NOT NULL,
    zone_id {text},
    external_id {text},
    identity {text} NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX beacons_unique_id ON beacons (id);
CREATE UNIQUE INDEX beacons_unique_external_id ON beacons (account_id, external_id);
CREATE UNIQUE INDEX beacons_unique_identity ON beacons (account_id, identity);
CREATE INDEX beacons_by_created_at ON beacons (account_id, created_at, id);
CREATE INDEX beacons_by_updated_at ON beacons (account_id, updated_at, created_at, id);
CREATE INDEX beacons_by_name ON beacons (account_id, name_folded, created_at, id);
CREATE INDEX beacons_by_zone_id ON beacons (account_id, zone_id, created_at, id);

CREATE TABLE campaigns (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name {text} NOT NULL,
    name_folded {text} NOT NULL,
    config {text} NOT NULL,
    app_id {text} NOT NULL,
    lifecycle {text} NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX campaigns_unique_id ON campaigns (id);
CREATE INDEX campaigns_by_created_at ON campaigns (account_id, created_at, id);
CREATE INDEX campaigns_by_updated_at ON campaigns (account_id, updated_at, created_at, id);
CREATE INDEX campaigns_by_name ON campaigns (account_id, name_folded, created_at, id);
CREATE INDEX campaigns_by_app_id ON campaigns (account_id, app_id, created_at, id);

CREATE TABLE experiences (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name {text} NOT NULL,
    name_folded {text} NOT NULL,
    config {text} NOT NULL,
    campaign_id {text} NOT NULL,
    target_kind {text} NOT NULL,
    target_id {text} NOT NULL,
    trigger_json {text} NOT NULL,
    action_json {text} NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE UNIQUE INDEX experiences_unique_id ON experiences (id);
CREATE INDEX experiences_by_created_at ON experiences (account_id, created_at, id);
CREATE INDEX experiences_by_updated_at ON experiences (account_id, updated_at, created_at, id);
CREATE INDEX experiences_by_name ON experiences (account_id, name_folded, created_at, id);
CREATE INDEX experiences_by_campaign_id ON experiences (account_id, campaign_id, created_at, id);
CREATE INDEX experiences_by_target_id ON experiences (account_id, target_kind, target_id);
