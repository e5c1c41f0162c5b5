"""What a client for people knows, without a screen: conversations, unread messages, drafts."""
