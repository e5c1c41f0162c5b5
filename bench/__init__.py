"""Measuring what the server carries."""
