-- What several nodes on one database know of each other.

-- One row: names this chat on a Redis that others may use, too.
CREATE TABLE chat (
    id TEXT NOT NULL PRIMARY KEY
) WITHOUT ROWID;

INSERT INTO chat (id) VALUES (lower(hex(randomblob(16))));

-- beat: grows while the node lives. given_up: the others have seen that it does not; its
-- places are being given away.
CREATE TABLE nodes (
    id TEXT NOT NULL PRIMARY KEY,
    beat INTEGER NOT NULL,
    given_up INTEGER NOT NULL
) WITHOUT ROWID;

-- Which connection, of which node, a device of an account is logged in on.
CREATE TABLE places (
    account INTEGER NOT NULL,
    device TEXT NOT NULL,
    node TEXT NOT NULL,
    holder TEXT NOT NULL,
    PRIMARY KEY (account, device)
) WITHOUT ROWID;

CREATE INDEX places_by_node ON places (node, account, device);
