"""A small Django project that synchronises interventions with morango; it runs in the peer's own venv."""
