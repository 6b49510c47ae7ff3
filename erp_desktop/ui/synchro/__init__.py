"""The synchronisation drawer: what waits, what was refused and why, what arrived."""
