"""The wire protocol as types: requests, server frames, the codec and the two dialects.

Nothing here does I/O; clients use it as well as the server.
"""
