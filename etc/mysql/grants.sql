-- The database and its two users, for MariaDB or MySQL: mysql < grants.sql
-- Change the passwords, and the addresses to those of the nodes' network.

CREATE DATABASE IF NOT EXISTS chat CHARACTER SET utf8mb4;

-- What the servers run as: CHATSERVER_DATABASE=mysql://chat:CHANGE-ME-1@10.0.0.10/chat
CREATE USER IF NOT EXISTS 'chat'@'10.0.0.%' IDENTIFIED BY 'CHANGE-ME-1';
GRANT SELECT, INSERT, UPDATE, DELETE ON chat.* TO 'chat'@'10.0.0.%';

-- What makes and changes the tables, before the servers of a new version start:
-- CHATSERVER_DATABASE=mysql://chat_migrate:CHANGE-ME-2@10.0.0.10/chat chatserver-admin migrate
CREATE USER IF NOT EXISTS 'chat_migrate'@'10.0.0.%' IDENTIFIED BY 'CHANGE-ME-2';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP ON chat.* TO 'chat_migrate'@'10.0.0.%';
