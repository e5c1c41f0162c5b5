"""What a client keeps beyond one connection."""
