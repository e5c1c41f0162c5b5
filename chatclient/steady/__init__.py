"""A client that stays: it comes back after every loss, and its texts wait meanwhile."""
