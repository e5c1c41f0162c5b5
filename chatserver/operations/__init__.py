"""What a node does for ``chatserver-admin``."""
