"""``chatclient send``, ``tail``, ``login`` and ``logout``, for scripts and bots."""
