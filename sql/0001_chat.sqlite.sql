-- Times are milliseconds since the epoch (UTC).

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL
);

-- The unnamed device of an account has the empty name.
CREATE TABLE devices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (account, name)
);

CREATE TABLE tokens (
    hash BLOB NOT NULL PRIMARY KEY,
    device INTEGER NOT NULL,
    expires INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX tokens_by_device ON tokens (device, expires);

CREATE TABLE friends (
    account INTEGER NOT NULL,
    friend INTEGER NOT NULL,
    PRIMARY KEY (account, friend)
) WITHOUT ROWID;

-- A pair of accounts (low <= high), or a group: then both are NULL.
CREATE TABLE conversations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    low INTEGER,
    high INTEGER,
    UNIQUE (low, high)
);

CREATE TABLE chat_groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    conversation INTEGER NOT NULL UNIQUE
);

-- joined: the conversation's last seq when the account came; only what follows is theirs.
CREATE TABLE members (
    account INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    joined INTEGER NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (account, conversation)
) WITHOUT ROWID;

CREATE INDEX members_by_conversation ON members (conversation, account);

-- The log. cid is '=' and the client's, or '#' and one that the server made.
CREATE TABLE messages (
    conversation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    device INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    cid TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (conversation, seq)
) WITHOUT ROWID;

CREATE UNIQUE INDEX messages_by_cid ON messages (sender, cid);

-- seq: all up to it reached the device. own: the account's own messages up to it were
-- sent before the device was first seen, so they are not its business.
CREATE TABLE cursors (
    device INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    own INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (device, conversation)
) WITHOUT ROWID;
