"""Which interventions a list shows, and in which order: on a cache, and straight at the centre."""
