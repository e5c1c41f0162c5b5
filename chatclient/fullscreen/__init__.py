"""The full-screen client: conversations on a terminal, on Textual."""
