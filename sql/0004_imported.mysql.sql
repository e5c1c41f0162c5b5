-- What came from the database of another chat: "account" or "group", by its id there. name is the
-- one that it had there.
CREATE TABLE IF NOT EXISTS imported (
    source VARCHAR(64) NOT NULL,
    kind VARCHAR(8) NOT NULL,
    old BIGINT NOT NULL,
    name VARCHAR(255) NOT NULL,
    id BIGINT NOT NULL,
    PRIMARY KEY (source, kind, old)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE {collation};
