-- Times are milliseconds since the epoch (UTC). {collation} compares by code point, without
-- padding: "a" and "a " are two cids. MariaDB and MySQL have different names for it.

CREATE TABLE IF NOT EXISTS accounts (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(50) NOT NULL UNIQUE,
    password_hash VARCHAR(255) NOT NULL,
    disabled TINYINT NOT NULL DEFAULT 0,
    created BIGINT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE {collation};

-- The unnamed device of an account has the empty name.
CREATE TABLE IF NOT EXISTS devices (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    account BIGINT NOT NULL,
    name VARCHAR(64) NOT NULL,
    UNIQUE KEY (account, name)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE {collation};

CREATE TABLE IF NOT EXISTS tokens (
    hash BINARY(32) NOT NULL PRIMARY KEY,
    device BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    KEY tokens_by_device (device, expires)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE {collation};

CREATE TABLE IF NOT EXISTS friends (
    account BIGINT NOT NULL,
    friend BIGINT NOT NULL,
    PRIMARY KEY (account, friend)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE {collation};

-- A pair of accounts (low <= high), or a group: then both are NULL.
CREATE TABLE IF NOT EXISTS conversations (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    low BIGINT,
    high BIGINT,
    UNIQUE KEY (low, high)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE {collation};

CREATE TABLE IF NOT EXISTS chat_groups (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(50) NOT NULL UNIQUE,
    description VARCHAR(200) NOT NULL,
    conversation BIGINT NOT NULL UNIQUE
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE {collation};

-- joined: the conversation's last seq when the account came; only what follows is theirs.
CREATE TABLE IF NOT EXISTS members (
    account BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    joined BIGINT NOT NULL,
    role VARCHAR(16) NOT NULL,
    PRIMARY KEY (account, conversation),
    KEY members_by_conversation (conversation, account)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE {collation};

-- The log. cid is '=' and the client's, or '#' and one that the server made.
CREATE TABLE IF NOT EXISTS messages (
    conversation BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    sender BIGINT NOT NULL,
    device BIGINT NOT NULL,
    sent BIGINT NOT NULL,
    cid VARCHAR(65) NOT NULL,
    body MEDIUMTEXT NOT NULL,
    PRIMARY KEY (conversation, seq),
    UNIQUE KEY messages_by_cid (sender, cid)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE {collation};

-- seq: all up to it reached the device. own: the account's own messages up to it were
-- sent before the device was first seen, so they are not its business.
CREATE TABLE IF NOT EXISTS cursors (
    device BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    own BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (device, conversation)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE {collation};
