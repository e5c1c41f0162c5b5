"""A real-time chat server: JSON lines over TCP, stored before it is answered."""

__version__ = "0.1.0"
