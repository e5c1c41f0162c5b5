"""The promise of delivery, checked under faults: people who chat, a nemesis, and a checker.

``python -m tests.faults --help`` runs it for as long as you like; docs/reliability.md says what
is promised and what was seen.
"""
