"""What `chatserver-admin doctor` looks at: each check is one function."""
