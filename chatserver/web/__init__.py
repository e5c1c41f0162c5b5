"""What the server tells over HTTP."""
