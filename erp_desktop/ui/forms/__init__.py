"""The one form panel that every noun uses."""
