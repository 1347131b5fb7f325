-- The list of each kind of an account in the order of creation, cut into blocks: where each begins (the first
-- one before everything) and how many objects it has. Without it a page costs a step for each object before it.
CREATE TABLE blocks (
    account_id {text} NOT NULL,
    kind {text} NOT NULL,
    created_at BIGINT NOT NULL,
    id {text} NOT NULL,
    objects BIGINT NOT NULL,
    PRIMARY KEY (account_id, kind, created_at, id)
);
