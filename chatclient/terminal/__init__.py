"""The terminal client: menu and commands, on a terminal or in a pipe."""
