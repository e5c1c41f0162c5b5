"""What attackers send, and what comes of it: nothing."""
