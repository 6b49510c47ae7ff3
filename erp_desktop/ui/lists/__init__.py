"""The one list page that every noun uses."""
