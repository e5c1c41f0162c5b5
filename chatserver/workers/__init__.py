"""Several processes on the same ports, each a node: how a host uses all of its cores."""
