"""The rules: what each request does, and who hears of it."""
