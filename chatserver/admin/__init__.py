"""``chatserver-admin``: what is done to a server's data, and to running servers."""

from chatserver.admin.program import main

__all__ = ["main"]
