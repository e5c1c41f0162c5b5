"""The log: lines for people, or for machines."""
