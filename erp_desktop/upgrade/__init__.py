"""Bringing a database to this program's revision: history, fingerprint, backup, diagnosis."""
