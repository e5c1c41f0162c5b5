-- What is ordered from running servers from the command line, and what they answer. Both tables
-- are empty nearly always: who has ordered something deletes it with the answers.

-- for_one: any one server is to do it; node is the one that does, '' as long as none does.
CREATE TABLE orders (
    id TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL,
    for_one INTEGER NOT NULL,
    node TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

-- A node answers in parts 0, 1, 2 …
CREATE TABLE answers (
    order_id TEXT NOT NULL,
    node TEXT NOT NULL,
    part INTEGER NOT NULL,
    is_last INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (order_id, node, part)
) WITHOUT ROWID;
