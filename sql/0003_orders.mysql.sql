-- What is ordered from running servers from the command line, and what they answer. Both tables
-- are empty nearly always: who has ordered something deletes it with the answers.

-- for_one: any one server is to do it; node is the one that does, '' as long as none does.
CREATE TABLE IF NOT EXISTS orders (
    id VARCHAR(32) NOT NULL PRIMARY KEY,
    body MEDIUMTEXT NOT NULL,
    for_one TINYINT NOT NULL,
    node VARCHAR(32) NOT NULL DEFAULT ''
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE {collation};

-- A node answers in parts 0, 1, 2 …
CREATE TABLE IF NOT EXISTS answers (
    order_id VARCHAR(32) NOT NULL,
    node VARCHAR(32) NOT NULL,
    part INTEGER NOT NULL,
    is_last TINYINT NOT NULL,
    body MEDIUMTEXT NOT NULL,
    PRIMARY KEY (order_id, node, part)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE {collation};
