"""Taking over what the C++ "cluster chat server" has in its database."""
