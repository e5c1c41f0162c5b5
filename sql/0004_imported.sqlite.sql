-- What came from the database of another chat: "account" or "group", by its id there. name is the
-- one that it had there.
CREATE TABLE imported (
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    old INTEGER NOT NULL,
    name TEXT NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (source, kind, old)
) WITHOUT ROWID;
