-- A value that everybody knows, sealed: whoever opens it has the key of this store.
CREATE TABLE key_check (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    sealed {bytes} NOT NULL
);
