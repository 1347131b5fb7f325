-- Files that are taken in beside requests, and what was refused of them.
CREATE TABLE imports (
    account_id {text} NOT NULL,
    id {text} NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    member_id {text} NOT NULL,
    config {text} NOT NULL,
    status {text} NOT NULL,
    progress {text} NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX imports_by_created_at ON imports (account_id, created_at, id);
CREATE INDEX imports_by_status ON imports (status, created_at, id);

CREATE TABLE import_refusals (
    account_id {text} NOT NULL,
    import_id {text} NOT NULL,
    number BIGINT NOT NULL,
    row_number BIGINT NOT NULL,
    line_number BIGINT NOT NULL,
    column_number BIGINT,
    field {text},
    code {text} NOT NULL,
    detail {text} NOT NULL,
    PRIMARY KEY (account_id, import_id, number)
);
