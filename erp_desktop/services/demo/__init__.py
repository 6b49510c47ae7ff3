"""Believable data for the demonstration and the benches; nothing of it is in a real database."""
