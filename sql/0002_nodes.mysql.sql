-- What several nodes on one database know of each other.

-- One row: names this chat on a Redis that others may use, too.
CREATE TABLE IF NOT EXISTS chat (
    id VARCHAR(32) NOT NULL PRIMARY KEY
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE {collation};

INSERT INTO chat (id) SELECT REPLACE(UUID(), '-', '') FROM DUAL
WHERE NOT EXISTS (SELECT 1 FROM chat);

-- beat: grows while the node lives. given_up: the others have seen that it does not; its
-- places are being given away.
CREATE TABLE IF NOT EXISTS nodes (
    id VARCHAR(32) NOT NULL PRIMARY KEY,
    beat BIGINT NOT NULL,
    given_up TINYINT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE {collation};

-- Which connection, of which node, a device of an account is logged in on.
CREATE TABLE IF NOT EXISTS places (
    account BIGINT NOT NULL,
    device VARCHAR(64) NOT NULL,
    node VARCHAR(32) NOT NULL,
    holder VARCHAR(64) NOT NULL,
    PRIMARY KEY (account, device),
    KEY places_by_node (node, account, device)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE {collation};
