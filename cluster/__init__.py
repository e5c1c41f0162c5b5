"""Private servers for a cluster on one machine: for trying out and for the tests."""
